"""Nothing that a header says of a patient reaches a message, a note, a warning or a log."""

import logging
import warnings
from pathlib import Path

import numpy as np
import pytest

from medsegr.data.dicom.reader import list_stacks
from medsegr.data.image import load_image
from medsegr.errors import ImageError
from tests.data.dicom.series_maker import CT, PLANTED, dataset, lopsided, pydicom, write, write_series

FIELDS = ("PatientName", "PatientID", "OtherPatientNames", "ReferringPhysicianName", "InstitutionName",
          "SeriesDescription", "StudyDescription", "ProtocolName", "AccessionNumber", "PatientComments")  # fmt: skip


def check(said: str) -> None:
    assert "Zyxwvut" not in said and "Quorra" not in said and "ZQ-123456" not in said


def test_messages_and_notes(tmp_path: Path) -> None:
    planted = dict.fromkeys(FIELDS, PLANTED)
    volume = lopsided((5, 12, 15)).astype(np.int16)
    paths = write_series(tmp_path / "a", volume, **planted)
    write_series(tmp_path / "b", volume, SeriesNumber=2, **planted)
    for stack in list_stacks(tmp_path):
        check(f"{stack} {load_image(stack).notes}")
    with pytest.raises(ImageError) as caught:
        load_image(tmp_path)
    check(str(caught.value))
    paths[2].unlink()
    with pytest.raises(ImageError) as caught:
        load_image(tmp_path / "a")
    check(str(caught.value))


def test_broken_values_are_not_repeated_by_pydicom(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset(lopsided((12, 15)).astype(np.int16), CT)
    for keyword in (
        "PatientBirthDate",
        "PixelSpacing",
        "SOPInstanceUID",
        "StudyInstanceUID",
        "PatientSex",
        "PatientAge",
    ):
        tag, content = pydicom.tag.Tag(keyword), f"{PLANTED}\\x".encode().ljust(18)
        made[tag] = pydicom.dataelem.RawDataElement(
            tag, pydicom.datadict.dictionary_VR(tag), len(content), content, 0, False, True
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write(tmp_path / "a.dcm", made)
    caplog.clear()
    with warnings.catch_warnings(record=True) as heard, caplog.at_level(logging.DEBUG):
        warnings.simplefilter("always")
        image = load_image(tmp_path / "a.dcm")
        str(image.dicom.headers[0].get("PatientAge"))  # somebody asks for a broken value
    for said in (*(str(each.message) for each in heard), caplog.text, *capsys.readouterr(), *image.notes):
        check(said)


def test_what_is_hushed_stays_as_it_is_however_often_it_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", dataset(lopsided((12, 15)).astype(np.int16), CT))
    load_image(path)
    before = list(warnings.filters)
    for _ in range(3):
        load_image(path)
    assert list(warnings.filters) == before
