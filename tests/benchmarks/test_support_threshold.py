"""The threshold that keeps most of what a validation split shows."""

from types import SimpleNamespace

import numpy as np
import pytest
from benchmarks.support_threshold import KEPT, support_threshold

from benchmarks import support_threshold as module
from medsegr.inference.predictor import DEFAULT_SUPPORT_THRESHOLD


def answer(support: float, role: str = "described", true: int = 9) -> SimpleNamespace:
    return SimpleNamespace(role=role, support=support, overlap=SimpleNamespace(true=true))


def folder(name: str, cases: int) -> SimpleNamespace:
    return SimpleNamespace(name=name, images=lambda split: [f"{i}.png" for i in range(cases)] if split == "val" else [])


@pytest.fixture
def supports(monkeypatch) -> np.ndarray:
    """Findings of one data set with these supports; beside them what must not count."""
    values = np.linspace(0.2, 1.0, 101)
    noise = [answer(0.0, "foreign", 0), answer(0.0, "named"), answer(0.0, true=0)]
    asked = []

    def evaluate(_, data, split, modes, limit=None):
        asked.append((data.name, split, modes, limit))
        return [*map(answer, values), *noise]

    monkeypatch.setattr(module, "evaluate", evaluate)
    monkeypatch.setattr(module, "asked", asked, raising=False)
    return values


def test_it_keeps_the_stated_share_of_described_findings(supports):
    found = support_threshold(None, [folder("a", 3)], 40)
    assert (supports >= found).mean() == pytest.approx(KEPT, abs=0.011)
    assert module.asked == [("a", "val", ("true",), 40)]


def test_sets_without_a_validation_split_are_left_out(supports):
    assert support_threshold(None, [folder("empty", 0)]) == DEFAULT_SUPPORT_THRESHOLD
    support_threshold(None, [folder("empty", 0), folder("b", 1)])
    assert [name for name, *_ in module.asked] == ["b"]


def test_what_is_more_likely_there_than_not_is_kept(monkeypatch):
    """Six findings with supports near 1 would else have every lesser one left out."""
    monkeypatch.setattr(module, "evaluate", lambda *_, **__: [answer(0.999 + 0.0001 * place) for place in range(6)])
    assert support_threshold(None, [folder("a", 6)]) == 0.5
