"""Confusion and wrong objects, against computations of a few lines."""

import numpy as np
import pytest
from benchmarks.grid.figures import grid_figures, joined
from benchmarks.grid.mix_ups import is_wrong, on_competitors

from tests.benchmarks.grid_rows import row, run


def confused(*pairs, data="cardiac_mri_acdc", **given):
    """(confused, outlined) pixels of a case each."""
    return [
        row(data=data, case=case, confused_px=wrong, predicted_px=outlined, **given)
        for case, (wrong, outlined) in enumerate(pairs)
    ]


def test_confusion_is_by_pixels_per_set_and_its_ratio_by_patient():
    host = [*confused((50, 100), (30, 60), (10, 100)), *confused((40, 80), (20, 100), data="cxr_covid_multi")]
    full = [*confused((10, 90), (0, 60), (2, 100)), *confused((5, 50), (5, 100), data="cxr_covid_multi")]
    plain = confused((0, 10), (0, 9), data="polyp_cvc_text")
    aside = [row(data="cxr_covid_multi", case="0", finding="7", role="false", confused_px=500, predicted_px=500),
             row(data="cxr_covid_multi", case="0", report="none", confused_px=500, predicted_px=500)]  # fmt: skip
    scores = {"host": {0: run(*host, *plain, *aside)}, "full": {0: run(*full, *plain, *aside)}}
    found = grid_figures(scores)["real"]["real"]["confusion"]
    assert list(found) == ["mean of the data sets", "data cardiac_mri_acdc", "data cxr_covid_multi"]
    heart = found["data cardiac_mri_acdc"]
    assert heart["host"]["share"] == pytest.approx(90 / 260, abs=1e-4)
    assert heart["full"]["share"] == pytest.approx(12 / 250, abs=1e-4)
    assert heart["full"]["to_host"]["ratio"] == pytest.approx((12 / 250) / (90 / 260), abs=1e-4)
    both = found["mean of the data sets"]
    assert both["full"]["share"] == pytest.approx((12 / 250 + 10 / 150) / 2, abs=1e-4)
    ratio = (12 / 250 + 10 / 150) / (90 / 260 + 60 / 180)
    assert both["full"]["to_host"]["ratio"] == pytest.approx(ratio, abs=1e-4)
    low, high = heart["full"]["to_host"]["interval"]
    rng, drawn = np.random.default_rng(9), []
    for _ in range(4000):
        at = rng.integers(3, size=3)
        one, other = np.array([[50, 100], [30, 60], [10, 100]])[at], np.array([[10, 90], [0, 60], [2, 100]])[at]
        drawn.append((other[:, 0].sum() / other[:, 1].sum()) / (one[:, 0].sum() / one[:, 1].sum()))
    assert (low, high) == pytest.approx(tuple(np.quantile(drawn, (0.025, 0.975))), abs=0.02)


def test_shares_of_confusion_are_averaged_over_seeds():
    runs = {0: run(*confused((10, 100), (0, 100))), 1: run(*confused((30, 50), (0, 50)))}
    found = grid_figures({"full": runs})["real"]["real"]["confusion"]["data cardiac_mri_acdc"]["full"]
    assert found["of_seeds"] == [0.05, 0.3] and found["share"] == 0.175 and "to_host" not in found


def test_another_object_of_the_same_kind_is_no_other_class():
    counted = confused((50, 100), confused="heart:10;mass:45", alike_px=40)
    before = confused((50, 100), confused="heart:10;mass:40")  # its file tells objects of one kind apart by name alone
    for rows in (counted, before):
        found = grid_figures({"full": {0: run(*rows)}})["real"]["real"]["confusion"]["data cardiac_mri_acdc"]["full"]
        assert found["share"] == 0.1
    alone = confused((40, 100), confused="mass:40", alike_px=40)
    assert grid_figures({"full": {0: run(*alone)}})["real"]["real"]["confusion"] == {}


def test_an_arm_that_outlines_nothing_has_no_share():
    scores = {"host": {0: run(*confused((5, 10), (5, 10)))}, "full": {0: run(*confused((0, 0), (0, 0)))}}
    found = grid_figures(scores)["real"]["real"]["confusion"]["data cardiac_mri_acdc"]["full"]
    assert found["share"] is None and found["interval"] == [] and found["to_host"]["ratio"] is None


def drawn(both, suite="side", text="mass:6", confused_px=9, case="1", data="referring_a"):
    return row(data=data, case=case, suite=suite, origin="derived", both_px=both, confused=text,
               confused_px=confused_px)  # fmt: skip


def test_competitors_are_of_the_same_target_but_where_the_kind_picks():
    text = "left_lung:30;mass:6"
    assert on_competitors(drawn(5, text=text, confused_px=33)) == 6
    assert on_competitors(drawn(5, "kind", text=text, confused_px=33)) == 33
    assert on_competitors(drawn(5, text="left_lung:30")) == 0
    assert [is_wrong(drawn(both)) for both in (5, 6, 7)] == [True, False, False]
    assert not is_wrong(drawn(0, text=""))


def test_wrong_and_missed_cases_by_suite():
    rows = [
        drawn(5, case="a__01_side.png"), drawn(9, case="b__01_side.png"),
        drawn(0, "kind", "", 0, case="a__02_kind.png"), drawn(1, "kind", "x:2", 2, case="b__02_kind.png"),
        row(data="referring_a", case="a__01_side.png", finding="1", origin="derived", role="false", true_px=0,
            suite="side", confused="mass:6", both_px=0),
    ]  # fmt: skip
    found = grid_figures({"full": {0: joined("full", [run(*rows)])}})["derived"]["referring"]["wrong_object"]
    assert list(found) == ["all", "suite side", "suite kind"]
    assert [found[group]["full"]["cases"] for group in found] == [4, 2, 2]
    assert [found[group]["full"]["wrong"] for group in found] == [0.5, 0.5, 0.5]
    assert [found[group]["full"]["missed"] for group in found] == [0.25, 0.0, 0.5]
    assert found["all"]["full"]["interval"] == [0.5, 0.5], "two images, each with one wrong case of two"
    real = grid_figures({"full": {0: run(row(suite="side"), row(case="2"))}})["real"]["real"]
    assert "wrong_object" not in real


def test_of_phantoms_those_with_distractors_count():
    rows = [drawn(5, suite, case=str(n), data="phantoms_ct") for n, suite in enumerate(("place", "mixed", "overlap"))]
    found = grid_figures({"host": {0: run(*rows)}})["derived"]["phantoms"]["wrong_object"]
    assert {group: of["host"]["cases"] for group, of in found.items()} == {
        "all": 2, "suite place": 1, "suite mixed": 1,
    }  # fmt: skip
    assert found["all"]["host"]["wrong"] == 1.0
