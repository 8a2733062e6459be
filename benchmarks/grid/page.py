"""Figures of the grid as Markdown tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.grid.groups import ALL
from benchmarks.grid.tables import (
    CONFUSION,
    IN_SAMPLE,
    NOT_THERE,
    WORDS,
    WRONG_OBJECT,
    arms_of,
    confusion_table,
    dice_cell,
    difference_cell,
    false_query_table,
    main_table,
    own_threshold_words,
    sections_of,
    set_groups,
    silent_table,
    title,
    words_table,
    wrong_object_table,
)
from benchmarks.markdown import table

COMPARED_WITH = ("host", "late", "unet", "full")


def grid_page(record: Mapping[str, Any]) -> str:
    """The tables of one grid: a section for each family of data and origin of the reports, which nothing averages."""
    sections = [f"# Grid {record['grid']['name']}", _facts(record)]
    for family, origin, figures in sections_of(record):
        told, groups, arms = figures["asked"]["true"], list(figures["asked"]["true"]), arms_of(figures)
        first = told[ALL][arms[0]]
        sections += [
            f"## {title(family, origin)} ({first['findings']} findings, {first['patients']} patients or cases)",
            _overview(record, figures["asked"]),
        ]
        if family == "real":
            sections += ["Dice of each data set:", main_table(figures, set_groups(figures))]
        sections += [
            "Dice per finding with its own report, per group (findings in brackets):",
            table(("group", *arms), [(_counted(g, told[g]), *(dice_cell(told[g].get(a)) for a in arms)) for g in told]),
        ]
        for baseline in COMPARED_WITH:
            compared = [arm for arm in arms if f"to_{baseline}" in told[ALL][arm]]
            rows = [(group, *(difference_cell(told[group].get(arm), baseline) for arm in compared)) for group in groups]
            if compared:
                words = f"The same, less `{baseline}` finding by finding, in points of Dice:"
                sections += [words, table(("group", *compared), rows)]
        sections += _further(figures, groups, arms)
    return "\n\n".join(sections) + "\n"


def _further(figures: Mapping[str, Any], groups: Sequence[str], arms: Sequence[str]) -> list[str]:
    """What the tables of Dice do not say, each with its caption; nothing where it was not measured."""
    tables = (
        (WORDS, words_table(figures, groups, arms)),
        ("Asked without a report, less `host` asked without one:", silent_table(figures, groups, arms)),
        (f"{NOT_THERE} {own_threshold_words(figures)}", false_query_table(figures, arms, own=True)),
        (f"{NOT_THERE} {IN_SAMPLE}", false_query_table(figures, arms, own=False)),
        (f"Inter-class confusion. {CONFUSION}", confusion_table(figures, arms)),
        (f"Another object drawn than the one that is meant. {WRONG_OBJECT}", wrong_object_table(figures, arms)),
    )
    return [part for caption, found in tables if found for part in (caption, found)]


def _facts(record: Mapping[str, Any]) -> str:
    grid = record["grid"]
    sets = ", ".join(f"{d['name']} ({d['cases']} cases, {d['split']})" for d in record["data"])
    arms = "\n".join(f"- `{name}`: {arm['what']}" for name, arm in grid["arms"].items())
    return (
        f"`{record['command']}`, {record['date']}, {record['machine']}, {grid['steps']} steps of {grid['batch_size']}, "
        f"host `{grid['host']}`. Scored on: {sets}.\n\n{arms}\n\n"
        "Dice is per finding that the image shows, at the image's own size, 95 % bootstrap intervals over patients of "
        "each finding's mean over the seeds; the deviation is that of the seeds' means. A mean of data sets is that of "
        "their means, with patients drawn within each." + (f" {grid['note']}" if grid.get("note") else "")
    )


def _overview(record: Mapping[str, Any], modes: Mapping[str, Any]) -> str:
    compared = [other for other in COMPARED_WITH if any(f"to_{other}" in f for f in modes["true"][ALL].values())]
    rows = []
    for arm, figures in modes["true"][ALL].items():
        others = [modes[mode].get(ALL, {}).get(arm, {}).get("dice") for mode in ("none", "other")]
        rows.append(
            (
                arm, record["grid"]["arms"][arm]["parameters"], len(figures["of_seeds"]), dice_cell(figures),
                figures["sd_of_seeds"], *others, *(difference_cell(figures, other) for other in compared),
            )
        )  # fmt: skip
    header = (
        "arm", "parameters", "seeds", "Dice with its own report", "deviation over seeds", "without a report",
        "with another's", *(f"less `{other}`, points" for other in compared),
    )  # fmt: skip
    return table(header, rows)


def _counted(group: str, of_arms: Mapping[str, Any]) -> str:
    return f"{group} ({max(figures['findings'] for figures in of_arms.values())})"
