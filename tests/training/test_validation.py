"""Validation: its figures are what they are called, on pictures that do not fill the host's square."""

import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.prior_embedding import PriorVocabulary
from medsegr.model.guided_pass import GuidedOutput
from medsegr.square import Square
from medsegr.training.studies import StudyStore
from medsegr.training.validation import validate
from tests.raw_pixels import raw_pixels

from .small_dataset import SIDE, make_dataset, small_config

WIDTH = 48
"""Columns that are left of the pictures: higher than wide, so that a quarter of the square is padding."""

LIT, DIM = 0.53, 0.25
"""Thresholds above which the nodule of the report alone is seen, and both."""


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    path = make_dataset(tmp_path_factory.mktemp("sets") / "oblong")
    for file in path.rglob("*.png"):
        Image.open(file).crop((8, 0, 8 + WIDTH, SIDE)).save(file)
    return path


class Seer(nn.Module):
    """Stands in for a model: outlines what is brighter than ``level``, and is sure of solid and cystic as told.

    Args:
        level: Of the picture, 0..1.
        solid, cystic, named: Support's logits of findings by their texture, or without one.
        beyond: Logit beyond the picture.
    """

    def __init__(self, level: float = LIT, solid=2.0, cystic=-2.0, named=2.0, beyond=-9.0) -> None:
        super().__init__()
        self.level, self.supports, self.beyond = level, (solid, cystic, named), beyond
        self.one = nn.Parameter(torch.ones(()))
        self.vocabulary = PriorVocabulary.of_lexicon(load_lexicon())

    def preprocess(self, images, views):
        return raw_pixels(images, views, SIDE)

    def forward(self, pixels, priors, trunk=None):
        logits = 20 * (pixels[:, :1] - self.level)
        logits[..., WIDTH:] = self.beyond
        solid, cystic = (priors.texture[..., self.vocabulary.texture.index(name)] for name in ("solid", "cystic"))
        support = solid * self.supports[0] + cystic * self.supports[1] + (1 - solid - cystic) * self.supports[2]
        return GuidedOutput(logits.expand(-1, priors.valid.shape[1], -1, -1) * self.one, support)


def scores(data: Path, model: nn.Module):
    config = small_config(data, data / "out", validate_cases=2)
    return validate(model.train(), StudyStore([data], "val", partial(Square.fit, size=SIDE), 64), config)


def discs(data: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """The masks of the validation split: of the report's nodule, and of the other."""
    return [
        tuple(np.asarray(Image.open(data / "masks" / f"nodule_{n}" / f"p{case}.png")) > 0 for n in (1, 2))
        for case in (6, 7)
    ]


def test_dice_is_of_the_report_with_it_and_of_all_that_is_named_without(data):
    found = scores(data, Seer(LIT))
    assert found.val_dice == pytest.approx(1, abs=1e-6)
    named = [2 * one.sum() / (2 * one.sum() + other.sum()) for one, other in discs(data)]
    assert found.val_named == pytest.approx(np.mean(named), abs=1e-3)
    both = scores(data, Seer(DIM))
    assert both.val_named == pytest.approx(1, abs=1e-6)
    assert both.val_dice == pytest.approx(np.mean(named), abs=1e-3)


def test_what_is_outlined_beyond_the_picture_does_not_count(data):
    assert scores(data, Seer(LIT, beyond=9.0)).val_dice == scores(data, Seer(LIT)).val_dice
    assert scores(data, Seer(LIT, beyond=9.0)).val_named == scores(data, Seer(LIT)).val_named


def test_nothing_outlined_has_a_dice_of_nothing(data):
    found = scores(data, Seer(2.0))
    assert (found.val_dice, found.val_named) == (0, 0)


@pytest.mark.parametrize(
    ("solid", "cystic", "kept", "rejected"), [(2, -2, 1, 1), (2, 2, 1, 0), (-2, -2, 0, 1), (-2, 2, 0, 0)]
)
def test_kept_is_of_what_is_there_and_rejected_of_what_is_not(data, solid, cystic, kept, rejected):
    """The solid nodule of the report is there, the cystic one that nobody described is asked for on the wrong side."""
    found = scores(data, Seer(solid=solid, cystic=cystic))
    assert (found.val_kept, found.val_rejected) == (kept, rejected)


def test_thresholds_are_of_the_findings_that_are_there(data):
    chance = 1 / (1 + math.exp(2))
    assert scores(data, Seer(solid=-2.0, cystic=3.0)).thresholds.overall == pytest.approx(chance, abs=1e-3)
    assert scores(data, Seer(solid=2.0, cystic=-3.0)).thresholds.overall == 0.5


def test_what_cannot_be_measured_is_left_out(tmp_path):
    data = make_dataset(tmp_path / "plain", records=False)
    for file in (data / "masks").rglob("*.png"):
        Image.fromarray(np.zeros((SIDE, SIDE), np.uint8)).save(file)
    found = scores(data, Seer())
    assert math.isnan(found.val_dice) and math.isnan(found.val_kept)
    assert set(found.known()) == {"val_rejected"}


def test_the_model_is_left_in_evaluation_mode(data):
    model = Seer()
    scores(data, model)
    assert not model.training
