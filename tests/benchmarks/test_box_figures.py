"""The report in place of the box: findings meet by number and truth, and shares are of sums on the same findings."""

import pandas as pd
import pytest
from benchmarks.box_figures import WAYS, box_figures, share_figures

from medsegr.errors import InputError
from tests.benchmarks.answer_rows import answers, row


def box(case: int, finding: int = 0, dice: float = 0.8, size: str = "< 1 %") -> dict[str, object]:
    """A row of the boxes' table."""
    found = {
        "data": "a",
        "case": str(case),
        "patient": f"p{case}",
        "finding": finding,
        "size": size,
        "origin": "derived",
    }
    scores = {name: dice for way in WAYS for name in (way, f"{way}_image")} | {"parts": 1.0, "parts_image": 1.0}
    return {**found, "target": "mass", "truth": "t", **scores, "package": dice if case == 1 else float("nan")}


BOXES = pd.DataFrame([box(1), box(2, size="> 5 %"), box(2, 1, size="> 5 %"), box(3, dice=0.4)])


def told(case: int, dice: float, finding: int = 0, **given: object) -> dict[str, object]:
    return row(case=case, dice=dice, image_dice=dice, finding=finding, patient=f"p{case}", **given)


FULL = [
    told(1, 0.8, size="< 1 %"),
    told(2, 0.6, size="> 5 %"),
    told(2, 0.7, 1, size="> 5 %"),
    told(3, 0.2, size="< 1 %"),
]
FULL.append(told(4, 0.1))
BESIDE = [told(1, 0.0, report="none"), told(1, 0.0, 7, true_px=0)]


def test_a_share_is_of_sums_on_the_findings_that_both_were_asked_for():
    found = share_figures(BOXES, answers(*FULL, *BESIDE))["a"]["full"]
    per_finding = found["per_finding"]
    assert per_finding["dice"].value == pytest.approx(2.3 / 4) and per_finding["box"].value == pytest.approx(0.7)
    assert per_finding["share"].value == pytest.approx(2.3 / 2.8) and per_finding["dice"].count == 4
    assert per_finding["share"].low < per_finding["share"].value < per_finding["share"].high
    assert found["per_image"]["dice"].count == 3 and found["origin"] == "real"
    assert found["per_image"]["share"].value == pytest.approx(1.6 / 2.0), "an image and target count once"
    assert found["< 1 %"]["dice"].count == found["> 5 %"]["dice"].count == 2 and "1-5 %" not in found


def test_seeds_of_an_arm_are_averaged_and_arms_stand_side_by_side():
    mine = [told(1, 0.4, arm="mine"), told(1, 0.8, arm="mine", seed=1)]
    found = share_figures(BOXES, answers(*FULL, *mine))["a"]
    assert [*found] == ["full", "mine"] and found["mine"]["per_image"]["dice"].value == pytest.approx(0.6)
    assert found["mine"]["per_image"]["share"].value == pytest.approx(0.75)


def test_another_truth_is_refused():
    with pytest.raises(InputError, match="'1' of 'a' has another truth"):
        share_figures(BOXES, answers(told(1, 0.8, truth="changed")))


def test_boxes_by_image_by_finding_and_by_size():
    found = box_figures(BOXES)["a"]
    assert found["findings"] == 4 and found["per_finding"]["box"].value == pytest.approx(0.7)
    assert found["per_image"]["box"].value == pytest.approx(2 / 3) and found["per_image"]["parts"].value == 1.0
    assert found["sizes"]["< 1 %"].value == pytest.approx(0.6) and found["sizes"]["1-5 %"] is None
    assert found["package"]["package"].value == pytest.approx(0.8) and found["package"]["box"].count == 1
