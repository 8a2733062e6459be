"""Figures of answers, against reckoning by hand; origins are never mixed."""

import numpy as np
import pytest

from medsegr.errors import ConfigError
from medsegr.evaluation.figures import confusion, figures, grouped
from medsegr.evaluation.metrics import Overlap
from medsegr.evaluation.results import all_tables, false_query_figures, report_figures, support_figures
from tests.evaluation.made import answer, case_of, disc, measures

EMPTY = np.zeros((64, 64), bool)
SMALL, LARGE = disc(0.3, 0.04), disc(0.6, 0.2)


def answers() -> list:
    """Right, half, missed, and a false alarm; two patients."""
    half = LARGE & (np.arange(64) < 38)
    return [
        answer(LARGE, LARGE, case="a", patient="p1"),
        answer(half, LARGE, case="a", patient="p1", finding=1),
        answer(EMPTY, SMALL, case="b", patient="p1", target="mass"),
        answer(LARGE, EMPTY, case="c", patient="p2", role="named", support=0.4),
    ]


def test_means_are_over_what_is_shown_and_errors_are_counted() -> None:
    listed = answers()
    found = figures(listed)
    assert found is not None
    scores = [a.overlap.dice for a in listed[:3]]
    assert found["findings"] == 4 and found["shown"] == 3 and found["cases"] == 3 and found["patients"] == 2
    assert found["dice_per_finding"] == pytest.approx(np.mean(scores), abs=1e-4)
    assert found["dice_per_case"] == pytest.approx((np.mean(scores[:2]) + scores[2]) / 2, abs=1e-4)
    pixels = sum(a.overlap.predicted + a.overlap.true for a in listed[:3])
    assert found["dice_over_set"] == pytest.approx(2 * sum(a.overlap.both for a in listed[:3]) / pixels, abs=1e-4)
    assert (found["missed"], found["left_empty"], found["false_alarms"]) == (1, 1, 1)
    assert found["interval"] == []  # all that is shown is one patient's


def test_findings_of_one_target_in_an_image_count_together_per_image() -> None:
    """As the two opacities of a film do, for papers that have one mask per image."""
    whole, part = Overlap(200, 180, 150), Overlap(40, 50, 30)
    listed = [
        answer(SMALL, SMALL, case="a", image=whole),
        answer(EMPTY, LARGE, case="a", finding=1, image=whole),
        answer(LARGE, LARGE, case="a", finding=2, target="mass", image=part),
        answer(LARGE, EMPTY, case="b", image=Overlap(300, 0, 0)),
    ]
    found = figures(listed)
    assert found is not None and found["images"] == 2
    assert found["dice_per_image"] == pytest.approx((whole.dice + part.dice) / 2, abs=1e-4)
    assert found["dice_per_finding"] == pytest.approx(2 / 3, abs=1e-4)


def test_another_object_of_the_same_kind_is_no_other_class() -> None:
    both = SMALL | LARGE
    case = case_of({}, {"one": ("nodule", SMALL), "two": ("nodule", LARGE)})
    alike = figures([answer(both, SMALL, measures(both, SMALL, case=case))])
    assert alike is not None and alike["confused"]["share"] == 0
    assert alike["confused"]["alike"] == pytest.approx((LARGE & ~SMALL).sum() / both.sum(), abs=1e-4)
    case = case_of({"heart": LARGE}, {"one": ("nodule", SMALL)})
    other = figures([answer(both, SMALL, measures(both, SMALL, case=case))])
    assert other is not None and other["confused"]["alike"] == 0
    assert other["confused"]["share"] == alike["confused"]["alike"]


def test_distances_hold_misses_and_false_alarms_at_the_diagonal() -> None:
    listed = answers()
    surface = figures(listed)["surface"]["px"]  # type: ignore[index]
    far = np.hypot(64, 64)
    assert surface["hd95"] == pytest.approx((0 + listed[1].surface.hd95 + 2 * far) / 4, abs=1e-3)
    assert surface["hd95_findings"] == 4
    assert surface["penalised"] == {"misses": 1, "false_alarms": 1}
    assert surface["nsd"] == pytest.approx(np.mean([a.surface.nsd for a in listed[:3]]), abs=1e-4)


def test_lesions_and_the_flagged_rule() -> None:
    found = figures(answers())
    assert found is not None
    assert {k: found["lesions"][k] for k in ("true", "found", "false")} == {"true": 3, "found": 2, "false": 1}
    assert found["lesions"]["sensitivity"] == 0.6667 and found["lesions"]["false_per_image"] == 0.3333
    rule = found["transunet_rule"]
    half = answers()[1].overlap.dice
    assert rule["for_comparison_only"] and rule["dice"] == pytest.approx((1 + half + 0 + 1) / 4, abs=1e-4)


def test_intervals_resample_patients() -> None:
    listed = [answer(LARGE if k % 3 else EMPTY, LARGE, case=str(k), patient=str(k // 2)) for k in range(12)]
    low, high = figures(listed)["interval"]  # type: ignore[index]
    assert low < figures(listed)["dice_per_finding"] < high  # type: ignore[index]
    alone = figures([answer(LARGE, LARGE), answer(EMPTY, LARGE)])
    assert alone is not None and alone["interval"] == []


def test_nothing_gives_nothing() -> None:
    assert figures([]) is None
    only_empty = figures([answer(EMPTY, EMPTY)])
    assert only_empty is not None and only_empty["dice_per_finding"] is None and only_empty["dice_over_set"] is None


def test_groups_keep_the_order_of_classes() -> None:
    listed = [answer(m, m) for m in (LARGE, SMALL, disc(0.5, 0.1))]
    assert list(grouped(listed, "size")) == ["< 1 %", "1-5 %", "> 5 %"]
    assert list(grouped([answer(SMALL, SMALL, target=t) for t in ("b", "a")], "target")) == ["a", "b"]
    assert grouped([answer(EMPTY, EMPTY)], "size") == {}


def test_real_and_derived_reports_are_never_averaged() -> None:
    mixed = [answer(LARGE, LARGE), answer(LARGE, LARGE, origin="derived")]
    with pytest.raises(ConfigError, match="Split them by origin"):
        figures(mixed)
    with pytest.raises(ConfigError, match="real and to derived"):
        report_figures(mixed, {"made": 0.5})
    tables = all_tables([*mixed, answer(EMPTY, LARGE, origin="none")], {"made": 0.5})
    assert list(tables) == ["real", "derived", "none"]
    dice = [tables[origin]["reports"]["true"]["all"]["dice_per_finding"] for origin in tables]
    assert dice == [1.0, 1.0, 0.0]


def test_tables_are_about_what_is_asked_in_every_way() -> None:
    listed = [
        answer(LARGE, LARGE), answer(LARGE, LARGE, report="none"),
        answer(LARGE, EMPTY, role="false", support=0.2), answer(EMPTY, EMPTY, role="foreign", support=0.1),
        answer(EMPTY, EMPTY, role="denied", support=None),
    ]  # fmt: skip
    found = report_figures(listed, {"made": 0.5})
    assert found["reports"]["true"]["all"]["findings"] == 1 == found["reports"]["none"]["all"]["findings"]
    assert found["denied"] == {"findings": 1, "empty": 1}
    assert set(found["reports"]["true"]) == {"all", "size", "overlap", "confusion"}


def test_support_figures() -> None:
    true = [answer(LARGE, LARGE, support=s) for s in (0.9, 0.8, 0.3)]
    false = [answer(EMPTY, EMPTY, role="false", support=s) for s in (0.4, 0.1)]
    other = [answer(LARGE, LARGE, report="none", support=0.0)]
    found = support_figures([*true, *false, *other], {"made": 0.35})
    assert (found["true"], found["false"]) == (3, 2)
    assert (found["kept"], found["rejected"]) == (0.6667, 0.5)
    assert found["auroc"] == pytest.approx(5 / 6, abs=1e-4) and found["asked"] == 5
    for threshold, kept, rejected in ((0.0, 1.0, 0.0), (1.1, 0.0, 1.0)):
        extreme = support_figures([*true, *false], {"made": threshold})
        assert (extreme["kept"], extreme["rejected"]) == (kept, rejected)


def test_each_data_set_has_its_own_threshold() -> None:
    listed = [answer(LARGE, LARGE, support=0.3, data=name) for name in ("dim", "clear")]
    listed += [answer(EMPTY, EMPTY, role="false", support=0.2, data=name) for name in ("dim", "clear")]
    found = report_figures(listed, {"dim": 0.1, "clear": 0.4})
    assert (found["support"]["kept"], found["support"]["rejected"]) == (0.5, 0.5)
    assert found["support"]["threshold"] is None and found["support"]["thresholds"] == {"clear": 0.4, "dim": 0.1}
    assert found["false_queries"]["kinds"]["false"]["rejected"] == 0.5


def test_false_queries_by_kind() -> None:
    true = [answer(LARGE, LARGE, support=s) for s in np.linspace(0.5, 1, 20)]
    false = [answer(EMPTY, EMPTY, role="false", support=0.4), answer(LARGE, EMPTY, role="false", support=0.95)]
    absent, foreign = (answer(EMPTY, EMPTY, role=role, support=0.52) for role in ("named", "foreign"))
    found = false_query_figures([*true, *false, absent, foreign], {"made": 0.5})
    assert found["threshold_at_kept"] == pytest.approx(np.linspace(0.5, 1, 20)[1], abs=1e-4)
    assert found["kinds"]["false"] == {
        "asked": 2, "rejected": 0.5, "rejected_at_kept": 0.5, "left_empty": 0.5,
        "auroc": pytest.approx((20 + sum(s > 0.95 for s in np.linspace(0.5, 1, 20))) / 40, abs=1e-4),
    }  # fmt: skip
    assert found["kinds"]["absent"]["rejected"] == 0.0 and found["kinds"]["absent"]["rejected_at_kept"] == 1.0
    assert set(found["kinds"]) == {"false", "absent", "foreign"}


def test_confusion_names_what_was_drawn_instead() -> None:
    truth, other = disc(0.3, 0.1), disc(0.7, 0.1)
    case = case_of({"nodule": truth, "mass": other})
    wrong = answer(truth | other, truth, measures(truth | other, truth, "nodule", case))
    found = confusion([wrong, answer(truth, truth)])
    share = other.sum() / (2 * truth.sum() + other.sum())
    assert found["nodule"]["in"] == {"mass": pytest.approx(share, abs=1e-4)}
    assert figures([wrong, answer(truth, truth)])["confused"]["share"] == pytest.approx(share, abs=1e-4)  # type: ignore[index]
