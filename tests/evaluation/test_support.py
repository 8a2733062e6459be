"""The support score: AUROC against all pairs, calibration against counting by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegr.evaluation.support import auroc, brier, calibration_error, keeping_threshold, reliability

PAIRS = st.lists(st.tuples(st.sampled_from([0.0, 0.05, 0.1, 0.3, 0.5, 0.75, 0.999, 1.0]), st.booleans()), max_size=30)


def arrays_of(pairs: list) -> tuple[np.ndarray, np.ndarray]:
    return np.array([p[0] for p in pairs], float), np.array([p[1] for p in pairs], bool)


@settings(deadline=None)
@given(PAIRS)
def test_auroc_is_the_share_of_pairs_in_order(pairs: list) -> None:
    scores, shown = arrays_of(pairs)
    wins = [(1.0 if a > b else 0.5 if a == b else 0.0) for a in scores[shown] for b in scores[~shown]]
    assert auroc(scores, shown) == (pytest.approx(np.mean(wins)) if wins else None)


@settings(deadline=None)
@given(PAIRS)
def test_auroc_of_the_opposite_is_the_rest(pairs: list) -> None:
    scores, shown = arrays_of(pairs)
    found = auroc(scores, shown)
    if found is not None:
        assert auroc(1 - scores, shown) == pytest.approx(1 - found)
        assert auroc(scores**3, shown) == pytest.approx(found)


@settings(deadline=None)
@given(PAIRS)
def test_calibration_agrees_with_counting(pairs: list) -> None:
    scores, shown = arrays_of(pairs)
    bins = reliability(scores, shown)
    error = 0.0
    for k in range(10):
        inside = [(s, y) for s, y in pairs if k / 10 <= s < (k + 1) / 10 or (k == 9 and s == 1.0)]
        if inside:
            error += abs(sum(s for s, _ in inside) - sum(y for _, y in inside)) / len(pairs)
    assert sum(b["findings"] for b in bins) == len(pairs)
    assert calibration_error(bins) == (pytest.approx(error) if pairs else None)
    assert brier(scores, shown) == (pytest.approx(np.mean([(s - y) ** 2 for s, y in pairs])) if pairs else None)


def test_perfect_and_opposite_scores() -> None:
    scores, shown = np.array([0.0, 0.0, 1.0]), np.array([False, False, True])
    assert (auroc(scores, shown), brier(scores, shown), calibration_error(reliability(scores, shown))) == (1, 0, 0)
    assert (auroc(scores, ~shown), brier(scores, ~shown), calibration_error(reliability(scores, ~shown))) == (0, 1, 1)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.sampled_from([0.5, 0.9, 0.95, 1.0]))
def test_the_threshold_keeps_what_it_says_and_no_higher_one_does(scores: list[float], kept: float) -> None:
    listed = np.array(scores)
    threshold = keeping_threshold(listed, kept)
    assert threshold is not None and np.mean(listed >= threshold) >= kept - 1e-9
    assert all(np.mean(listed >= higher) < kept for higher in listed[listed > threshold])


def test_nothing_keeps_nothing() -> None:
    assert keeping_threshold(np.array([])) is None and reliability(np.array([]), np.array([], bool)) == []
