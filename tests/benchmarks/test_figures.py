"""Figures of answers, against computations of a few lines."""

import numpy as np
import pytest
from benchmarks.figures import (
    Figure,
    Ratio,
    by_name,
    confusion,
    difference,
    false_queries,
    per_image,
    ratio,
    wrong_object,
)
from benchmarks.groups import ALL, MEAN_OF_SETS, PER_IMAGE, STATES_A_PLACE, figures_of

from medsegr.evaluation.bootstrap import bootstrap_interval
from tests.benchmarks.answer_rows import answers, row


def test_a_mean_is_of_findings_and_its_interval_of_patients():
    rows = answers(*(row(case=i, patient=f"p{i // 3}", dice=0.1 * (i % 7), finding=i) for i in range(30)))
    found = ratio(rows, "dice")
    assert found.value == pytest.approx(rows.dice.mean()) and found.count == 30
    assert (found.low, found.high) == pytest.approx(bootstrap_interval(rows.dice, groups=list(rows.patient)), abs=0.01)
    alone = ratio(answers(row(), row(finding=1, dice=1.0)), "dice")
    assert alone.value == 0.75 and np.isnan(alone.low), "one patient tells no interval"
    assert ratio(rows[:0], "dice") is None


def test_seeds_are_averaged_and_sets_count_alike():
    of_seeds = answers(
        *(row(case=c, dice=d, seed=s) for s, of in enumerate(((0.2, 0.4), (0.6, 0.8))) for c, d in enumerate(of))
    )
    assert ratio(of_seeds, "dice")[0] == pytest.approx(0.5) and ratio(of_seeds, "dice").count == 2
    sets = answers(*(row(case=c, dice=1.0) for c in range(6)), *(row(data="b", case=c, dice=0.0) for c in range(2)))
    assert ratio(sets, "dice").value == 0.75
    whole = ratio(sets, "dice", of_sets=True)
    assert whole.value == 0.5 and whole.low == whole.high == 0.5, "no set grows or shrinks in a draw"


def test_a_difference_is_of_common_findings_and_seeds():
    host = [row(arm="host", case=c, seed=s, dice=0.1 * c + 0.2 * s) for c in range(5) for s in range(2)]
    full = [row(case=c, seed=s, dice=0.1 * c + 0.3) for c in range(6) for s in range(3)]
    found = difference(answers(*full), answers(*host))
    assert found.value == pytest.approx(0.2) and (found.low, found.high) == pytest.approx((0.2, 0.2))
    assert found.count == 5 and found.side == 1


def test_an_image_counts_once_with_all_its_findings():
    rows = answers(
        row(finding=0, dice=0.9, image_dice=0.4),
        row(finding=1, dice=0.1, image_dice=0.4),
        row(case="2", dice=0.6, image_dice=0.6),
        row(case="2", target="x", dice=0.2, image_dice=0.2),
    )
    assert per_image(rows).dice.tolist() == [0.4, 0.6, 0.2]


def test_what_is_not_there_is_rejected_below_the_models_own_and_below_the_keeping_threshold():
    true = [row(case=i, support=0.30 + 0.01 * i) for i in range(40)]
    false = [row(case=i, finding=1, role="false", true_px=0, support=s) for i, s in enumerate((0.1, 0.2, 0.31, 0.55))]
    absent = [row(case=0, finding=2, role="named", true_px=0, support=0.9)]
    aside = [row(case=1, finding=3, role="named", true_px=5, support=0.0), row(case=1, report="none", support=0.0)]
    found = false_queries(answers(*true, *false, *absent, *aside))
    assert found["kept"]["kept"].value == 0.5 and found["kept"]["kept"].count == 40
    assert found["false"]["rejected"].value == 0.75
    assert found["false"]["at_kept"].value == 0.75, "the support that 38 of 40 reach is 0.32"
    assert found["absent"]["at_kept"].value == 0.0 and "foreign" not in found
    assert found["false"]["auroc"].value == pytest.approx((40 + 40 + 38.5 + 14.5) / 160)
    assert found["false"]["at_kept"].low <= 0.75 <= found["false"]["at_kept"].high
    assert false_queries(answers(*true, *absent)) is None and false_queries(answers(*false)) is None


def test_confusion_is_by_pixels_per_set_and_its_ratio_by_patient():
    def of(arm, *pairs, data="heart"):
        return [
            row(arm=arm, data=data, case=i, other_class_px=wrong, predicted_px=px)
            for i, (wrong, px) in enumerate(pairs)
        ]

    host = answers(*of("host", (50, 100), (30, 60), (10, 100)), *of("host", (40, 80), (20, 100), data="chest"))
    full = answers(*of("full", (10, 90), (0, 60), (2, 100)), *of("full", (5, 50), (5, 100), data="chest"))
    found = confusion(full, host)
    mine, base = (12 / 250 + 10 / 150) / 2, (90 / 260 + 60 / 180) / 2
    assert found["share"].value == pytest.approx(mine) and found["to_host"].value == pytest.approx(mine / base)
    assert found["to_host"].low < found["to_host"].value < found["to_host"].high
    same = confusion(host, host)["to_host"]
    assert same[:3] == (1, 1, 1), "both are drawn with the same patients"
    assert "to_host" not in confusion(host, None)


def test_a_wrong_object_is_one_with_more_of_the_mask():
    rows = answers(row(both_px=4, competitor_px=5), row(case="2", both_px=5, competitor_px=5), row(case="3", both_px=0))
    found = wrong_object(rows)
    assert found["wrong"].value == pytest.approx(1 / 3) and found["missed"].value == pytest.approx(1 / 3)


def test_a_share_is_of_sums():
    rows = answers(row(dice=0.2), row(case="2", dice=0.6)).assign(box=[0.4, 0.8])
    assert Ratio(rows, "dice", "box").figure().value == pytest.approx(0.8 / 1.2)


def test_families_origins_and_ways_of_asking_stay_apart():
    shown = {"none": 0.1, "true": 0.6, "other": 0.0}
    real = [row(data=d, arm=a, case=c, report=r, dice=v + 0.1 * (a == "full") + 0.01 * c)
            for d in ("polyp_cvc_text", "skin_ph2_text") for a in ("host", "full") for c in range(3)
            for r, v in shown.items()]  # fmt: skip
    twice = [{**each, "finding": 1, "dice": 0.0} for each in real if each["data"] == "polyp_cvc_text"]
    phantoms = [
        row(data="phantoms_ct", arm="full", suite=s, case=c, origin="derived")
        for s in ("place", "small")
        for c in (1, 2)
    ]
    found = figures_of(answers(*real, *twice, *phantoms))
    assert {family: [*of] for family, of in found.items()} == {"phantoms": ["derived"], "real": ["real"]}
    told = found["real"]["real"]["asked"]["true"]
    assert told["data skin_ph2_text"]["full"]["to_host"].value == pytest.approx(0.1)
    assert told["data skin_ph2_text"]["full"]["to_names_alone"].value == pytest.approx(0.5)
    assert "to_names_alone" not in told[ALL]["host"] and "to_host" not in told[ALL]["host"]
    assert told[MEAN_OF_SETS]["host"]["dice"].value == pytest.approx((0.61 / 2 + 0.61) / 2)
    assert told[STATES_A_PLACE]["host"]["dice"].value == pytest.approx(0.61 / 2)
    assert told[STATES_A_PLACE + PER_IMAGE]["host"]["dice"].value == pytest.approx(0.61)
    suites = found["phantoms"]["derived"]
    assert {*suites["asked"]["true"]} == {ALL, "distractors", "suite place", "suite small"}
    assert suites["wrong_object"][ALL]["full"]["wrong"].count == 2, "small objects have no competitors"


def test_a_figure_that_lies_on_both_sides_of_nothing_has_no_side():
    assert [Figure(0.1, low, high).side for low, high in ((0.05, 0.2), (-0.1, 0.2), (-0.3, -0.1))] == [1, 0, -1]


def test_support_is_told_name_by_name_where_a_thing_is_and_where_it_is_not():
    rows = answers(
        row(case=1, target="disc", support=0.6, dice=0.5),
        row(case=2, target="disc", support=0.9, dice=0.7),
        row(case=3, target="disc", support=0.7, true_px=0, role="named"),
        row(case=4, target="spot", support=0.2, dice=0.1),
        row(case=4, target="spot", support=0.8, dice=0.9, report="other"),
        row(case=5, target="liver", support=0.1, true_px=0, role="foreign", told=False),
    )
    found = by_name(rows)
    assert list(found) == ["disc", "spot"]
    disc, spot = found["disc"], found["spot"]
    assert disc["dice"].value == pytest.approx(0.6) and disc["dice"].count == 2
    assert disc["there"].value == pytest.approx(0.75) and disc["absent"].value == 0.7
    assert disc["auroc"].value == 0.5
    assert set(spot) == {"dice", "there"} and spot["there"].value == 0.2
