"""Measures against an independent implementation, and what a measurement asks."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from monai.metrics import compute_dice

from medsegr.cli.main import main
from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.phantoms.writer import write_phantoms
from medsegr.errors import ConfigError
from medsegr.evaluation.ablation import without_modulator
from medsegr.evaluation.evaluate import evaluate
from medsegr.evaluation.metrics import Overlap, bootstrap_interval, dice, dice_over_set, mean
from medsegr.evaluation.questions import questions_of
from medsegr.evaluation.reports import redescribed, told
from medsegr.evaluation.results import figures, support_figures
from medsegr.inference.predictor import Predictor
from medsegr.model.adapter import AdapterConfig
from medsegr.model.report_guided_sam import attach
from tests.hosts import open_gates, random_tiny

MASKS = arrays.arrays(bool, (5, 7))
NODULE = Finding("nodule", "present", Location("left", ("upper_zone",)), Texture(("solid",)), Shape(("round",)))


@settings(deadline=None)
@given(MASKS, MASKS)
def test_dice_agrees_with_monai(mask: np.ndarray, truth: np.ndarray) -> None:
    tensors = (torch.from_numpy(m)[None, None].float() for m in (mask, truth))
    expected = float(compute_dice(*tensors, ignore_empty=False))
    assert dice(mask, truth) == pytest.approx(expected)
    assert dice(mask, truth) == dice(truth, mask)


@settings(deadline=None)
@given(st.lists(st.tuples(MASKS, MASKS), min_size=1, max_size=4))
def test_dice_over_the_set_is_the_dice_of_all_pixels_together(pairs: list) -> None:
    together = dice(*(np.concatenate([pair[i] for pair in pairs]) for i in (0, 1)))
    assert dice_over_set([Overlap.of(*pair) for pair in pairs]) == pytest.approx(together)


def test_misses_false_alarms_and_shapes() -> None:
    empty, full = np.zeros((4, 4), bool), np.ones((4, 4), bool)
    assert Overlap.of(empty, full).missed and not Overlap.of(empty, full).false_alarm
    assert Overlap.of(full, empty).false_alarm and Overlap.of(empty, empty).dice == 1.0
    with pytest.raises(ConfigError, match=r"\(4, 4\) cannot be scored against one of shape \(2, 2\)"):
        Overlap.of(full, np.ones((2, 2), bool))


def test_the_interval_holds_the_mean_and_repeats() -> None:
    scores = list(np.random.default_rng(0).uniform(size=50))
    low, high = bootstrap_interval(scores) or (1, 0)
    assert low < (mean(scores) or 0) < high and (low, high) == bootstrap_interval(scores)
    assert bootstrap_interval([0.5]) is None and mean([]) is None


def test_what_the_model_is_told() -> None:
    other = Finding("nodule", location=Location("right", ("lower_zone",)))
    assert told(NODULE, "true") is NODULE
    assert told(NODULE, "none") == Finding("nodule")
    assert (
        told(NODULE, "other", [NODULE, Finding("mass", texture=Texture(("hazy",))), other]).location == other.location
    )
    assert not told(NODULE, "no-location").location.stated
    assert told(NODULE, "no-texture").texture == Texture() and told(NODULE, "no-shape").shape == Shape()
    assert redescribed(NODULE, [NODULE, Finding("nodule")]) == Finding("nodule")


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantoms(tmp_path_factory.mktemp("e") / "phantoms", 12, 9, size=64, split="test")


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(open_gates(attach(random_tiny(), AdapterConfig(token_dim=16, heads=2, bottleneck=8))))


def test_questions_have_the_truth_of_the_records(phantoms: Path) -> None:
    folder = DatasetFolder(phantoms / "xray")
    for name in folder.images("test"):
        case = folder.load(name)
        asked = questions_of(case, folder)
        roles = [question.role for question in asked]
        records = [record.role for record in case.findings]
        described = [r for r in case.findings if r.role == "described" and r.presence != "absent"]
        assert roles.count("described") == len(described)
        assert roles.count("false") == records.count("false")
        assert all(q.truth.any() == (q.role == "described") for q in asked)


def test_answers_and_their_figures(phantoms: Path, predictor: Predictor) -> None:
    folder = DatasetFolder(phantoms / "ct")
    answers = list(evaluate(predictor, folder, "test", ("true", "none", "other", "no-shape"), limit=3))
    assert {a.report for a in answers} == {"true", "none", "other", "no-shape"}
    assert len({a.case for a in answers}) == 3
    described = [a for a in answers if a.role == "described"]
    per_report = [[(a.case, a.finding) for a in described if a.report == mode] for mode in ("true", "none", "other")]
    assert per_report[0] == per_report[1] == per_report[2]
    assert all(a.report == "true" for a in answers if a.role in ("denied", "false"))
    assert all(a.support is None and a.overlap.predicted == 0 for a in answers if a.role == "denied")
    found = figures(answers)
    assert found and 0 <= found["dice_per_image"] <= 1 and figures([]) is None
    for threshold, kept, rejected in ((0.0, 1.0, 0.0), (1.1, 0.0, 1.0)):
        support = support_figures(answers, threshold)
        assert (support["kept"], support["rejected"]) == (kept, rejected)


def test_a_modulator_that_is_off_changes_masks_and_comes_back(phantoms: Path, predictor: Predictor) -> None:
    gates = [gate.clone() for gate in predictor.model.adapter.gates("texture")]
    with without_modulator(predictor.model, "texture"):
        assert all(not gate.any() for gate in predictor.model.adapter.gates("texture"))
    assert all(torch.equal(a, b) for a, b in zip(gates, predictor.model.adapter.gates("texture"), strict=True))
    with pytest.raises(ConfigError, match="Unknown aspect 'colour'"), without_modulator(predictor.model, "colour"):
        pass


def test_wrong_questions(phantoms: Path, predictor: Predictor) -> None:
    folder = DatasetFolder(phantoms / "ct")
    with pytest.raises(ConfigError, match="Unknown report 'false'"):
        list(evaluate(predictor, folder, "test", ("false",)))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="no case in split 'val'"):
        list(evaluate(predictor, folder, "val"))


def test_the_command(phantoms: Path, predictor: Predictor, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    model = predictor.model.save_pretrained(tmp_path / "model")
    arguments = ["evaluate", "--model", str(model), "--data", str(phantoms), "--out", str(tmp_path / "scores")]
    assert main([*arguments, "--limit", "1", "--report", "true", "--report", "none"]) == 0
    record = json.loads((tmp_path / "scores" / "results.json").read_text())
    assert set(record["reports"]) == {"true", "none"} and len(record["data"]) == 3
    assert record["command"][0] == "medsegr" and record["versions"]["torch"]
    rows = list(csv.DictReader((tmp_path / "scores" / "per_case.csv").open()))
    assert {row["data"] for row in rows} == set(record["data"])
    assert "Dice per image" in capsys.readouterr().out
    assert main(arguments) == 2
    assert "not empty" in capsys.readouterr().err
    assert main([*arguments[:-1], str(tmp_path / "more"), "--split", "train"]) == 2
    assert not (tmp_path / "more").exists()
