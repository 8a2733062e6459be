"""Rows of the expert's boxes -> figures with intervals, set by set."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from medsegr.evaluation.bootstrap import bootstrap_interval
from medsegr.evaluation.figures import bounds, rounded
from medsegr.evaluation.strata import SIZES

WAYS = ("box", "larger", "shifted", "parts", "package")
"""How LiteMedSAM is told a box; see :mod:`benchmarks.expert_box`."""

Rows = Sequence[Mapping[str, str]]


def box_figures(rows: Rows) -> dict[str, Any]:
    """Data set -> way -> Dice per finding and per image; and by target and by size for one box and one for each part.

    The package's way was asked for fewer images: it stands beside our own on the same.
    """
    found = {}
    for data in dict.fromkeys(row["data"] for row in rows):
        of_set = [row for row in rows if row["data"] == data]
        of_package = [row for row in of_set if row["package"]]
        found[data] = {
            "findings": len(of_set),
            "images": len({row["case"] for row in of_set}),
            "origins": sorted({row["origin"] for row in of_set}),
            **{way: both_protocols(of_set, way) for way in WAYS if way != "package"},
            "package": {way: both_protocols(of_package, way) for way in ("package", "box")} if of_package else None,
            "targets": _grouped(of_set, "target", sorted({row["target"] for row in of_set})),
            "sizes": _grouped(of_set, "size", SIZES),
        }
    return found


def both_protocols(rows: Rows, way: str) -> dict[str, Any]:
    """Mean Dice per finding, and per image and target, each with its interval over patients."""
    per_image = list({(row["data"], row["case"], row["target"]): row for row in rows}.values())
    return {
        "per_finding": _with_interval([float(row[way]) for row in rows], rows),
        "per_image": _with_interval([float(row[f"{way}_image"]) for row in per_image], per_image),
    }


def _with_interval(values: Sequence[float], rows: Rows) -> dict[str, Any]:
    interval = bootstrap_interval(values, groups=[(row["data"], row["patient"]) for row in rows])
    return {"dice": rounded(float(np.mean(values))), "interval": bounds(interval)}


def _grouped(rows: Rows, field: str, order: Sequence[str]) -> dict[str, Any]:
    found = {}
    for value in order:
        here = [row for row in rows if row[field] == value]
        if here:
            means = {way: rounded(float(np.mean([float(row[way]) for row in here]))) for way in ("box", "parts")}
            found[value] = {"findings": len(here), **means}
    return found
