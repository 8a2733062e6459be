"""The counts of the data sets' reports, on a small set whose counts are known."""

from pathlib import Path

import pytest
from benchmarks.data_sets import measure, reported_cases

from medsegr.data.dataset_folder import DatasetFolder
from tests.data import dataset_maker as make


def made(folder: Path, reports: dict[str, str] | None) -> DatasetFolder:
    """Three slices of 16 x 20 px: a and b with a consolidation on the picture's left, the patient's right."""
    make.manifest(folder, labels={"background": 0, "consolidation": 1}, incomplete=["consolidation"])
    for seed, name in enumerate(make.NAMES):
        make.picture(folder / "images" / name, seed)
        make.mask(folder / "masks" / name, {1: (1, 7)} if seed < 2 else None)
    make.table(folder / "split.csv", ("image", "split"), [(name, "train") for name in make.NAMES])
    if reports:
        make.table(folder / "reports.csv", ("image", "report"), reports.items())
    return DatasetFolder(folder)


def test_real_reports(tmp_path: Path) -> None:
    reports = {
        "a.png": "Dense consolidation on the right. No pleural effusion.",
        "b.png": "Consolidation on the left. A nodule is seen.",
        "c.png": "Small nodule.",
    }
    found = measure(made(tmp_path, reports))
    assert (found["text"], found["images"], found["reports"]) == ("real", 3, 3)
    assert (found["structures_with_a_mask"], found["structures_met"]) == (2, 0.5)
    assert (found["findings"], found["findings_with_a_mask"]) == (4, 0.25)
    assert found["with_a_mask_state_a_place"] == found["with_a_mask_state_a_texture"] == 1.0
    assert found["with_a_mask_state_a_shape"] == 0.0


def test_derived_reports(tmp_path: Path) -> None:
    folder = made(tmp_path, None)
    found = measure(folder)
    assert (found["text"], found["structures_met"], found["findings_with_a_mask"]) == ("derived", 1.0, 1.0)
    assert {case.report_origin for case in reported_cases(folder)} == {"derived"}
    assert not (tmp_path / "reports_derived.csv").exists()


@pytest.mark.parametrize("names", [["a.png"], []])
def test_some_images(tmp_path: Path, names: list[str]) -> None:
    found = measure(made(tmp_path, {"a.png": "Consolidation."}), names)
    assert found["structures_met"] == (1.0 if names else None)
