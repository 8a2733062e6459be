"""Rows of answers by hand, as ``benchmarks.answers.kept`` gives them."""

import pandas as pd
from benchmarks.answers import family_of

ROW = {
    "data": "a", "case": "1", "finding": 0, "report": "true", "patient": "", "suite": "", "origin": "real",
    "target": "mass", "role": "described", "size": "1-5 %", "overlap": "none", "truth": "t", "arm": "full", "seed": 0,
    "true_px": 9, "predicted_px": 8, "both_px": 4, "other_class_px": 0, "competitor_px": 0, "support": 0.5,
    "threshold": 0.5, "dice": 0.5, "told": True,
}  # fmt: skip


def row(**given: object) -> dict[str, object]:
    """A row, each case a patient of its own by default."""
    found = {**ROW, **given}
    return {**found, "case": str(found["case"]), "patient": found["patient"] or str(found["case"])}


def answers(*rows: dict[str, object]) -> pd.DataFrame:
    """All rows as a table."""
    found = pd.DataFrame(rows)
    found["image_dice"] = found.image_dice if "image_dice" in found else found.dice
    return found.assign(shown=found.true_px > 0, family=found.data.map(family_of))
