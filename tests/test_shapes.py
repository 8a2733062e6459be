"""That shapes are checked in this very run: wrong ones raise, in functions, modules and records of tensors."""

import pkgutil
from pathlib import Path

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError

import medsegr
from medsegr.inference.plane import PlanePrediction
from medsegr.perception.modulator import Guidance, Modulator
from medsegr.square import Square
from medsegr.training import losses
from medsegr.view import View
from tests.shapes import ROOMS, leave_unchecked

SQUARE = Square((6, 8), (48, 64), 64)


def guidance(findings: int = 2) -> Guidance:
    return Guidance(torch.zeros(1, findings, 4, 12), torch.zeros(1, findings, 8, 8), torch.ones(1, findings))


@pytest.mark.parametrize(
    "call",
    [
        lambda: SQUARE.logits_out(torch.zeros(1, 64, 32)),
        lambda: losses.content_weights(torch.ones(2, 2, dtype=torch.int64), (8, 8)),
        lambda: Guidance(torch.zeros(1, 2, 4, 12), torch.zeros(1, 2, 8, 8), torch.ones(1, 3)),
        lambda: PlanePrediction(
            np.zeros((2, 6, 8)), np.zeros(1), torch.zeros(2, 4, 4), View(), np.zeros(2, bool), np.zeros((2, 4))
        ),
        lambda: Modulator(16, 12, 8)(torch.zeros(2, 16, 5, 7, dtype=torch.int64), guidance()),
        lambda: Modulator(16, 12, 8)(torch.zeros(16, 5, 7), guidance()),
    ],
)
def test_a_wrong_shape_raises(call):
    with pytest.raises(TypeCheckError):
        call()


def test_right_shapes_pass_and_the_compiler_may_be_spared_the_check(monkeypatch):
    modulated, logits = Modulator(16, 12, 8, largest=4)(torch.zeros(1, 16, 5, 7), guidance())
    assert modulated.shape == (1, 16, 5, 7) and logits.shape == (1, 2, 3, 4)
    leave_unchecked(monkeypatch)
    assert losses.content_weights(torch.ones(2, 2, dtype=torch.int64), (8, 8)).shape == (2, 1, 8, 8)


def test_every_file_that_names_axes_is_in_a_checked_room():
    for module in pkgutil.walk_packages(medsegr.__path__, "medsegr."):
        source = Path(module.module_finder.find_spec(module.name).origin).read_text(encoding="utf-8")
        assert "jaxtyping" not in source or module.name.startswith(ROOMS), module.name
