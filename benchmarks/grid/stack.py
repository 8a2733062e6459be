"""The answers of one arm's seeds, side by side: the same questions, a row of ``per_case.csv`` for each seed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

import numpy as np

from benchmarks.grid.groups import family_of, source_image
from medsegr.errors import InputError
from medsegr.evaluation.compare import Key, Row, pair_rows
from medsegr.evaluation.run_files import Run
from medsegr.inference.thresholds import SupportThresholds

Scores = Mapping[str, Mapping[int, Run]]
"""Arm -> seed -> all its scores."""


@dataclass(frozen=True)
class Stack:
    """Questions that several seeds answered.

    Attributes:
        arm: Whose they are.
        rows: What was asked, with the answer of the first seed.
        answers: The rows of each seed, in the order of ``rows``.
        thresholds: Of each seed: data set -> support below which it says "not there", as it was scored there.
    """

    arm: str
    rows: tuple[Row, ...]
    answers: tuple[tuple[Row, ...], ...]
    thresholds: tuple[Mapping[str, float], ...]

    def where(self, test: Callable[[Row], bool]) -> "Stack":
        """The questions that a test lets through. It sees the first seed's row and may not ask for the answer."""
        chosen = [place for place, row in enumerate(self.rows) if test(row)]
        return self._at(chosen)

    def per_image(self) -> "Stack":
        """One question for each image, target and way of asking: the first, which knows of all findings together."""
        first: dict[tuple[str, ...], int] = {}
        for place, row in enumerate(self.rows):
            first.setdefault((row["data"], row["case"], row["target"], row["report"]), place)
        return self._at(list(first.values()))

    @property
    def own_thresholds(self) -> np.ndarray:
        """The threshold that each answer was given with, (seeds, questions); nan where no record tells."""
        return np.array([[of.get(row["data"], np.nan) for row in self.rows] for of in self.thresholds], float)

    def on(self, sets: Sequence[str]) -> "Stack":
        """The questions about some data sets."""
        return self.where(lambda row: row["data"] in sets)

    def values(self, read: Callable[[Row], float]) -> np.ndarray:
        """A figure of every answer, (seeds, questions)."""
        return np.array([[read(row) for row in of_seed] for of_seed in self.answers], float)

    @property
    def groups(self) -> list[tuple[str, str]]:
        """What intervals are resampled by: data set and patient of each question."""
        return [(row["data"], row["patient"]) for row in self.rows]

    @property
    def sets(self) -> np.ndarray:
        """The data set of each question."""
        return np.array([row["data"] for row in self.rows])

    def _at(self, places: Sequence[int]) -> "Stack":
        answers = tuple(tuple(of_seed[place] for place in places) for of_seed in self.answers)
        return replace(self, rows=tuple(self.rows[place] for place in places), answers=answers)


def joined(name: str, runs: Sequence[Run]) -> Run:
    """The scores of one model on several data sets as one.

    Cases of the referring suite that were made of one image belong together, and to its patient where the scores
    on the source tell who that is.
    """
    rows = [row for run in runs for row in run.rows]
    known = {(row["data"], PurePath(row["case"]).stem): row["patient"] for row in rows}
    return Run(name, {"data": [run.record for run in runs]}, tuple(_with_patient(row, known) for row in rows))


def _with_patient(row: Row, known: Mapping[tuple[str, str], str]) -> Row:
    image = source_image(row["data"], row["case"])
    if image is None or row["patient"] != row["case"]:
        return row
    source = row["data"].removeprefix("referring_")
    return {**row, "patient": known.get((source, image), image)}


def stacked(arm: str, runs: Mapping[int, Run], seeds: Sequence[int]) -> Stack:
    """Some seeds of an arm.

    Raises:
        InputError: The seeds were not asked for the same findings and truths.
    """
    keyed = [{_key(row): row for row in runs[seed].rows} for seed in seeds]
    first = keyed[0]
    if any(rows.keys() != first.keys() for rows in keyed) or any(
        rows[key]["truth"] != row["truth"] for key, row in first.items() for rows in keyed
    ):
        raise InputError(
            f"The seeds of '{arm}' were scored on other findings. Delete the folder 'scores' of every run."
        )
    answers = tuple(tuple(rows[key] for key in first) for rows in keyed)
    return Stack(arm, answers[0], answers, tuple(_thresholds(runs[seed]) for seed in seeds))


def paired(first: Stack, second: Stack) -> tuple[Stack, Stack]:
    """Two arms on the questions that both were asked, in one order.

    Raises:
        InputError: There is none, or the truths differ.
    """
    pairs = pair_rows(Run(first.arm, {}, first.rows), Run(second.arm, {}, second.rows))
    keys = [_key(pair.first) for pair in pairs]
    places = [{_key(row): place for place, row in enumerate(stack.rows)} for stack in (first, second)]
    one, other = ([of[key] for key in keys] for of in places)
    return first._at(one), second._at(other)


def as_asked(stack: Stack, mode: str) -> Stack:
    """Answers under the name of another way of asking, to be paired with those."""
    return replace(stack, rows=tuple({**row, "report": mode} for row in stack.rows))


def in_family(stack: Stack, origin: str, family: str) -> Stack:
    """The questions of one family of data, to reports of one origin."""
    return stack.where(lambda row: row["origin"] == origin and family_of(row["data"]) == family)


def _key(row: Row) -> Key:
    return row["data"], row["case"], row["finding"], row["report"]


def _thresholds(run: Run) -> dict[str, float]:
    """By data set, for a threshold that was set anew holds for what was scored since."""
    return {
        data["name"]: SupportThresholds.from_metadata(record["settings"]).of(data.get("modality"))
        for record in run.record.get("data", [])
        for data in record["data"]
    }
