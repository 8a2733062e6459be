"""The arithmetic of the grid's Dice: seeds, patients, families, groups, paired differences."""

import numpy as np
import pytest
from benchmarks.grid.draws import mean_of_sets, patient_weights
from benchmarks.grid.figures import grid_figures, joined
from benchmarks.grid.groups import (
    LOOKS_ONLY,
    MEAN_OF_SETS,
    PER_IMAGE,
    PLACE_DESCRIBED,
    STATES_A_PLACE,
    family_of,
    groups_of,
    source_image,
)
from benchmarks.grid.stack import stacked

from medsegr.errors import InputError
from tests.benchmarks.grid_rows import row, run, run_of, together

CASES = [("a", "1"), ("a", "2"), ("a", "3"), ("b", "1")]


def dice_of(values, **given):
    return run_of(dict(zip(CASES, values, strict=True)), **given)


def test_means_over_seeds_sets_and_paired_differences():
    scores = {
        "host": {0: dice_of((0.1, 0.2, 0.3, 0.4))},
        "full": {0: dice_of((0.5, 0.5, 0.5, 0.9)), 1: dice_of((0.7, 0.7, 0.7, 0.7))},
    }
    found = grid_figures(scores)["real"]["real"]["asked"]["true"]
    full = found["all"]["full"]
    assert full["of_seeds"] == [0.6, 0.7]
    assert full["dice"] == full["mean_of_seeds"] == 0.65
    assert full["sd_of_seeds"] == pytest.approx(np.std([0.6, 0.7], ddof=1), abs=1e-4)
    assert full["interval"][0] <= 0.65 <= full["interval"][1]
    assert full["to_host"]["seeds"] == 1 and full["to_host"]["difference"] == 0.35
    assert "to_late" not in full and "to_host" not in found["all"]["host"]
    assert found["data b"]["full"]["dice"] == 0.8 and found["data b"]["full"]["interval"] == []
    sets = found[MEAN_OF_SETS]["full"]
    assert sets["dice"] == pytest.approx((0.6 + 0.8) / 2)
    assert sets["to_host"]["difference"] == pytest.approx((0.3 + 0.5) / 2)
    assert sets["to_host"]["interval"] == [], "b has one patient: nothing to draw from"


def sides(dice, image):
    """A left and a right opacity in one image, and a single one in another; pixels of both sides together."""
    both, predicted = image
    joined_px = {"image_true_px": 100, "image_predicted_px": predicted, "image_both_px": both}
    common = {"data": "ct_covid_lesion", "origin": "derived"}
    return run(
        *(row(**common, case="1", finding=n, dice=value, **joined_px) for n, value in enumerate(dice)),
        row(**common, case="2", dice=0.4),
    )


def test_findings_of_one_target_in_an_image_count_once_per_image():
    """A model that is told no side and outlines both is right per image, and half right finding by finding."""
    scores = {"host": {0: sides((0.5, 0.5), (90, 100))}, "full": {0: sides((0.9, 0.7), (80, 100))}}
    found = grid_figures(scores)["derived"]["real"]["asked"]["true"]
    place = found[STATES_A_PLACE + PER_IMAGE]
    assert found[STATES_A_PLACE]["full"]["dice"] == pytest.approx(2 / 3, abs=1e-4)
    assert place["host"]["dice"] == pytest.approx((0.9 + 0.4) / 2) and place["host"]["findings"] == 2
    assert found[STATES_A_PLACE]["full"]["to_host"]["difference"] == pytest.approx(0.2)
    assert place["full"]["to_host"]["difference"] == pytest.approx(-0.05)
    assert place["full"] == {**found["data ct_covid_lesion, per image"]["full"], "to_host": place["full"]["to_host"]}


def test_figures_per_image_are_left_out_where_they_are_not_known_or_say_nothing_new():
    before = sides((0.5, 0.5), ("", ""))
    before = run(*({**each, "image_true_px": ""} for each in before.rows))
    for scores in ({"host": {0: before}}, {"host": {0: run(row(data="ct_covid_lesion", image_true_px=9))}}):
        found = grid_figures(scores)["derived" if scores["host"][0] is before else "real"]["real"]["asked"]["true"]
        assert not any(group.endswith(PER_IMAGE) for group in found)


def test_words_are_worth_what_the_names_alone_do_not_give():
    def arm(told, named):
        return {0: together(dice_of(told), dice_of(named, report="none"))}

    scores = {"host": arm((0.1,) * 4, (0.3,) * 4), "full": arm((0.5, 0.6, 0.7, 0.2), (0.4, 0.4, 0.4, 0.4))}
    found = grid_figures(scores)["real"]["real"]["asked"]
    told = found["true"]["all"]["full"]["to_names_alone"]
    assert told["difference"] == pytest.approx(0.1) and told["findings"] == 4
    assert found["true"][MEAN_OF_SETS]["full"]["to_names_alone"]["difference"] == pytest.approx((0.2 - 0.2) / 2)
    assert "to_names_alone" not in found["true"]["all"]["host"], "it is told names alone in any case"
    assert "to_names_alone" not in found["none"]["all"]["full"]


def test_patients_are_drawn_within_each_set():
    """Against a loop that draws patients by itself, with another generator."""
    values, sets = np.array([0.1, 0.3, 0.9, 0.5, 0.7]), np.array(["a", "a", "a", "b", "b"])
    patients = [("a", "p"), ("a", "p"), ("a", "q"), ("b", "r"), ("b", "s")]
    weights = patient_weights(patients, sets, draws=4000)
    assert (weights[:, 0] == weights[:, 1]).all(), "a patient comes with all findings"
    assert (weights[:, 3:].sum(1) == 2).all() and (weights[:, [0, 2]].sum(1) == 2).all()
    drawn = mean_of_sets(values, sets, weights)
    rng, looped = np.random.default_rng(5), []
    of = {"a": ([0.1, 0.3], [0.9]), "b": ([0.5], [0.7])}
    for _ in range(4000):
        means = [
            np.mean([v for patient in rng.integers(2, size=2) for v in of_patient[patient]])
            for of_patient in of.values()
        ]
        looped.append(np.mean(means))
    for share in (0.025, 0.25, 0.5, 0.75, 0.975):
        assert np.quantile(drawn, share) == pytest.approx(np.quantile(looped, share), abs=0.03)
    assert mean_of_sets(values, sets) == pytest.approx((1.3 / 3 + 0.6) / 2)


def test_origins_and_families_stay_apart_and_empty_truths_are_left_out():
    parts = [
        run_of({("a", "1"): 0.2, ("a", "2"): 0.4}),
        run_of({("a", "9"): 1.0}, true_px=0),
        run_of({("b", "1"): 1.0}, origin="derived"),
        run_of({("phantoms_ct", "1"): 0.6, ("phantoms_ct", "2"): 0.8}),
        run_of({("referring_a", "1__01_side.png"): 0.9}, origin="derived", suite="side"),
    ]
    found = grid_figures({"full": {0: together(*parts)}})
    told = {
        (origin, family): figures["asked"]["true"]["all"]["full"]["dice"]
        for origin, families in found.items()
        for family, figures in families.items()
    }
    assert told == {
        ("real", "phantoms"): 0.7, ("real", "real"): 0.3, ("derived", "referring"): 0.9, ("derived", "real"): 1.0,
    }  # fmt: skip
    assert all(not group for group in found["real"]["real"]["asked"]["none"].values()), "this way was not asked"


def test_families_go_by_the_names_of_data_sets():
    names = ("phantoms", "phantoms_ct", "referring_polyp_cvc_text", "phantomsx", "polyp_cvc_text")
    assert [family_of(name) for name in names] == ["phantoms", "phantoms", "referring", "real", "real"]


def test_suites_and_the_distractors_together():
    parts = [run_of({("phantoms", suite): v}, suite=suite) for suite, v in (("place", 0.2), ("form", 0.4))]
    rest = run_of({("phantoms", "s"): 0.9, ("phantoms", "t"): 0.7}, suite="small")
    found = grid_figures({"late": {0: together(*parts, rest)}})["real"]["phantoms"]["asked"]["true"]
    assert found["distractors"]["late"]["dice"] == pytest.approx(0.3)
    assert found["suite small"]["late"]["dice"] == pytest.approx(0.8)
    alone = grid_figures({"late": {0: together(*parts)}})["real"]["phantoms"]["asked"]["true"]
    assert "distractors" not in alone, "everything is one"


def test_sets_by_what_their_text_tells():
    real = [("polyp_cvc_text", "1", "described", 0.2), ("polyp_cvc_text", "2", "described", 0.4),
            ("cxr_covid_multi", "1", "described", 0.9), ("cxr_covid_multi", "2", "named", 0.1),
            ("cxr_covid_multi", "3", "named", 0.2), ("breast_us_text", "1", "described", 0.8),
            ("monuseg_text", "1", "described", 0.0)]  # fmt: skip
    rows = [row(data=data, case=case, role=role, dice=value) for data, case, role, value in real]
    rows += [row(data="ct_covid_lesion", case="1", origin="derived", dice=0.6)]
    found = grid_figures({"full": {0: run(*rows)}})
    told = found["real"]["real"]["asked"]["true"]
    assert told[STATES_A_PLACE]["full"]["dice"] == pytest.approx((0.3 + 0.4) / 2)
    assert told[PLACE_DESCRIBED]["full"]["dice"] == pytest.approx((0.3 + 0.9) / 2)
    assert told[LOOKS_ONLY]["full"]["dice"] == 0.8
    assert told["data monuseg_text"]["full"]["dice"] == 0.0
    derived = found["derived"]["real"]["asked"]["true"]
    assert derived[STATES_A_PLACE]["full"]["dice"] == derived["data ct_covid_lesion"]["full"]["dice"] == 0.6
    assert PLACE_DESCRIBED not in derived and LOOKS_ONLY not in derived


def test_what_an_arm_is_compared_with():
    scores = {arm: {0: dice_of((v, v, v, v))} for arm, v in (("host", 0.1), ("unet", 0.2), ("full", 0.7),
                                                            ("no-shape", 0.4))}  # fmt: skip
    real = grid_figures(scores)["real"]["real"]["asked"]["true"]["all"]
    against = {arm: {key: figures[key]["difference"] for key in figures if key.startswith("to_")}
               for arm, figures in real.items()}  # fmt: skip
    assert against == {
        "host": {"to_unet": -0.1}, "unet": {"to_host": 0.1}, "full": {"to_host": 0.6, "to_unet": 0.5},
        "no-shape": {"to_host": 0.3, "to_unet": 0.2, "to_full": -0.3},
    }  # fmt: skip
    phantoms = {arm: {0: run_of({("phantoms", "1"): 0.5})} for arm in ("unet", "full")}
    assert "to_unet" in grid_figures(phantoms)["real"]["phantoms"]["asked"]["true"]["all"]["full"]


def test_the_full_model_without_a_report_against_the_host_without_one():
    def both(told, silent):
        return together(dice_of(told), dice_of(silent, report="none"))

    scores = {"host": {0: both((0.5,) * 4, (0.5,) * 4)}, "full": {0: both((0.9,) * 4, (0.4, 0.6, 0.3, 0.5))}}
    silent = grid_figures(scores)["real"]["real"]["asked"]["none"]["all"]["full"]
    assert silent["dice"] == 0.45 and silent["to_host"]["difference"] == pytest.approx(-0.05)
    assert silent["to_host"]["interval"][0] < 0 < silent["to_host"]["interval"][1]


def test_seeds_with_other_findings_or_truths_are_refused():
    one, more = run_of({("a", "1"): 0.2}), run_of({("a", "1"): 0.2, ("a", "2"): 0.2})
    for other in (more, run_of({("a", "1"): 0.2}, truth="else")):
        with pytest.raises(InputError, match="scored on other findings"):
            stacked("full", {0: one, 1: other}, [0, 1])


def test_cases_made_of_one_image_belong_to_its_patient():
    assert source_image("referring_a", "x_y__02_kind.png") == "x_y"
    assert source_image("a", "x_y__02_kind.png") is None
    known = run(row(data="a", case="x_y.jpg", patient="p7"))
    cases = run(*(row(data="referring_a", case=f"{name}__0{n}_side.png") for name in ("x_y", "z") for n in (1, 2)))
    assert [each["patient"] for each in joined("full", [known, cases]).rows] == ["p7", "p7", "p7", "z", "z"]


def test_real_sets_keep_their_own_line_when_there_is_but_one():
    rows = [row(data="a", case=case) for case in "12"]
    assert [group.name for group in groups_of("real", rows)] == ["all", "data a"]
    assert [group.name for group in groups_of("phantoms", rows)] == ["all"]
