"""The sections of docs/results.md on the expert's box: what it reaches, and what a model reaches without it."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.grid.tables import ORIGIN_WORDS
from benchmarks.markdown import percent, table
from medsegr.evaluation.html import with_interval
from medsegr.evaluation.strata import SIZES

Figures = Mapping[str, Any]

WAY_WORDS = {"box": "one box", "larger": "10 % too large", "shifted": "shifted by 10 %", "parts": "a box for each part"}
PROTOCOLS = {"per_image": "per image", "per_finding": "per finding"}


def box_section(record: Figures) -> str:
    """Dice of plain LiteMedSAM, told the box around each truth, per data set."""
    package = [
        (name, of_set["package"]["package"]["per_finding"]["dice"], of_set["package"]["box"]["per_finding"]["dice"])
        for name, of_set in record["sets"].items()
        if of_set["package"]
    ]
    parts = [
        f"## LiteMedSAM with the expert's box, {record['split']} split",
        "What a user would do who has no report: the pretrained model as it comes, told the smallest box around each "
        "truth in its square of 256 px; a box whose sides are 10 % longer; one moved by 10 % of its sides, mean of "
        "four directions; and one box for each connected part, the masks united. Findings and truths are those of "
        "`medsegr evaluate`.",
        *(f"Dice {words}:\n\n{_ways_table(record, protocol)}" for protocol, words in PROTOCOLS.items()),
        "By size, Dice per finding with one box (findings in brackets):\n\n" + _sizes_table(record),
    ]
    if package:
        parts.append(
            "The package's own `predict_array` divides by 255 and squashes the picture into the square, where "
            "LiteMedSAM itself stretches the grey values and pads. On the first images of each set, Dice per "
            "finding:\n\n" + table(("data", "prepared as the package does", "as LiteMedSAM does"), package)
        )
    return "\n\n".join(parts)


def _ways_table(record: Figures, protocol: str) -> str:
    rows = [
        (name, of_set["findings"], *(_dice(of_set[way][protocol]) for way in WAY_WORDS))
        for name, of_set in record["sets"].items()
    ]
    return table(("data", "findings", *WAY_WORDS.values()), rows)


def _sizes_table(record: Figures) -> str:
    rows = [
        (name, *(f"{found['box']:.3f} ({found['findings']})" if (found := of_set["sizes"].get(size)) else None
                 for size in SIZES))
        for name, of_set in record["sets"].items()
    ]  # fmt: skip
    return table(("data", *SIZES), rows)


def _dice(found: Figures) -> str:
    return str(with_interval(found["dice"], found["interval"]))


def share_section(record: Figures) -> str:
    """What each arm reaches by the report alone beside the expert's box on the same findings."""
    arms = list(record["arms"])
    parts = [
        "## The report in place of the box",
        f"Each arm told {_told(record['report'])}, no box, as a share of what plain LiteMedSAM reaches with one box "
        "around each truth on the same images; in brackets the share's interval, by patient, both drawn together. "
        "The last column is LiteMedSAM with a box for each part.",
        *(f"Dice {words}:\n\n{_shares_table(record, arms, protocol)}" for protocol, words in PROTOCOLS.items()),
        "By size, per finding: Dice, and its share of one box (findings in brackets):\n\n"
        + _strata_table(record, arms),
    ]
    return "\n\n".join(parts)


def _told(report: str) -> str:
    return {"true": "its own report", "none": "the targets' names alone"}.get(report, "another patient's report")


def _shares_table(record: Figures, arms: Sequence[str], protocol: str) -> str:
    rows = []
    for name, of_set in record["sets"].items():
        found = {arm: figures[protocol] for arm, figures in of_set["arms"].items()}
        some = next(iter(found.values()))
        words = ", ".join(ORIGIN_WORDS[origin] for origin in of_set["origins"])
        shares = (_share(found.get(arm)) for arm in arms)
        rows.append((name, words, some["counted"], *shares, some["box"]["dice"], some["parts"]["dice"]))
    counted = "images" if protocol == "per_image" else "findings"
    return table(("data", "reports", counted, *(f"`{arm}`" for arm in arms), "one box", "box for each part"), rows)


def _share(found: Figures | None) -> str | None:
    if found is None:
        return None
    return f"{found['dice']:.3f}: {percent(found['box']['share'], found['box']['interval'])}"


def _strata_table(record: Figures, arms: Sequence[str]) -> str:
    rows = []
    for name, of_set in record["sets"].items():
        for size in SIZES:
            found = {arm: f["sizes"][size] for arm, f in of_set["arms"].items() if size in f["sizes"]}
            if found:
                some = next(iter(found.values()))
                shares = (_share(found.get(arm)) for arm in arms)
                rows.append((name, f"{size} ({some['counted']})", *shares, some["box"]["dice"]))
    return table(("data", "size", *(f"`{arm}`" for arm in arms), "one box"), rows)
