import json

import nibabel as nib
import numpy as np
from PIL import Image

from medsegr.cognition.parser import parse_report
from medsegr.inference.predictor import Predictor
from medsegr.inference.writer import write_case
from tests.inference.disk_model import DiskModel

REPORT = "14 mm round nodule in the left upper lobe. Right pleural effusion. No pneumothorax."
DISKS = {
    "nodule": (0.5, 0.4, 0.2, 4.0),
    "pleural_effusion": (0.55, 0.45, 0.2, 3.0),
    "pneumothorax": (0.5, 0.5, 0.1, 3.0),
}
LABEL = {"case": "scan", "image": "scan.png", "model": "discs"}


def test_masks_overlap_and_findings_json_holds_offsets_only(tmp_path):
    pixels = np.random.default_rng(0).random((60, 80)).astype(np.float32)
    result = Predictor(DiskModel(DISKS)).segment(pixels, REPORT, modality="chest_xray")
    path = write_case(tmp_path, result, **LABEL)
    record = json.loads(path.read_text())
    assert "lobe" not in path.read_text().replace("upper_lobe", "")
    assert record["schema"] == "medsegr.findings/1"
    assert (record["case"], record["image"], record["model"]) == ("scan", "scan.png", "discs")
    nodule, effusion, pneumothorax = record["findings"]
    saved = [np.asarray(Image.open(tmp_path / entry["mask"])) > 0 for entry in (nodule, effusion)]
    assert (saved[0] & saved[1]).sum() > 100
    assert (saved[0] == result.findings[0].mask).all()
    assert nodule["area_px"] == saved[0].sum()
    assert nodule["location"] == {"laterality": "left", "zones": ["upper_lobe"], "frame": "patient"}
    assert nodule["shape"]["size_mm"] == [14.0]
    assert next(REPORT[a:b] for a, b in nodule["evidence"]) == "nodule"
    assert pneumothorax["mask"] is None
    assert pneumothorax["support"] is None
    assert "absent by the report" in pneumothorax["reason"]
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "findings.json", "nodule-left.png", "pleural_effusion-right.png",
    ]  # fmt: skip


def test_text_is_kept_on_demand(tmp_path):
    pixels = np.random.default_rng(0).random((60, 80)).astype(np.float32)
    result = Predictor(DiskModel(DISKS)).segment(pixels, REPORT)
    assert json.loads(write_case(tmp_path, result, **LABEL, keep_text=True).read_text())["report"] == REPORT


def test_nifti_masks_keep_shape_and_affine(tmp_path):
    affine = np.array([[0, 1.2, 0, -30], [-0.8, 0, 0, 40], [0, 0, 2.5, -10], [0, 0, 0, 1.0]])
    stored = np.random.default_rng(0).random((40, 50, 4)).astype(np.float32)
    nib.save(nib.Nifti1Image(stored, affine), tmp_path / "volume.nii")
    result = Predictor(DiskModel(DISKS)).segment(tmp_path / "volume.nii", parse_report(REPORT))
    write_case(tmp_path, result, **LABEL)
    mask = nib.load(tmp_path / "nodule-left.nii.gz")
    assert mask.shape == (40, 50, 4)
    np.testing.assert_allclose(mask.affine, affine)
    assert np.asarray(mask.dataobj).sum() == result.findings[0].area_px


def test_the_record_says_how_the_picture_was_looked_at(tmp_path):
    pixels = np.random.default_rng(0).random((200, 240)).astype(np.float32)
    disks = {**DISKS, "nodule": (0.5, 0.4, 0.05, 4.0)}
    result = Predictor(DiskModel(disks), flips=True, second_look=True).segment(pixels, REPORT)
    record = json.loads(write_case(tmp_path, result, **LABEL).read_text())
    assert record["looks"] == {"flips": True, "second_look": True}
    assert [entry["looked_twice"] for entry in record["findings"]] == [True, False, False]
    plain = Predictor(DiskModel(disks)).segment(pixels, REPORT)
    record = json.loads(write_case(tmp_path, plain, **LABEL).read_text())
    assert record["looks"] == {"flips": False, "second_look": False}
    assert (record["backend"]["name"], record["backend"]["precision"]) == ("torch", "f32")
    assert not any(entry["looked_twice"] for entry in record["findings"])
