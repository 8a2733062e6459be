"""What this project set out to show, and how far it came: the first table of docs/results.md."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.grid.false_queries import BOTH
from benchmarks.grid.groups import ALL, COMPETING, LOOKS_ONLY, MEAN_OF_SETS, PER_IMAGE, SMALL, STATES_A_PLACE
from benchmarks.grid.tables import ORIGIN_WORDS
from benchmarks.markdown import table

Records = Mapping[str, Mapping[str, Any]]
"""Name of a results file -> what it holds."""

Reached = tuple[float, Sequence[float]]
"""A figure, in points or per cent, and its interval."""

PHANTOMS, REAL = "grid_phantoms_main", "grid_real_main"


@dataclass(frozen=True)
class Aim:
    """A figure to reach.

    Attributes:
        words: What it is of, and its unit.
        bound: The least, or with ``at_most`` the most, that it may be.
        read: The figure among all results; a KeyError where it was not measured.
        at_most: The figure is to be small.
        for_sure: The interval has to lie above 0 as well.
    """

    words: str
    bound: float
    read: Callable[[Records], Reached]
    at_most: bool = False
    for_sure: bool = False

    def met(self, reached: Reached) -> bool:
        """Whether the figure is as it was to be."""
        value, interval = reached
        sure = not self.for_sure or (len(interval) == 2 and interval[0] > 0)
        return sure and (value <= self.bound if self.at_most else value >= self.bound)


def aims_section(records: Records) -> str | None:
    """A line for each aim; None where nothing was measured."""
    rows = []
    for aim in AIMS:
        try:
            reached = aim.read(records)
        except KeyError:
            continue
        value, interval = reached
        low, high = (f"{bound:.1f}" for bound in interval) if len(interval) == 2 else ("", "")
        words = f"{value:.1f} ({low} to {high})" if low else f"{value:.1f}"
        rows.append((aim.words, f"{'at most' if aim.at_most else 'at least'} {aim.bound:g}", words,
                     "yes" if aim.met(reached) else "**no**"))  # fmt: skip
    if not rows:
        return None
    met = sum(row[-1] == "yes" for row in rows)
    return (
        f"## What was aimed at\n\n{met} of {len(rows)} aims are met; the sections "
        "below say more of each. Points are of Dice, times 100. `full` is the full model, `host` the same host without "
        "a report, `late` report tokens at the decoder alone.\n\n" + table(("aim", "bound", "reached", "met"), rows)
    )


def _less(  # noqa: PLR0917 - the way through a results file
    name: str, family: str, origin: str, group: str, baseline: str, mode: str = "true"
) -> Callable[[Records], Reached]:
    """The full model less a baseline, in points."""

    def read(records: Records) -> Reached:
        asked = records[name]["origins"][origin][family]["asked"][mode]
        whole = asked.get(group + PER_IMAGE, asked[group])  # one mask per image where the two are not the same
        return _scaled(whole["full"][f"to_{baseline}"], "difference")

    return read


def _rejected(name: str, family: str, origin: str, kind: str) -> Callable[[Records], Reached]:
    """Share of what is not there that is rejected at 95 % kept, in per cent."""

    def read(records: Records) -> Reached:
        asked = records[name]["origins"][origin][family]["false_queries"][ALL]["full"]
        return _scaled(asked["kinds"][kind], "rejected_at_kept")

    return read


def _cost(name: str, family: str, origin: str, group: str, way: str) -> Callable[[Records], Reached]:
    """What a change of the report costs, in points."""

    def read(records: Records) -> Reached:
        return _scaled(records[name]["families"][family][origin][group][way], "cost", "cost_interval")

    return read


def _wrong(records: Records) -> Reached:
    return _scaled(records[REAL]["origins"]["derived"]["referring"]["wrong_object"][ALL]["full"], "wrong")


def _confusion(records: Records) -> Reached:
    found = records[REAL]["origins"]["real"]["real"]["confusion"]["data cxr_covid_multi"]["full"]
    return _scaled(found["to_host"], "ratio")


def _nuclei(records: Records) -> Reached:
    return _scaled(records["monuseg"]["looks"]["plain"]["true"], "dice_per_image")


def _over_unet(records: Records) -> Reached:
    told, unet = records["monuseg"]["looks"]["plain"]["true"], records["monuseg_unet"]["none"]
    return 100 * (told["dice_per_image"] - unet["dice_per_image"]), ()


def _builtin(kind: str) -> Callable[[Records], Reached]:
    """What the built-in model rejects of phantoms' descriptions at 95 % kept, in per cent."""

    def read(records: Records) -> Reached:
        return 100 * records["phantoms"]["false_queries"]["kinds"][kind]["rejected_at_kept"], ()

    return read


def _of_box(data: str) -> Callable[[Records], Reached]:
    """Dice per image of ``lite`` by the report alone, in per cent of what LiteMedSAM reaches by the expert's box."""

    def read(records: Records) -> Reached:
        return _scaled(records["share_of_box"]["sets"][data]["arms"]["lite"]["per_image"]["box"], "share")

    return read


def _unseen(records: Records) -> Reached:
    """Dice per image of ``lite`` on polyps of a hospital that it never saw, less those that it was trained on."""
    sets = records["share_of_box"]["sets"]
    new, known = (sets[name]["arms"]["lite"]["per_image"]["dice"] for name in ("polyp_cvc_text", "polyp_kvasir"))
    return 100 * (new - known), ()


def _scaled(found: Mapping[str, Any], value: str, interval: str = "interval") -> Reached:
    return 100 * found[value], [100 * bound for bound in found[interval]]


def _of_real_sets() -> list[Aim]:
    found = []
    for origin in ("real", "derived"):
        words = f"real sets, {ORIGIN_WORDS[origin]}"
        place = _less(REAL, "real", origin, STATES_A_PLACE, "host")
        found += [
            Aim(f"{words}, text states a place: `full` less `host`, points, and for sure", 3, place, for_sure=True),
            Aim(f"{words}, findings below 1 % of the frame: `full` less `host`, points", 5,
                _less(REAL, "real", origin, SMALL, "host")),
        ]  # fmt: skip
        if origin == "real":
            looks = _less(REAL, "real", origin, LOOKS_ONLY, "host")
            found.append(Aim(f"{words}, text describes looks only: `full` less `host`, points", 0, looks))
        mean = f"{words}, mean of the sets: `full` less"
        found += [
            Aim(f"{mean} `late`, points", 0, _less(REAL, "real", origin, MEAN_OF_SETS, "late")),
            Aim(f"{mean} BasicUNet, points", 0, _less(REAL, "real", origin, MEAN_OF_SETS, "unet")),
            Aim(f"{mean} `host`, both asked without a report, points", -0.5,
                _less(REAL, "real", origin, MEAN_OF_SETS, "host", "none")),
        ]  # fmt: skip
    return found


AIMS = (
    Aim("phantoms with look-alikes: `full` less `host`, points", 20,
        _less(PHANTOMS, "phantoms", "derived", COMPETING, "host")),
    Aim("overlapping phantoms: `full` less `host`, points", 8,
        _less(PHANTOMS, "phantoms", "derived", "suite overlap", "host")),
    Aim("small phantoms: `full` less `host`, points", 8, _less(PHANTOMS, "phantoms", "derived", "suite small", "host")),
    Aim("phantoms: `full` less `late`, points", 4, _less(PHANTOMS, "phantoms", "derived", ALL, "late")),
    Aim("referring suite: `full` less `host`, points", 20, _less(REAL, "referring", "derived", ALL, "host")),
    Aim("referring suite: `full` less `late`, points", 3, _less(REAL, "referring", "derived", ALL, "late")),
    Aim("referring suite: another object drawn than is meant, % of cases", 10, _wrong, at_most=True),
    *_of_real_sets(),
    *(Aim(f"{name}: `full` less BasicUNet, points", 0, _less(REAL, "real", "real", f"data {name}", "unet"))
      for name in ("breast_us_text", "cxr_covid_multi", "polyp_cvc_text", "skin_ph2_text")),
    Aim("monuseg_text with its sentences: Dice per image, times 100", 80, _nuclei),
    Aim("monuseg_text with its sentences: less BasicUNet from scratch, points", 0, _over_unet),
    Aim("cxr_covid_multi: inter-class confusion of `full`, % of the host's", 50, _confusion, at_most=True),
    Aim("another patient's report, text states a place: points lost", 10,
        _cost("report_card", "real", "real", "text states a place", "other")),
    Aim("another patient's report, text describes looks only: points lost", 3,
        _cost("report_card", "real", "real", "text describes looks only", "other")),
    *(Aim(f"side swapped, {words}: points lost", 15, _cost("report_card", family, origin, ALL, "side"))
      for words, family, origin in (("real reports", "real", "real"), ("derived reports", "real", "derived"),
                                    ("referring suite", "referring", "derived"))),
    *(Aim(f"{aspect} swapped, {words}: points lost", 3, _cost(card, family, origin, ALL, aspect))
      for words, card, family, origin in (("phantoms", "report_card_phantoms", "phantoms", "derived"),
                                          ("referring suite", "report_card", "referring", "derived"))
      for aspect in ("texture", "shape")),
    *(Aim(f"{words} rejected where 95 % of the described findings are kept, %", 90,
          _rejected(name, family, origin, kind))
      for words, name, family, origin, kind in (
          ("phantoms: what is not there", PHANTOMS, "phantoms", "derived", BOTH),
          ("phantoms: false descriptions alone", PHANTOMS, "phantoms", "derived", "false"),
          ("referring suite: what is not there", REAL, "referring", "derived", BOTH),
          ("referring suite: false descriptions alone", REAL, "referring", "derived", "false"),
          ("real reports: structures that are absent", REAL, "real", "real", "absent"),
          ("derived reports: structures that are absent", REAL, "real", "derived", "absent"))),
    Aim("phantoms, built-in model: false descriptions alone rejected where 95 % of the described findings are kept, %",
        90, _builtin("false")),
    *(Aim(f"`lite`, {name}: by its report alone, % of LiteMedSAM with the expert's box", 90, _of_box(name))
      for name in ("breast_us_text", "polyp_kvasir", "polyp_cvc_text")),
    Aim("`lite` on polyps of a hospital that it never saw, less those of the one that it did, points", -8, _unseen),
)  # fmt: skip
"""In the order of the table."""
