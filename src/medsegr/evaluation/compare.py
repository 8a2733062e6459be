"""Two runs of ``medsegr evaluate`` side by side, finding by finding."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from medsegr.errors import ConfigError, InputError
from medsegr.evaluation.answer import ORIGINS
from medsegr.evaluation.metrics import Overlap
from medsegr.evaluation.paired import paired_figures
from medsegr.evaluation.run_files import Run
from medsegr.evaluation.strata import OVERLAPS, SIZES

SCHEMA = "medsegr.comparison/1"
MEASURES = ("dice", "iou", "nsd", "hd95")
STRATA = ("data", "target", "size", "overlap", "suite", "role")
SAME_SETTINGS = ("tolerance", "lesion_overlap")
"""Settings of a run that decide what its figures mean."""

Row = dict[str, str]
Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Pair:
    """One finding in both runs."""

    first: Row
    second: Row

    @property
    def group(self) -> tuple[str, str]:
        """What intervals are resampled by."""
        return self.first["data"], self.first["patient"]


def compare_runs(
    first: Run, second: Run, first_report: str | None = None, second_report: str | None = None, seed: int = 0
) -> dict[str, Any]:
    """Paired statistics of two runs, per origin of the reports and way of asking.

    Cases are paired by data set, case, finding and way of asking.

    Args:
        second: Another; differences are second minus first.
        first_report: Take only this way of asking of the first run, whatever the other's is called.
        second_report: The same of the second run.

    Raises:
        ConfigError: Only one of the two ways is given, or a run lacks it.
        InputError: No common case, other truths, or other tolerances.
    """
    _check_settings(first, second)
    pairs = pair_rows(first, second, first_report, second_report)
    reports = list(dict.fromkeys((p.first["report"], p.second["report"]) for p in pairs))
    origins: dict[str, Any] = {}
    for origin in ORIGINS:
        of_origin = [p for p in pairs if p.first["origin"] == p.second["origin"] == origin]
        if of_origin:
            origins[origin] = {
                one if one == other else f"{one} -> {other}": _figures(of_origin, (one, other), seed)
                for one, other in reports
            }
    if not origins:
        raise InputError("The reports of one run are real and those of the other derived; the two are not compared.")
    return {
        "schema": SCHEMA,
        "first": _described(first, first_report),
        "second": _described(second, second_report),
        "settings": {name: first.record.get("settings", {}).get(name) for name in SAME_SETTINGS},
        "pairs": len(pairs),
        "only_in_first": len(_keyed(first.rows, first_report)) - len(pairs),
        "only_in_second": len(_keyed(second.rows, second_report)) - len(pairs),
        "other_content": sum(p.first["content"] != p.second["content"] for p in pairs),
        "seed": seed,
        "origins": origins,
    }


def pair_rows(first: Run, second: Run, first_report: str | None = None, second_report: str | None = None) -> list[Pair]:
    """Rows of the same finding in both runs, in the first run's order.

    Raises:
        ConfigError, InputError: See :func:`compare_runs`.
    """
    if (first_report is None) != (second_report is None):
        raise ConfigError("One way of asking was named; name it for both runs, or for none.")
    one, other = _keyed(first.rows, first_report), _keyed(second.rows, second_report)
    for run, rows, report in ((first, one, first_report), (second, other, second_report)):
        if report is not None and not rows:
            known = ", ".join(sorted({row["report"] for row in run.rows}))
            raise ConfigError(f"The run '{run.name}' has no report '{report}'; it has: {known}.")
    pairs = [Pair(row, other[key]) for key, row in one.items() if key in other]
    if not pairs:
        raise InputError(
            f"The runs '{first.name}' and '{second.name}' have no case in common (by data set, case, finding and "
            "report). Evaluate both on the same data and split."
        )
    changed = [p for p in pairs if p.first["truth"] != p.second["truth"]]
    if changed:
        where = changed[0].first
        raise InputError(
            f"{len(changed)} of {len(pairs)} common findings have other truths in the two runs, the first being "
            f"finding {where['finding']} of {where['case']} ({where['data']}). Evaluate both on the same masks."
        )
    return pairs


def _keyed(rows: Sequence[Row], report: str | None) -> dict[Key, Row]:
    chosen = [row for row in rows if report is None or row["report"] == report]
    return {(r["data"], r["case"], r["finding"], r["report"] if report is None else ""): r for r in chosen}


def _check_settings(first: Run, second: Run) -> None:
    for name in SAME_SETTINGS:
        one, other = (run.record.get("settings", {}).get(name) for run in (first, second))
        if one != other:
            raise InputError(
                f"The runs were measured with another {name.replace('_', ' ')}: {one} and {other}. "
                "Evaluate both with the same."
            )


def _figures(pairs: Sequence[Pair], reports: tuple[str, str], seed: int) -> dict[str, Any]:
    """Of one way of asking: all measures over findings that are shown, Dice per stratum, and errors counted."""
    told = [p for p in pairs if (p.first["report"], p.second["report"]) == reports]
    shown = [p for p in told if int(p.first["true_px"])]
    strata = {name: dict(_per_stratum(shown, name, seed)) for name in STRATA}
    return {
        "measures": {name: found for name in MEASURES for name, found in _measured(shown, name, seed)},
        "strata": {name: found for name, found in strata.items() if len(found) > 1 or name in ("size", "overlap")},
        "errors": {which: _errors([getattr(p, which) for p in told]) for which in ("first", "second")},
    }


def _measured(pairs: Sequence[Pair], name: str, seed: int) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Figures of a measure; distances once per unit, for millimetres and pixels are not averaged."""
    if name not in ("nsd", "hd95"):
        yield name, _paired(pairs, name, seed)
        return
    for unit in sorted({p.first["unit"] for p in pairs}):
        here = [p for p in pairs if p.first["unit"] == p.second["unit"] == unit]
        yield f"{name}_{unit}", _paired(here, name, seed)


def _per_stratum(pairs: Sequence[Pair], name: str, seed: int) -> Iterator[tuple[str, dict[str, Any] | None]]:
    values = {p.first[name] for p in pairs} - {""}
    order = {"size": SIZES, "overlap": OVERLAPS}.get(name, tuple(sorted(values)))
    for value in order:
        if value in values:
            yield value, _paired([p for p in pairs if p.first[name] == value], "dice", seed)


def _paired(pairs: Sequence[Pair], name: str, seed: int) -> dict[str, Any] | None:
    one, other = ([float(getattr(p, which)[name]) for p in pairs] for which in ("first", "second"))
    return paired_figures(one, other, [p.group for p in pairs], seed)


def _errors(rows: Sequence[Row]) -> dict[str, int]:
    overlaps = [Overlap(int(row["both_px"]), int(row["predicted_px"]), int(row["true_px"])) for row in rows]
    return {
        "missed": sum(overlap.missed for overlap in overlaps),
        "left_empty": sum(overlap.left_empty for overlap in overlaps),
        "false_alarms": sum(overlap.false_alarm for overlap in overlaps),
    }


def _described(run: Run, report: str | None) -> dict[str, Any]:
    """The run, and the way of asking that was taken of it alone, if one was."""
    return {
        "run": run.name,
        "report": report,
        **{key: run.record.get(key) for key in ("model", "time", "data", "split")},
    }
