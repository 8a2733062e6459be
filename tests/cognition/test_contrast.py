"""Clauses about the other side."""

import pytest

from medsegr.cognition.parser import parse_report


def told(text: str, modality: str = "chest_xray") -> list[tuple[str, str, str | None]]:
    return [(f.target, f.presence, f.location.laterality) for f in parse_report(text, modality)]


@pytest.mark.parametrize(
    "text",
    [
        "No effusion on the right; small on the left.",
        "No effusion on the right, small one on the left.",
        "No right effusion. Trace on the left.",
        "No effusion on the right, present on the left.",
        "No effusion on the right but a large one on the left.",
        "There is no effusion on the right. New small at the left base.",
        "No effusion in the right lung, seen in the left lung.",
        "No effusion on the right; 5 mm on the left.",
        "No effusion on the right but on the left.",
    ],
)
def test_what_is_denied_on_one_side_is_on_the_other(text: str) -> None:
    assert told(text) == [("pleural_effusion", "absent", "right"), ("pleural_effusion", "present", "left")]


def test_its_size_and_doubt_are_its_own() -> None:
    right, left = parse_report("No effusion on the right, possibly small on the left.", "chest_xray")
    assert (right.shape.attributes, left.shape.attributes) == ((), ("small",))
    assert (right.presence, left.presence) == ("absent", "uncertain")


@pytest.mark.parametrize(
    "text",
    [
        "Effusion is seen not on the right but on the left.",
        "Effusion: none on the right, small on the left.",
        "The effusion lies not in the right but in the left lung.",
    ],
)
def test_not_here_but_there(text: str) -> None:
    assert sorted(told(text)) == [("pleural_effusion", "absent", "right"), ("pleural_effusion", "present", "left")]


@pytest.mark.parametrize(
    ("text", "modality", "expected"),
    [
        ("No effusion on the right or on the left.", "chest_xray", [("pleural_effusion", "absent", "bilateral")]),
        ("No effusion. Small on the left.", "chest_xray", [("pleural_effusion", "absent", None)]),
        ("No pneumothorax on the right. The left is unchanged.", "chest_xray", [("pneumothorax", "absent", "right")]),
        (
            "No hydronephrosis in the right kidney. The left kidney is small.",
            "abdomen_ultrasound",
            [("hydronephrosis", "absent", "right"), ("kidney", "present", "left")],
        ),
    ],
)  # fmt: skip
def test_nothing_else_becomes_present(text: str, modality: str, expected: list[tuple[str, str, str | None]]) -> None:
    assert told(text, modality) == expected
