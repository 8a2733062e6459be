"""The thresholds that keep most of what the validation splits show."""

from types import SimpleNamespace

import numpy as np
import pytest
from benchmarks.grid import scores as module
from benchmarks.grid.scores import support_thresholds

from medsegr.model.thresholds import DEFAULT_SUPPORT_THRESHOLD, KEPT


def answer(support: float, role: str = "described", true: int = 9) -> SimpleNamespace:
    return SimpleNamespace(role=role, support=support, overlap=SimpleNamespace(true=true))


def folder(name: str, cases: int, modality: str = "chest_ct") -> SimpleNamespace:
    images = [f"{i}.png" for i in range(cases)]
    return SimpleNamespace(name=name, modality=modality, images=lambda split: images if split == "val" else [])


@pytest.fixture
def supports(monkeypatch) -> np.ndarray:
    """Findings of one data set with these supports; beside them what must not count."""
    values = np.linspace(0.2, 0.6, 101)
    noise = [answer(0.0, "foreign", 0), answer(0.0, "named"), answer(0.0, true=0)]
    asked = []

    def evaluate(_, data, split, modes, limit=None):
        asked.append((data.name, split, modes, limit))
        return [*map(answer, values / (2 if data.name == "dim" else 1)), *noise]

    monkeypatch.setattr(module, "evaluate", evaluate)
    monkeypatch.setattr(module, "asked", asked, raising=False)
    return values


def test_they_keep_the_stated_share_of_described_findings(supports):
    found = support_thresholds(None, [folder("a", 3)], 40)
    assert (supports >= found.overall).mean() == pytest.approx(KEPT, abs=0.011)
    assert found.of("chest_ct") == found.overall
    assert module.asked == [("a", "val", ("true",), 40)]


def test_each_modality_has_its_own(supports):
    found = support_thresholds(None, [folder("a", 3), folder("dim", 3, "colonoscopy")])
    assert (supports / 2 >= found.of("colonoscopy")).mean() == pytest.approx(KEPT, abs=0.011)
    assert found.of("colonoscopy") == pytest.approx(found.of("chest_ct") / 2, abs=1e-4)


def test_sets_without_a_validation_split_are_left_out(supports):
    assert support_thresholds(None, [folder("empty", 0)]).overall == DEFAULT_SUPPORT_THRESHOLD
    support_thresholds(None, [folder("empty", 0), folder("b", 1)])
    assert [name for name, *_ in module.asked] == ["b"]
