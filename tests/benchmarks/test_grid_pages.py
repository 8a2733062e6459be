"""What the grid's page and its section of docs/results.md say, from runs by hand."""

import json
from pathlib import Path

import pytest
from benchmarks.grid.figures import grid_figures
from benchmarks.grid.page import grid_page
from benchmarks.grid.section import grid_brief, grid_parts, grid_section, lead

from benchmarks import results_page
from tests.benchmarks.grid_rows import row, run

SETS = {
    "polyp_cvc_text": {"host": 0.5, "late": 0.6, "full": 0.7, "unet": 0.4, "no-shape": 0.65},
    "breast_us_text": {"host": 0.8, "late": 0.8, "full": 0.8, "unet": 0.8, "no-shape": 0.8},
    "skin_ph2_text": {"host": 0.8, "late": 0.8, "full": 0.7, "unet": 0.6, "no-shape": 0.7},
    "phantoms_ct": {"host": 0.3, "late": 0.5, "full": 0.9, "no-shape": 0.6},
    "referring_polyp_cvc_text": {"host": 0.2, "late": 0.4, "full": 0.6},
}


def answers(data: str, arm: str, dice: float):
    """Four cases, each described, asked without a report, and asked for something that is not there."""
    family = data.split("_", maxsplit=1)[0]
    for number in range(4):
        suite = {"phantoms": ("place", "small")[number % 2], "referring": "side"}.get(family, "")
        spread = 0.01 * (number - 1.5) * (1 if arm == "full" else -1)
        common = {"data": data, "case": f"{number}__01_side.png", "suite": suite,
                  "origin": "derived" if family == "referring" else "real"}  # fmt: skip
        wrong = {"confused": "heart:2;mass:5", "confused_px": 7} if arm == "host" else {}
        yield row(**common, dice=dice + spread, support=0.8, **wrong)
        yield row(**common, dice=0.5 + spread, report="none")
        yield row(**common, finding=1, role="foreign", true_px=0, dice=1, support=0.1 if arm == "full" else 0.9)


@pytest.fixture(scope="module")
def record():
    arms = ("host", "late", "full", "unet", "no-shape")
    scores = {
        arm: {
            seed: run(*(r for data, of in SETS.items() for r in answers(data, arm, of.get(arm, 0.1))), threshold=0.5)
            for seed in (range(2) if arm in ("host", "full") else range(1))
        }
        for arm in arms
    }
    return {
        "command": "python -m benchmarks.reproduce --name real_main", "date": "2026-01-01", "machine": "m",
        "seeds": [0, 1],
        "data": [{"name": "polyp_cvc_text", "cases": 4, "split": "test"}],
        "grid": {"name": "real_main", "host": "tiny", "steps": 2, "batch_size": 2, "goes_on_from_a_grid": True,
                 "note": "Made by hand.", "settings": {"image_size": 64},
                 "arms": {arm: {"what": f"what {arm} is", "parameters": 7, "weights": dict.fromkeys(of, "x")}
                          for arm, of in scores.items()}},
        "origins": grid_figures(scores),
    }  # fmt: skip


def test_the_grid_page_holds_the_figures(record):
    page = grid_page(record)
    sections = [line for line in page.splitlines() if line.startswith("## ")]
    assert [line.split(" (")[0] for line in sections] == [
        "## Phantoms",
        "## Referring suite on real images, reports derived from the masks",
        "## Real data sets, real reports",
    ]
    assert "| full | 7 | 2 | 0.900 (0.890 to 0.910) | 0.000 | 0.500 | - | +60.0 (+58.0 to +62.0) | +40.0" in page
    polyp = "| polyp_cvc_text | 4 | 0.500 (0.490 to 0.510) | 0.600 (0.590 to 0.610) | 0.700 (0.690 to 0.710) |"
    assert polyp in page and "full less unet, points" in page
    for caption in (
        "Asked without a report, less `host`", "Asked for what is not there. Share rejected at a support of 0.5",
        "AUROC of support", "Inter-class confusion.", "Another object drawn than the one that is meant.",
    ):  # fmt: skip
        assert caption in page
    assert "100 % (100 to 100), AUROC 1.00" in page and "0 % (0 to 0), AUROC 0.00" in page
    assert "100 % (100 to 100) [100 %]" in page and "0 % (0 to 0) [100 %]" in page
    assert page.count("less `full` finding by finding") == 3


def test_the_lead_says_where_the_report_helps_and_where_not(record):
    text = lead(record)
    assert "**No sure difference**" not in text, "every headline lies clearly on a side here"
    helps, harms = text.index("**The report helps** on"), text.index("**It does harm** on")
    assert helps < text.index("phantoms with look-alikes +59.0 (") < text.index("small phantoms +61.0 (") < harms
    assert helps < text.index("the referring suite +40.0 (") < harms
    assert helps < text.index("real sets whose text states a place, finding by finding (real reports) +20.0 (") < harms
    assert text.index("real sets whose text describes looks only (real reports) -5.0 (") > harms
    assert "Against report tokens at the decoder alone: phantoms +40.0" in text
    against = text.split("Against BasicUNet: ")[1].split("\n")[0]
    assert (
        against.startswith("phantoms +")
        and "; the mean of the real sets, finding by finding (real reports) +13.3" in against
    )
    assert "Asked without a report, less the host trained without one: phantoms +0.0 (" in text
    assert (
        "Set by set against `host`, with its report it is ahead on polyp_cvc_text; neither ahead nor behind for sure "
        "on breast_us_text; behind on skin_ph2_text." in text
    )
    assert "Set by set against BasicUNet, with its report it is ahead on polyp_cvc_text" in text
    assert "of the referring suite: 0 % by `full`, 0 % by `late`, 100 % by `host`" in text


def test_the_lead_says_nothing_of_a_comparison_that_is_not_there():
    of_one = {"full": {0: run(row(), row(case="2"))}}
    assert "not both finished" in lead({"origins": grid_figures(of_one)})


def test_the_section_says_how_it_was_made_and_shows_parts(record):
    section = grid_section(record)
    assert section.startswith("## What the report adds: real images\n\nMade by hand.\n\nFull model less the same host")
    assert "Seeds: 1 for `late`, `unet`, `no-shape`; 2 for `host`, `full`." in section and "With one seed" in section
    assert "steps of 2 at 64 px, each from the weights of its own arm" in section and "Made by hand." in section
    assert "Made by hand." in grid_page(record) and "grid_real_main.md" in section
    (parts,) = [line for line in section.splitlines() if line.startswith("| no-shape | -29.0 (")]
    assert section.index("the full model without it, less the full model") < section.index(parts)


def test_the_short_section_with_parts_has_no_other_table(record):
    section = grid_parts(record)
    assert section.startswith("## What each part is worth: real images\n\nMade by hand.\n\nArms, trained alike on")
    assert "###" not in section and lead(record) not in section, "an older grid says nothing of what the report adds"
    assert "| no-shape | -29.0 (" in section and "Real data sets, real reports:\n\n| less full" in section
    assert section.count("| less full, points |") == section.count("\n\n| ") > 1


def test_the_page_of_results_takes_in_what_is_there(record, tmp_path, monkeypatch):
    monkeypatch.setattr(results_page, "RESULTS", Path(tmp_path))
    assert results_page.page().count("##") == 0
    (tmp_path / "grid_real_main.json").write_text(json.dumps(record))
    page = results_page.page()
    assert grid_section(record) in page and grid_section(record).startswith(grid_brief(record) + "\n\n###")
    assert page.rstrip().endswith("`python -m benchmarks.reproduce --name real_main`, 2026-01-01, seeds 0, 1, m.")
