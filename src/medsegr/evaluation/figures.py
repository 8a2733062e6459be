"""Answers -> figures with intervals, whole and per group. One origin of reports at a time."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from medsegr.errors import ConfigError
from medsegr.evaluation.answer import Answer
from medsegr.evaluation.bootstrap import Interval, bootstrap_interval, ratio_interval
from medsegr.evaluation.metrics import mean
from medsegr.evaluation.strata import OVERLAPS, SIZES

STRATA = {"size": SIZES, "hidden": OVERLAPS}
"""Classes whose order is not that of the alphabet."""


def figures(answers: Iterable[Answer]) -> dict[str, Any] | None:
    """All figures of some answers; None of none.

    ``dice_per_finding``, ``iou`` and ``nsd`` are means over findings that the image shows; ``dice_per_case`` is the
    mean over cases of each case's mean. ``dice_per_image`` takes all findings of one target in an image together
    first, as papers do that have one mask per image. HD95 is a mean over findings that are shown or outlined, misses
    and false alarms at the image's diagonal and counted as ``penalised``. Intervals resample patients.

    Raises:
        ConfigError: Real and derived reports are mixed, which nothing may average.
    """
    listed = list(answers)
    if not listed:
        return None
    origins = sorted({a.origin for a in listed if a.origin != "none"})
    if len(origins) > 1:
        raise ConfigError("Answers to real and to derived reports were to be averaged. Split them by origin first.")
    shown = [a for a in listed if a.overlap.true]
    scores, groups = [a.overlap.dice for a in shown], [a.group for a in shown]
    both, pixels = [2 * a.overlap.both for a in shown], [a.overlap.predicted + a.overlap.true for a in shown]
    return {
        "findings": len(listed),
        "shown": len(shown),
        "cases": len({(a.data, a.case) for a in listed}),
        "patients": len({a.group for a in listed}),
        **mean_of("dice_per_finding", scores, groups, "interval"),
        **_per_image(listed),
        **_per_case(shown),
        **_ratio_of("dice_over_set", both, pixels, groups),
        **mean_of("iou", [a.overlap.iou for a in shown], groups),
        "surface": _surface(listed),
        "lesions": _lesions(listed),
        "confused": _confused(listed),
        "missed": sum(a.overlap.missed for a in shown),
        "left_empty": sum(a.overlap.left_empty for a in shown),
        "false_alarms": sum(a.overlap.false_alarm for a in listed),
        "transunet_rule": _transunet(listed),
    }


def grouped(answers: Sequence[Answer], field: str) -> dict[str, Any]:
    """The same figures for each value of a field; answers without a value are left out."""
    values = {getattr(answer, field) for answer in answers} - {""}
    order = [value for value in STRATA.get(field, sorted(values)) if value in values]
    return {value: figures(a for a in answers if getattr(a, field) == value) for value in order}


def confusion(answers: Sequence[Answer]) -> dict[str, Any]:
    """Inter-class confusion: target A -> target B -> share of A's outlined pixels that lie in B and not in A.

    A's own name stands for another object of its kind.
    """
    outlined: Counter[str] = Counter()
    within: dict[str, Counter[str]] = {}
    for a in answers:
        outlined[a.target] += a.overlap.predicted
        within.setdefault(a.target, Counter()).update(a.confused)
    return {
        target: {
            "predicted_px": pixels,
            "in": {other: rounded(count / pixels) for other, count in sorted(within[target].items())},
        }
        for target, pixels in sorted(outlined.items())
        if pixels
    }


def rounded(value: float | None) -> float | None:
    """Four digits, as results files have them."""
    return None if value is None else round(float(value), 4)


def bounds(interval: Interval | None) -> list[float | None]:
    """An interval as results files have it: low and high, or nothing."""
    return [rounded(bound) for bound in interval or ()]


def mean_of(name: str, values: Sequence[float], groups: Sequence[Any], interval: str = "") -> dict[str, Any]:
    """A mean and its interval, by name; the interval has a name of its own where one is given."""
    found = bootstrap_interval(values, groups=groups)
    return {name: rounded(mean(values)), interval or f"{name}_interval": bounds(found)}


def _ratio_of(name: str, above: Sequence[int], below: Sequence[int], groups: Sequence[Any]) -> dict[str, Any]:
    """The same of a sum by a sum; None where there is nothing below the line."""
    share = rounded(sum(above) / sum(below)) if sum(below) else None
    return {name: share, f"{name}_interval": bounds(ratio_interval(above, below, groups))}


def _per_image(listed: Sequence[Answer]) -> dict[str, Any]:
    images = {a.of_image: a for a in listed if a.image.true}
    scores, groups = [a.image.dice for a in images.values()], [a.group for a in images.values()]
    return {"images": len(images), **mean_of("dice_per_image", scores, groups)}


def _per_case(shown: Sequence[Answer]) -> dict[str, Any]:
    cases: dict[tuple[str, str], list[Answer]] = {}
    for a in shown:
        cases.setdefault((a.data, a.case), []).append(a)
    means = [float(np.mean([a.overlap.dice for a in of_case])) for of_case in cases.values()]
    return mean_of("dice_per_case", means, [of_case[0].group for of_case in cases.values()])


def _surface(listed: Sequence[Answer]) -> dict[str, Any]:
    """Per unit, for millimetres and pixels are never averaged."""
    found: dict[str, Any] = {}
    for unit in sorted({a.surface.unit for a in listed}):
        here = [a for a in listed if a.surface.unit == unit]
        shown = [a for a in here if a.overlap.true]
        either = [a for a in here if a.overlap.true or a.overlap.predicted]
        penalties = Counter(a.surface.penalty for a in here)
        found[unit] = {
            **mean_of("nsd", [a.surface.nsd for a in shown], [a.group for a in shown]),
            **mean_of("hd95", [a.surface.hd95 for a in either], [a.group for a in either]),
            "hd95_findings": len(either),
            "penalised": {"misses": penalties["miss"], "false_alarms": penalties["false alarm"]},
        }
    return found


def _lesions(listed: Sequence[Answer]) -> dict[str, Any]:
    counts, groups = [a.lesions for a in listed], [a.group for a in listed]
    true, found, false = ([getattr(c, name) for c in counts] for name in ("true", "found", "false"))
    # Each case counts once below the line: its first answer carries it.
    first = set({(a.data, a.case): place for place, a in reversed(list(enumerate(listed)))}.values())
    images = [int(place in first) for place in range(len(listed))]
    return {
        "true": sum(true),
        "found": sum(found),
        "false": sum(false),
        **_ratio_of("sensitivity", found, true, groups),
        **_ratio_of("false_per_image", false, images, groups),
    }


def _confused(listed: Sequence[Answer]) -> dict[str, Any]:
    """Shares of the outlined pixels: in another class (``share``), and in another object of the same (``alike``)."""
    outlined, groups = [a.overlap.predicted for a in listed], [a.group for a in listed]
    alike = [a.alike_px for a in listed]
    other = [a.confused_px - a.alike_px for a in listed]
    return {**_ratio_of("share", other, outlined, groups), **_ratio_of("alike", alike, outlined, groups)}


def _transunet(listed: Sequence[Answer]) -> Mapping[str, Any]:
    """Over all findings, as that code does; flagged, for it rewards false alarms."""
    pairs = [a.transunet for a in listed]
    units = sorted({a.surface.unit for a in listed})
    return {
        "for_comparison_only": True,
        "dice": rounded(mean([dice for dice, _ in pairs])),
        "hd95": rounded(mean([far for _, far in pairs])) if len(units) == 1 else None,
    }
