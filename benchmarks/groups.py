"""What figures are about: groups of findings of one family of data, and the figures of all groups."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from benchmarks.answers import FAMILIES
from benchmarks.arms import BASELINES, SILENT
from benchmarks.figures import confusion, difference, false_queries, per_image, ratio, wrong_object
from medsegr.evaluation.answer import ORIGINS
from medsegr.evaluation.strata import OVERLAPS, SIZES

DISTRACTORS = ("place", "texture", "form", "mixed")
"""Suites of phantoms in which several objects of one target compete and differ in one aspect or in several."""

ASPECTS = ("side", "zone", "size", "texture", "kind")
"""Suites of referring cases: what picks the object."""

PLACE_SETS = ("polyp_cvc_text", "cxr_covid_multi", "ct_covid_lesion", "brain_mri_lgg", "cardiac_mri_acdc")
"""Real sets whose text states a place."""

LOOKS_SETS = ("breast_us_text", "skin_ph2_text")
"""Real sets whose text describes texture and form only."""

ALL = "all"
MEAN_OF_SETS = "mean of the data sets"
STATES_A_PLACE = "text states a place, mean of the sets"
PLACE_DESCRIBED = "text states a place, described findings alone, mean of the sets"
LOOKS_ONLY = "text describes looks only, mean of the sets"
COMPETING = "distractors"
SMALL = f"size {SIZES[0]}"
PER_IMAGE = ", per image"
"""End of a group's name: all findings of one target in an image are taken together, as in papers on real sets."""

MODES = ("true", "none")


@dataclass(frozen=True)
class Group:
    """Findings of one family whose figures stand together.

    Attributes:
        name: In words.
        rows: Answers about them.
        of_sets: Its figure is the mean over data sets of their means, not the mean over findings.
    """

    name: str
    rows: pd.DataFrame
    of_sets: bool = False


def groups_of(family: str, rows: pd.DataFrame) -> Iterator[Group]:
    """Groups of a family that hold a finding; those that hold everything are left out where they say nothing new."""
    yield Group(ALL, rows)
    parts = {COMPETING: rows.suite.isin(DISTRACTORS)} if family == "phantoms" else {}
    parts |= {f"suite {suite}": rows.suite == suite for suite in sorted({*rows.suite} - {""})}
    parts |= {f"size {size}": rows["size"] == size for size in SIZES}
    parts |= {f"overlap {overlap}": rows.overlap == overlap for overlap in OVERLAPS}
    yield from (Group(name, rows[inside]) for name, inside in parts.items() if inside.any() and not inside.all())
    sets = sorted({*rows.data})
    if family != "real":
        return
    placed = rows.data.isin(PLACE_SETS)
    described = placed & (rows.role == "described")
    of_sets = {MEAN_OF_SETS: rows.data.isin(sets if len(sets) > 1 else []), STATES_A_PLACE: placed,
               PLACE_DESCRIBED: described & bool((placed & ~described).any()),
               LOOKS_ONLY: rows.data.isin(LOOKS_SETS)}  # fmt: skip
    whole = [Group(name, rows[inside], of_sets=True) for name, inside in of_sets.items() if inside.any()]
    for group in [*whole, *(Group(f"data {name}", rows[rows.data == name]) for name in sets)]:
        yield group
        single = per_image(group.rows)
        if group.name != PLACE_DESCRIBED and len(single) < len(group.rows):
            yield Group(group.name + PER_IMAGE, single, group.of_sets)


def figures_of(rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Family -> origin of the reports -> figures of each arm.

    ``asked``: way of asking -> group -> arm -> ``dice``; ``to_X``, less the baseline X; ``to_names_alone``, less
    itself when it is told the findings' names and no words about them. ``false_queries``, ``confusion`` and
    ``wrong_object``: group -> arm -> figures of :mod:`benchmarks.figures`.
    """
    found: dict[str, dict[str, Any]] = {}
    for family in FAMILIES:
        for origin in ORIGINS:
            mine = rows[(rows.family == family) & (rows.origin == origin)]
            if mine.shown.any():
                found.setdefault(family, {})[origin] = _of_section(family, mine)
    return found


def _of_section(family: str, rows: pd.DataFrame) -> dict[str, Any]:
    arms = list(dict.fromkeys(rows.arm))
    shown = rows[rows.shown & rows.told & rows.report.isin(MODES)]
    asked: dict[str, Any] = {mode: {} for mode in MODES}
    for group in groups_of(family, shown):
        for mode in MODES:
            present = {*group.rows.arm[group.rows.report == mode]}
            asked[mode][group.name] = {arm: _of_arm(group, arm, mode) for arm in arms if arm in present}
    queries = {ALL: {arm: false_queries(rows[rows.arm == arm]) for arm in arms}}
    sets = sorted({*rows.data})
    for name in sets if len(sets) > 1 else ():
        queries[f"data {name}"] = {a: false_queries(rows[(rows.arm == a) & (rows.data == name)], False) for a in arms}
    found = {"asked": asked, "confusion": _confusion(rows[rows.told & (rows.report == "true")], arms),
             "false_queries": {group: of for group, of in queries.items() if any(of.values())},
             "patients": len(shown[["data", "patient"]].drop_duplicates())}  # fmt: skip
    return found if family == "real" else {**found, "wrong_object": _wrong(shown[shown.report == "true"], arms)}


def _of_arm(group: Group, arm: str, mode: str) -> dict[str, Any]:
    of_mode = group.rows[group.rows.report == mode]
    mine = of_mode[of_mode.arm == arm]
    found = {"dice": ratio(mine, "dice", of_sets=group.of_sets)}
    named = group.rows[(group.rows.arm == arm) & (group.rows.report == "none")]
    if mode == "true" and arm not in SILENT and len(named):
        found["to_names_alone"] = difference(mine, named, of_sets=group.of_sets)
    for baseline in (*BASELINES, "full") if arm.startswith("no-") else BASELINES:
        before = of_mode[of_mode.arm == baseline]
        if baseline != arm and {*before.seed} & {*mine.seed}:
            found[f"to_{baseline}"] = difference(mine, before, of_sets=group.of_sets)
    return found


def _confusion(rows: pd.DataFrame, arms: list[str]) -> dict[str, Any]:
    confused = sorted({*rows.data[rows.other_class_px > 0]})
    groups = {MEAN_OF_SETS: confused} if len(confused) > 1 else {}
    groups |= {f"data {name}": [name] for name in confused}
    found: dict[str, Any] = {}
    for group, sets in groups.items():
        mine = rows[rows.data.isin(sets)]
        of_arm = {arm: mine[mine.arm == arm] for arm in arms}
        host = of_arm.get("host")
        found[group] = {arm: confusion(own, None if arm == "host" else host) for arm, own in of_arm.items()}
    return found


def _wrong(rows: pd.DataFrame, arms: list[str]) -> dict[str, Any]:
    competing = rows[(rows.role == "described") & rows.suite.isin([*ASPECTS, *DISTRACTORS])]
    present = [suite for suite in dict.fromkeys((*ASPECTS, *DISTRACTORS)) if (competing.suite == suite).any()]
    groups = {ALL: competing} | {f"suite {suite}": competing[competing.suite == suite] for suite in present}
    return {
        group: {arm: wrong_object(mine[mine.arm == arm]) for arm in arms} for group, mine in groups.items() if len(mine)
    }
