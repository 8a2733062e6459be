"""DatasetFolder: both layouts, findings, and refusals that list everything."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from medsegr.cognition.lexicon import load_lexicon
from medsegr.data.check import check_dataset
from medsegr.data.dataset_folder import DatasetFolder, discover, find_dataset_folders
from medsegr.data.file_names import find_mask, image_stem
from medsegr.errors import DatasetError, ImageError
from tests.data import dataset_maker as make
from tests.shared_data import shared

SHARED_SETS = (
    "brain_mri_lgg",
    "breast_us_text",
    "cardiac_mri_acdc",
    "ct_covid_lesion",
    "cxr_covid_multi",
    "monuseg_text",
    "polyp_cvc_text",
    "skin_ph2_text",
)


def test_label_maps(tmp_path: Path) -> None:
    data = DatasetFolder(make.labelled(tmp_path))
    assert (data.name, data.modality, data.frame, data.licence) == ("made", "chest_ct", "patient", "CC0-1.0")
    assert data.targets == {"liver", "lesion"}
    assert data.incomplete == frozenset()
    assert data.images() == ["a.png", "b.png", "c.png"]
    assert (data.images("train"), data.images("test")) == (["a.png"], ["c.png"])
    assert data.splits == ("test", "train", "val")
    assert data.has_reports
    assert "3 images" in repr(data)
    case = data.load("a.png")
    assert case.name == "a.png"
    assert case.report == data.report("a.png") == "A lesion, seen."
    assert case.image.modality == "chest_ct"
    assert {name: int(m.sum()) for name, m in case.structures.items()} == {"liver": 32, "lesion": 24}
    assert all(m.dtype == bool and m.shape == case.image.mask_shape for m in case.structures.values())
    last = data.load("c.png")
    assert last.report is None
    assert not last.structures["lesion"].any(), "annotated everywhere, so known to be absent"


def test_structures(tmp_path: Path) -> None:
    data = DatasetFolder(make.structured(tmp_path))
    assert data.targets == {"lung", "nodule", "tube"}
    assert data.incomplete == {"tube"}
    first, second = data.load("a.png"), data.load("b.png")
    assert {name: int(m.sum()) for name, m in first.structures.items()} == {"lung": 80, "nodule": 24}
    assert {name: int(m.sum()) for name, m in second.structures.items()} == {
        "lung": 80,
        "nodule": 0,
        "tube": 16,
    }
    assert data.images("val") == []


def test_empty_cells_are_no_reports(tmp_path: Path) -> None:
    folder = make.labelled(tmp_path)
    make.table(folder / "reports.csv", ("image", "report"), [("a.png", ""), ("b.png", " \n"), ("a.png", "Seen.")])
    data = DatasetFolder(folder)
    assert [data.report(name) for name in make.NAMES] == ["Seen.", None, None]
    assert [data.report_origin(name) for name in make.NAMES] == ["real", None, None]
    make.table(folder / "reports.csv", ("image", "report"), [("a.png", ""), ("b.png", "")])
    assert not DatasetFolder(folder).has_reports


def test_tables_meet_images_whose_letters_are_composed_otherwise(tmp_path: Path) -> None:
    typed, stored = "caf\u00e9.png", "cafe\u0301.png"
    folder = make.labelled(tmp_path)
    for inner in ("images", "masks"):
        (folder / inner / "a.png").rename(folder / inner / stored)
    for name in ("split.csv", "reports.csv"):
        (folder / name).write_text((folder / name).read_text().replace("a.png", typed), encoding="utf-8")
    data = DatasetFolder(folder)
    assert data.images("train") == [stored] and data.report(stored) == "A lesion, seen."
    assert not [complaint for complaint in check_dataset(folder) if "caf" in complaint]


def test_a_report_that_a_comma_cuts_is_refused(tmp_path: Path) -> None:
    folder = make.labelled(tmp_path)
    (folder / "reports.csv").write_text("image,report\na.png,A lesion, seen.\n")
    told = "reports.csv line 2 has more cells than the first line"
    with pytest.raises(DatasetError, match=told):
        DatasetFolder(folder)
    assert any(told in complaint for complaint in check_dataset(folder))


def test_incomplete_label_without_pixels_is_left_out(tmp_path: Path) -> None:
    make.labelled(tmp_path)
    make.manifest(tmp_path, labels={"background": 0, "liver": 1, "lesion": [2, 3]}, incomplete=["lesion"])
    assert set(DatasetFolder(tmp_path).load("c.png").structures) == {"liver"}


def test_findings(tmp_path: Path) -> None:
    make.structured(tmp_path)
    absent = make.finding(id="f2", presence="absent", mask=None, laterality=None, zones=[], size_mm=[], count=None)
    make.findings(
        tmp_path,
        [{"image": "a.png", "findings": [make.finding(), absent], "suite": "place", "look": "ct"}, ""],
    )
    data = DatasetFolder(tmp_path)
    case = data.load("a.png")
    first, second = case.findings
    assert (first.id, first.role, first.target, first.presence, first.laterality, first.count) == (
        "f1", "described", "nodule", "present", "left", 1,
    )  # fmt: skip
    assert (first.zones, first.texture, first.shape, first.size_mm) == (
        ("apical",),
        ("solid",),
        ("round",),
        (8.0,),
    )
    assert first.mask_path == tmp_path / "masks/nodule_1/a.png"
    assert (second.presence, second.mask_path) == ("absent", None)
    assert (case.suite, case.look) == ("place", "ct")
    assert {id: int(m.sum()) for id, m in case.masks.items()} == {"f1": 16}
    other = data.load("b.png")
    assert (other.findings, other.masks, other.suite) == ((), {}, None)


def test_volumes(tmp_path: Path) -> None:
    make.manifest(tmp_path, labels={"background": 0, "liver": 1})
    rng = np.random.default_rng(0)
    affine = np.diag([1.0, -1.0, 2.0, 1.0])
    for folder, values in (
        ("images", rng.normal(size=(12, 10, 9))),
        ("masks", rng.integers(0, 2, (12, 10, 9))),
    ):
        (tmp_path / folder).mkdir()
        nib.save(nib.Nifti1Image(values.astype(np.float32), affine), tmp_path / folder / "v.nii.gz")
    case = DatasetFolder(tmp_path).load("v.nii.gz")
    assert case.image.is_volume
    stored = case.image.geometry.to_stored(case.structures["liver"])
    np.testing.assert_array_equal(stored, values == 1)


@pytest.mark.parametrize("frame", ["patient", "image"])
def test_a_lexicon_says_what_images_show_and_the_data_set_whose_left(tmp_path: Path, frame: str) -> None:
    make.labelled(tmp_path)
    make.manifest(tmp_path, labels={"background": 0, "liver": 1, "lesion": [2, 3]}, frame=frame)
    data = DatasetFolder(tmp_path)
    view = data.load("a.png", load_lexicon()).image.view
    assert (view.modality, view.sides, view.frame) == ("chest_ct", "both", frame)
    assert view.half("left") == ((0.5, 1.0) if frame == "patient" else (0.0, 0.5))
    assert view.placed == (frame == "patient")
    unseen = data.load("a.png").image.view
    assert (unseen.modality, unseen.sides) == (None, "one")


def test_a_mask_that_lies_elsewhere_is_refused(tmp_path: Path) -> None:
    """A mask that lost its header would come out mirrored, left for right."""
    folder = make.placed(tmp_path, np.diag([-1.0, -1.0, 2.0, 1.0]), np.eye(4))
    with pytest.raises(DatasetError, match=r"v\.nii of the data set made has another affine than its image.*mirrored"):
        DatasetFolder(folder).load("v.nii")


def test_a_mask_in_another_stored_order_is_in_its_place(tmp_path: Path) -> None:
    affine = np.diag([-1.0, -1.0, 2.0, 1.0])
    folder = make.placed(tmp_path, affine, affine)
    before = DatasetFolder(folder).load("v.nii").structures["liver"]
    nib.save(nib.as_closest_canonical(nib.load(folder / "masks" / "v.nii")), folder / "masks" / "v.nii.gz")
    (folder / "masks" / "v.nii").unlink()
    np.testing.assert_array_equal(DatasetFolder(folder).load("v.nii").structures["liver"], before)


def test_everything_wrong_is_listed(tmp_path: Path) -> None:
    make.labelled(tmp_path)
    make.manifest(tmp_path, labels={"liver": "one"}, frame="upside", incomplete=["spleen"])
    make.table(tmp_path / "split.csv", ("image", "split"), [("z.png", "train"), ("a.png", "val"), ("a.png", "test")])
    make.table(tmp_path / "reports.csv", ("picture", "report"), [])
    make.findings(tmp_path, ["{"])
    with pytest.raises(DatasetError) as caught:
        DatasetFolder(tmp_path)
    for part in (
        "'liver' has no value",
        "frame is 'upside'",
        "'incomplete' names 'spleen'",
        "split.csv names z.png",
        "split.csv gives a.png twice",
        "reports.csv has no column 'image'",
        "findings.jsonl line 1 is not JSON",
    ):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "dataset.json is missing"),
        ("{", "dataset.json is not JSON"),
        ("[]", "not an object"),
        ("{}", "has neither"),
        (json.dumps({"labels": {"a": 1}, "structures": {"a": "a"}}), "has both"),
        (json.dumps({"labels": ["a"]}), "'labels' is not an object"),
        (json.dumps({"labels": {"a": 0}}), "background's value"),
        (json.dumps({"labels": {"background": 1}}), "background's value is not 0"),
        (json.dumps({"structures": {"a": 1}}), "'structures' is not an object"),
        (json.dumps({"structures": {"../a": "a"}}), "not within masks/"),
        (json.dumps({"labels": {"a": 1}, "name": 5}), "'name' is not text"),
        (json.dumps({"labels": {"a": 1}, "incomplete": "a"}), "'incomplete' is not a list"),
    ],
)
def test_bad_manifests(content: str | None, message: str, tmp_path: Path) -> None:
    make.picture(tmp_path / "images" / "a.png")
    if content is not None:
        (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(DatasetError, match=message):
        DatasetFolder(tmp_path)


def test_refusals_of_a_case(tmp_path: Path) -> None:
    data = DatasetFolder(make.labelled(tmp_path))
    with pytest.raises(DatasetError, match=r"no image 'z\.png'"):
        data.load("z.png")
    with pytest.raises(DatasetError, match="no split 'tset'; it has: test, train, val"):
        data.images("tset")
    make.mask(tmp_path / "masks" / "a.png", {9: (0, 2)})
    with pytest.raises(DatasetError, match="holds the value 9"):
        data.load("a.png")
    make.mask(tmp_path / "masks" / "a.png", {1: (0, 2)}, size=(8, 9))
    with pytest.raises(DatasetError, match=r"shape \(8, 9\), its image \(16, 20\)"):
        data.load("a.png")
    (tmp_path / "masks" / "a.png").unlink()
    with pytest.raises(DatasetError, match=r"no mask for a\.png"):
        data.load("a.png")
    (tmp_path / "images" / "b.png").write_bytes(b"")
    with pytest.raises(ImageError, match=r"b\.png is empty"):
        data.load("b.png")


def test_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is not a folder"):
        DatasetFolder(tmp_path / "missing")
    make.manifest(tmp_path, labels={"a": 1})
    with pytest.raises(DatasetError, match="holds no image"):
        DatasetFolder(tmp_path)


def test_discover(tmp_path: Path) -> None:
    make.labelled(tmp_path / "sets" / "one")
    make.structured(tmp_path / "sets" / "two")
    (tmp_path / "sets" / "notes").mkdir()
    assert [d.path.name for d in discover([tmp_path / "sets"])] == ["one", "two"]
    assert [p.name for p in find_dataset_folders([str(tmp_path / "sets" / "two")])] == ["two"]
    for path in (tmp_path / "sets" / "notes", tmp_path / "missing"):
        with pytest.raises(DatasetError, match=r"holds no dataset\.json"):
            discover([path])


@pytest.mark.parametrize("name", ["a.PNG", "a.Png", "a.TIF", "a.Nii", "a.Nii.Gz", "a.nii.GZ"])
def test_masks_are_found_in_any_letter_case(name: str, tmp_path: Path) -> None:
    folder = make.labelled(tmp_path)
    make.manifest(folder, structures={"lung": "lung"})
    place = folder / "masks" / "lung"
    place.mkdir()
    assert find_mask(place, "a.png") is None
    make.picture(place / "A.png")
    make.picture(place / "a.tiff.png")
    if "ii" in name:
        nib.save(nib.Nifti1Image(np.ones((20, 16), np.uint8), np.diag([-1.0, -1, 1, 1])), place / name.lower())
    else:
        Image.new("L", make.SIZE[::-1], 255).save(place / name.lower())
    if name != name.lower():
        (place / name.lower()).rename(place / name)
    assert find_mask(place, "a.png") == place / name
    assert DatasetFolder(folder).load("a.png").structures["lung"].all()


def test_masks_are_found_by_stem(tmp_path: Path) -> None:
    (tmp_path / "x.png").touch()
    assert find_mask(tmp_path, "x.jpg") == tmp_path / "x.png"
    assert find_mask(tmp_path, "y.jpg") is None
    assert [image_stem(n) for n in ("a.b.nii.gz", "a.PNG", "a.nii", "a")] == ["a.b", "a", "a", "a"]
    assert {image_stem(f"a{s}") for s in (".dcm", ".DICOM", ".nrrd", ".nhdr", ".mha", ".mhd", ".hdr.gz", ".img")} == {
        "a"
    }
    assert image_stem("1.2.840.10008") == "1.2.840.10008"


@pytest.mark.parametrize("name", SHARED_SETS)
def test_shared_sets_open_and_load(name: str) -> None:
    data = DatasetFolder(shared(f"data/{name}"))
    assert data.splits == ("test", "train", "val")
    seen: set[str] = set()
    for image in data.images()[:: max(1, len(data.images()) // 5)]:
        case = data.load(image)
        assert case.image.plane().shape[:2] == case.image.size
        assert all(mask.shape == case.image.mask_shape for mask in case.structures.values())
        seen |= {target for target, mask in case.structures.items() if mask.any()}
    assert seen
    assert set(case.structures) | data.incomplete == data.targets
