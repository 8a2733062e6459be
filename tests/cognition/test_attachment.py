"""Which target a place or attribute belongs to."""

import pytest

from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding


def read(text: str, modality: str = "chest_xray") -> list[Finding]:
    return list(parse_report(text, modality).findings)


def places(text: str, modality: str = "chest_xray") -> list[tuple[str, str | None, tuple[str, ...]]]:
    return [(f.target, f.location.laterality, f.location.zones) for f in read(text, modality)]


def test_a_companion_takes_the_side_and_in_the_lung_the_zone() -> None:
    assert places("Right lower lobe consolidation with a small effusion.") == [
        ("consolidation", "right", ("lower_lobe",)), ("pleural_effusion", "right", ()),
    ]  # fmt: skip
    assert places("Right lower lobe consolidation with associated atelectasis.")[1] == (
        "atelectasis", "right", ("lower_lobe",)
    )  # fmt: skip


def test_a_diagnosis_takes_the_place_of_what_it_explains() -> None:
    finding = read("Consolidation in the left lower lobe, suspicious for infarct.", "chest_ct")[1]
    assert (finding.presence, finding.location.laterality, finding.location.zones) == (
        "uncertain", "left", ("lower_lobe",)
    )  # fmt: skip


def test_a_place_behind_a_list_with_with_holds_for_what_the_rest_lies_in() -> None:
    place = ("right", ("upper_lobe",))
    for text in (
        "Nodules with calcification and cavitation in the right upper lobe.",
        "Mass with calcification in the right upper lobe.",
    ):
        assert {(side, zones) for _, side, zones in places(text, "chest_ct")} == {place}, text
    assert places("Cardiomegaly with effusion at the left base.")[0] == ("cardiomegaly", None, ())
    assert places("Nodule with effusion on the left.")[0] == ("nodule", None, ())


def test_a_place_before_an_explanation_belongs_to_the_finding() -> None:
    assert places("Opacity in the left base likely representing atelectasis.") == [
        ("airspace_opacity", "left", ("basal",)), ("atelectasis", "left", ("basal",)),
    ]  # fmt: skip
    assert places("Nodule in the right lung and in the left lung possible effusion.") == [
        ("nodule", "right", ()), ("pleural_effusion", "left", ()),
    ]  # fmt: skip


def test_the_subject_of_the_next_clause_describes_what_is_said_of_it() -> None:
    assert places("The ACL is intact but the medial meniscus is torn.", "knee_mri") == [
        ("ligament_tear", None, ("anterior_cruciate_ligament",)), ("meniscal_tear", None, ("medial_meniscus",)),
    ]  # fmt: skip


def test_what_shows_a_finding_is_its_place() -> None:
    cavity = ("cavity", "right", ("upper_lobe",))
    assert places("The left lung is clear; the right lung shows a cavity in the upper lobe.")[1] == cavity
    assert places("Left lung is clear and the right upper lobe shows a cavity.")[1] == cavity
    assert places("Nodule in the left lung; the right lung shows a cavity.") == [
        ("nodule", "left", ()), ("cavity", "right", ()),
    ]  # fmt: skip
    assert places("Nodule in the left lung shows calcification.")[0] == ("nodule", "left", ())
    assert places("Consolidation, worse in the right base shows cavitation.")[0][1] == "right"


def test_devices_share_no_place() -> None:
    assert [side for _, side, _ in places("Right chest drain and ETT.")] == ["right", None]


def test_adjectives_belong_to_the_nearest_noun() -> None:
    nucleus, gland = read("Large, pleomorphic nuclei and small glands.", "histology")
    assert nucleus.texture.attributes == ("pleomorphic",) and set(nucleus.shape.attributes) == {"large"}
    assert gland.shape.attributes == ("small",)


def test_degrees_of_an_attribute_and_what_is_denied_say_nothing() -> None:
    (lesion,) = read("Moderately hyperintense lesion without calcified parts.", "brain_mri")
    assert lesion.texture.attributes == ("hyperintense",) and lesion.shape.attributes == ()


def test_sides_with_a_place_each_are_two_findings() -> None:
    assert places("Consolidation in the right lower lobe and left upper lobe.") == [
        ("consolidation", "right", ("lower_lobe",)), ("consolidation", "left", ("upper_lobe",)),
    ]  # fmt: skip
    assert places("Consolidation in the left and right lower lobes.") == [
        ("consolidation", "bilateral", ("lower_lobe",))
    ]


def test_the_sentences_of_qata_and_mosmed() -> None:
    text = "Bilateral pulmonary infection, two infected areas, upper left lung and upper right lung."
    left, right = read(text, "chest_xray")
    assert left.target == right.target == "pneumonia"
    assert [(f.location.laterality, f.location.zones, f.shape.count) for f in (left, right)] == [
        ("left", ("upper_zone",), 2), ("right", ("upper_zone",), 2),
    ]  # fmt: skip
    (one,) = read("Unilateral pulmonary infection, one infected area, middle lower left lung.", "chest_ct")
    assert (one.location.laterality, set(one.location.zones)) == ("left", {"mid_zone", "lower_zone"})


def test_a_size_before_of_is_that_of_what_follows() -> None:
    text = "A mass in the left temporal lobe with oedema and 6 mm of midline shift."
    sizes = {finding.target: finding.shape.size_mm for finding in parse_report(text, "brain_mri")}
    assert sizes == {"brain_tumour": (), "brain_edema": (), "midline_shift": (6.0,)}


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("Two nodules, one in the right upper lobe and one in the left lower lobe.", [None, None]),
        ("Two nodules (one in the right upper lobe, one in the left lower lobe).", [None, None]),
        ("Two nodules, one in the right upper lobe and the other in the left lower lobe.", [None, None]),
        ("Three nodules: two in the right lung and one in the left lung.", [2, None]),
        ("Two nodules in the right lung and one in the left lung.", [2, None]),
        ("Multiple nodules, one in the right lung and one in the left lung.", ["multiple", None]),
    ],
)
def test_a_count_of_what_is_then_listed_is_that_of_none(text: str, counts: list[int | str | None]) -> None:
    found = read(text, "chest_ct")
    assert [finding.location.laterality for finding in found] == ["right", "left"]
    assert [finding.shape.count for finding in found] == counts


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("Two nodules, both in the right upper lobe.", "right"),
        ("Both nodules are in the left lower lobe.", "left"),
        ("Two masses, both on the left.", "left"),
        ("Nodules in both lungs.", "bilateral"),
        ("Effusions, both small.", "bilateral"),
        ("Bilateral effusions, larger on the left.", "bilateral"),
        ("Effusions on both sides, right more than left.", "bilateral"),
    ],
)
def test_both_counts_findings_where_these_have_a_side_of_their_own(text: str, side: str) -> None:
    assert {told for _, told, _ in places(text, "chest_ct")} == {side}
