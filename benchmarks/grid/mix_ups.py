"""Something else outlined than was meant: inter-class confusion, and the wrong object drawn."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.grid.draws import patient_weights, percentiles, ratio
from benchmarks.grid.groups import ALL, ASPECTS, DISTRACTORS, MEAN_OF_SETS
from benchmarks.grid.stack import Stack, paired
from medsegr.evaluation.bootstrap import bootstrap_interval
from medsegr.evaluation.compare import Row
from medsegr.evaluation.figures import bounds, rounded
from medsegr.evaluation.questions import ASKED_ANYWAY


def told(row: Row) -> bool:
    """A finding that is asked for with its own report, or a structure of which the report is silent."""
    return row["report"] == "true" and row["role"] in ASKED_ANYWAY


def confusion_figures(stacks: Mapping[str, Stack], hosts: Mapping[str, Stack]) -> dict[str, Any]:
    """Group -> arm -> share of outlined pixels that belong to another class and not to the structure that is meant.

    Another object of its own kind is no other class; that is what :func:`wrong_object_figures` are about.

    Groups are the data sets in which an arm confuses anything, and the mean over them. ``to_host`` is the ratio to
    the host's share, over common seeds.

    Args:
        stacks: Arm -> its answers.
        hosts: Arm -> the host's answers, of the seeds that both have.
    """
    chosen = {arm: stack.where(told) for arm, stack in stacks.items()}
    sets = sorted({row["data"] for stack in chosen.values() for row in stack.rows})
    confused = [name for name in sets if any(_any(stack, name) for stack in chosen.values())]
    groups: dict[str, tuple[str, ...]] = {f"data {name}": (name,) for name in confused}
    if len(confused) > 1:
        groups = {MEAN_OF_SETS: tuple(confused), **groups}
    return {
        group: {arm: _of_arm(stack, hosts.get(arm), names) for arm, stack in chosen.items() if stack.rows}
        for group, names in groups.items()
    }


def _any(stack: Stack, data: str) -> bool:
    return any(in_other_classes(row) for of_seed in stack.answers for row in of_seed if row["data"] == data)


def _of_arm(stack: Stack, host: Stack | None, names: tuple[str, ...]) -> dict[str, Any]:
    mine = stack.on(names)
    each, drawn = _shares(mine), _drawn_shares(mine)
    found: dict[str, Any] = {
        "findings": len(mine.rows),
        "share": _rounded(each.mean()),
        "interval": percentiles(None if drawn is None else drawn.mean(1)),
        "of_seeds": [_rounded(value) for value in each],
    }
    if host is not None:
        found["to_host"] = _to_host(*paired(host.where(told).on(names), mine))
    return found


def _to_host(host: Stack, mine: Stack) -> dict[str, Any]:
    """The ratio of two shares; both are drawn with the same patients."""
    one, other = _shares(host).mean(), _shares(mine).mean()
    drawn = [_drawn_shares(stack) for stack in (host, mine)]
    ratios = None
    if drawn[0] is not None and drawn[1] is not None:
        below, above = (shares.mean(1) for shares in drawn if shares is not None)
        ratios = np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
    return {
        "seeds": len(mine.answers),
        "ratio": _rounded(other / one) if one > 0 else None,
        "interval": percentiles(ratios) if one > 0 else [],
    }


def _shares(stack: Stack, weights: np.ndarray | None = None) -> np.ndarray:
    """Mean over the data sets of their shares, (seeds,) or (draws, seeds)."""
    wrong, outlined = stack.values(in_other_classes), stack.values(_outlined)
    sets, shares = stack.sets, []
    for name in np.unique(sets):
        inside = sets == name
        shares.append(ratio(wrong[:, inside], outlined[:, inside], None if weights is None else weights[:, inside]))
    return np.asarray(np.mean(shares, axis=0))


def in_other_classes(row: Row) -> float:
    """Outlined pixels that lie in another class, each counted once.

    Answers from before objects of one kind were told apart are reckoned as if no other class overlapped these.
    """
    alike = int(row["alike_px"]) if row["alike_px"] else _on_alike(row)
    return float(int(row["confused_px"]) - alike)


def _on_alike(row: Row) -> int:
    confused = dict(part.rsplit(":", 1) for part in row["confused"].split(";") if part)
    return int(confused.get(row["target"], 0))


def _outlined(row: Row) -> float:
    return float(row["predicted_px"])


def _drawn_shares(stack: Stack) -> np.ndarray | None:
    weights = patient_weights(stack.groups, stack.sets)
    return None if weights is None else _shares(stack, weights)


def _rounded(value: float) -> float | None:
    return rounded(value) if np.isfinite(value) else None


def wrong_object_figures(stacks: Mapping[str, Stack]) -> dict[str, Any]:
    """Group -> arm -> share of cases in which another object is drawn than the one that is meant.

    Counted are cases in which several objects compete: the referring suite's, and the phantoms' with distractors.
    ``wrong``: more outlined pixels lie on the competitors than on the object; ``missed``: no pixel lies on the
    object, whatever else is outlined. Groups are all of them and each suite.
    """
    suites = (*ASPECTS, *DISTRACTORS)
    chosen = {arm: stack.where(lambda row: _picked(row) and row["suite"] in suites) for arm, stack in stacks.items()}
    present = {row["suite"] for stack in chosen.values() for row in stack.rows}
    groups: dict[str, tuple[str, ...]] = {ALL: suites} if present else {}
    groups |= {f"suite {suite}": (suite,) for suite in dict.fromkeys(suites) if suite in present}
    return {
        group: {arm: _of_cases(stack, of) for arm, stack in chosen.items() if stack.rows}
        for group, of in groups.items()
    }


def _picked(row: Row) -> bool:
    return row["report"] == "true" and row["role"] == "described" and int(row["true_px"]) > 0


def _of_cases(stack: Stack, suites: tuple[str, ...]) -> dict[str, Any]:
    mine = stack.where(lambda row: row["suite"] in suites)
    wrong, missed = mine.values(lambda row: float(is_wrong(row))), mine.values(lambda row: float(row["both_px"] == "0"))
    return {
        "cases": len(mine.rows),
        "wrong": rounded(float(wrong.mean())),
        "interval": bounds(bootstrap_interval(list(wrong.mean(0)), groups=mine.groups)),
        "of_seeds": [rounded(float(value)) for value in wrong.mean(1)],
        "missed": rounded(float(missed.mean())),
        "missed_interval": bounds(bootstrap_interval(list(missed.mean(0)), groups=mine.groups)),
    }


def is_wrong(row: Row) -> bool:
    """Whether more of a mask lies on the competitors than on the object that is meant.

    Competitors are further objects of the same target; where the kind tells them apart, all other structures.
    """
    return on_competitors(row) > int(row["both_px"])


def on_competitors(row: Row) -> int:
    """Outlined pixels that lie on the competitors and not on the object that is meant, each counted once."""
    if row["suite"] == "kind":
        return int(row["confused_px"])
    return _on_alike(row)
