"""Rejection of false questions, against literal resampling and the evaluation's own functions."""

import numpy as np
import pytest
from benchmarks.grid.draws import patient_weights
from benchmarks.grid.false_queries import BOTH, _Drawn, false_query_figures
from benchmarks.grid.figures import grid_figures
from benchmarks.grid.stack import stacked

from medsegr.evaluation.support import auroc, keeping_threshold
from tests.benchmarks.grid_rows import row, run


def asked(data: str = "a", shift: float = 0.0, seed: int = 0, threshold: float | None = 0.5):
    """40 described findings, 30 false and 20 foreign questions of 40 patients, and some that count for nothing."""
    rng, rows = np.random.default_rng(seed), []
    for number in range(40):
        case = {"data": data, "case": number}
        rows.append(row(**case, finding=0, support=round(0.4 + 0.6 * rng.random(), 2)))
        if number < 30:
            false = round(0.7 * rng.random() + shift, 2)
            rows.append(row(**case, finding=1, role="false", true_px=0, support=false))
        if number < 20:
            rows.append(row(**case, finding=2, role="foreign", true_px=0, support=round(0.5 * rng.random(), 2)))
    rows += [
        row(data=data, case="0", finding=3, role="described", true_px=0, support=0.0),
        row(data=data, case="0", finding=4, role="denied", true_px=0, support=""),
        row(data=data, case="0", finding=5, role="named", true_px=9, support=0.0),
        row(data=data, case="0", finding=6, role="named", true_px=0, support=0.45),
        row(data=data, case="0", finding=0, report="none", support=0.0),
    ]
    return run(*rows, threshold=threshold)


def supports(of_run, *roles: str) -> np.ndarray:
    return np.array([float(r["support"]) for r in of_run.rows if r["role"] in roles and r["finding"] in "012"
                     and r["report"] == "true"])  # fmt: skip


def test_shares_thresholds_and_areas():
    one = asked()
    found = false_query_figures(stacked("full", {0: one}, [0]))
    true = supports(one, "described")
    kept_at = sorted(true)[2]  # 2 of 40 lie below: 95 % are kept
    assert np.mean(true >= kept_at) >= 0.95
    for kind, roles in ((BOTH, ("false", "foreign")), ("false", ("false",)), ("foreign", ("foreign",))):
        false, of_kind = supports(one, *roles), found["kinds"][kind]
        assert of_kind["asked"] == len(false)
        assert of_kind["rejected_at_kept"] == pytest.approx(np.mean(false < kept_at), abs=1e-4)
        assert of_kind["rejected"] == pytest.approx(np.mean(false < 0.5), abs=1e-4)
        wins = (true[:, None] > false).mean() + (true[:, None] == false).mean() / 2
        assert of_kind["auroc"] == pytest.approx(wins, abs=1e-4)
        assert of_kind["interval"][0] <= of_kind["rejected_at_kept"] <= of_kind["interval"][1]
    assert (found["true"], found["kept"]) == (40, pytest.approx(np.mean(true >= 0.5), abs=1e-4))
    assert found["kinds"]["absent"]["asked"] == 1


def test_every_draw_is_what_its_repeated_findings_give():
    one = asked(seed=3)
    rows = [r for r in one.rows if r["report"] == "true" and r["finding"] in "012"]
    support, true = np.array([float(r["support"]) for r in rows]), np.array([r["role"] == "described" for r in rows])
    weights = patient_weights([(r["data"], r["patient"]) for r in rows], draws=50)
    drawn = _Drawn(support, true, weights)
    rejected, areas = drawn.rejected(~true), drawn.auroc(~true)
    for draw in range(50):
        again = np.repeat(np.arange(len(rows)), weights[draw].astype(int))
        kept_at = keeping_threshold(support[again][true[again]])
        assert rejected[draw] == pytest.approx(np.mean(support[again][~true[again]] < kept_at))
        assert areas[draw] == pytest.approx(auroc(support[again], true[again]))


def test_seeds_are_averaged_and_a_threshold_that_is_not_known_is_left_out():
    runs = {0: asked(threshold=None), 1: asked(shift=0.2, threshold=None)}
    whole = false_query_figures(stacked("full", runs, [0, 1]))
    each = [false_query_figures(stacked("full", {seed: runs[seed]}, [seed])) for seed in runs]
    for kind in (BOTH, "false"):
        apart = [found["kinds"][kind]["rejected_at_kept"] for found in each]
        assert whole["kinds"][kind]["of_seeds"] == apart and apart[0] != apart[1]
        assert whole["kinds"][kind]["rejected_at_kept"] == pytest.approx(np.mean(apart), abs=1e-4)
        assert whole["kinds"][kind]["rejected"] is None
    assert whole["kept"] is None


def test_families_and_their_sets_have_thresholds_of_their_own():
    phantoms, first, second = asked("phantoms"), asked("a", seed=1), asked("b", seed=2)
    scores = {"full": {0: run(*phantoms.rows, *first.rows, *second.rows)}}
    found = grid_figures(scores)["real"]
    assert list(found["phantoms"]["false_queries"]) == ["all"]
    assert list(found["real"]["false_queries"]) == ["all", "data a", "data b"]
    alone = false_query_figures(stacked("full", {0: first}, [0]))
    assert found["real"]["false_queries"]["data a"]["full"] == {
        **alone, "thresholds": [], "kept": None, "kept_interval": [], "kinds": {
            kind: {**figures, "rejected": None, "rejected_interval": []} for kind, figures in alone["kinds"].items()
        },
    }  # fmt: skip
    pooled = np.concatenate([supports(first, "described"), supports(second, "described")])
    false = np.concatenate([supports(of, "false", "foreign") for of in (first, second)])
    share = found["real"]["false_queries"]["all"]["full"]["kinds"][BOTH]["rejected_at_kept"]
    assert share == pytest.approx(np.mean(false < sorted(pooled)[4]), abs=1e-4)


def test_nothing_false_asked_gives_nothing():
    assert false_query_figures(stacked("full", {0: run(row(), row(case="2"))}, [0])) is None
