"""A grid's section of docs/results.md: what its figures say in words that are made from them, then the tables."""

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.grid.groups import ALL, COMPETING, LOOKS_ONLY, MEAN_OF_SETS, PER_IMAGE, SMALL, STATES_A_PLACE
from benchmarks.grid.tables import (
    CONFUSION,
    IN_SAMPLE,
    MAIN_ARMS,
    NOT_THERE,
    ORIGIN_WORDS,
    WORDS,
    WRONG_OBJECT,
    arms_of,
    confusion_table,
    false_query_table,
    label,
    main_table,
    own_threshold_words,
    parts_table,
    sections_of,
    set_groups,
    silent_table,
    title,
    words_table,
    wrong_object_table,
)
from benchmarks.markdown import percent, points

Figures = Mapping[str, Any]

TITLES = {
    "phantoms_main": "phantoms",
    "phantoms_fine": "guidance of the finer maps, on phantoms",
    "phantoms_parts": "the other parts, on phantoms",
    "real_main": "real images",
    "longer": "real images, trained on a CPU at 128 px",
}

HEADLINES = {
    "phantoms": {
        COMPETING: "phantoms with look-alikes",
        "suite overlap": "overlapping phantoms",
        "suite low_contrast": "phantoms of low contrast",
        "suite small": "small phantoms",
        "suite size": "phantoms that differ in size alone",
    },
    "referring": {ALL: "the referring suite"},
    "real": {
        STATES_A_PLACE + PER_IMAGE: "real sets whose text states a place, Dice per image",
        STATES_A_PLACE: "real sets whose text states a place, finding by finding",
        SMALL: "findings below 1 % of the frame",
        LOOKS_ONLY: "real sets whose text describes looks only",
    },
}
"""Family -> group -> words for it."""

PARTS = "What each part is worth: the full model without it, less the full model."

WHOLE = {
    "phantoms": {ALL: "phantoms"},
    "referring": {ALL: "the referring suite"},
    "real": {
        MEAN_OF_SETS + PER_IMAGE: "the mean of the real sets, Dice per image",
        MEAN_OF_SETS: "the mean of the real sets, finding by finding",
    },
}
"""The same, one figure for a family."""


def grid_section(record: Figures) -> str:
    """The section of one grid."""
    parts = [grid_brief(record)]
    for family, origin, figures in sections_of(record):
        told, arms = figures["asked"]["true"], [arm for arm in MAIN_ARMS if arm in arms_of(figures)]
        groups = _groups(family, figures)
        first = next(iter(told[ALL].values()))
        parts += [
            f"### {title(family, origin)} ({first['findings']} findings, {first['patients']} patients or cases)",
            "Dice with its own report:",
            main_table(figures, groups),
        ]
        short = _short(family, figures)
        silent = groups if family == "real" else [ALL]
        tables = (
            (f"Another object drawn than the one that is meant. {WRONG_OBJECT}", wrong_object_table(figures, arms)),
            (PARTS, parts_table(figures, short)),
            (WORDS, words_table(figures, groups, ("late", "full"))),
            ("Asked without a report, less `host` asked without one.", silent_table(figures, silent, ("late", "full"))),
            (f"{NOT_THERE} {own_threshold_words(figures)}", false_query_table(figures, arms, own=True, brief=True)),
            (f"{NOT_THERE} {IN_SAMPLE}", false_query_table(figures, arms, own=False, brief=True)),
            (f"Inter-class confusion. {CONFUSION}", confusion_table(figures, arms) if family == "real" else None),
        )  # fmt: skip
        parts += [part for caption, found in tables if found for part in (caption, found)]
    return "\n\n".join(parts)


def grid_brief(record: Figures) -> str:
    """The section of one grid without its tables, which lie beside its figures."""
    return "\n\n".join((*_heading("What the report adds", record), lead(record), _facts(record)))


def _heading(words: str, record: Figures) -> list[str]:
    name, note = record["grid"]["name"], record["grid"].get("note")
    return [f"## {words}: {TITLES.get(name, name)}", *([note] if note else [])]


def grid_parts(record: Figures) -> str:
    """The section of a grid that is there for its parts: what each of them is worth, and nothing else."""
    found = [
        f"{title(family, origin)}:\n\n{part}"
        for family, origin, figures in sections_of(record)
        if (part := parts_table(figures, _short(family, figures)))
    ]
    return "\n\n".join(
        (*_heading("What each part is worth", record), _facts(record), *((PARTS, *found) if found else ()))
    )


def lead(record: Figures) -> str:
    """Where the report helps and where it does not, then what else the figures say, in words made from them."""
    found = list(_differences(record, "host", HEADLINES))
    if not found:
        return "The arms `full` and `host` are not both finished, so nothing is said of the report yet."
    sides = {
        "**The report helps** on:": [each for each in found if _side(each[1]) > 0],
        "**No sure difference** on:": [each for each in found if _side(each[1]) == 0],
        "**It does harm** on:": [each for each in found if _side(each[1]) < 0],
    }
    first = " ".join(f"{words} {_listed(listed)}." for words, listed in sides.items() if listed)
    parts = []
    for baseline, words in (("late", "report tokens at the decoder alone"), ("unet", "BasicUNet")):
        against = list(_differences(record, baseline, WHOLE))
        parts += [f"Against {words}: {_listed(against)}."] if against else []
    beyond = list(_differences(record, "names_alone", HEADLINES))
    parts += [f"Told the whole report, less told the findings' names alone: {_listed(beyond)}."] if beyond else []
    silent = list(_differences(record, "host", WHOLE, "none"))
    parts += [f"Asked without a report, less the host trained without one: {_listed(silent)}."] if silent else []
    parts += _set_by_set(record, "host", "`host`")
    parts += _set_by_set(record, "unet", "BasicUNet")
    parts += _wrong_objects(record)
    rest = "".join(f"\n- {part}" for part in parts)
    return f"Full model less the same host without a report, in points of Dice. {first}\n{rest}".rstrip()


def _short(family: str, figures: Figures) -> list[str]:
    """The groups that the lead speaks of."""
    told = figures["asked"]["true"]
    return [group for group in dict.fromkeys((*HEADLINES[family], *WHOLE[family])) if group in told]


def _differences(
    record: Figures, baseline: str, groups: Mapping[str, Mapping[str, str]], mode: str = "true"
) -> Iterator[tuple[str, Figures]]:
    """Words for a group, and the full model less a baseline there."""
    for family, origin, figures in sections_of(record):
        words = f" ({ORIGIN_WORDS[origin]})" if family == "real" else ""
        for group, named in groups[family].items():
            compared = figures["asked"][mode].get(group, {}).get("full", {}).get(f"to_{baseline}")
            if compared is not None:
                yield f"{named}{words}", compared


def _side(difference: Figures) -> int:
    """1 where the interval lies above 0, -1 where it lies below, else 0."""
    interval = difference["interval"]
    return 0 if len(interval) < 2 else int(interval[0] > 0) - int(interval[1] < 0)


def _listed(found: list[tuple[str, Figures]]) -> str:
    return "; ".join(f"{words} {points(each['difference'], each['interval'])}" for words, each in found)


def _set_by_set(record: Figures, baseline: str, words: str) -> list[str]:
    """Real data sets on which the full model is ahead of a baseline, behind it, or neither for sure."""
    sides: dict[int, list[str]] = {1: [], 0: [], -1: []}
    for family, _, figures in sections_of(record):
        told = figures["asked"]["true"] if family == "real" else {}
        for group in [group for group in told if group.startswith("data ") and group + PER_IMAGE not in told]:
            compared = told[group].get("full", {}).get(f"to_{baseline}")
            if compared is not None:
                sides[_side(compared)].append(label(group).removesuffix(PER_IMAGE))
    where = {1: "ahead on", 0: "neither ahead nor behind for sure on", -1: "behind on"}
    told = [f"{where[side]} {', '.join(sorted(names))}" for side, names in sides.items() if names]
    return [f"Set by set against {words}, with its report it is {'; '.join(told)}."] if told else []


def _wrong_objects(record: Figures) -> list[str]:
    told = []
    for family, _, figures in sections_of(record):
        of_arms = figures.get("wrong_object", {}).get(ALL, {})
        shares = [
            f"{percent(of_arms[arm]['wrong'])} by `{arm}`" for arm in ("full", "late", "host", "unet") if arm in of_arms
        ]
        told += [f"{WHOLE[family][ALL]}: {', '.join(shares)}"] if "full" in of_arms else []
    return [f"Another object is drawn than the one that is meant, of {'; of '.join(told)}."] if told else []


def _facts(record: Figures) -> str:
    grid = record["grid"]
    seeds = {arm: len(of_arm["weights"]) for arm, of_arm in grid["arms"].items()}
    counts = sorted(set(seeds.values()))
    trained = "; ".join(f"{n} for {', '.join(f'`{a}`' for a, m in seeds.items() if m == n)}" for n in counts)
    arms = ", ".join(f"`{arm}` ({of_arm['what']})" for arm, of_arm in grid["arms"].items())
    one = (
        " With one seed, an interval says how sure a figure is over cases, and nothing of another training."
        if 1 in counts
        else ""
    )
    size = grid.get("settings", {}).get("image_size")
    pixels = f" at {size} px" if size else ""
    before = ", each from the weights of its own arm in an earlier grid" if grid["goes_on_from_a_grid"] else ""
    return (
        f"Arms, trained alike on the same data for {grid['steps']} steps of {grid['batch_size']}{pixels}{before}, host "
        f"`{grid['host']}`{_norms(grid)}: {arms}. Seeds: {trained}. Dice is a finding's mean over the seeds, "
        f"intervals are of 95 % by resampling patients, differences are paired finding by finding.{one} "
        f"More groups and arms: `benchmarks/results/grid_{grid['name']}.md`."
    )


def _norms(grid: Figures) -> str:
    """How the tiny host is normed; grids that do not say so are from before that could be chosen."""
    return f" with {grid.get('norm') or 'batch'} norms" if grid["host"] == "tiny" else ""


def _groups(family: str, figures: Figures) -> list[str]:
    """Rows of the main table."""
    told = figures["asked"]["true"]
    if family == "real":
        return set_groups(figures)
    wanted = [ALL, *([COMPETING] if family == "phantoms" else []), *(g for g in told if g.startswith("suite "))]
    return [group for group in wanted if group in told]
