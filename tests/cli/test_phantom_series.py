"""One command over a DICOM series made from a phantom: one segmentation whose overlap every reader sees."""

import csv
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from medsegr.cli.main import main
from tests.data.dicom.series_maker import write_series
from tests.inference.dicom.test_dcmjs import decoded

hd = pytest.importorskip("highdicom", reason='needs pip install "medsegr[dicom]"')

pytestmark = pytest.mark.slow
SHIFT = 5
"""Pixels by which each slice shows the phantom further on, so that no slice stands for another."""


@pytest.fixture(scope="module")
def segmented(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], list[np.ndarray]]:
    """The case's folder, UIDs of the slices, and the NIfTI masks as (slices, rows, columns) in their order."""
    folder = tmp_path_factory.mktemp("phantom")
    assert main(["data", "phantoms", str(folder / "set"), "--cases", "2", "--seed", "5", "--suite", "overlap"]) == 0
    with (folder / "set" / "ct" / "reports.csv").open(newline="") as file:
        row = next(csv.DictReader(file))
    shown = np.asarray(Image.open(folder / "set" / "ct" / "images" / row["image"]).convert("L"))
    volume = np.stack([np.roll(shown, SHIFT * k, axis=1) for k in range(3)]).astype(np.int16)
    values = {"WindowCenter": 127.5, "WindowWidth": 256, "FrameOfReferenceUID": "1.2.3"}
    paths = write_series(folder / "series", volume, **values)
    asked = ["segment", str(folder / "series"), "--text", row["report"], "--modality", "abdomen_ct", "--model", "tiny",
             "--untrained", "draw", "--masks", "dicom", "--masks", "separate", "--no-pictures"]  # fmt: skip
    assert main([*asked, "--out", str(folder / "out")]) == 0
    (case,) = (path for path in (folder / "out").iterdir() if path.is_dir())
    headers = sorted((hd.imread(path) for path in paths), key=lambda header: header.ImagePositionPatient[2])
    files = [entry["mask"] for entry in json.loads((case / "findings.json").read_text())["findings"] if entry["mask"]]
    masks = [np.asarray(nib.load(case / name).dataobj).transpose(2, 1, 0) > 0 for name in files]
    return case, [str(header.SOPInstanceUID) for header in headers], masks


def test_highdicom_sees_the_nifti_masks_with_their_overlap(segmented) -> None:
    case, uids, masks = segmented
    found = hd.seg.segread(case / "segmentation.dcm")
    assert found.SegmentsOverlap == "YES" and len(found.SegmentSequence) == len(masks) == 2
    assert (masks[0] & masks[1]).any() and any((mask[0] != mask[2]).any() for mask in masks)
    seen = found.get_pixels_by_source_instance(uids, assert_missing_frames_are_empty=True)
    for number, mask in enumerate(masks):
        np.testing.assert_array_equal(seen[..., number], mask)


def test_dcmjs_sees_the_same(segmented) -> None:
    case, uids, masks = segmented
    found = decoded(case / "segmentation.dcm")
    for number, mask in enumerate(masks, 1):
        seen = np.zeros(mask.shape, bool)
        for frame in found["frames"]:
            if frame["segment"] == number:
                seen[uids.index(frame["instance"])].reshape(-1)[frame["on"]] = True
        np.testing.assert_array_equal(seen, mask)
