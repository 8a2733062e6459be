"""Studies as a PACS has them: pictures whose findings are known, and the report beside them."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset

from medsegr.batch import worker
from medsegr.inference.predictor import Predictor
from tests.data.dicom.series_maker import CT, SECONDARY, dataset, uid, write, write_series
from tests.inference.bright_model import BrightModel

BASIC_SR = "1.2.840.10008.5.1.4.1.1.88.11"
REPORT = "Nodule in the left upper lobe. Pleural effusion on the left. No consolidation."
SIZE = (96, 128)
"""Rows and columns; not square, so that one cannot stand for the other."""


def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Two masks that share pixels, (H, W) bool."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return (y - 40) ** 2 + (x - 80) ** 2 < 20**2, (y > 44) & (y < 80) & (x > 60) & (x < 118)


def picture() -> np.ndarray:
    """(H, W, 3) uint8: the nodule is red, the effusion green."""
    nodule, effusion = drawn()
    return np.stack([nodule * 250, effusion * 250, np.full(SIZE, 20)], axis=-1).astype(np.uint8)


def day(number: int) -> str:
    """Of January."""
    return f"{number % 28 + 1:02d}"


def write_study(folder: Path, number: int, report: str | None = REPORT) -> str:
    """A secondary capture in colour, a CT of three slices and the report; the study's UID."""
    study = uid(1, number)
    same = {"StudyInstanceUID": study, "StudyDate": f"202601{day(number)}", "StudyTime": "120000",
            "AccessionNumber": f"A{number}", "StudyID": "1", "ReferringPhysicianName": ""}  # fmt: skip
    one = dataset(picture(), SECONDARY, SeriesNumber=1, SeriesInstanceUID=uid(2, number, 1), **same)
    one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = uid(9, number, 1, 1)
    del one.FrameOfReferenceUID
    write(folder / "picture.dcm", one)
    nodule = drawn()[0]
    volume = np.stack([nodule * height for height in (0, 900, 700)]).astype(np.int16)
    series = {"SeriesNumber": 2, "SeriesInstanceUID": uid(2, number, 2), "WindowCenter": 500, "WindowWidth": 1000}
    for path in write_series(folder, volume, **series, **same):
        made = dataset_at(path)
        made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = uid(9, number, 2, made.InstanceNumber)
        made.save_as(path)
    if report is not None:
        write(folder / "report.dcm", basic_report(report, number, same))
    return study


def dataset_at(path: Path) -> Dataset:
    from pydicom import dcmread

    return dcmread(path)


def basic_report(words: str, number: int, same: dict) -> Dataset:
    """A Basic Text SR with one paragraph."""
    made = dataset(np.zeros((8, 8), np.uint8), BASIC_SR, **same)
    for name in ("Rows", "Columns", "PixelData", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
                 "SamplesPerPixel", "PhotometricInterpretation", "FrameOfReferenceUID"):  # fmt: skip
        delattr(made, name)
    made.Modality, made.SeriesInstanceUID, made.SeriesNumber = "SR", uid(2, number, 3), 3
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = uid(9, number, 3, 1)
    made.ContentDate, made.ContentTime, made.Manufacturer = "20260101", "130000", "Hospital"
    part = Dataset()
    part.RelationshipType, part.ValueType, part.TextValue = "CONTAINS", "TEXT", words
    made.ValueType, made.ContentSequence = "CONTAINER", [part]
    return made


def bright_worker(monkeypatch: pytest.MonkeyPatch) -> BrightModel:
    """From now on every worker has a model that outlines what is bright; the study says what that is."""
    model = BrightModel(128)
    model.metadata = {"weights_sha256": "bright"}
    monkeypatch.setattr(worker, "load", lambda *_, **__: Predictor(model))
    return model


__all__ = ["CT", "REPORT", "SIZE", "basic_report", "bright_worker", "day", "drawn", "write_study"]
