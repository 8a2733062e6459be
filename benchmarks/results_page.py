"""docs/results.md from the committed results files.

python -m benchmarks.results_page
"""

import json
from pathlib import Path
from typing import Any

from benchmarks.aims import aims_section
from benchmarks.box_section import box_section, share_section
from benchmarks.card_section import card_section
from benchmarks.grid.section import grid_brief, grid_parts, grid_section
from benchmarks.lift_section import lift_section
from benchmarks.markdown import table
from benchmarks.monuseg import monuseg_section, unet_section
from benchmarks.place_section import place_section
from benchmarks.record import RESULTS
from medsegr.evaluation.html import with_interval
from medsegr.evaluation.results_page import threshold_words

PAGE = Path(__file__).parents[1] / "docs" / "results.md"

REPORTS = {
    "true": "its own report",
    "none": "none (the target's name alone)",
    "other": "another case's report",
}


def page() -> str:
    """The text of the page: a section for each results file that exists."""
    sections = [
        "# Results\n\nMade by `python -m benchmarks.results_page` from `benchmarks/results/*.json`. Dice is per "
        "finding, at the image's own size, with the shipped thresholds; a finding left out scores 0. Where an image "
        "has several findings of one target, such as an opacity on either side, it is given per image as well, for "
        "all of them together, as papers on real sets do.\n"
    ]
    paths = {name: RESULTS / f"{name}.json" for name in SECTIONS}
    records = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in paths.items() if path.is_file()}
    aims = aims_section(records)
    sections += [f"{aims}\n"] if aims else []
    for name, section in SECTIONS.items():
        if name in records:
            record = records[name]
            seeds = record.get("seeds", [record.get("seed")])
            seed = f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
            made = f"`{record['command']}`, {record['date']}, {seed}, {record['machine']}."
            sections.append(f"{section(record)}\n\n{made}\n")
    return "\n".join(sections)


def phantoms(record: dict[str, Any]) -> str:
    """Generated studies: what the report is worth."""
    told = record["described"]
    rows = []
    for mode, words in REPORTS.items():
        figures = told[mode]
        groups = (figures["all"], figures["competing"], *(figures["suite"].get(suite) for suite in SUITES))
        rows.append(
            (words, *(None if f is None else with_interval(f["dice_per_finding"], f["interval"]) for f in groups))
        )
    aspects = [
        (name, a["suite"], a["findings"], a["whole"], a["without_words"], a["without_modulator"])
        for name, a in record["aspects"].items()
    ]
    support, denied, foreign = record["support"], record["denied"], record["foreign"]
    threshold, size = threshold_words(support), record["size_alone"]
    queries = record["false_queries"]
    facts = (
        f"- Where several objects of one target compete, its name alone can reach "
        f"{record['name_alone_can_reach']:.3f}: the Dice of all of them against the one that is meant.\n"
        f"- Support at threshold {threshold}: {100 * support['kept']:.1f} % of "
        f"{support['true']} true findings kept, {100 * support['rejected']:.1f} % of {support['false']} "
        f"false descriptions and {100 * foreign['rejected']:.1f} % of {foreign['asked']} names of what lies in other "
        "regions of the body rejected.\n"
        f"- {_at_kept(queries, foreign)}\n"
        f"- Denied findings left empty: {denied['empty']} of {denied['findings']}.\n"
        f"- Where objects differ in size alone ({size['findings']} more findings): {size['true']:.3f} told the report, "
        f"{size['none']:.3f} the name alone, which can reach {size['name_alone_can_reach']:.3f}."
    )
    return (
        f"## Phantoms ({record['cases']} studies, {told['true']['all']['findings']} described findings)\n\n"
        + table(("the model is told", "all", "competing", *SUITES), rows)
        + "\n\n"
        + facts
        + "\n\nWhere distractors differ from the described lesion in one aspect alone:\n\n"
        + table(("aspect", "suite", "findings", "Dice", "without its words", "without its modulator"), aspects)
    )


def _at_kept(queries: dict[str, Any], foreign: dict[str, Any]) -> str:
    """Both kinds of false questions at the support that 95 % of the true findings reach."""
    described = queries["kinds"]["false"]
    asked = described["asked"] + foreign["asked"]
    below = sum(kind["asked"] * kind["rejected_at_kept"] for kind in (described, foreign))
    return (
        f"At the support that {100 * queries['kept']:.0f} % of these very true findings reach, "
        f"{queries['threshold_at_kept']:.3f}: {100 * described['rejected_at_kept']:.1f} % of the false descriptions "
        f"and {100 * foreign['rejected_at_kept']:.1f} % of the foreign names rejected, {100 * below / asked:.1f} % of "
        "both."
    )


SUITES = ("place", "texture", "form", "mixed", "overlap", "small", "low_contrast", "plain")


def breast_us(record: dict[str, Any]) -> str:
    """Real breast ultrasound beside a plain U-Net."""
    rows = [
        (f"tiny, {REPORTS[mode]}", record["model"]["parameters"], r["images"],
         with_interval(r["dice_per_image"], r["interval"]), r["dice_with_lesion"], r["dice_over_set"])
        for mode, r in record["tiny"].items()
    ]  # fmt: skip
    unet = record.get("basic_unet")
    if unet:
        r = unet["test"]
        rows.append((
            f"MONAI BasicUNet, {unet['steps']} steps of {unet['batch']} at {unet['size']} px, no report",
            unet["parameters"], r["images"], r["dice_per_image"], r["dice_with_lesion"], r["dice_over_set"],
        ))  # fmt: skip
    header = ("model", "parameters", "images", "Dice per image", "of images with a lesion", "over the set")
    note = (
        "An image without a lesion counts 1 when nothing is outlined, else 0. tiny was pretrained on phantoms, the "
        "U-Net was not."
    )
    gain = record["tiny"]["true"]["dice_per_image"] - record["tiny"]["none"]["dice_per_image"]
    if gain <= 0:
        note += (
            f" Here the report does not help ({gain:+.3f}): it states no place, and there is one lesion to be found, "
            "which the image shows without it."
        )
    return f"## breast_us_text, {record['split']} split\n\n{table(header, rows)}\n\n{note}"


def hosts(record: dict[str, Any]) -> str:
    """What the adapter adds to each host."""
    rows = [
        (
            name,
            h["host"],
            h["adapter"],
            f"{h['percent']:.2f} %",
            f"{h['extra_percent']:+.1f} %" if "seconds" in h else "",
        )
        for name, h in record["hosts"].items()
        if "host" in h
    ]
    header = ("host", "its parameters", "adapter", "share", "extra time of an encoding")
    return f"## Size and time of the adapter\n\n{table(header, rows)}\n\nMore in [hosts.md](hosts.md)."


SECTIONS = {
    "share_of_box": share_section,
    "expert_box": box_section,
    "grid_phantoms_main": grid_section,
    "grid_real_main": grid_section,
    "place_bound": place_section,
    "report_card_phantoms": card_section,
    "report_card": card_section,
    "grid_phantoms_fine": grid_parts,
    "grid_phantoms_parts": grid_parts,
    "grid_longer": grid_brief,
    "lift_host": lift_section,
    "lift_tiny": lift_section,
    "lift": lift_section,
    "lift_sets": lift_section,
    "phantoms": phantoms,
    "breast_us": breast_us,
    "monuseg": monuseg_section,
    "monuseg_unet": unet_section,
    "hosts": hosts,
}
"""Results file -> what makes its section, in the order of the page."""

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
