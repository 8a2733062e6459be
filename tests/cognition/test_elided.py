"""Findings named by their side alone."""

import pytest

from medsegr.cognition.parser import parse_report


def told(text: str, modality: str = "chest_xray") -> list[tuple[str, str, str | None]]:
    return [(f.target, f.presence, f.location.laterality) for f in parse_report(text, modality)]


@pytest.mark.parametrize(
    ("text", "right", "left"),
    [
        ("Right effusion, none on the left.", "present", "absent"),
        ("Right effusion. None on the left.", "present", "absent"),
        ("Effusion on the right but not on the left.", "present", "absent"),
        ("Right effusion has increased, that on the left has resolved.", "present", "absent"),
        ("The right effusion is stable while the left one has disappeared.", "present", "absent"),
        ("The right effusion has decreased and the left one has resolved.", "present", "absent"),
        ("The right effusion persists but the left has resolved.", "present", "absent"),
        ("Right effusion; the left is clear.", "present", "absent"),
        ("Small right effusion and large left one.", "present", "present"),
        ("No effusion on the right, that on the left is old.", "absent", "present"),
    ],
)
def test_a_side_stands_for_a_finding(text: str, right: str, left: str) -> None:
    assert told(text) == [("pleural_effusion", right, "right"), ("pleural_effusion", left, "left")]


@pytest.mark.parametrize(
    "text",
    [
        "The right effusion is larger than the left.",
        "The right effusion is larger than that on the left.",
        "Effusions on the right and on the left.",
    ],
)
def test_what_is_compared_is_no_finding_of_its_own(text: str) -> None:
    assert told(text) == [("pleural_effusion", "present", "bilateral")]


def test_nothing_is_meant_where_nothing_was_named() -> None:
    assert told("Not on the left.") == []


def test_the_words_are_those_that_stand_for_it() -> None:
    text = "Right nodule of 8 mm and the left one of 5 mm."
    right, left = parse_report(text, "chest_ct")
    assert (right.shape.size_mm, left.shape.size_mm) == ((8.0,), (5.0,))
    assert [text[a:b] for a, b in (*left.evidence.target, *left.evidence.location)] == ["one", "left"]


@pytest.mark.parametrize(
    "text",
    [
        "Right effusion, not seen on the left.",
        "Right effusion but not present in the left lung.",
        "Effusion on the right and not seen on the left.",
    ],
)
def test_what_is_not_seen_on_the_other_side_stays_on_its_own(text: str) -> None:
    assert told(text) == [("pleural_effusion", "present", "right"), ("pleural_effusion", "absent", "left")]


def test_a_denial_of_the_finding_itself_stays_one() -> None:
    assert told("Effusion is not seen on the left.") == [("pleural_effusion", "absent", "left")]
    assert told("Right effusion, not seen on the prior film.") == [("pleural_effusion", "present", "right")]
