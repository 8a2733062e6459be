"""The referring suite on disk: layout, splits, records, sizes, the same bytes; and what training and measuring see."""

import csv
import json
from functools import partial
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from medsegr.cognition.lexicon import load_lexicon
from medsegr.data.check import check_dataset
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.patients import patients_of
from medsegr.describe.referring_suite import SuiteOptions, build_suite
from medsegr.errors import ConfigError, DatasetError, OutputError
from medsegr.evaluation.questions import questions_of
from medsegr.model.truth import contradicts
from medsegr.square import Square
from medsegr.training.studies import prepare_study
from tests.data import dataset_maker as make
from tests.describe.cases import ellipse, picture
from tests.shared_data import shared

LEXICON = load_lexicon()
LEFT, RIGHT, OTHER = ellipse(0.3, 0.75, 0.05, 0.05), ellipse(0.7, 0.25, 0.12, 0.12), ellipse(0.3, 0.3, 0.06, 0.06)


def source(folder: Path, name: str = "made", grow: int = 1, modality: str = "chest_ct") -> DatasetFolder:
    """Four slices with consolidation (2) on both sides and ground glass (1); c has ground glass alone."""
    labels = {"background": 0, "ground_glass_opacity": 1, "consolidation": 2}
    make.manifest(folder, name=name, labels=labels, modality=modality)
    label_map = (OTHER + 2 * (LEFT | RIGHT)).astype(np.uint8)
    for number, image in enumerate(("a.png", "b.png", "c.png", "d.png")):
        grey = picture({150: LEFT, 210: RIGHT, 120: OTHER}).astype(int) + number
        values = np.where(label_map == 2, 0, label_map) if image == "c.png" else label_map
        for place, pixels in (("images", np.clip(grey, 0, 255)), ("masks", values)):
            (folder / place).mkdir(parents=True, exist_ok=True)
            large = np.kron(pixels, np.ones((grow, grow))).astype(np.uint8)
            Image.fromarray(large).save(folder / place / image)
    make.table(folder / "split.csv", ("image", "split"), [("a.png", "train"), ("b.png", "test"), ("c.png", "test")])
    return DatasetFolder(folder)


@pytest.fixture
def suite(tmp_path: Path) -> DatasetFolder:
    build_suite([source(tmp_path / "made")], tmp_path / "out", LEXICON)
    return DatasetFolder(tmp_path / "out" / "referring_made")


def test_layout_and_splits(suite: DatasetFolder) -> None:
    assert check_dataset(suite.path, load_lexicon().targets) == []
    assert (suite.name, suite.modality, suite.frame, suite.licence) == (
        "referring_made", "chest_ct", "patient", "CC0-1.0",
    )  # fmt: skip
    rows = list(csv.DictReader((suite.path / "provenance.csv").open(newline="")))
    assert {row["source_image"] for row in rows} == {"a.png", "b.png"}, "c shows one object, d has no split"
    assert all(suite.split_of(row["image"]) == {"a.png": "train", "b.png": "test"}[row["source_image"]] for row in rows)
    assert [row["image"] for row in rows] == suite.images()
    assert {row["aspect"] for row in rows} == {"side", "zone", "size", "texture", "kind"}
    assert all(suite.report_origin(row["image"]) == "derived" for row in rows)
    assert all(suite.load(row["image"]).suite == row["aspect"] for row in rows)


def test_cases_know_their_source_s_patient(tmp_path: Path, suite: DatasetFolder) -> None:
    patients, kind = patients_of(suite)
    assert kind == "patient" and set(patients.values()) == {"a.png", "b.png"}, "nobody is named: the source image"
    made = source(tmp_path / "told", name="told")
    (made.path / "provenance.csv").write_text("image,patient\na.png,p1\nb.png,p1\n")
    build_suite([made], tmp_path / "again", LEXICON)
    patients, kind = patients_of(DatasetFolder(tmp_path / "again" / "referring_told"))
    assert kind == "patient" and set(patients.values()) == {"p1"}


def test_the_truth_is_the_picked_mask_alone(suite: DatasetFolder) -> None:
    """As evaluation sees it: one described question, its truth the picked mask; no competitor fits what is said."""
    for name in suite.images():
        case = suite.load(name, LEXICON)
        (asked,) = [question for question in questions_of(case, suite, LEXICON) if question.role == "described"]
        described = [record for record in case.findings if record.role == "described"]
        rivals = [record for record in case.findings if record.role == "distractor"]
        assert len(described) == 1 and rivals
        assert np.array_equal(asked.truth, case.masks[described[0].id])
        assert all(case.masks[rival.id].any() for rival in rivals)
        assert case.image.mask_shape == asked.truth.shape


def test_the_patients_left_lies_on_the_pictures_right(suite: DatasetFolder) -> None:
    seen = set()
    for name in suite.images("test"):
        case = suite.load(name)
        record = next(record for record in case.findings if record.role == "described")
        if case.suite == "side":
            seen.add(record.laterality)
            column = np.argwhere(case.masks[record.id])[:, 1].mean() / case.image.size[1]
            assert (column > 0.5) == (record.laterality == "left")
            assert str(record.laterality) in str(case.report)
    assert seen == {"left", "right"}


def test_training_questions(suite: DatasetFolder) -> None:
    """Each distractor has a description of its own, and the records know what every description fits."""
    for name in suite.images():
        case = suite.load(name, LEXICON)
        study = prepare_study(case, suite, partial(Square.fit, size=128), LEXICON)
        (described,) = study.described
        assert len(described.masks) == 1
        assert study.distractors
        assert all(contradicts(described.finding, rival.finding) for rival in study.distractors)
        for question in (described, *study.distractors):
            assert study.fitting(question.finding) == question.masks
        assert all(study.fitting(false) == () for false in study.false)
        assert study.nbytes > 0


def test_a_name_for_two_kinds_is_incomplete(suite: DatasetFolder) -> None:
    """Airspace opacity is outlined only where the texture tells; elsewhere nothing is known of it."""
    assert suite.incomplete == {"airspace_opacity"}
    textures = [suite.load(name) for name in suite.images() if "texture" in name]
    both = [case for case in textures if "airspace_opacity" in case.structures]
    assert both
    assert all((case.structures["airspace_opacity"] >= case.structures["consolidation"]).all() for case in both)
    sides = [suite.load(name) for name in suite.images() if "side" in name]
    assert all("airspace_opacity" not in case.structures for case in sides)
    assert all(case.structures["ground_glass_opacity"].any() for case in sides), "what does not compete keeps its mask"


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    data = source(tmp_path / "made")
    for name, seed in (("one", 0), ("two", 0), ("three", 1)):
        build_suite([data], tmp_path / name, LEXICON, SuiteOptions(seed))

    def content(name: str) -> dict[str, bytes]:
        folder = tmp_path / name
        return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}

    assert content("one") == content("two")
    reports = [(tmp_path / name / "referring_made" / "reports.csv").read_bytes() for name in ("one", "three")]
    assert reports[0] != reports[1]


def test_sizes(tmp_path: Path) -> None:
    data = source(tmp_path / "made", grow=2)
    build_suite([data], tmp_path / "whole", LEXICON)
    build_suite([data], tmp_path / "small", LEXICON, SuiteOptions(size=128))
    for name, side in (("whole", 256), ("small", 128)):
        folder = DatasetFolder(tmp_path / name / "referring_made")
        case = folder.load(next(n for n in folder.images() if "kind" in n))
        assert case.image.size == (side, side)
        assert case.structures["consolidation"].sum() == (LEFT | RIGHT).sum() * (side // 128) ** 2
    assert case.image.plane()[LEFT].mean() > case.image.plane()[OTHER].mean()


def test_volumes_give_their_fullest_plane(tmp_path: Path) -> None:
    make.manifest(tmp_path / "made", labels={"background": 0, "consolidation": 1})
    affine = np.diag([1.0, 1.0, 5.0, 1.0])  # columns run to the patient's right: displayed they are turned
    stack = np.stack([np.zeros((128, 128)), (LEFT | RIGHT)]).astype(np.uint8)
    grey = np.stack([picture(), picture({150: LEFT, 210: RIGHT})])
    for place, volume in (("images", grey.astype(np.float32)), ("masks", stack)):
        (tmp_path / "made" / place).mkdir()
        # Rows run to the back and columns to the left as displayed, so RAS+ storage is the reverse of both.
        stored = volume[:, ::-1, ::-1].transpose(2, 1, 0)
        nib.save(nib.Nifti1Image(np.ascontiguousarray(stored), affine), tmp_path / "made" / place / "v.nii.gz")
    make.table(tmp_path / "made" / "split.csv", ("image", "split"), [("v.nii.gz", "test")])
    build_suite([DatasetFolder(tmp_path / "made")], tmp_path / "out", LEXICON)
    folder = DatasetFolder(tmp_path / "out" / "referring_made")
    sides = [case for case in map(folder.load, folder.images()) if case.suite == "side"]
    assert len(sides) == 2
    for case in sides:
        record = next(record for record in case.findings if record.role == "described")
        assert np.array_equal(case.masks[record.id], LEFT if record.laterality == "left" else RIGHT)


def test_counts(tmp_path: Path) -> None:
    counts = build_suite([source(tmp_path / "made")], tmp_path / "out", LEXICON, SuiteOptions(most=1))
    made = counts["made"]
    assert (made.images, made.unsplit) == (2, 1)
    assert sum(made.cases.values()) == len(DatasetFolder(tmp_path / "out" / "referring_made").images())
    assert made.cases["train", "side"] == made.cases["test", "side"] == 1
    summary = json.loads((tmp_path / "out" / "referring.json").read_text())
    assert (summary["seed"], summary["size"], summary["most"]) == (0, 512, 1)
    assert summary["sources"]["made"]["cases"]["train side"] == 1


def test_refusals(tmp_path: Path) -> None:
    data = source(tmp_path / "made")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    with pytest.raises(OutputError, match="not empty"):
        build_suite([data], tmp_path / "full", LEXICON)
    with pytest.raises(ConfigError, match="same name"):
        build_suite([data, data], tmp_path / "out", LEXICON)
    with pytest.raises(DatasetError, match="modality 'xray'"):
        build_suite([source(tmp_path / "strange", modality="xray")], tmp_path / "out", LEXICON)
    with pytest.raises(DatasetError, match="target 'lesion'"):
        build_suite([DatasetFolder(make.labelled(tmp_path / "unknown"))], tmp_path / "out", LEXICON)
    make.table(data.path / "split.csv", ("image", "split"), [("c.png", "test")])
    with pytest.raises(DatasetError, match="No picture of made shows several"):
        build_suite([DatasetFolder(data.path)], tmp_path / "out", LEXICON)
    assert not (tmp_path / "out").exists()
    for options in ({"size": 32}, {"most": 0}, {"seed": -1}):
        with pytest.raises(ConfigError, match="referring suite needs"):
            SuiteOptions(**options)


@pytest.mark.slow
def test_a_real_set(tmp_path: Path) -> None:
    counts = build_suite([DatasetFolder(shared("data/breast_us_text"))], tmp_path / "out", LEXICON)
    folder = DatasetFolder(tmp_path / "out" / "referring_breast_us_text")
    assert check_dataset(folder.path, load_lexicon().targets) == []
    assert sum(counts["breast_us_text"].cases.values()) >= 8
    assert all(folder.load(name).masks for name in folder.images())
