"""Rows of ``per_case.csv`` by hand."""

from medsegr.evaluation.run_files import Run

ROW = {
    "data": "a", "case": "1", "patient": "", "suite": "", "look": "", "origin": "real", "finding": "0",
    "target": "mass", "role": "described", "report": "true", "dice": "0.5", "true_px": "9", "predicted_px": "8",
    "both_px": "4", "size": "1-5 %", "overlap": "none", "confused_px": "0", "confused": "", "alike_px": "",
    "image_true_px": "", "image_predicted_px": "", "image_both_px": "", "support": "0.5",
    "truth": "t",
}  # fmt: skip


def row(**given: object) -> dict[str, str]:
    """A row, each case a patient of its own by default."""
    found = {**ROW, **{key: str(value) for key, value in given.items()}}
    return {**found, "patient": found["patient"] or found["case"]}


def run(*rows: dict[str, str], threshold: float | None = None) -> Run:
    """All scores of one seed."""
    names = () if threshold is None else sorted({each["data"] for each in rows})
    settings = {"support_threshold": threshold}
    return Run("made", {"data": [{"data": [{"name": name}], "settings": settings} for name in names]}, rows)


def run_of(dice: dict[tuple[str, str], float], **given: object) -> Run:
    """(data, case) -> Dice."""
    return run(*(row(data=data, case=case, dice=value, **given) for (data, case), value in dice.items()))


def together(*runs: Run) -> Run:
    """The rows of several runs as one."""
    return run(*(each for one in runs for each in one.rows))
