"""The section of docs/results.md on what a stated place could help at most."""

from collections.abc import Mapping
from typing import Any

from benchmarks.grid.tables import ORIGIN_WORDS
from benchmarks.markdown import percent, points, table

Figures = Mapping[str, Any]


def place_section(record: Figures) -> str:
    """What obeying the words of place could be worth, per data set and origin of its reports."""
    rows = [
        (
            name,
            ORIGIN_WORDS[origin],
            found["findings"],
            percent(found["covers"]),
            percent(found["held"]),
            found["named"],
            points(found["place_worth"], found["place_worth_interval"]),
            points(found["in_truth"] - found["named"], []),
            percent(found["missed"]),
            points(found["reports"] - found["named"], []),
        )
        for name, of_set in record["sets"].items()
        for origin, found in of_set.items()
    ]
    header = (
        "data", "reports", "findings with a place", "place covers", "place holds of the truth", "Dice by name alone",
        "cut to the place, points", "cut to the truth, points", "nothing of it drawn", "told the report, points",
    )  # fmt: skip
    return "\n\n".join(
        (
            f"## What a stated place could help at most ({record['model']['name']}, {record['split']} split)",
            "A model that is told the findings' names alone, its masks cut to the place that the report states: that "
            "is what obeying these words by removing pixels would be worth. Cutting to the truth is what no words "
            "could beat in this way; what is left to 1.0 then is missed, and a place can help with that only where it "
            "leads to something that was not drawn. The last column is what the same model makes of the whole report.",
            _lead(record),
            table(header, rows),
        )
    )


def _lead(record: Figures) -> str:
    """Sets on which obeying the place would help for sure, and those on which it would not."""
    sure, unsure = [], []
    for name, of_set in record["sets"].items():
        for found in of_set.values():
            interval = found["place_worth_interval"]
            (sure if len(interval) == 2 and interval[0] > 0 else unsure).append(
                f"{name} {points(found['place_worth'], interval)}"
            )
    told = [f"Obeying the place would help for sure on: {'; '.join(sure)}."] if sure else []
    told += [f"It would not for sure on: {'; '.join(unsure)}."] if unsure else []
    return " ".join(told)
