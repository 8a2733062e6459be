"""Paired statistics against their definitions."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from medsegr.evaluation.paired import cohens_dz, group_means, paired_figures, rank_biserial, wilcoxon_p

DIFFERENCES = st.lists(st.integers(-20, 20).map(lambda n: n / 10), min_size=2, max_size=12).map(np.array)


def exact_wilcoxon(differences: np.ndarray) -> float:
    """Two-sided p by trying all signs."""
    known = differences[differences != 0]
    ranks = rankdata(np.abs(known))
    seen = abs(ranks[known > 0].sum() - ranks[known < 0].sum())
    all_signs = [abs(np.dot(signs, ranks)) for signs in product((-1, 1), repeat=len(known))]
    return float(np.mean([value >= seen - 1e-9 for value in all_signs]))


@pytest.mark.parametrize("seed", range(5))
def test_wilcoxon_is_that_of_all_signs(seed: int) -> None:
    differences = np.random.default_rng(seed).normal(0.3, 1, 9)
    assert wilcoxon_p(differences) == pytest.approx(exact_wilcoxon(differences))


@settings(deadline=None)
@given(DIFFERENCES)
def test_effect_sizes_by_definition_and_turned_round(differences: np.ndarray) -> None:
    positive = sum(r for r, d in zip(rankdata(np.abs(differences[differences != 0])), differences[differences != 0],
                                     strict=True) if d > 0)  # fmt: skip
    count = int(np.count_nonzero(differences))
    total = count * (count + 1) / 2
    expected = (2 * positive - total) / total if total else 0.0
    assert rank_biserial(differences) == pytest.approx(expected)
    assert rank_biserial(-differences) == pytest.approx(-expected)
    found, turned = cohens_dz(differences), cohens_dz(-differences)
    if np.ptp(differences) > 0:
        assert found == pytest.approx(differences.mean() / np.std(differences, ddof=1)) == -turned  # type: ignore[operator]
    else:
        assert found is None
    assert 0 <= wilcoxon_p(differences) <= 1


def test_nothing_differs() -> None:
    found = paired_figures([0.5, 0.7], [0.5, 0.7], ["a", "b"])
    assert found is not None
    assert (found["difference"], found["wilcoxon_p"], found["rank_biserial"], found["cohens_dz"]) == (
        0.0,
        1.0,
        0.0,
        None,
    )
    assert found["interval"] == [0.0, 0.0] and (found["better"], found["worse"]) == (0, 0)
    assert paired_figures([], [], []) is None


def test_tests_are_of_patients_and_means_of_findings() -> None:
    first, second = [0.0] * 6, [0.1, 0.2, 0.3, 0.4, 0.5, -0.5]
    groups = ["a", "a", "a", "b", "c", "c"]
    assert list(group_means(np.array(second), groups)) == pytest.approx([0.2, 0.4, 0.0])
    found = paired_figures(first, second, groups)
    assert found is not None and found["findings"] == 6 and found["patients"] == 3
    assert found["difference"] == pytest.approx(np.mean(second), abs=1e-4)
    assert (found["better"], found["worse"]) == (2, 0)
    assert found["cohens_dz"] == pytest.approx(0.2 / 0.2, abs=1e-3)
