"""Real files, against what two readers each have settled of them: the shared collection, or any of its layout.

MEDSEGR_CLINICAL_FILES names another folder with an ``expected.json`` of the same schema.
"""

import json
import os
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from medsegr.data.dicom.reader import list_stacks
from medsegr.data.dicom.stacks import Stack
from medsegr.data.geometry import Geometry
from medsegr.data.image import MedicalImage, load_image
from medsegr.data.label_map import load_placed_label_map
from medsegr.data.nifti import UNSTATED_ORIENTATION
from medsegr.data.report_file import read_report
from medsegr.errors import ImageError
from tests.shared_data import ROOT

pydicom = pytest.importorskip("pydicom", reason='needs pip install "medsegr[dicom]"')

SHARED = Path(os.environ.get("MEDSEGR_SHARED", ROOT.parent / "shared")) / "data" / "clinical_files"
FOLDER = Path(os.environ.get("MEDSEGR_CLINICAL_FILES", SHARED))
EXPECTED = FOLDER / "expected.json"
ITEMS = json.loads(EXPECTED.read_text(encoding="utf-8"))["items"] if EXPECTED.is_file() else []
PLACE_MM = 0.03
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
NO_PICTURE = ("SEG", "SR")

if not ITEMS:
    pytest.skip("no clinical files are at hand; MEDSEGR_CLINICAL_FILES names a folder of them", allow_module_level=True)


def facts_of(kind: str) -> list[Any]:
    """(item, name or index, facts) of one kind of facts, as parameters."""
    return [
        pytest.param(item, key, fact, id=f"{item['id']}-{key}")
        for item in ITEMS
        for key, fact in (
            enumerate(item["facts"].get(kind, [])) if kind == "volumes" else item["facts"].get(kind, {}).items()
        )
    ]


def corners(shape: list[int]) -> np.ndarray:
    return np.array([[0, 0, 0, 1], [*(length - 1 for length in shape), 1]], float)


def lps_affine(geometry: Geometry) -> np.ndarray:
    return LPS @ (geometry.directions if geometry.affine is None else geometry.affine)


def check_left(geometry: Geometry, left: dict[str, Any]) -> None:
    """The index axis that lies nearest to left and right, and whether it grows towards the left."""
    column = lps_affine(geometry)[:3, "ijk".index(left["axis"])]
    cosine = column[0] / np.linalg.norm(column)
    assert (cosine > 0) == (left["towards_left"] == "increasing")
    assert abs(cosine) == pytest.approx(left.get("cosine", 1), abs=1e-3)
    shown = geometry.displayed_affine()[:3, 2] / np.linalg.norm(geometry.displayed_affine()[:3, 2])
    if left["axis"] == "i" and geometry.affine is not None:
        assert shown[0] < 0, "columns are displayed towards the patient's left"


def stack_at(item: dict[str, Any], index: int, fact: dict[str, Any]) -> Stack:
    """The stack that a volume's facts describe; several times of one place are several."""
    folder = FOLDER / item["path"]
    path = folder / fact["files_in_spatial_order"][0] if item["form"] == "same" else folder
    stacks = [stack for stack in list_stacks(path) if stack.first.is_placed]
    first = np.array(fact["slice_origins_lps"][0])
    size = tuple(fact["shape_ijk"][:2])
    fitting = [s for s in stacks if s.first.size[::-1] == size and np.allclose(s.first.position, first, atol=PLACE_MM)]
    mosaic = "tiles" in fact
    found = stacks if mosaic else fitting
    assert len(found) in (1, 2, fact.get("times")), [str(stack) for stack in stacks]
    return found[0]


@pytest.mark.parametrize(("item", "index", "fact"), facts_of("volumes"))
def test_volumes_lie_where_they_are_said_to(item: dict, index: int, fact: dict) -> None:
    stack = stack_at(item, index, fact)
    if fact["uniform"] is False:
        steps = ", ".join(f"{step:.4g}" for step in fact["slice_step_mm"])
        with pytest.raises(ImageError, match=f"not evenly spaced: they are {steps} mm apart"):
            load_image(stack)
        np.testing.assert_allclose([plane.position for plane in stack.planes], fact["slice_origins_lps"], atol=PLACE_MM)
    else:
        check_volume(load_image(stack), fact)
    if "files_in_spatial_order" in fact:
        names = [plane.file.path.name for plane in stack.planes]
        assert names == [Path(name).name for name in fact["files_in_spatial_order"]]


def check_volume(image: MedicalImage, fact: dict[str, Any]) -> None:
    shape, geometry = fact["shape_ijk"], image.geometry
    assert geometry.stored_shape == tuple(shape)
    assert image.mask_shape == geometry.shape and sorted(geometry.shape) == sorted(n for n in shape if n > 1)
    first, last = (corners(shape) @ lps_affine(geometry).T)[:, :3]
    np.testing.assert_allclose(first, fact["first_voxel_lps"], atol=PLACE_MM)
    np.testing.assert_allclose(last, fact["last_voxel_lps"], atol=PLACE_MM)
    if fact["affine_lps"] is not None:
        np.testing.assert_allclose(lps_affine(geometry), fact["affine_lps"], atol=PLACE_MM)
    steps = np.linalg.norm(geometry.affine[:3, :3], axis=0)
    for axis, name in enumerate("ijk"):
        if fact["spacing_mm"][name] is not None:
            assert steps[axis] == pytest.approx(fact["spacing_mm"][name], abs=1e-4)
    check_left(geometry, fact["patient_left"])
    series = image.dicom
    assert series is not None and len(series.frames or series.headers) == shape[2]


@pytest.mark.parametrize(("item", "index", "fact"), facts_of("volumes"))
def test_every_voxel_of_a_series_is_that_of_its_file(item: dict, index: int, fact: dict) -> None:
    stack = stack_at(item, index, fact)
    if fact["uniform"] is False or "tiles" in fact:
        pytest.skip("refused, or a mosaic: see the other tests")
    image = load_image(stack)
    volume = image.voxels if image.is_volume else image.voxels[None]
    stored = image.geometry.to_stored(volume)
    for k, plane in enumerate(stack.planes):
        whole = pydicom.dcmread(plane.file.path, force=True)
        pixels = whole.pixel_array[plane.number - 1] if plane.shared.frames > 1 else whole.pixel_array
        item_ = plane.item("PixelValueTransformationSequence")
        slope, shift = float(item_.get("RescaleSlope") or 1), float(item_.get("RescaleIntercept") or 0)
        np.testing.assert_allclose(stored[:, :, k].T, pixels * slope + shift, rtol=1e-6)


@pytest.mark.parametrize(("item", "name", "fact"), facts_of("images"))
def test_values_are_those_that_are_said(item: dict, name: str, fact: dict) -> None:
    folder = FOLDER / item["path"]
    path = folder / name if folder.is_dir() else folder
    if fact["modality"] in NO_PICTURE:
        with pytest.raises(ImageError, match="without a picture"):
            load_image(path)
        return
    stacks = list_stacks(path)
    images = [load_image(stack) for stack in stacks if _varies(fact)]
    values = np.concatenate([image.voxels.reshape(-1, image.voxels.shape[-1]) for image in images]) if images else None
    if values is None:
        with pytest.raises(ImageError, match="constant"):
            load_image(stacks[0])
        return
    colours = fact.get("rgb") or fact.get("rgb_8bit")
    ends = colours or fact.get("rescaled") or fact["stored"]
    tolerance = 2 if fact["photometric"].startswith("YBR") or "JPEG" in fact["transfer_syntax"] else 1e-4
    off = tolerance if colours else 1e-4
    np.testing.assert_allclose([values.min(), values.max()], [ends["min"], ends["max"]], rtol=1e-5, atol=off)
    if colours:
        np.testing.assert_allclose(values.reshape(-1, 3).mean(axis=0), colours["mean"], atol=max(tolerance / 10, 0.02))
    elif "rescaled" not in fact or ends["max"] - ends["min"] == fact["stored"]["max"] - fact["stored"]["min"]:
        shift = ends["min"] - fact["stored"]["min"]
        used = values[: fact["tiles"]] if "tiles" in fact else values
        if "MOSAIC" not in str(images[0].dicom.headers[0].get("ImageType")):
            assert used.mean(dtype=np.float64) - shift == pytest.approx(fact["stored"]["mean"], rel=1e-4, abs=1e-3)


def _varies(fact: dict) -> bool:
    return fact["stored"]["min"] < fact["stored"]["max"]


@pytest.mark.parametrize(("item", "name", "fact"), facts_of("images"))
def test_the_picture_is_inverted_once(item: dict, name: str, fact: dict) -> None:
    if not fact["photometric"].startswith("MONOCHROME") or fact["modality"] in NO_PICTURE or not _varies(fact):
        pytest.skip("this item holds no grey picture whose values could be compared")
    folder = FOLDER / item["path"]
    image = load_image(list_stacks(folder / name if folder.is_dir() else folder)[0])
    shown, values = image.plane(image.planes // 2), image.voxels
    values = values[image.planes // 2] if image.is_volume else values
    darkest, brightest = shown.flat[values.argmin()], shown.flat[values.argmax()]
    assert (darkest > brightest) == (fact["photometric"] == "MONOCHROME1")


@pytest.mark.parametrize("item", [pytest.param(item, id=item["id"]) for item in ITEMS if item["kind"] == "xray"])
def test_radiographs_know_the_side_and_invent_no_place(item: dict) -> None:
    image = load_image(list_stacks(FOLDER / item["path"])[0])
    (fact,) = item["facts"]["images"].values()
    left, stated = item["facts"].get("patient_left"), fact["pixel_spacing_mm"]
    assert image.geometry.affine is None
    assert image.geometry.spacing_known == bool(stated and all(stated))
    if left and left.get("source") == "PatientOrientation":
        check_left(image.geometry, left)


def test_a_mosaic_is_the_volume_that_its_reference_holds() -> None:
    item = next((item for item in ITEMS if item["id"] == "mr_siemens_mosaic_rle"), None)
    if item is None:
        pytest.skip("no mosaic among the clinical files at hand")
    image = load_image(FOLDER / item["path"])
    reference = nib.load(FOLDER / item["path"] / "dcm2niix_reference.nii")
    to_reference = np.linalg.inv(reference.affine) @ image.geometry.affine
    order = nib.orientations.io_orientation(to_reference)
    stored = nib.orientations.apply_orientation(image.geometry.to_stored(image.voxels), order)
    np.testing.assert_array_equal(stored, np.asanyarray(reference.dataobj))


@pytest.mark.parametrize(("item", "name", "fact"), facts_of("nifti"))
def test_nifti_is_placed_as_it_states_or_refused(item: dict, name: str, fact: dict) -> None:
    path = FOLDER / item["path"]
    path = path / name if path.is_dir() else path
    shape = fact["shape"][:3]
    if fact["shape"][3:] not in ([], [1]) or "rgb_min" in fact:
        with pytest.raises(ImageError, match="time points|colour"):
            load_image(path)
        return
    image = load_image(path)
    assert (*image.geometry.stored_shape, 1, 1)[:3] == tuple(shape)
    np.testing.assert_allclose([image.voxels.min(), image.voxels.max()], [fact["min"], fact["max"]], rtol=1e-5)
    assert image.voxels.mean(dtype=np.float64) == pytest.approx(fact["mean"], rel=1e-4)
    if fact["affine_ras"] is None:
        assert UNSTATED_ORIENTATION in image.notes
        return
    np.testing.assert_allclose(image.geometry.affine, fact["affine_ras"], atol=1e-3)
    first, last = (corners(shape) @ lps_affine(image.geometry).T)[:, :3]
    np.testing.assert_allclose(first, fact["first_voxel_lps"], atol=PLACE_MM)
    np.testing.assert_allclose(last, fact["last_voxel_lps"], atol=PLACE_MM)
    check_left(image.geometry, fact["patient_left"])


@pytest.mark.parametrize("kind", ["metaimage", "nrrd"])
def test_other_volumes(kind: str) -> None:
    pytest.importorskip("SimpleITK", reason='needs pip install "medsegr[nrrd]"')
    for parameter in facts_of(kind):
        item, name, fact = parameter.values
        path = FOLDER / item["path"]
        path = path / name if path.is_dir() else path
        if "voxels_per_label" in fact:
            labels, geometry = load_placed_label_map(path)
            found = dict(zip(*(part.tolist() for part in np.unique(labels, return_counts=True)), strict=True))
            assert found == {int(label): count for label, count in fact["voxels_per_label"].items()}
        else:
            image = load_image(path)
            geometry = image.geometry
            assert (image.voxels.min(), image.voxels.max()) == (fact["min"], fact["max"])
        if len(fact["first_voxel_lps"]) == 3:
            first = (corners([1, 1, 1]) @ lps_affine(geometry).T)[0, :3]
            np.testing.assert_allclose(first, fact["first_voxel_lps"], atol=PLACE_MM)
            if fact.get("patient_left"):
                check_left(geometry, fact["patient_left"])
        else:
            assert geometry.affine is None and geometry.spacing_known


@pytest.mark.parametrize(("item", "name", "fact"), facts_of("structured_reports"))
def test_reports_give_their_text(item: dict, name: str, fact: dict) -> None:
    path = FOLDER / item["path"]
    report = read_report(path / name if path.is_dir() else path)
    for said in fact["texts"]:
        assert said in report
    for title, number, _ in fact["measurements"]:
        assert (title in report and number in report) or title.startswith("Pixel Data")
