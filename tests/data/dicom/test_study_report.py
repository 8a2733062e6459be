"""Which report of a study is read."""

import pytest
from pydicom import Dataset, dcmwrite
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from medsegr.batch.work_list import collect_studies
from medsegr.data.dicom.files import DicomFile
from medsegr.data.dicom.report import read_dicom_report
from medsegr.data.dicom.study_report import report_of, study_reports
from medsegr.data.image import load_image
from medsegr.errors import ReportError
from medsegr.inference.writer import write_case
from tests.data.dicom.series_maker import uid, write
from tests.inference.dicom.results import overlapping
from tests.pacs.studies import basic_report, write_study


def test_the_newest_report_is_read_and_none_of_ours(tmp_path):
    write_study(tmp_path / "in", 1, report=None)
    for number, (date, words) in enumerate((("20251231", "Nodule on the left."), ("20251230", "Mass.")), 10):
        made = basic_report(words, 1, {"StudyInstanceUID": uid(1, 1)})
        made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = uid(9, 1, number)
        made.ContentDate = date
        write(tmp_path / "in" / f"report-{number}.dcm", made)
    image = load_image(f"{tmp_path / 'in'}#2")
    (tmp_path / "out").mkdir()
    write_case(tmp_path / "out", overlapping(image), case="a", image="a", model="a")
    ours = tmp_path / "out" / "report.dcm"
    ours.rename(tmp_path / "in" / "ours.dcm")
    assert report_of(tmp_path / "in").strip() == "Nodule on the left."


def test_of_two_studies_in_a_folder_the_newest_report_is_read(tmp_path):
    for number, (date, words) in enumerate((("20251230", "Mass."), ("20251231", "Nodule on the left.")), 10):
        made = basic_report(words, 1, {"StudyInstanceUID": uid(1, number)})
        made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = uid(9, 1, number)
        made.ContentDate = date
        write(tmp_path / f"report-{number}.dcm", made)
    assert report_of(tmp_path).strip() == "Nodule on the left."


def coded(value: str, scheme: str, meaning: str) -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, meaning
    return made


def entry(relation: str, kind: str, concept: Dataset, **values: object) -> Dataset:
    made = Dataset()
    made.RelationshipType, made.ValueType, made.ConceptNameCodeSequence = relation, kind, [concept]
    for name, value in values.items():
        setattr(made, name, value)
    return made


def measured(length_mm: str = "12.5") -> Dataset:
    """A viewer's length: a number, and in words only how it is tracked."""
    number = Dataset()
    number.NumericValue, number.MeasurementUnitsCodeSequence = length_mm, [coded("mm", "UCUM", "millimeter")]
    length = entry("CONTAINS", "NUM", coded("410668003", "SCT", "Length"), MeasuredValueSequence=[number])
    tracked = entry("HAS OBS CONTEXT", "TEXT", coded("112039", "DCM", "Tracking Identifier"), TextValue="Length:1")
    return entry("CONTAINS", "CONTAINER", coded("125007", "DCM", "Group"), ContentSequence=[tracked, length])


def write_report(folder, number: int, date: str, content: Dataset | None = None, kind: str = "88.33") -> None:
    made = basic_report("Mass on the right.", 1, {"StudyInstanceUID": uid(1, 1)})
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = uid(9, 1, number)
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = f"1.2.840.10008.5.1.4.1.1.{kind}"
    made.ContentDate = date
    if content is not None:
        made.ContentSequence = [content]
    write(folder / f"report-{number}.dcm", made)


def test_words_go_before_newer_measurements(tmp_path):
    write_report(tmp_path, 1, "20251231", measured())
    assert "Length: 12.5 mm" in report_of(tmp_path), "where there are no words, they are read"
    inside = entry("CONTAINS", "TEXT", coded("121071", "DCM", "Finding"), TextValue="Nodule on the left.")
    section = entry("CONTAINS", "CONTAINER", coded("121070", "DCM", "Findings"), ContentSequence=[inside])
    write_report(tmp_path, 2, "20251230", section)
    write_report(tmp_path, 3, "20251229", kind="88.11")
    assert "Nodule on the left." in report_of(tmp_path)


def test_a_pdf_has_words(tmp_path):
    write_report(tmp_path, 1, "20251231", measured())
    write_report(tmp_path, 2, "20251230", measured("7"), kind="104.1")
    assert "Length: 7 mm" in report_of(tmp_path)


def test_reports_of_studies_are_found_and_it_is_told_what_could_not_be_read(tmp_path):
    for number in (1, 2, 3, 4):
        write_study(tmp_path / str(number), number, report="Mass." if number != 3 else "")
    whole = (tmp_path / "1" / "report.dcm").read_bytes()
    named = whole.index(uid(1, 1).encode())
    for number, length in enumerate((250, named - 8, 140)):
        (tmp_path / "1" / f"damaged-{number}.dcm").write_bytes(whole[:length])
    (tmp_path / "4" / "report.dcm").rename(tmp_path / "4" / "cut.dcm")
    (tmp_path / "4" / "cut.dcm").write_bytes((tmp_path / "4" / "cut.dcm").read_bytes()[:-3])
    reports, unread = study_reports(tmp_path, {uid(1, 1), uid(1, 3), uid(1, 4)})
    assert {study: report.strip() for study, report in reports.items()} == {uid(1, 1): "Mass."}
    assert [str(error) for error in unread] == [
        "3 files could not be read; a report may be among them.",
        "report.dcm is a structured report without any text, code or number in it.",
        "cut.dcm was cut off within an element. Copy or export it again.",
    ]
    work = collect_studies([tmp_path / "4"], None, None, None)
    assert work.notes == (f"A study's own report was left out: {unread[-1]}",)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize("open_ended", [False, True])
def test_a_report_that_was_cut_off_is_never_read_in_part(tmp_path, syntax, open_ended):
    part = entry("CONTAINS", "TEXT", coded("121071", "DCM", "Finding"), TextValue="No nodule on the left.")
    section = entry("CONTAINS", "CONTAINER", coded("121070", "DCM", "Findings"), ContentSequence=[part, part])
    section["ContentSequence"].is_undefined_length = open_ended
    made = basic_report("Mass.", 1, {"StudyInstanceUID": uid(1, 1)})
    made.ContentSequence = [section]
    made["ContentSequence"].is_undefined_length = open_ended
    made.file_meta.TransferSyntaxUID = syntax
    path = tmp_path / "report.dcm"
    little, implicit = syntax != ExplicitVRBigEndian, syntax == ImplicitVRLittleEndian
    dcmwrite(path, made, implicit_vr=implicit, little_endian=little, enforce_file_format=True)
    whole = path.read_bytes()
    assert read_dicom_report(DicomFile(path)).count("No nodule on the left.") == 2
    for length in range(len(whole) - 200, len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ReportError, match=r"report\.dcm (was cut off|is damaged|cannot be opened)"):
            read_dicom_report(DicomFile(path))


def test_a_deflated_report_is_read_and_refused_where_it_was_cut_off(tmp_path):
    path = tmp_path / "report.dcm"
    made = basic_report("Mass.", 1, {"StudyInstanceUID": uid(1, 1)})
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    made.save_as(path, implicit_vr=False, little_endian=True, enforce_file_format=True)
    assert read_dicom_report(DicomFile(path)) == "Mass.\n"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ReportError, match=r"report\.dcm cannot be opened .* damaged"):
        read_dicom_report(DicomFile(path))


def test_a_study_without_one_has_none(tmp_path):
    write_study(tmp_path, 1, report=None)
    assert report_of(tmp_path) is None
