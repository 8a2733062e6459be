"""The main comparison as a picture, what the report adds to the same host by kind of picture; and how times grow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.figure

from benchmarks.figures import Figure
from benchmarks.groups import ALL, COMPETING, LOOKS_ONLY, PER_IMAGE, STATES_A_PLACE
from medsegr.data.outputs import atomic_write
from medsegr.evaluation.plots import as_svg, blank

BARS = {
    "phantoms with look-alikes": ("phantoms_main", "phantoms", "derived", COMPETING),
    "small phantoms": ("phantoms_main", "phantoms", "derived", "suite small"),
    "overlapping phantoms": ("phantoms_main", "phantoms", "derived", "suite overlap"),
    "referring suite": ("real_main", "referring", "derived", ALL),
    "real, derived reports,\nplace stated": ("real_main", "real", "derived", STATES_A_PLACE + PER_IMAGE),
    "real, real reports,\nplace stated": ("real_main", "real", "real", STATES_A_PLACE + PER_IMAGE),
    "real, real reports,\nlooks only": ("real_main", "real", "real", LOOKS_ONLY),
}
"""Words -> record, family, origin and group."""

BASELINES = {"host": ("the host without a report", "#1f6f8b"), "late": ("tokens at the decoder alone", "#e0a030"),
             "unet": ("BasicUNet", "#8a8a8a")}  # fmt: skip


def draw(records: Mapping[str, Any], path: Path) -> None:
    """Write the picture as SVG, the same bytes for the same figures."""
    with mpl.rc_context({"svg.hashsalt": "medsegr", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure = mpl.figure.Figure(figsize=(9, 4.2), layout="constrained")
        axes = figure.subplots()
        for offset, (name, (words, colour)) in enumerate(BASELINES.items(), -1):
            bars = {place: _difference(records, *where, name) for place, where in enumerate(BARS.values())}
            known = {place: found for place, found in bars.items() if found is not None}
            heights = [100 * found.value for found in known.values()]
            spread = [
                [100 * (f.value - f.low) for f in known.values()],
                [100 * (f.high - f.value) for f in known.values()],
            ]
            places = [place + 0.27 * offset for place in known]
            axes.bar(places, heights, 0.25, color=colour, label=f"less {words}", yerr=spread, error_kw={"lw": 0.8})
        axes.axhline(0, color="black", lw=0.8)
        axes.set_xticks(range(len(BARS)), list(BARS), fontsize=8)
        axes.set_ylabel("points of Dice")
        axes.set_title("The full model, told its report", fontsize=10)
        axes.legend(frameon=False, fontsize=8)
        with atomic_write(path) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None})


def draw_growth(growth: Mapping[str, Any], path: Path) -> None:
    """Write whole times against what they grow with, as SVG."""
    figure, axes = blank(5.6, 3.0)
    for name, each in growth.items():
        steps = [size / each["sizes"][0] for size in each["sizes"]]
        milliseconds = [1000 * s for s in each["seconds"]]
        axes.plot(steps, milliseconds, "o-", label=f"{name}: exponent {each['exponent']:.2f}")
    axes.set(xscale="log", yscale="log", xlabel="times the smallest", ylabel="ms, whole")
    axes.legend(frameon=False, fontsize=8)
    path.write_text(as_svg(figure, "speed") + "\n", encoding="utf-8")


def _difference(records: Mapping[str, Any], name: str, *way: str) -> Figure | None:
    family, origin, group, baseline = way
    told = records[name]["figures"][family][origin]["asked"]["true"]
    whole = group.removesuffix(PER_IMAGE)
    return told.get(group, told.get(whole, {})).get("full", {}).get(f"to_{baseline}")
