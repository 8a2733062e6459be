"""Plots as SVG text for a page: distribution of Dice, strata, calibration, and what swaps cost."""

import io
import itertools
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

COLOURS = ("#0072B2", "#E69F00", "#CC79A7", "#009E73", "#56B4E9", "#D55E00")
"""Okabe and Ito's, to be told apart with any colour vision."""

INK, FAINT = "#1B2733", "#9AA5B1"
FONT_SIZE = 9


def blank(width: float = 5.6, height: float = 3.3) -> tuple[Figure, Axes]:
    """An empty plot; no pyplot and no change of matplotlib's settings, so it works in threads. Sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=FONT_SIZE)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set_fontsize(FONT_SIZE)
    return figure, axes


def as_svg(figure: Figure, name: str) -> str:
    """The figure as an ``<svg>`` element without links.

    Args:
        name: Keeps the identifiers of several plots on one page apart.
    """
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = stream.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.S)
    prefix, numbers = re.sub(r"\W", "", name), itertools.count()
    known: defaultdict[str, str] = defaultdict(lambda: f"{prefix}-{next(numbers)}")  # some of matplotlib's are random
    text = re.sub(r'(id="|"#|url\(#)([^")]+)', lambda found: found[1] + known[found[2]], text)
    return text.strip()


def distribution(scores: Mapping[str, Sequence[float]]) -> Figure:
    """Dice of all findings per way of asking: every finding a dot, and quartiles.

    Args:
        scores: Way -> Dice of each finding, 0..1.
    """
    figure, axes = blank()
    rng = np.random.default_rng(0)
    for place, values in enumerate(scores.values()):
        colour = COLOURS[place % len(COLOURS)]
        shift = rng.uniform(-0.24, 0.24, len(values))
        axes.scatter(place + shift, values, s=9, color=colour, alpha=0.45, linewidths=0, rasterized=len(values) > 2000)
        if len(values):
            low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
            box = Rectangle((place - 0.32, low), 0.64, high - low, fill=False, edgecolor=INK, linewidth=1)
            axes.add_patch(box)
            axes.plot([place - 0.32, place + 0.32], [middle, middle], color=INK, linewidth=2)
            axes.annotate(f"{middle:.2f}", (place + 0.35, middle), va="center", fontsize=8, color=INK)
    axes.set_xticks(range(len(scores)), [f"{name}\n{len(values)} findings" for name, values in scores.items()])
    axes.set(xlim=(-0.6, max(len(scores) - 0.3, 0.7)), ylim=(-0.03, 1.03), ylabel="Dice")
    return figure


def strata(bars: Mapping[str, Mapping[str, Mapping[str, Any]]], label: str) -> Figure:
    """Mean Dice per class with intervals, side by side for each way of asking.

    Args:
        bars: Way -> class -> figures with ``dice_per_finding``, ``interval`` and ``shown``.
    """
    figure, axes = blank()
    classes = list(dict.fromkeys(name for found in bars.values() for name in found))
    width = 0.8 / max(len(bars), 1)
    for place, (way, found) in enumerate(bars.items()):
        for number, name in enumerate(classes):
            value = (found.get(name) or {}).get("dice_per_finding")
            if value is None:
                continue
            x = number + (place - (len(bars) - 1) / 2) * width
            colour = COLOURS[place % len(COLOURS)]
            told = way in axes.get_legend_handles_labels()[1]
            axes.bar(x, value, width * 0.92, color=colour, label=None if told else way)
            if len(found[name]["interval"]) == 2:
                axes.plot([x, x], found[name]["interval"], color=INK, linewidth=1.1)
                axes.plot(x, value, marker="_", color=INK, markersize=6)
    counts = [max(((f.get(name) or {}).get("shown", 0) for f in bars.values()), default=0) for name in classes]
    ticks = [f"{name}\n{count} findings" for name, count in zip(classes, counts, strict=True)]
    axes.set_xticks(range(len(classes)), ticks)
    axes.set(ylim=(0, 1), ylabel="Dice per finding", xlabel=label)
    if bars:
        _legend(axes, len(bars))
    return figure


def calibration(bins: Sequence[Mapping[str, float]]) -> Figure:
    """Reliability diagram: what share is really there, for findings of like support.

    Args:
        bins: ``mean_support``, ``share_shown`` and ``findings`` of each.
    """
    figure, axes = blank(4.2, 3.5)
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=(0, (4, 3)), label="perfect")
    x, y = ([each[name] for each in bins] for name in ("mean_support", "share_shown"))
    axes.plot(x, y, color=COLOURS[0], marker="o", markersize=5, linewidth=1.4, label="model")
    for across, up, each in zip(x, y, bins, strict=True):
        axes.annotate(
            f"{int(each['findings'])}", (across, up), (0, -13 if up > 0.5 else 6), textcoords="offset points",
            ha="center", fontsize=7.5, color=INK, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )  # fmt: skip
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.08, 1.08), xlabel="support", ylabel="share that the image shows")
    _legend(axes, 2)
    return figure


def costs(rows: Mapping[str, Mapping[str, Any]]) -> Figure:
    """What each way of asking costs in Dice, with intervals; ways without a finding are left out.

    Args:
        rows: Words -> figures with ``cost``, ``cost_interval`` and ``changed``.
    """
    known = {words: row for words, row in rows.items() if row["cost"] is not None}
    figure, axes = blank(6.2, 0.9 + 0.42 * max(len(known), 1))
    for place, row in enumerate(known.values()):
        axes.barh(place, 100 * row["cost"], 0.62, color=COLOURS[0])
        _whisker(axes, place, row["cost_interval"], INK)
    _lines(axes, known, "loss of Dice against the true report, in points")
    return figure


def differences(rows: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Differences with intervals, a line each.

    Args:
        rows: Name -> figures with ``difference``, ``interval`` and ``findings``.
    """
    figure, axes = blank(6.2, 0.9 + 0.34 * max(len(rows), 1))
    for place, row in enumerate(rows.values()):
        axes.plot(100 * row["difference"], place, marker="o", color=COLOURS[0], markersize=6)
        _whisker(axes, place, row["interval"], COLOURS[0])
    _lines(axes, rows, "difference of Dice in points, second run minus first")
    return figure


def _whisker(axes: Axes, place: int, interval: Sequence[float], colour: str) -> None:
    if len(interval) == 2:
        axes.plot([100 * bound for bound in interval], [place, place], color=colour, linewidth=1.4)


def _lines(axes: Axes, rows: Mapping[str, Mapping[str, Any]], label: str) -> None:
    """A line for each row, from the top, and where 0 is."""
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(rows)), [f"{name} ({row['findings']})" for name, row in rows.items()])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel(label)


def _legend(axes: Axes, columns: int) -> None:
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns, fontsize=8)
