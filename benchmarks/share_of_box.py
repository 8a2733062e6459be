"""What a model reaches by the report alone, as a share of what LiteMedSAM reaches by the expert's box.

    python -m benchmarks.share_of_box --scores GRID/full-0 GRID/host-0 lite=SCORES... [--report true]

A folder of scores is what ``medsegr evaluate --out`` wrote, or a run of a grid, with all that it was scored on. Its arm
is the name before ``=``, else that of the run without its seed. An arm may have any number of folders; a finding's Dice
is its mean over the seeds. Findings meet those of ``python -m benchmarks.expert_box`` by data set, case, number and
truth. Writes ``results/share_of_box.json``; docs/results.md has its section.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.expert_box import FOLDER, kept_rows
from benchmarks.grid.dice import image_dice
from benchmarks.record import write_record
from medsegr.errors import ConfigError, InputError
from medsegr.evaluation.bootstrap import bootstrap_interval, ratio_interval
from medsegr.evaluation.compare import Row
from medsegr.evaluation.figures import bounds, rounded
from medsegr.evaluation.run_files import RESULTS_FILE, Run, read_run
from medsegr.evaluation.strata import SIZES

BOXES = ("box", "parts")
"""What a model is held against: one box around a finding, and a box for each of its components."""

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Held:
    """One finding that both the model and the boxes were asked for.

    Attributes:
        box: Its row in the table of the boxes.
        answers: Its row in each of the arm's runs.
    """

    box: Row
    answers: tuple[Row, ...]

    @property
    def group(self) -> tuple[str, str]:
        """What intervals are resampled by."""
        return self.box["data"], self.box["patient"]

    def dice(self, read: Callable[[Row], float]) -> float:
        """Mean over the runs."""
        return float(np.mean([read(row) for row in self.answers]))


def runs_of(given: Sequence[str]) -> dict[str, list[Run]]:
    """Arm -> its scores, from ``[ARM=]FOLDER``.

    Raises:
        ConfigError: A folder holds no scores.
        InputError: A file is damaged.
    """
    found: dict[str, list[Run]] = {}
    for each in given:
        arm, _, place = each.rpartition("=")
        path = Path(place)
        inside = sorted(below.parent for below in (path / "scores").glob(f"*/{RESULTS_FILE}"))
        if not inside and not (path / RESULTS_FILE).is_file():
            raise ConfigError(
                f"'{place}' holds no scores: expected {RESULTS_FILE}, as 'medsegr evaluate --out' writes it, or a run "
                "of a grid with its folder 'scores'."
            )
        stem, _, seed = path.resolve().name.rpartition("-")
        name = arm or (stem if stem and seed.isdigit() else path.resolve().name)
        found.setdefault(name, []).extend(read_run(folder) for folder in inside or [path])
    return found


def held_of(runs: Sequence[Run], boxes: Mapping[Key, Row], report: str) -> dict[str, list[Held]]:
    """Data set -> findings of an arm that the boxes were asked for as well.

    Raises:
        InputError: Another truth lies behind a number, or a run has answers that others of its arm lack.
    """
    answers: dict[Key, list[Row]] = {}
    for row in _shown(runs, report):
        answers.setdefault(_key(row), []).append(row)
    found: dict[str, list[Held]] = {}
    for key, rows in answers.items():
        if key in boxes and any(row["truth"] != boxes[key]["truth"] for row in rows):
            raise InputError(
                f"'{key[1]}' of '{key[0]}' has another truth in the scores than in the table of the boxes. Ask both "
                "for the same data, with the same reports: python -m benchmarks.expert_box --data DIR..."
            )
        if key in boxes:
            found.setdefault(key[0], []).append(Held(boxes[key], tuple(rows)))
    for data, listed in found.items():
        if len({len(held.answers) for held in listed}) > 1:
            raise InputError(f"The runs of an arm were not asked for the same findings of '{data}'. Score them alike.")
    return found


def _shown(runs: Sequence[Run], report: str) -> Iterator[Row]:
    for run in runs:
        yield from (row for row in run.rows if row["report"] == report and int(row["true_px"]))


def _key(row: Row) -> Key:
    return row["data"], row["case"], row["finding"]


def share_figures(held: Sequence[Held]) -> dict[str, Any]:
    """Dice of the model and of the boxes on the same findings, and the share, per image, per finding and by size."""
    by_size = {size: [each for each in held if each.box["size"] == size] for size in SIZES}
    per_image = list({(each.box["case"], each.box["target"]): each for each in held}.values())
    return {
        "findings": len(held),
        "images": len({each.box["case"] for each in held}),
        "patients": len({each.group for each in held}),
        "runs": len(held[0].answers),
        "per_image": _against(per_image, image_dice, "_image"),
        "per_finding": _against(held, _dice),
        "sizes": {size: _against(listed, _dice) for size, listed in by_size.items() if listed},
    }


def _dice(row: Row) -> float:
    return float(row["dice"])


def _against(held: Sequence[Held], read: Callable[[Row], float], end: str = "") -> dict[str, Any]:
    """Shares are of sums, model by box, in draws of whole patients that both share."""
    groups = [each.group for each in held]
    model = [each.dice(read) for each in held]
    found: dict[str, Any] = {
        "counted": len(held),
        "dice": rounded(float(np.mean(model))),
        "interval": bounds(bootstrap_interval(model, groups=groups)),
    }
    for way in BOXES:
        box = [float(each.box[way + end]) for each in held]
        found[way] = {
            "dice": rounded(float(np.mean(box))),
            "share": rounded(sum(model) / sum(box)) if sum(box) else None,
            "interval": bounds(ratio_interval(model, box, groups)),
        }
    return found


def share_record(arms: Mapping[str, Sequence[Run]], boxes: Sequence[Row], report: str) -> dict[str, Any]:
    """Data set -> arm -> :func:`share_figures`; and who the arms are.

    Raises:
        ConfigError: No arm was asked for anything that the boxes were.
        InputError: See :func:`held_of`.
    """
    keyed = {_key(row): row for row in boxes}
    sets: dict[str, Any] = {}
    for arm, runs in arms.items():
        for data, listed in held_of(runs, keyed, report).items():
            known = sets.setdefault(data, {"origins": sorted({each.box["origin"] for each in listed}), "arms": {}})
            known["arms"][arm] = share_figures(listed)
    if not sets:
        raise ConfigError(f"No answer to the report '{report}' is about a finding in '{FOLDER.name}'.")
    return {
        "report": report,
        "arms": {arm: {"weights": sorted(_weights(runs))} for arm, runs in arms.items()},
        "sets": {data: sets[data] for data in sorted(sets)},
    }


def _weights(runs: Sequence[Run]) -> set[str]:
    return {run.record["model"].get("weights") or "" for run in runs if run.record.get("model")}


def main() -> None:
    """Parse the arguments, compare, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.share_of_box", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--scores", nargs="+", required=True, help="[ARM=]FOLDER, any number")
    parser.add_argument("--report", default="true", help="way of asking: true, none or other")
    given = parser.parse_args()
    write_record("share_of_box", 0, share_record(runs_of(given.scores), kept_rows(), given.report))


if __name__ == "__main__":
    main()
