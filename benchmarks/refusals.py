"""How much of what a built-in model was not trained for it refuses, and how much else.

    python -m benchmarks.refusals --model lite --data DIR...

Reads the reports of data sets' splits as ``segment`` does, once with the modality told and once without (then only
the report may say it), and counts the findings that the model's card makes it refuse. Whether a finding is foreign
is told by the data set: its modality and the finding's name are not both on the card. No weights are needed. Writes
``results/refusals.json``.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import write_record
from medsegr.cognition.lexicon import load_lexicon
from medsegr.data.dataset_folder import DatasetFolder, discover
from medsegr.data.image import load_image
from medsegr.inference.builtin import builtin_record
from medsegr.inference.request import read_together
from medsegr.model.trained_targets import TrainedTargets

STAND_IN = np.arange(64, dtype=np.uint8).reshape(8, 8)
"""Stands for the picture: nothing is looked for in it."""


def refusals(trained: TrainedTargets, folder: DatasetFolder, split: str, *, told: bool) -> dict[str, Any]:
    """Counts over the findings that reports of a split state, denials left out.

    Args:
        trained: Of the model.
        folder: With reports.
        split: ``train``, ``val`` or ``test``.
        told: Whether the modality is given.

    Returns:
        ``foreign`` and ``own`` findings, and how many of each are refused.
    """
    counts = Counter(foreign=0, foreign_refused=0, own=0, own_refused=0)
    lexicon = load_lexicon()
    for name in folder.images(split):
        image = load_image(STAND_IN, folder.modality if told else None)
        seen, priors = read_together(image, folder.report(name) or "", lexicon)
        for finding in priors:
            if finding.presence != "absent":
                kind = "own" if trained.knows(finding.target, folder.modality) else "foreign"
                counts[kind] += 1
                counts[f"{kind}_refused"] += not trained.knows(finding.target, seen.modality)
    return dict(counts)


def totals(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Sums over data sets, and the shares that are refused; None of nothing."""
    added = {key: sum(row[key] for row in rows) for key in ("foreign", "foreign_refused", "own", "own_refused")}
    shares = {
        f"{kind}_share": added[f"{kind}_refused"] / added[kind] if added[kind] else None for kind in ("foreign", "own")
    }
    return {**added, **shares}


def main() -> None:
    """Parse the arguments, count, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="lite", help="built-in name")
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--split", default="test")
    given = parser.parse_args()
    record, folders = builtin_record(given.model), discover(given.data)
    trained = TrainedTargets.from_metadata(record["metadata"])
    figures: dict[str, Any] = {"model": {"name": given.model, "weights": record["weights_sha256"]}}
    for way, told in (("modality told", True), ("modality not told", False)):
        rows = {folder.name: refusals(trained, folder, given.split, told=told) for folder in folders}
        figures[way] = {"sets": rows, "all": totals(list(rows.values()))}
    write_record("refusals", 0, figures)


if __name__ == "__main__":
    main()
