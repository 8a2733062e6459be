"""Places with a size of their own, and sizes and places that go with the right finding."""

import pytest

from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding


def read(text: str, modality: str = "chest_ct") -> list[Finding]:
    return list(parse_report(text, modality).findings)


@pytest.mark.parametrize(
    "text",
    [
        "Nodules in the left lung (10 mm) and right lung (5 mm).",
        "Nodules: left lung 10 mm, right lung 5 mm.",
        "Nodules measuring 10 mm on the left and 5 mm on the right.",
        "Nodules in both lungs, 10 mm on the left, 5 mm on the right.",
        "Nodules in the left lung and right lung, 10 mm and 5 mm respectively.",
        "Left nodule measuring 10 mm and right nodule measuring 5 mm.",
    ],
)
def test_a_side_with_its_own_size_is_a_finding(text: str) -> None:
    told = [(f.location.laterality, f.shape.size_mm) for f in read(text)]
    assert told == [("left", (10.0,)), ("right", (5.0,))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Two polyps: 4 mm in the caecum and 10 mm in the rectum.", {"caecum": 4.0, "rectum": 10.0}),
        ("Polyps: caecum (4 mm), stomach (5 mm), rectum (6 mm).", {"caecum": 4.0, "stomach": 5.0, "rectum": 6.0}),
        ("A polyp of 4 mm in the caecum and another of 9 mm in the rectum.", {"caecum": 4.0, "rectum": 9.0}),
    ],
)  # fmt: skip
def test_a_zone_with_its_own_size_is_a_finding(text: str, expected: dict[str, float]) -> None:
    found = read(text, "colonoscopy")
    assert {f.location.zones[0]: f.shape.size_mm[0] for f in found} == expected
    assert all(f.shape.count is None for f in found)


def test_places_share_a_side_that_is_said_once() -> None:
    for text in (
        "Nodules in the right upper lobe (4 mm) and lower lobe (6 mm).",
        "Nodules in the upper lobe (4 mm) and lower lobe (6 mm) of the right lung.",
    ):
        told = [(f.location.laterality, f.location.zones, f.shape.size_mm) for f in read(text)]
        assert told == [("right", ("upper_lobe",), (4.0,)), ("right", ("lower_lobe",), (6.0,))], text


def test_sizes_of_one_place_stay_together() -> None:
    (nodule,) = read("Nodules in the right upper lobe, 4 mm and 6 mm.")
    assert nodule.shape.size_mm == (4.0, 6.0)


def test_a_side_keeps_all_its_sizes() -> None:
    (left, right) = read("Nodules: left upper lobe 10 mm and 8 mm, right lower lobe 5 mm.")
    assert (left.location.laterality, left.shape.size_mm) == ("left", (10.0, 8.0))
    assert (right.location.laterality, right.shape.size_mm) == ("right", (5.0,))


def test_nodes_with_sizes_of_their_own_are_no_apposition() -> None:
    told = [(f.location.laterality, f.location.zones) for f in read("Subcarinal node 15 mm, right hilar node 12 mm.")]
    assert told == [(None, ("subcarinal",)), ("right", ("hilar",))]


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("Lungs: 5 mm nodule RUL.", ["right"]),
        ("Trachea deviated to the right by a left-sided mass.", ["right", "left"]),
        ("Effusion on the left with adjacent atelectasis.", ["left", "left"]),
        ("Mass in the right upper lobe with cavitation.", ["right", "right"]),
        ("Atelectasis or early pneumonia at the left base.", ["left", "left"]),
        ("A nodule in the left lung and another in the right.", ["left", "right"]),
    ],
)
def test_sides_go_with_their_findings(text: str, sides: list[str]) -> None:
    assert [f.location.laterality for f in read(text)] == sides


def test_a_place_of_the_next_clause_is_not_that_of_what_is_denied() -> None:
    (effusion,) = read("No effusion is seen although the apices are obscured.")
    assert effusion.location.zones == ()


def test_the_region_of_the_picture_is_no_place_in_it() -> None:
    (mass,) = read("Mass in the left breast at 3 o'clock.", "breast_ultrasound")
    assert (mass.location.laterality, mass.location.zones) == ("left", ("clock_3",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nodules in right upper and left lower lobes.", [("right", ("upper_lobe",)), ("left", ("lower_lobe",))]),
        ("Left upper and right middle lobe nodules.", [("left", ("upper_lobe",)), ("right", ("middle_lobe",))]),
        ("Nodules in the left upper, right lower lobe.", [("left", ("upper_lobe",)), ("right", ("lower_lobe",))]),
        ("Right upper and middle lobe nodules.", [("right", ("upper_lobe", "middle_lobe"))]),
        ("Nodules in both upper and lower lobes.", [("bilateral", ("upper_lobe", "lower_lobe"))]),
    ],
)  # fmt: skip
def test_a_place_whose_noun_comes_with_the_next_side(text: str, expected: list[tuple[str, tuple[str, ...]]]) -> None:
    assert [(f.location.laterality, f.location.zones) for f in read(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "Small right and moderate left effusions.",
        "Effusions, small on the right and moderate on the left.",
        "Bilateral effusions, small right, moderate left.",
    ],
)
def test_a_side_with_its_own_degree_is_a_finding(text: str) -> None:
    told = [(f.location.laterality, f.shape.attributes) for f in read(text)]
    assert told == [("right", ("small",)), ("left", ("medium",))]


@pytest.mark.parametrize("text", ["Small right and left effusions.", "Bilateral effusions, larger on the left."])
def test_sides_with_one_degree_are_one_finding(text: str) -> None:
    assert [f.location.laterality for f in read(text)] == ["bilateral"]
