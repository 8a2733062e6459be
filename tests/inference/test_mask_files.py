import json

import nibabel as nib
import numpy as np
import pytest

from medsegr.cognition.priors import Finding
from medsegr.data.image import load_image
from medsegr.data.nifti_masks import flattened
from medsegr.errors import ConfigError
from medsegr.inference.mask_files import Writing, noting_lost_labels
from medsegr.inference.result import FindingResult, Result
from medsegr.inference.writer import write_case

LABEL = {"case": "scan", "image": "scan.nii", "model": "tiny"}
AFFINE = np.array([[0, 1.2, 0, -30], [-0.8, 0, 0, 40], [0, 0, 2.5, -10], [0, 0, 0, 1.0]])


@pytest.fixture
def result(tmp_path):
    """A large and a small finding that overlap, one that is absent between them, on a lopsided volume."""
    values = np.random.default_rng(0).random((11, 14, 5)).astype(np.float32)
    nib.save(nib.Nifti1Image(values, AFFINE), tmp_path / "scan.nii")
    image = load_image(tmp_path / "scan.nii")
    large, small = np.zeros((2, *image.mask_shape), bool)
    large[1:4, 2:9, 1:10] = True
    small[2:5, 7:10, 8:11] = True
    absent = FindingResult("mass", Finding("mass"), np.zeros_like(large), "absent", reason="denied")
    return Result((FindingResult("liver", Finding("liver"), large), absent,
                   FindingResult("nodule", Finding("nodule"), small)), image)  # fmt: skip


def test_one_file_of_four_axes_holds_the_masks_in_the_order_of_the_findings(tmp_path, result):
    (tmp_path / "out").mkdir()
    record = json.loads(write_case(tmp_path / "out", result, **LABEL, writing=Writing(("separate", "4d"))).read_text())
    stack = nib.load(tmp_path / "out" / "masks.nii.gz")
    assert stack.shape == (11, 14, 5, 2)
    assert isinstance(stack, nib.Nifti1Image)
    assert stack.get_data_dtype() == np.uint8
    np.testing.assert_allclose(stack.affine, AFFINE)
    np.testing.assert_allclose(stack.get_qform(), stack.get_sform(), atol=1e-5)
    assert record["files"] == {"masks": "masks.nii.gz"}
    assert [entry["channel"] for entry in record["findings"]] == [0, None, 1]
    for entry in (record["findings"][0], record["findings"][2]):
        alone = nib.load(tmp_path / "out" / entry["mask"])
        assert {int(alone.header[code]) for code in ("sform_code", "qform_code")} == {1}
        np.testing.assert_array_equal(stack.dataobj[..., entry["channel"]], np.asarray(alone.dataobj))


def test_the_stack_alone_is_where_the_masks_are(tmp_path, result):
    record = json.loads(write_case(tmp_path, result, **LABEL, writing=Writing(("4d",))).read_text())
    assert [entry["mask"] for entry in record["findings"]] == ["masks.nii.gz", None, "masks.nii.gz"]
    assert not (tmp_path / "liver.nii.gz").exists()


def test_arrays_and_pictures_are_placed_in_mm_with_both_codes_1(tmp_path):
    image = load_image(np.random.default_rng(0).random((20, 30)))
    found = FindingResult("polyp", Finding("polyp"), np.arange(600).reshape(20, 30) % 7 == 0)
    write_case(tmp_path, Result((found,), image), **LABEL, writing=Writing(("4d",)))
    stack = nib.load(tmp_path / "masks.nii.gz")
    assert (int(stack.header["sform_code"]), int(stack.header["qform_code"])) == (1, 1)
    np.testing.assert_array_equal(stack.dataobj[..., 0, 0], found.mask.T)


def test_the_stack_is_read_by_simpleitk(tmp_path, result):
    sitk = pytest.importorskip("SimpleITK", reason='needs pip install "medsegr[nrrd]"')
    write_case(tmp_path, result, **LABEL, writing=Writing(("4d",)))
    stack = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "masks.nii.gz")))
    assert stack.shape == (2, 5, 14, 11)
    assert stack.sum() == sum(found.area_px for found in result.findings)


def test_a_label_map_comes_only_when_asked_for_with_a_count_of_what_it_loses(tmp_path, result):
    for name, asked in (("without", False), ("with", True)):
        (tmp_path / name).mkdir()
        record = json.loads(write_case(tmp_path / name, result, **LABEL, writing=Writing((), asked)).read_text())
        assert (tmp_path / name / "label_map.nii.gz").exists() == asked
    labels = np.asarray(nib.load(tmp_path / "with" / "label_map.nii.gz").dataobj)
    assert set(np.unique(labels)) == {0, 1, 2}
    large, small = result.findings[0].mask, result.findings[2].mask
    crowded = int((large & small).sum())
    assert crowded > 0
    assert (labels == 2).sum() == small.sum()
    assert (labels == 1).sum() == large.sum() - crowded
    assert [entry["label"] for entry in record["findings"]] == [1, None, 2]
    assert len(record["warnings"]) == 1
    assert f"{crowded} voxels lie in several findings" in record["warnings"][0]
    assert f"({crowded} of liver)" in record["warnings"][0]


def test_the_smallest_finding_keeps_its_label_and_the_warning_stands_once(result):
    masks = [result.findings[2].mask, result.findings[0].mask]
    assert (flattened(masks) == 1).sum() == masks[0].sum()
    noted = noting_lost_labels(noting_lost_labels(result))
    assert len(noted.warnings) == 1


def test_unknown_kinds_of_files_are_refused():
    with pytest.raises(ConfigError, match="Unknown kind of mask files 'nrrd': expected separate, 4d, dicom"):
        Writing(("nrrd",))


def test_a_deidentified_case_does_not_name_its_file(tmp_path, result):
    record = json.loads(write_case(tmp_path, result, **LABEL, writing=Writing(deidentify=True)).read_text())
    assert record["image"] is None
