"""The expert's box: what LiteMedSAM reaches by it, and what share of that a model reaches by the report alone."""

from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.answers import FOLDER
from benchmarks.figures import Figure, Ratio, ratio
from medsegr.errors import InputError
from medsegr.evaluation.strata import SIZES

WAYS = ("box", "larger", "shifted", "parts", "package")
"""How LiteMedSAM was told a box: one, one 10 % larger, one moved by 10 %, one for each part; as its package does."""

KEY = ["data", "case", "finding"]


def boxes(path: Path = FOLDER / "expert_box.csv.gz") -> pd.DataFrame:
    """The answers to boxes, a row per finding; columns of :data:`WAYS` are Dice, 0..1."""
    return pd.read_csv(path, dtype={"case": str, "patient": str, "truth": str})


def of_images(rows: pd.DataFrame) -> pd.DataFrame:
    """The first finding of each target in an image (and of a seed), with the Dice of all of them together."""
    single = rows.drop_duplicates([name for name in ("data", "case", "target", "seed") if name in rows])
    return single.assign(**{way: single[f"{way}_image"] for way in WAYS})


def box_figures(rows: pd.DataFrame) -> dict[str, Any]:
    """Data set -> ``per_image``, ``per_finding`` -> way -> figure; ``sizes``, of one box; ``package``, both ways.

    The package's way was asked for fewer images: it stands beside our own on the same.
    """
    found: dict[str, Any] = {}
    for data, of_set in rows.groupby("data", sort=True):
        alike = of_set[of_set.package.notna()]
        found[str(data)] = {
            "findings": len(of_set),
            "per_image": {way: ratio(of_images(of_set), way) for way in WAYS[:-1]},
            "per_finding": {way: ratio(of_set, way) for way in WAYS[:-1]},
            "sizes": {size: ratio(of_set[of_set["size"] == size], "box") for size in SIZES},
            "package": {way: ratio(alike, way) for way in ("package", "box")},
        }  # fmt: skip
    return found


def share_figures(rows: pd.DataFrame, answers: pd.DataFrame) -> dict[str, Any]:
    """Data set -> arm -> protocol or size -> ``dice`` by the own report, ``box``, ``parts``, and ``share`` of ``box``.

    Args:
        rows: As :func:`boxes` reads them.
        answers: As ``benchmarks.answers.kept`` reads them, of any arms.

    Raises:
        InputError: Another truth lies behind a number.
    """
    told = answers[(answers.report == "true") & answers.shown & answers.told]
    both = told.merge(rows, on=KEY, suffixes=("", "_of_box"))
    if (both.truth != both.truth_of_box).any():
        wrong = both[both.truth != both.truth_of_box].iloc[0]
        raise InputError(
            f"'{wrong.case}' of '{wrong.data}' has another truth in the answers than in the table of the boxes. Ask "
            "both for the same data, with the same reports: see docs/studies.md, 'The expert's box'."
        )
    found: dict[str, Any] = {}
    for (data, arm), mine in both.groupby(["data", "arm"], sort=True):
        parts = {"per_image": of_images(mine.assign(dice=mine.image_dice)), "per_finding": mine}
        parts |= {size: mine[mine["size"] == size] for size in SIZES}
        found.setdefault(str(data), {})[str(arm)] = {
            **{name: _against(part) for name, part in parts.items() if len(part)}, "origin": mine.origin.iloc[0]
        }  # fmt: skip
    return found


def _against(rows: pd.DataFrame) -> dict[str, Figure | None]:
    """The share is of sums, in draws of whole patients that model and box share."""
    alone = {way: ratio(rows, way) for way in ("dice", "box", "parts")}
    return {**alone, "share": Ratio(rows, "dice", "box").figure()}
