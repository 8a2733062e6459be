"""How well findings that were read fit findings that were annotated, after the rule of the annotated reports.

Gold and read findings are paired one to one within a report: same target, sides that can be
the same (equal, one not stated, or one bilateral; never left with right), the best total fit. A pair of one presence
is right. Optional findings and anatomy that gold does not list count neither way. Side, zones,
texture, shape, size and count are compared on the pairs, attributes only where gold is not absent.
"""

from collections import Counter
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from medsegr.cognition.lexicon import load_lexicon

Record = dict[str, Any]
"""A finding as ``Finding.to_dict`` writes it; in gold it may also be ``optional``."""

SIZE_TOLERANCE_MM = 0.5
_LISTS = ("zones", "texture", "shape")
_OPPOSITE = {"left": "right", "right": "left"}


def score_report(gold: list[Record], read: list[Record], tally: Counter[str]) -> list[str]:
    """Count one report.

    Args:
        tally: Is added to; :func:`figures` turns it into shares.

    Returns:
        What is wrong, in words.
    """
    pairs = _pairs(gold, read)
    paired = {j for _, j in pairs}
    missed = [g for i, g in enumerate(gold) if i not in {i for i, _ in pairs} and not g.get("optional")]
    anatomy = {name for name, target in load_lexicon().targets.items() if target.group == "anatomy"}
    spare = [r for j, r in enumerate(read) if j not in paired and r["target"] not in anatomy]
    _count_alone(missed, spare, tally)
    told = [f"missed {_name(g)}" for g in missed] + [f"read in vain {_name(r)}" for r in spare]
    for i, j in pairs:
        if not gold[i].get("optional"):
            told += _count_pair(gold[i], read[j], tally)
    return told


def figures(tally: Counter[str]) -> dict[str, float | int | None]:
    """Shares of a tally; None where there was nothing to count."""
    found: dict[str, float | int | None] = {
        "findings": tally["gold"],
        "target_presence": _f1(tally, "", "right"),
        **{name: _f1(tally, f"_{presence}", "right") for name, presence in _PRESENCES.items()},
        "side": _ratio(tally["side_right"], tally["side"]),
        "side_swapped": tally["swapped"],
    }
    for name in _LISTS:
        found[name] = _ratio(2 * tally[f"{name}_shared"], tally[f"{name}_gold"] + tally[f"{name}_read"])
    return found | {name: _ratio(tally[f"{name}_right"], tally[name]) for name in ("size", "count")}


_PRESENCES = {"presence": "present", "negation": "absent", "doubt": "uncertain"}


def _f1(tally: Counter[str], part: str, right: str) -> float | None:
    return _ratio(2 * tally[right + part], tally["gold" + part] + tally["read" + part])


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def _pairs(gold: list[Record], read: list[Record]) -> list[tuple[int, int]]:
    if not gold or not read:
        return []
    fit = np.array([[_fit(g, r) for r in read] for g in gold])
    return [(int(i), int(j)) for i, j in zip(*linear_sum_assignment(fit, maximize=True), strict=True) if fit[i, j] > 0]


def _fit(gold: Record, read: Record) -> float:
    """How well two findings go together; 0 when they cannot be the same."""
    sides = (gold["laterality"], read["laterality"])
    if gold["target"] != read["target"] or not (sides[0] == sides[1] or None in sides or "bilateral" in sides):
        return 0.0
    score = (0 if gold.get("optional") else 100) + 20 * (gold["presence"] == read["presence"])
    score += 8 * (sides[0] == sides[1]) + 4 * _shared(gold["zones"], read["zones"]) + 2 * _same_size(gold, read)
    return float(score + _shared(gold["texture"], read["texture"]) + _shared(gold["shape"], read["shape"]) + 1)


def _shared(one: list[str], other: list[str]) -> float:
    """Intersection over union; 1 where both are empty."""
    return len({*one} & {*other}) / len({*one} | {*other}) if one or other else 1.0


def _same_size(gold: Record, read: Record) -> bool:
    sizes, others = sorted(gold["size_mm"]), sorted(read["size_mm"])
    return len(sizes) == len(others) and np.allclose(sizes, others, rtol=0, atol=SIZE_TOLERANCE_MM)


def _count_alone(missed: list[Record], spare: list[Record], tally: Counter[str]) -> None:
    for side, findings in (("gold", missed), ("read", spare)):
        for finding in findings:
            tally.update((side, f"{side}_{finding['presence']}"))
    left = Counter((r["target"], r["laterality"]) for r in spare)
    for gold in missed:
        swapped = (gold["target"], _OPPOSITE.get(gold["laterality"]))
        if left[swapped] > 0:
            left[swapped] -= 1
            tally.update(("side", "swapped"))


def _count_pair(gold: Record, read: Record, tally: Counter[str]) -> list[str]:
    tally.update(("gold", "read", f"gold_{gold['presence']}", f"read_{read['presence']}"))
    wrong = [name for name in ("presence", "laterality", "count") if gold[name] != read[name]]
    if gold["presence"] == read["presence"]:
        tally.update(("right", f"right_{gold['presence']}"))
    absent = gold["presence"] == "absent"
    if not absent or gold["laterality"] is not None:
        tally["side"] += 1
        tally["side_right"] += gold["laterality"] == read["laterality"]
    for name in _LISTS if not absent else _LISTS[:1]:
        told, other = {*gold[name]}, {*read[name]}
        tally.update({f"{name}_gold": len(told), f"{name}_read": len(other), f"{name}_shared": len(told & other)})
        wrong += [name] if told != other else []
    if not absent and (gold["size_mm"] or read["size_mm"]):
        tally.update(size=1, size_right=_same_size(gold, read))
        wrong += [] if _same_size(gold, read) else ["size_mm"]
    if not absent and (gold["count"] is not None or read["count"] is not None):
        tally.update(count=1, count_right=gold["count"] == read["count"])
    return [f"{gold['target']}: {name} is {gold[name]}, read as {read[name]}" for name in wrong]


def _name(finding: Record) -> str:
    return f"{finding['target']} ({finding['presence']}, {finding['laterality']})"
