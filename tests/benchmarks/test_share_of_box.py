"""The report in place of the box: findings meet by number and truth, and shares are of sums on the same findings."""

import csv
import json

import pytest
from benchmarks.box_section import share_section
from benchmarks.share_of_box import runs_of, share_record

from medsegr.errors import ConfigError, InputError
from medsegr.evaluation.run_files import CASES_FILE, COLUMNS, RESULTS_FILE, SCHEMA, read_run

BOX = {"origin": "derived", "role": "described", "target": "nodule"}


def box(case: int, finding: int = 0, dice: float = 0.8, size: str = "< 1 %") -> dict[str, str]:
    """A row of the boxes' table."""
    found = {"data": "set", "case": f"{case}.png", "patient": f"p{case}", "finding": str(finding), "size": size}
    scores = {"box": str(dice), "parts": "1.0", "box_image": str(dice), "parts_image": "1.0"}
    return {**BOX, **found, **scores, "truth": f"t{case}{finding}"}


def answer(case: int, dice: float, finding: int = 0, **changed: str) -> dict[str, str]:
    """A row of per_case.csv, whose mask holds ``dice`` of 100 pixels and has 100 itself."""
    both = str(round(100 * dice))
    pixels = {"true_px": "100", "predicted_px": "100", "both_px": both}
    row = dict.fromkeys(COLUMNS, "0") | {"data": "set", "case": f"{case}.png", "finding": str(finding)}
    row |= {"target": "nodule", "report": "true", "dice": str(dice), "truth": f"t{case}{finding}", **pixels}
    return row | {f"image_{name}": value for name, value in pixels.items()} | changed


def scores(folder, rows):
    """A folder as ``medsegr evaluate`` writes it."""
    folder.mkdir(parents=True)
    (folder / RESULTS_FILE).write_text(json.dumps({"schema": SCHEMA, "model": {"weights": "abc"}}))
    with (folder / CASES_FILE).open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return folder


BOXES = [box(1), box(2, size="> 5 %"), box(2, 1, size="> 5 %"), box(3, dice=0.4)]


@pytest.fixture
def full(tmp_path):
    rows = [answer(1, 0.8), answer(2, 0.6), answer(2, 0.7, 1), answer(3, 0.2), answer(4, 0.1)]
    other_ways = [answer(1, 0.0, report="none"), answer(1, 0.0, 7, true_px="0")]
    return scores(tmp_path / "full-0" / "scores" / "set", [*rows, *other_ways]).parents[1]


def test_a_share_is_of_sums_on_the_findings_that_both_were_asked_for(full):
    record = share_record(runs_of([str(full)]), BOXES, "true")
    found = record["sets"]["set"]["arms"]["full"]
    assert (found["findings"], found["images"], found["patients"], found["runs"]) == (4, 3, 3, 1)
    per_finding = found["per_finding"]
    assert per_finding["dice"] == pytest.approx(2.3 / 4) and per_finding["box"]["dice"] == pytest.approx(0.7)
    assert per_finding["box"]["share"] == pytest.approx(2.3 / 2.8, abs=1e-4)
    assert per_finding["parts"]["share"] == pytest.approx(2.3 / 4, abs=1e-4)
    low, high = per_finding["box"]["interval"]
    assert low < per_finding["box"]["share"] < high
    assert found["per_image"]["counted"] == 3, "an image and target count once"
    assert {size: each["counted"] for size, each in found["sizes"].items()} == {"< 1 %": 2, "> 5 %": 2}
    assert record["sets"]["set"]["origins"] == ["derived"] and record["arms"] == {"full": {"weights": ["abc"]}}


def test_seeds_of_an_arm_are_averaged_and_arms_stand_side_by_side(full, tmp_path):
    again = scores(tmp_path / "full-1" / "scores" / "set", [answer(1, 0.6), answer(2, 0.6)]).parents[1]
    with pytest.raises(InputError, match="not asked for the same findings"):
        share_record(runs_of([str(full), str(again)]), BOXES, "true")
    one = scores(tmp_path / "one", [answer(1, 0.4)])
    two = scores(tmp_path / "two", [answer(1, 0.8)])
    record = share_record(runs_of([str(full), f"mine={one}", f"mine={two}"]), BOXES, "true")
    mine = record["sets"]["set"]["arms"]["mine"]
    assert mine["runs"] == 2 and mine["per_finding"]["dice"] == pytest.approx(0.6)
    section = share_section(record)
    assert "| `full` | `mine` | one box |" in section and "0.600: 75 %" in section
    assert section.count("| set |") == 4, "per image, per finding, and two sizes"


def test_what_cannot_be_compared_is_said(full, tmp_path):
    (run,) = runs_of([str(full)])["full"]
    with pytest.raises(InputError, match="another truth"):
        share_record({"full": [run]}, [{**box(1), "truth": "changed"}], "true")
    with pytest.raises(ConfigError, match="No answer to the report 'other'"):
        share_record({"full": [run]}, BOXES, "other")
    with pytest.raises(ConfigError, match="holds no scores"):
        runs_of([str(tmp_path)])
    assert read_run(full / "scores" / "set").name == "set"
