"""The segmentation as dcmjs decodes it, the reader that OHIF stands on."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.inference.dicom.results import overlapping, series
from tests.inference.dicom.test_segmentation import stored, written

SCRIPT = Path(__file__).parent / "decode.js"


def decoded(path: Path) -> dict:
    """What dcmjs finds: frames with their segment, instance and pixels."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("dcmjs runs in node, which is not at hand")
    told = subprocess.run([node, SCRIPT, path], capture_output=True, text=True, timeout=120, check=False)
    if "Cannot find module 'dcmjs'" in told.stderr:
        pytest.skip("needs npm install dcmjs, and NODE_PATH set to its node_modules")
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


@pytest.mark.parametrize("kind", ["axial", "oblique", "radiograph"])
def test_dcmjs_decodes_the_masks_voxel_by_voxel(tmp_path, kind):
    result = overlapping(series(tmp_path / "in", kind))
    written(tmp_path / "out", result)
    found = decoded(tmp_path / "out" / "segmentation.dcm")
    assert found["overlap"] == "YES"
    uids = [str(header.SOPInstanceUID) for header in result.image.dicom.headers]
    for number, mask in enumerate(stored(result), 1):
        seen = np.zeros(mask.shape, bool)
        for frame in found["frames"]:
            if frame["segment"] == number:
                seen[uids.index(frame["instance"])].reshape(-1)[frame["on"]] = True
        np.testing.assert_array_equal(seen, mask)
