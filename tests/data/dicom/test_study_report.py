"""Which report of a study is read."""

from pydicom import Dataset

from medsegr.data.dicom.study_report import report_of, study_reports
from medsegr.data.image import load_image
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


def test_reports_of_studies_are_found_though_a_file_is_damaged_and_one_says_nothing(tmp_path):
    for number in (1, 2, 3):
        write_study(tmp_path / str(number), number, report="Mass." if number < 3 else "")
    (tmp_path / "1" / "cut.dcm").write_bytes((tmp_path / "1" / "report.dcm").read_bytes()[:250])
    reports, unread = study_reports(tmp_path, {uid(1, 1), uid(1, 3)})
    assert {study: report.strip() for study, report in reports.items()} == {uid(1, 1): "Mass."}
    assert [str(error) for error in unread] == [
        "report.dcm is a structured report without any text, code or number in it."
    ]


def test_a_study_without_one_has_none(tmp_path):
    write_study(tmp_path, 1, report=None)
    assert report_of(tmp_path) is None
