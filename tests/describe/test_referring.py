"""Cases in which only the report tells what is meant: the report picks one object, and no competitor."""

from collections import Counter

import numpy as np
import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.describe.place import Scene
from medsegr.describe.referring import ReferringCase, picks, referring_cases
from medsegr.model.truth import contradicts, fits
from tests.describe.cases import case, ellipse, picture

LEFT, RIGHT = ellipse(0.3, 0.75, 0.05, 0.05), ellipse(0.7, 0.25, 0.12, 0.12)
STRUCTURES = {
    "consolidation": LEFT | RIGHT,
    "ground_glass_opacity": ellipse(0.3, 0.3, 0.05, 0.05),
    "pleural_effusion": np.zeros((128, 128), bool),
}


def build(structures=None, modality="chest_ct", most=2, seed=0, frame="patient", grey=None):
    made = case(STRUCTURES if structures is None else structures, modality, grey, frame)
    dropped: Counter[tuple[str, str]] = Counter()
    scene = Scene.of(made.image, load_lexicon())
    return list(referring_cases(made, scene, most, seed, dropped)), dropped


def test_the_report_means_the_picked_object_and_no_other() -> None:
    built, _ = build(grey=picture({150: LEFT, 210: RIGHT, 120: STRUCTURES["ground_glass_opacity"]}))
    assert {each.aspect for each in built} == {"side", "zone", "size", "texture", "kind"}
    for each in built:
        (finding,) = parse_report(each.report, "chest_ct")
        assert picks(finding, each.aspect, each.picked.finding)
        assert fits(finding, each.picked.finding)
        assert each.picked.mask.any()
        assert each.competitors
        assert all(contradicts(finding, rival.finding) for rival in each.competitors)
        assert all(not (rival.mask & each.picked.mask).any() for rival in each.competitors)


def test_the_side_that_is_named_is_the_patients() -> None:
    sides = {e.picked.finding.location.laterality: e for e in build()[0] if e.aspect == "side"}
    assert set(sides) == {"left", "right"}
    assert np.array_equal(sides["left"].picked.mask, LEFT), "on the picture's right"
    assert "left" in sides["left"].report and "right" not in sides["left"].report
    assert np.array_equal(sides["left"].competitors[0].mask, RIGHT)


def test_only_what_picks_is_said() -> None:
    built, _ = build()
    assert len(built) >= 4
    for each in built:
        f = each.picked.finding
        stated = {"side": bool(f.location.laterality), "zone": bool(f.location.zones), "size": bool(f.shape.attributes),
                  "texture": bool(f.texture.attributes), "kind": False}  # fmt: skip
        assert [aspect for aspect, is_said in stated.items() if is_said] == [each.aspect] * (each.aspect != "kind")
        assert "single" not in each.report and "solitary" not in each.report


def test_false_descriptions_fit_nothing() -> None:
    built, _ = build()
    false = [(each, finding) for each in built for finding in each.false]
    assert {finding.target for _, finding in false} == {"pleural_effusion"}
    three = ellipse(0.2, 0.75, 0.05, 0.05) | ellipse(0.8, 0.75, 0.05, 0.05)
    (first, second) = [e for e in build({"consolidation": three}, "chest_xray")[0] if e.aspect == "zone"]
    assert {first.picked.finding.location.zones, second.picked.finding.location.zones} == {
        ("upper_zone",),
        ("lower_zone",),
    }
    for each in (first, second):
        (finding,) = each.false
        assert finding.location.zones == ("mid_zone",)
        assert all(contradicts(finding, known.finding) for known in (each.picked, *each.competitors))


def test_seeds_and_shares() -> None:
    def words(cases: list[ReferringCase]) -> list[str]:
        return [each.report for each in cases]

    assert words(build()[0]) == words(build()[0])
    assert words(build()[0]) != words(build(seed=1)[0])
    one = Counter((e.aspect, e.picked.finding.target) for e in build(most=1)[0])
    assert max(one.values()) == 1
    assert sum(one.values()) < len(build(most=2)[0])


def test_what_is_not_built_is_counted() -> None:
    built, dropped = build({"consolidation": LEFT | ellipse(0.3, 0.25, 0.05, 0.05) | ellipse(0.7, 0.5, 0.05, 0.05)})
    assert built == [] or all(each.aspect == "zone" for each in built)
    assert dropped["side", "in no class clearly"] == 1
    assert dropped["size", "of about one size"] == 1


def test_what_the_parser_reads_otherwise_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    from medsegr.cognition.priors import ReportPriors

    monkeypatch.setattr(
        "medsegr.describe.referring.parse_report",
        lambda *_, **__: ReportPriors((Finding("consolidation", location=Location("left")),)),
    )
    built, dropped = build({"consolidation": LEFT | RIGHT})
    assert [(each.aspect, each.picked.finding.location.laterality) for each in built] == [("side", "left")]
    assert dropped["side", "read otherwise"] == 1
    assert dropped["size", "read otherwise"] == 2


def test_picks() -> None:
    wanted = Finding("nodule", "present", Location("left", ("upper_zone",)), Texture(("dense",)), Shape(("small",)))
    assert all(picks(wanted, aspect, wanted) for aspect in ("side", "zone", "size", "texture", "kind"))
    for aspect, other in {
        "side": Finding("nodule", location=Location("right")),
        "zone": Finding("nodule", location=Location("left", ("upper_zone", "mid_zone"))),
        "size": Finding("nodule", shape=Shape(("large",))),
        "texture": Finding("nodule"),
        "kind": Finding("mass"),
    }.items():
        assert not picks(other, aspect, wanted), aspect
    assert not picks(Finding("nodule", "absent"), "kind", wanted)
    assert not picks(Finding("nodule"), "side", Finding("nodule")), "nothing that picks is stated"
