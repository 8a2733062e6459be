"""Intervals: they hold the figure, repeat, and resample whole patients."""

import numpy as np
import pytest

from medsegr.evaluation.bootstrap import bootstrap_interval, ratio_interval, statistic_interval

SCORES = np.random.default_rng(0).uniform(size=60)


def plain(values: np.ndarray, groups: np.ndarray, draws: int, seed: int) -> tuple[float, float]:
    """The same in the plainest way: draw patients one by one, and average all their findings."""
    rng, names = np.random.default_rng(seed), list(dict.fromkeys(groups))
    means = []
    for _ in range(draws):
        drawn = [names[i] for i in rng.integers(len(names), size=len(names))]
        means.append(np.concatenate([values[groups == name] for name in drawn]).mean())
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def test_the_interval_holds_the_mean_and_repeats() -> None:
    low, high = bootstrap_interval(list(SCORES)) or (1, 0)
    assert low < SCORES.mean() < high
    assert (low, high) == bootstrap_interval(list(SCORES))
    assert (low, high) != bootstrap_interval(list(SCORES), seed=1)
    assert bootstrap_interval([0.5]) is None and bootstrap_interval([]) is None


@pytest.mark.parametrize("size", [1, 3])
def test_it_is_that_of_the_plain_way(size: int) -> None:
    groups = np.arange(60) // size
    expected = plain(SCORES, groups, 1000, 0)
    assert bootstrap_interval(list(SCORES), groups=list(groups)) == pytest.approx(expected)
    picked = statistic_interval(lambda drawn: float(SCORES[drawn].mean()), list(groups))
    assert picked == pytest.approx(expected)


def test_findings_of_one_patient_that_agree_widen_it() -> None:
    patients = np.repeat(np.random.default_rng(1).uniform(size=12), 5)
    alone = bootstrap_interval(list(patients))
    together = bootstrap_interval(list(patients), groups=list(np.arange(60) // 5))
    assert alone and together and together[1] - together[0] > 1.5 * (alone[1] - alone[0])
    assert bootstrap_interval(list(patients), groups=["one"] * 60) is None


def test_ratios_leave_out_what_cannot_be_told() -> None:
    assert ratio_interval([1, 1], [2, 2]) == (0.5, 0.5)
    assert ratio_interval([0, 0], [0, 0]) is None
    assert ratio_interval([1, 0], [1, 0]) == (1.0, 1.0)
    assert statistic_interval(lambda drawn: None, ["a", "b"]) is None
    assert statistic_interval(lambda drawn: 1.0, ["a"]) is None


def test_the_coverage_is_about_what_it_says() -> None:
    rng = np.random.default_rng(2)
    held = 0
    for seed in range(120):
        low, high = bootstrap_interval(list(rng.uniform(size=40)), draws=300, seed=seed) or (0, 0)
        held += low <= 0.5 <= high
    assert 0.86 <= held / 120 <= 1.0
