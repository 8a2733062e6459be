"""check_dataset: every complaint there is, all at once, and none for a sound set."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medsegr.data.check import check_dataset
from tests.data import dataset_maker as make
from tests.data.picture_maker import deep_png, with_palette
from tests.shared_data import shared


def entry(image: str = "a.png", *records: dict) -> dict:
    return {"image": image, "findings": list(records)}


def test_sound_sets_have_no_complaints(tmp_path: Path) -> None:
    known = {"liver", "lesion", "lung", "nodule", "tube"}
    assert check_dataset(make.labelled(tmp_path / "one"), known) == []
    folder = make.structured(tmp_path / "two")
    make.findings(folder, [entry("a.png", make.finding())])
    assert check_dataset(folder, known) == []


def test_all_complaints_at_once(tmp_path: Path) -> None:
    folder = make.labelled(tmp_path)
    (folder / "masks" / "a.png").unlink()
    make.mask(folder / "masks" / "b.png", {7: (0, 3)}, size=(16, 16))
    make.mask(folder / "masks" / "stray.png")
    (folder / "masks" / "c.png").write_text("not a mask")
    (folder / "images" / "c.png").write_bytes(b"")
    (folder / "images" / "notes.txt").write_text("x")
    rows = [("a.png", "train"), ("a.png", "test"), ("b.png", "val"), ("b.png", "val"), ("z.png", "tset")]
    make.table(folder / "split.csv", ("image", "split"), rows)
    make.table(folder / "reports.csv", ("image", "report"), [("y.png", "secret"), ("a.png", "1"), ("a.png", "2")])
    complaints = check_dataset(folder, {"liver"})
    expected = [
        "dataset.json: the target 'lesion' is not in the vocabulary",
        "images/notes.txt is not an image file that is read",
        "split.csv: a.png is in several splits, test and train",
        "split.csv: b.png has 2 rows",
        "split.csv: the split 'tset' is not one of train, val, test",
        "split.csv: z.png is not in images/",
        "images/c.png is not in split.csv",
        "reports.csv: a.png has 2 rows",
        "reports.csv: y.png is not in images/",
        "images/c.png: c.png is empty (0 bytes). Copy or export it again.",
        "masks/ holds no mask for a.png",
        "masks/b.png: its size is 16 x 16, its image's 16 x 20",
        "masks/b.png: the values 7 are no labels",
        "masks/c.png: c.png cannot be read as a mask: it holds text, not a picture. Expected PNG, JPEG, TIFF or BMP.",
        "masks/stray.png belongs to no image",
    ]
    assert complaints == expected
    assert not any("secret" in complaint for complaint in complaints)


def test_masks_that_cannot_be_understood_are_named(tmp_path: Path) -> None:
    shown = np.zeros((*make.SIZE, 4), np.uint8)
    shown[:8, 1:3, :3], shown[:8, 3:5, 3] = 255, 255
    for folder, place in (
        (make.labelled(tmp_path / "one"), "masks"),
        (make.structured(tmp_path / "two"), "masks/lung"),
    ):
        Image.fromarray(shown).save(folder / place / "a.png")
        (complaint,) = check_dataset(folder)
        assert complaint.startswith(f"{place}/a.png: a.png has an alpha channel")
        (folder / place / "a.png").write_bytes(deep_png(np.full((*make.SIZE, 3), 513, np.uint16)))
        wrong = check_dataset(folder)
        assert wrong == (["masks/a.png: the values 513 are no labels"] if place == "masks" else [])


def test_palettes_that_tell_nothing_are_named(tmp_path: Path) -> None:
    folder = make.structured(tmp_path)
    indices = np.ones(make.SIZE, np.uint8)
    indices[2:5, 3:9] = 0
    with_palette(indices, ((200, 0, 0), (0, 0, 0))).save(folder / "masks" / "lung" / "a.png")
    (complaint,) = check_dataset(folder)
    assert complaint.startswith("masks/lung/a.png: The palette of a.png does not tell")


def test_stray_masks_are_found_in_any_letter_case(tmp_path: Path) -> None:
    folder = make.labelled(tmp_path)
    make.picture(folder / "masks" / "stray.PNG")
    assert check_dataset(folder) == ["masks/stray.PNG belongs to no image"]


def test_a_modality_that_nobody_knows(tmp_path: Path) -> None:
    folder = make.labelled(tmp_path)
    assert check_dataset(folder, None, {"chest_ct"}) == check_dataset(folder, {"liver", "lesion"}) == []
    expected = ["dataset.json: the modality 'chest_ct' is not in the vocabulary"]
    assert check_dataset(folder, None, {"chest_xray"}) == expected
    make.manifest(folder, labels={"liver": 1, "lesion": [2, 3]}, modality=None)
    assert check_dataset(folder, None, {"chest_xray"}) == []


def test_labels_and_structures_that_no_mask_holds(tmp_path: Path) -> None:
    folder = make.labelled(tmp_path / "labels")
    make.manifest(folder, labels={"background": 0, "liver": 1, "lesion": [2, 3], "tube": [8, 9]})
    assert check_dataset(folder) == ["dataset.json: no mask holds the label 'tube'"]
    folder = make.structured(tmp_path / "structures")
    make.mask(folder / "masks" / "tube" / "b.png")
    assert check_dataset(folder) == ["masks/tube/: no mask shows anything"]


def test_empty_reports(tmp_path: Path) -> None:
    folder = make.labelled(tmp_path)
    make.table(folder / "reports.csv", ("image", "report"), [("a.png", "1"), ("b.png", " "), ("c.png", "")])
    assert check_dataset(folder) == ["reports.csv: 2 of 3 reports are empty, first b.png's"]


def test_masks_that_lie_elsewhere(tmp_path: Path) -> None:
    affine = np.diag([-1.0, -1.0, 2.0, 1.0])
    assert check_dataset(make.placed(tmp_path / "same", affine, affine)) == []
    complaints = check_dataset(make.placed(tmp_path / "lost", affine, np.eye(4)))
    assert complaints == ["masks/v.nii: it has another affine than its image, so it lies elsewhere"]


def test_structures(tmp_path: Path) -> None:
    folder = make.structured(tmp_path)
    make.manifest(folder, structures={"lung": "lung", "liver": "liver", "tube": "tube"}, incomplete=["spleen"])
    (folder / "masks" / "lung" / "c.png").unlink()
    make.mask(folder / "masks" / "lung" / "a.png", {1: (0, 3), 2: (3, 5)})
    make.mask(folder / "masks" / "tube" / "z.png")
    assert check_dataset(folder) == [
        "dataset.json: 'incomplete' names 'spleen', not a target here",
        "masks/lung/a.png: several values; expected 0 and 1",
        "masks/liver/ is missing",
        "masks/tube/z.png belongs to no image",
        "masks/ holds no mask for c.png, of any structure",
    ]


BROKEN = (
    ("nonsense", "is not JSON"),
    (["list"], ": expected an object with the image's name under 'image'"),
    ({"image": "c.png"}, ": expected a list under 'findings'"),
    (entry("c.png", {"id": "f1"}), ": a finding needs 'id', 'role' and 'target'"),
    (
        entry("c.png", make.finding(role="described?")),
        ": role 'described?' is unknown; known are described, distractor, false",
    ),
    (
        entry("c.png", make.finding(presence="maybe")),
        ": presence 'maybe' is unknown; known are present, absent, uncertain",
    ),
    (
        entry("c.png", make.finding(laterality="port")),
        ": laterality 'port' is unknown; known are left, right, bilateral, midline",
    ),
    (entry("c.png", make.finding(zones="apical")), ": 'zones' is not a list of names"),
    (entry("c.png", make.finding(size_mm=["big"])), ": could not convert string to float: 'big'"),
    (entry("c.png", make.finding(mask="../outside.png")), ": 'mask' is not a path within the data set"),
    (entry("c.png", make.finding(), make.finding()), ": two findings have the same id"),
)
"""A line of findings.jsonl, and the complaint behind its number."""


def test_lines_of_findings_that_cannot_be_read(tmp_path: Path) -> None:
    folder = make.structured(tmp_path)
    make.findings(folder, [entry("a.png"), *(line for line, _ in BROKEN), entry("a.png")])
    complaints = [
        f"findings.jsonl line {number}{'' if words.startswith(':') else ' '}{words}"
        for number, (_, words) in enumerate(BROKEN, 2)
    ]
    assert check_dataset(folder) == [*complaints, f"findings.jsonl line {len(BROKEN) + 2}: a second line for a.png"]


def test_findings_that_do_not_fit_the_data(tmp_path: Path) -> None:
    folder = make.structured(tmp_path)
    make.mask(folder / "masks" / "small.png", {1: (0, 1)}, size=(8, 8))
    lines = [
        entry("a.png", make.finding(mask="masks/gone.png"), make.finding(id="f2", mask="masks/small.png")),
        entry("z.png", make.finding(target="unicorn", mask=None)),
        entry("b.png", make.finding(role="false"), make.finding(id="f2", presence="absent")),
    ]
    make.findings(folder, lines)
    assert check_dataset(folder, {"lung", "nodule", "tube"}) == [
        "findings.jsonl: a.png, f1: the mask masks/gone.png is missing",
        "masks/small.png: its size is 8 x 8, its image's 16 x 20",
        "findings.jsonl: z.png is not in images/",
        "findings.jsonl: z.png, f1: the target 'unicorn' is not in the vocabulary",
        "findings.jsonl: b.png, f1: nothing is to be found, and yet it has a mask",
        "findings.jsonl: b.png, f2: nothing is to be found, and yet it has a mask",
    ]


def test_broken_rows_do_not_show_report_text(tmp_path: Path) -> None:
    folder = make.labelled(tmp_path)
    (folder / "reports.csv").write_text("image,report\na.png,first line\nSecret nodule, left\nSecret nodule, left\n")
    complaints = check_dataset(folder)
    assert complaints == [
        "reports.csv: (a row that names no image file) has 2 rows",
        "reports.csv: (a row that names no image file) is not in images/",
    ]


def test_unreadable_findings(tmp_path: Path) -> None:
    folder = make.structured(tmp_path)
    (folder / "findings.jsonl").write_bytes(b"\xff\xfe\x00")
    assert check_dataset(folder) == ["findings.jsonl cannot be read (UnicodeDecodeError)"]


def test_findings_with_a_byte_order_mark(tmp_path: Path) -> None:
    folder = make.structured(tmp_path)
    make.findings(folder, [entry("a.png", make.finding())])
    content = (folder / "findings.jsonl").read_bytes()
    (folder / "findings.jsonl").write_bytes(b"\xef\xbb\xbf" + content)
    assert check_dataset(folder) == []


def test_bare_folders(tmp_path: Path) -> None:
    assert check_dataset(tmp_path / "missing") == [f"{tmp_path / 'missing'} is not a folder"]
    assert check_dataset(tmp_path) == [
        "dataset.json is missing",
        "images/ is missing",
        "split.csv is missing",
    ]
    (tmp_path / "images").mkdir()
    assert "images/ holds no image" in check_dataset(tmp_path)


@pytest.mark.parametrize("name", ["cxr_covid_multi", "breast_us_text"])
def test_shared_sets_are_sound(name: str) -> None:
    assert check_dataset(shared(f"data/{name}")) == []


@pytest.mark.parametrize(("file", "column"), [("split.csv", "patient"), ("provenance.csv", "source_image")])
def test_a_patient_in_several_splits_is_a_complaint(tmp_path: Path, file: str, column: str) -> None:
    folder = make.labelled(tmp_path)
    splits = {"a.png": "train", "b.png": "test", "c.png": "val"}
    rows = [(image, split, "p1" if image < "c" else "p2") for image, split in splits.items()]
    make.table(folder / "split.csv", ("image", "split", "other"), rows)
    assert check_dataset(folder) == []
    make.table(folder / file, ("image", "split", column), rows)
    expected = f"split.csv: 1 of 2 values of '{column}' are in several splits, the first in test and train"
    assert check_dataset(folder) == [expected]


def test_a_patient_in_several_splits_is_found_whatever_the_form_of_the_names(tmp_path: Path) -> None:
    folder = make.labelled(tmp_path)
    for name in ("images/a.png", "masks/a.png"):
        (folder / name).rename((folder / name).with_name(unicodedata.normalize("NFD", "\u00e4.png")))
    rows = [("\u00e4.png", "train", "p1"), ("b.png", "test", "p1"), ("c.png", "val", "p2")]
    make.table(folder / "split.csv", ("image", "split", "patient"), rows)
    assert any("'patient' are in several splits" in complaint for complaint in check_dataset(folder))
