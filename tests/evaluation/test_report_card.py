"""The report card of a model of which it is known what it listens to."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.evaluation.report_card import (
    SAME,
    WAYS,
    CardAnswer,
    OtherWords,
    card_answers,
    card_figures,
    said,
    way_figures,
)
from medsegr.evaluation.verdicts import verdict
from tests.evaluation.made import described_set, listening
from tests.views import view_of

NODULE = Finding("nodule", "present", Location("left"), Texture(("solid",)), Shape(("small",)))


def other(lent: Sequence[Finding] = (), modality: str | None = "chest_xray") -> OtherWords:
    return OtherWords(lent, frozenset(), view_of(modality), load_lexicon())


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = DatasetFolder(described_set(tmp_path_factory.mktemp("card") / "films", 12))
    found = card_figures(list(card_answers(listening(), folder, "test")))
    assert list(found) == ["real"]
    return found["real"]["ways"]


def test_side_and_shape_are_used_and_texture_is_not(ways: dict) -> None:
    assert list(ways) == list(WAYS) and all(ways[way]["findings"] == 12 for way in ("true", "side", "texture"))
    assert ways["true"]["dice"] > 0.97 and ways["true"]["cost"] == 0.0
    assert ways["side"]["dice"] == 0.0 and ways["side"]["changed"] == 1.0
    assert ways["texture"]["cost"] == 0.0 and ways["texture"]["changed"] == 0.0
    assert ways["shape"]["cost"] > 0.3 and ways["shape"]["changed"] == 1.0
    assert ways["none"]["cost"] > 0.5
    assert 0 < ways["other"]["cost"] < 1
    assert ways["negated"]["dice"] == 0.0 and ways["negated"]["changed"] == 1.0


def test_the_verdicts_say_so(ways: dict) -> None:
    said_of = {way: figures["verdict"] for way, figures in ways.items()}
    assert said_of["side"].startswith("The side is used: with the other side Dice falls by 100.0")
    assert said_of["texture"].startswith("No use of the texture is seen")
    assert said_of["shape"].startswith("The shape is used")
    assert "by rule and not by the model" in said_of["negated"]


def test_cost_is_against_the_true_report_on_the_same_findings() -> None:
    made = [
        CardAnswer("d", f"c{k}", f"p{k}", "real", 0, "nodule", "side", dice, 0.8, same)
        for k, (dice, same) in enumerate([(0.8, 1.0), (0.2, 0.3), (0.5, SAME), (0.5, SAME - 0.01)])
    ]
    found = way_figures(made)
    assert found["dice"] == 0.5 and found["dice_with_true_report"] == 0.8 and found["cost"] == pytest.approx(0.3)
    assert found["changed"] == 0.5
    low, high = found["cost_interval"]
    assert low < 0.3 < high
    assert way_figures([])["cost"] is None


def test_what_changes_nothing_that_could_be_heard_is_not_counted() -> None:
    bare = Finding("nodule")
    assert all(said(bare, way, rng(), other([NODULE])) is None for way in ("none", "side", "texture", "shape"))
    assert said(bare, "other", rng(), other([NODULE])) is not None and said(bare, "true", rng(), other()) == bare
    assert said(NODULE, "other", rng(), other([NODULE])) is None and said(NODULE, "other", rng(), other()) is None
    assert said(NODULE, "none", rng(), other()) == bare
    assert said(NODULE, "side", rng(), other()) is not None
    for modality in ("breast_ultrasound", "echocardiography", None):
        assert said(NODULE, "side", rng(), other(modality=modality)) is None
    negated = said(bare, "negated", rng(), other())
    assert negated is not None and negated.presence == "absent"


def test_origins_and_data_sets_have_figures_of_their_own(tmp_path: Path) -> None:
    sets = [
        described_set(tmp_path / "a", 4),
        described_set(tmp_path / "b", 4),
        described_set(tmp_path / "c", 4, "derived"),
    ]
    listed = [a for path in sets for a in card_answers(listening(), DatasetFolder(path), "test", limit=2)]
    found = card_figures(listed)
    assert list(found) == ["real", "derived"]
    assert found["real"]["ways"]["true"]["findings"] == 4 and found["derived"]["ways"]["true"]["findings"] == 2
    assert list(found["real"]["data"]) == ["a", "b"] and "data" not in found["derived"]


def test_the_same_seed_gives_the_same_card(tmp_path: Path) -> None:
    folder = DatasetFolder(described_set(tmp_path / "films", 4))
    first, again = (list(card_answers(listening(), folder, "test", seed=3)) for _ in range(2))
    assert first == again


FIGURES = {"findings": 40, "dice": 0.5, "cost": 0.1, "cost_interval": [0.05, 0.15], "changed": 0.6}


@pytest.mark.parametrize(
    ("changes", "start"),
    [
        ({}, "The side is used: with the other side Dice falls by 10.0 (5.0 to 15.0) over 40 findings; 60 % of"),
        ({"cost": 0.01, "cost_interval": [0.005, 0.015]}, "The side is used, with a small effect"),
        ({"cost": -0.1, "cost_interval": [-0.15, -0.05]}, "The side does harm: with the other side Dice rises by 10.0"),
        ({"cost": 0.0, "cost_interval": [-0.1, 0.1]}, "The side changes masks, for better as often as for worse"),
        ({"cost": 0.0, "cost_interval": [-0.1, 0.1], "changed": 0.1}, "No use of the side is seen"),
        ({"findings": 9}, "Too few findings to tell (9): with the other side Dice falls by 10.0"),
        ({"cost_interval": []}, "Too few findings"),
        ({"findings": 0}, "Not measured: no finding that the image shows states a side."),
    ],
)
def test_verdicts(changes: dict, start: str) -> None:
    assert verdict("side", {**FIGURES, **changes}).startswith(start)


def test_a_mask_in_spite_of_a_denial_is_told() -> None:
    assert "still outlined, with Dice 50.0" in verdict("negated", FIGURES)
