"""Tables of the grid that its own page and docs/results.md share: figures of one family of data and one origin."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.grid.false_queries import BOTH
from benchmarks.grid.groups import (
    ALL,
    FAMILIES,
    LOOKS_ONLY,
    MEAN_OF_SETS,
    PER_IMAGE,
    PLACE_DESCRIBED,
    SMALL,
    STATES_A_PLACE,
)
from benchmarks.markdown import percent, points, table
from medsegr.evaluation.html import with_interval

MAIN_ARMS = ("bare-host", "host", "late", "full", "unet")
"""The full model and what it is measured against; the others lack a part of it."""

ORIGIN_WORDS = {
    "real": "real reports",
    "derived": "reports derived from the masks",
    "none": "no reports, structures by name",
}

WORDS = "With its own report, less the same model told the findings' names alone, in points of Dice."

NOT_THERE = "Asked for what is not there."

IN_SAMPLE = (
    "Share rejected at the support that 95 % of the described findings of these very test data reach, so that all arms "
    "keep as many, and AUROC of support: how far the two can be told apart, a little better than with a threshold that "
    "was fixed before."
)
WRONG_OBJECT = (
    "A case counts as wrong when more of the mask lies on the competitors than on the object that is meant, as missed "
    "when no pixel of that object is found."
)
CONFUSION = "Share of the outlined pixels that belong to a structure of another class and not to the one that is meant."

Figures = Mapping[str, Any]


def sections_of(record: Figures) -> Iterator[tuple[str, str, Figures]]:
    """Family, origin and figures of every section, family by family."""
    for family in FAMILIES:
        for origin, families in record["origins"].items():
            if family in families:
                yield family, origin, families[family]


def title(family: str, origin: str) -> str:
    """A heading."""
    return FAMILIES[family] if family == "phantoms" else f"{FAMILIES[family]}, {ORIGIN_WORDS[origin]}"


def label(group: str) -> str:
    """A group's name as tables have it."""
    return group.removeprefix("data ").removeprefix("suite ")


def set_groups(figures: Figures) -> list[str]:
    """Each data set, then what is reckoned over several."""
    told = figures["asked"]["true"]
    sets = [group for group in told if group.startswith("data ")]
    means = [each for group in (MEAN_OF_SETS, STATES_A_PLACE) for each in (group, group + PER_IMAGE)]
    return [*sets, *(group for group in (*means, PLACE_DESCRIBED, LOOKS_ONLY, SMALL) if group in told)]


def main_table(figures: Figures, groups: Sequence[str]) -> str:
    """Dice of the main arms with their own report, and the full model less each of the others."""
    told = {group: figures["asked"]["true"][group] for group in groups}
    arms = [arm for arm in MAIN_ARMS if any(arm in found for found in told.values())]
    others = [arm for arm in arms if any(f"to_{arm}" in found.get("full", {}) for found in told.values())]
    rows = [
        (
            label(group),
            max(of_arm["findings"] for of_arm in found.values()),
            *(dice_cell(found.get(arm)) for arm in arms),
            *(difference_cell(found.get("full"), other) for other in others),
        )
        for group, found in told.items()
        if found
    ]
    return table(("", "findings", *arms, *(f"full less {other}, points" for other in others)), rows)


def parts_table(figures: Figures, groups: Sequence[str]) -> str | None:
    """What each part of the full model is worth: the arms without it, less the full model. None without such arms."""
    told = figures["asked"]["true"]
    arms = list(dict.fromkeys(arm for group in groups for arm in told[group] if "to_full" in told[group][arm]))
    rows = [(arm, *(difference_cell(told[group].get(arm), "full") for group in groups)) for arm in arms]
    return table(("less full, points", *map(label, groups)), rows) if rows else None


def words_table(figures: Figures, groups: Sequence[str], arms: Sequence[str]) -> str | None:
    """What a report's words are worth beyond the findings' names. None where no arm was asked both ways."""
    told = figures["asked"]["true"]
    arms = [arm for arm in arms if any("to_names_alone" in told[group].get(arm, {}) for group in groups)]
    rows = [(label(group), *(difference_cell(told[group].get(arm), "names_alone") for arm in arms)) for group in groups]
    return table(("", *arms), rows) if arms and rows else None


def silent_table(figures: Figures, groups: Sequence[str], arms: Sequence[str]) -> str | None:
    """Asked without a report, less the host asked without one. None where the host is missing."""
    asked = figures["asked"]["none"]
    arms = [arm for arm in arms if any("to_host" in asked[group].get(arm, {}) for group in groups)]
    rows = [
        (
            label(group),
            asked[group].get("host", {}).get("dice"),
            *(difference_cell(asked[group].get(arm), "host") for arm in arms),
        )
        for group in groups
        if asked[group]
    ]
    return table(("", "host", *(f"{arm} less host, points" for arm in arms)), rows) if arms and rows else None


def own_threshold_words(figures: Figures) -> str:
    """A caption of :func:`false_query_table` with ``own``."""
    found = {each for of in figures["false_queries"].values() for arm in of.values() for each in arm["thresholds"]}
    which = "at a support of 0.5" if found == {0.5} else (
        "at each run's own threshold of support, set so that it keeps 95 % of the described findings of the validation "
        "splits, at 0.5 at most"
    )  # fmt: skip
    return f"Share rejected {which}, and in brackets the share of the described findings of these data that it keeps."


def false_query_table(figures: Figures, arms: Sequence[str], own: bool, brief: bool = False) -> str | None:
    """What is rejected of what is not there, by data and kind of question. None where nothing was asked.

    Args:
        figures: Of a section.
        arms: Columns.
        own: At the runs' own thresholds; else at the one that keeps 95 % here, with the AUROC.
        brief: Of single data sets, leave out kinds that are part of another line.
    """
    rows = []
    for group, of_arms in figures["false_queries"].items():
        asked = {kind: found["asked"] for each in of_arms.values() for kind, found in each["kinds"].items()}
        alone = [kind for kind in asked if kind != BOTH and asked[kind] == asked.get(BOTH)]
        for kind, count in asked.items():
            if (kind == BOTH and alone) or (brief and group != ALL and kind not in (BOTH, "absent", *alone)):
                continue
            cells = [(_rejected if own else _at_kept)(of_arms.get(arm), kind) for arm in arms]
            rows.append((label(group), f"{kind} ({count})", *cells))
    return table(("data", "asked for", *arms), rows) if rows else None


def _rejected(of_arm: Figures | None, kind: str) -> str | None:
    found = (of_arm or {}).get("kinds", {}).get(kind)
    if of_arm is None or found is None or found["rejected"] is None:
        return None
    return f"{percent(found['rejected'], found['rejected_interval'])} [{percent(of_arm['kept'])}]"


def _at_kept(of_arm: Figures | None, kind: str) -> str | None:
    found = (of_arm or {}).get("kinds", {}).get(kind)
    if found is None:
        return None
    return f"{percent(found['rejected_at_kept'], found['interval'])}, AUROC {found['auroc']:.2f}"


def confusion_table(figures: Figures, arms: Sequence[str]) -> str | None:
    """Share of each arm, and its ratio to the host's. None where nothing is confused."""
    groups = figures["confusion"]
    compared = [arm for arm in arms if any("to_host" in of.get(arm, {}) for of in groups.values())]
    rows = [
        (
            label(group),
            *(percent(of[arm]["share"], of[arm]["interval"], 1) if arm in of else None for arm in arms),
            *(_ratio(of.get(arm, {}).get("to_host")) for arm in compared),
        )
        for group, of in groups.items()
    ]
    return table(("data", *arms, *(f"{arm} / host" for arm in compared)), rows) if rows else None


def _ratio(found: Figures | None) -> str | None:
    return None if found is None else with_interval(found["ratio"], found["interval"], 2)


def wrong_object_table(figures: Figures, arms: Sequence[str]) -> str | None:
    """Share of cases in which another object is drawn. None where none compete."""
    rows = [
        (label(group), max(found["cases"] for found in of.values()), *(_wrong(of.get(arm)) for arm in arms))
        for group, of in figures.get("wrong_object", {}).items()
    ]
    return table(("suite", "cases", *arms), rows) if rows else None


def _wrong(found: Figures | None) -> str | None:
    if found is None:
        return None
    return f"{percent(found['wrong'], found['interval'])}, missed {percent(found['missed'])}"


def dice_cell(found: Figures | None) -> str | None:
    """Dice with its interval."""
    return None if found is None else with_interval(found["dice"], found["interval"])


def difference_cell(found: Figures | None, baseline: str) -> str | None:
    """An arm less a baseline, in points."""
    compared = (found or {}).get(f"to_{baseline}")
    return None if compared is None else points(compared["difference"], compared["interval"])


def arms_of(figures: Figures) -> list[str]:
    """Arms that were scored."""
    return list(figures["asked"]["true"][ALL])
