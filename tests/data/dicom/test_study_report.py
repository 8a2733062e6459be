"""Which report of a study is read."""

from medsegr.data.dicom.study_report import report_of
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


def test_a_study_without_one_has_none(tmp_path):
    write_study(tmp_path, 1, report=None)
    assert report_of(tmp_path) is None
