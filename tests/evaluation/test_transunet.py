"""TransUNet's rule, as its code has it."""

import numpy as np
import pytest

from medsegr.evaluation.metrics import Overlap
from medsegr.evaluation.surface import SurfaceScore, Tolerance
from medsegr.evaluation.transunet import transunet_rule

EMPTY = np.zeros((12, 12), bool)
SOME = EMPTY.copy()
SOME[2:6, 2:6] = True
MOVED = np.roll(SOME, 2, 1)


def by_rule(mask: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    return transunet_rule(Overlap.of(mask, truth), SurfaceScore.of(mask, truth, None, Tolerance()))


@pytest.mark.parametrize(
    ("mask", "truth", "expected"),
    [(SOME, EMPTY, (1.0, 0.0)), (EMPTY, SOME, (0.0, 0.0)), (EMPTY, EMPTY, (0.0, 0.0)), (SOME, SOME, (1.0, 0.0))],
)
def test_empties(mask: np.ndarray, truth: np.ndarray, expected: tuple[float, float]) -> None:
    assert by_rule(mask, truth) == expected


def test_elsewhere_it_is_dice_and_the_pooled_percentile() -> None:
    dice, far = by_rule(MOVED, SOME)
    assert dice == 0.5
    ends = [np.array([(r, c) for r in range(2, 6) for c in range(left, left + 4)
                      if r in (2, 5) or c in (left, left + 3)]) for left in (4, 2)]  # fmt: skip
    apart = np.linalg.norm(ends[0][:, None] - ends[1][None], axis=-1)
    assert far == pytest.approx(np.percentile(np.concatenate([apart.min(1), apart.min(0)]), 95))
