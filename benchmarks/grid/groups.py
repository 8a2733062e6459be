"""What the grid's figures are about: families of data that are never averaged, and groups of findings in each."""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from medsegr.evaluation.compare import Row
from medsegr.evaluation.strata import OVERLAPS, SIZES

FAMILIES = {
    "phantoms": "Phantoms",
    "referring": "Referring suite on real images",
    "real": "Real data sets",
}
"""Kinds of data, in words. No figure is over two of them."""

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
PER_IMAGE = ", per image"
"""End of a group's name: all findings of one target in an image are taken together, as in papers on real sets."""

COMPETING = "distractors"
SMALL = f"size {SIZES[0]}"

_REFERRING_CASE = re.compile(r"__\d+_[a-z]+\.\w+$")


def family_of(data: str) -> str:
    """One of :data:`FAMILIES`, by the name of a data set."""
    return next((family for family in ("phantoms", "referring") if re.match(f"{family}(_|$)", data)), "real")


def source_image(data: str, case: str) -> str | None:
    """The image, without its suffix, that a case of the referring suite was made of; None for other data."""
    named = _REFERRING_CASE.search(case) if family_of(data) == "referring" else None
    return case[: named.start()] if named else None


@dataclass(frozen=True)
class Group:
    """Findings of one family whose figures stand together.

    Attributes:
        name: In words.
        test: Whether a row of ``per_case.csv`` belongs to it.
        of_sets: Its figure is the mean over data sets of their means, not the mean over findings.
        per_image: All findings of one target in an image count together, once.
    """

    name: str
    test: Callable[[Row], bool]
    of_sets: bool = False
    per_image: bool = False


def groups_of(family: str, rows: Sequence[Row]) -> list[Group]:
    """Groups of a family that hold a finding; those that hold everything are left out where they say nothing new.

    Real sets in which an image has several findings of one target have their groups per image as well.
    """
    sets, suites = (sorted({row[field] for row in rows} - {""}) for field in ("data", "suite"))
    groups = [Group(ALL, lambda _: True)]
    groups += [Group(COMPETING, _one_of("suite", *DISTRACTORS))] if family == "phantoms" else []
    groups += [Group(f"suite {suite}", _one_of("suite", suite)) for suite in suites]
    groups += [Group(f"size {size}", _one_of("size", size)) for size in SIZES]
    groups += [Group(f"overlap {overlap}", _one_of("overlap", overlap)) for overlap in OVERLAPS]
    kept = [each for each in groups if each.name == ALL or 0 < sum(map(each.test, rows)) < len(rows)]
    kept += [Group(MEAN_OF_SETS, lambda _: True, of_sets=True)] if len(sets) > 1 else []
    if family == "real":
        kept += [each for each in _by_text(rows) if any(map(each.test, rows))]
    kept += [Group(f"data {name}", _one_of("data", name)) for name in sets if len(sets) > 1 or family == "real"]
    return _with_images(kept, rows) if family == "real" else kept


def _with_images(groups: Sequence[Group], rows: Sequence[Row]) -> list[Group]:
    """After each group of whole sets the same per image, where that is another figure and all answers know it."""
    several = _of_several(rows)
    known = all(row["image_true_px"] for row in several)
    found = []
    for group in groups:
        found.append(group)
        whole = group.of_sets or group.name.startswith("data ")
        if known and whole and group.name != PLACE_DESCRIBED and any(map(group.test, several)):
            found.append(replace(group, name=group.name + PER_IMAGE, per_image=True))
    return found


def _of_several(rows: Sequence[Row]) -> list[Row]:
    """Rows about one of several findings of a target in an image."""
    found: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for row in rows:
        found[row["data"], row["case"], row["target"]].add(row["finding"])
    return [row for row in rows if len(found[row["data"], row["case"], row["target"]]) > 1]


def _by_text(rows: Sequence[Row]) -> list[Group]:
    """By what the text of real sets tells. Where it is silent on some findings, those it describes stand apart too."""
    placed, looks = _one_of("data", *PLACE_SETS), _one_of("data", *LOOKS_SETS)
    silent = any(placed(row) and row["role"] != "described" for row in rows)
    described = Group(PLACE_DESCRIBED, lambda row: placed(row) and row["role"] == "described", of_sets=True)
    return [
        Group(STATES_A_PLACE, placed, of_sets=True),
        *([described] if silent else []),
        Group(LOOKS_ONLY, looks, of_sets=True),
    ]


def _one_of(field: str, *values: str) -> Callable[[Row], bool]:
    return lambda row: row[field] in values
