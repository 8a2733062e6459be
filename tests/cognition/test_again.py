"""Findings spoken of again, and members of a group."""

import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding
from medsegr.cognition.rule_parser import read_report


def read(text: str, modality: str = "chest_ct") -> list[Finding]:
    return list(parse_report(text, modality).findings)


def test_pronouns_and_sentences_without_a_noun_go_on() -> None:
    for text in (
        "There is a nodule. It measures 9 mm and is solid.",
        "Nodule in the left lung. Solid, 9 mm.",
        "Nodule. 9 mm in size, solid.",
    ):
        (nodule,) = read(text)
        assert (nodule.shape.size_mm, nodule.texture.attributes) == ((9.0,), ("solid",)), text


def test_a_member_of_a_group_is_its_own_finding() -> None:
    group, largest = read("Multiple nodules in both lungs, the largest of which in the right lower lobe is 9 mm.")
    assert (group.shape.count, group.shape.size_mm, group.location.laterality) == ("multiple", (), "bilateral")
    assert (largest.shape.size_mm, largest.location.laterality, largest.location.zones) == (
        (9.0,), "right", ("lower_lobe",)
    )  # fmt: skip
    (_, one) = read("Multiple nodules in both lungs. One of them, in the lingula, is cavitating.")
    assert (one.shape.count, one.texture.attributes, one.location.zones) == (1, ("cavitary",), ("lingula",))


def test_a_member_inherits_the_side_of_its_group() -> None:
    _, largest = read("Several stones in the left kidney, the largest 7 mm.", "abdomen_ct")
    assert (largest.target, largest.location.laterality, largest.shape.size_mm) == ("kidney_stone", "left", (7.0,))


def test_one_stands_for_the_noun() -> None:
    text = "A 4 mm sessile polyp in the caecum and a 7 mm pedunculated one at the hepatic flexure."
    assert [(f.shape.size_mm, f.location.zones) for f in read(text, "colonoscopy")] == [
        ((4.0,), ("caecum",)), ((7.0,), ("hepatic_flexure",)),
    ]  # fmt: skip


def test_the_latter_and_the_former_are_the_findings_named_before() -> None:
    for text in (
        "Nodule in the left lung and mass in the right lung. The latter measures 4 cm. The former is solid.",
        "Nodule in the left lung. Mass in the right lung. The former is solid and the latter measures 4 cm.",
        "Nodule in the left lung and mass in the right lung, the latter of 4 cm, the former solid.",
    ):
        nodule, mass = read(text)
        assert (nodule.texture.attributes, nodule.shape.size_mm) == (("solid",), ()), text
        assert (mass.texture.attributes, mass.shape.size_mm) == ((), (40.0,)), text
        start, end = mass.evidence.target[-1]
        assert text[start:end].lower() == "the latter"


def test_a_former_drain_refers_to_nothing() -> None:
    nodule, mass = read("Nodule and mass. The former mass is smaller.")
    assert (nodule.shape.attributes, mass.target) == ((), "mass")


@pytest.mark.parametrize(
    ("text", "modality", "zones"),
    [
        ("Nodule in the third part of the duodenum.", "abdomen_ct", ("duodenum",)),
        ("Fracture of the second rib.", "chest_xray", ("rib",)),
        ("Haemorrhage in the third ventricle.", "brain_ct", ()),
    ],
)
def test_an_ordinal_that_says_where_singles_nothing_out(text: str, modality: str, zones: tuple[str, ...]) -> None:
    (finding,) = read(text, modality)
    assert set(zones) <= set(finding.location.zones)


def test_this_lesion_is_the_one_before() -> None:
    (mass,) = read("Mass in the left kidney. This lesion measures 4 cm.", "abdomen_ct")
    assert (mass.target, mass.location.laterality, mass.shape.size_mm) == ("kidney_lesion", "left", (40.0,))


@pytest.mark.parametrize(
    "text",
    [
        "Nodule left upper lobe 10 mm, right lower lobe 5 mm.",
        "Nodules in the left upper lobe (10 mm) and right lower lobe (5 mm).",
        "Nodules: left upper lobe 10 mm; right lower lobe 5 mm.",
        "10 mm left upper lobe and 5 mm right lower lobe nodules.",
    ],
)
def test_a_size_goes_with_the_place_it_is_spoken_with(text: str) -> None:
    left, right = read(text)
    assert (left.location.laterality, left.location.zones, left.shape.size_mm) == ("left", ("upper_lobe",), (10.0,))
    assert (right.location.laterality, right.location.zones, right.shape.size_mm) == ("right", ("lower_lobe",), (5.0,))


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("Nodules in the left upper lobe and right lower lobe, 5 mm.", (5.0,)),
        ("Nodules in the left upper lobe and right lower lobe, 10 mm and 5 mm.", (10.0, 5.0)),
    ],
)
def test_sizes_behind_all_places_belong_to_all(text: str, sizes: tuple[float, ...]) -> None:
    assert [found.shape.size_mm for found in read(text)] == [sizes, sizes]


def test_an_item_of_a_list_that_was_not_read_is_told() -> None:
    text = "Fractures: 1) left 5th rib 2) left clavicle 3) right clavicle normal"
    reading = read_report(text, "chest_xray", load_lexicon())
    assert [finding.location.zones for finding in reading.findings] == [("clavicle",)]
    assert [text[first:last] for first, last in reading.not_read] == ["left 5th rib"]


def test_what_is_left_of_a_group_has_its_words_and_members_theirs() -> None:
    text = "Two nodules, one of them in the right lung."
    rest, member = read(text)
    words = [[text[first:last] for first, last in one.evidence.target] for one in (rest, member)]
    assert (words, rest.shape.count, member.shape.count) == ([["nodules"], ["one of them"]], 1, 1)
