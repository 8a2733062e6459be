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
        ("Effusion not only right but also left.", "chest_xray", [("pleural_effusion", "present", "bilateral")]),
        (
            "No hydronephrosis in the right kidney. The left kidney is small.",
            "abdomen_ultrasound",
            [("hydronephrosis", "absent", "right"), ("kidney", "present", "left")],
        ),
    ],
)  # fmt: skip
def test_nothing_else_becomes_present(text: str, modality: str, expected: list[tuple[str, str, str | None]]) -> None:
    assert told(text, modality) == expected


@pytest.mark.parametrize(
    ("text", "modality", "side"),
    [
        ("Cyst in the left kidney, right kidney normal.", "abdomen_ct", "left"),
        ("Stone in the right kidney; left kidney is normal.", "abdomen_ct", "right"),
        ("Unremarkable left kidney; hydronephrosis on the right.", "abdomen_ct", "right"),
        ("The left kidney is normal, with a cyst in the right kidney.", "abdomen_ct", "right"),
        ("Right kidney: normal, left kidney: cyst", "abdomen_ct", "left"),
        ("Cyst in the left kidney, normal right kidney and spleen.", "abdomen_ct", "left"),
        ("Left lung nodule, normal right lung.", "chest_ct", "left"),
        ("RT LOWER LOBE CONSOLIDATION, LT CLEAR", "chest_xray", "right"),
        ("Right effusion, left is clear.", "chest_xray", "right"),
        ("Left clear, right effusion.", "chest_xray", "right"),
        ("Left effusion with clear right costophrenic angle.", "chest_xray", "left"),
        ("Mass in the left breast with normal right breast.", "breast_ultrasound", "left"),
    ],
)
def test_the_normal_side_is_not_that_of_the_finding(text: str, modality: str, side: str) -> None:
    assert [f[1:] for f in told(text, modality)] == [("present", side)]


def test_the_normal_organs_of_a_list_leave_the_side_to_the_finding() -> None:
    text = "Normal heart and lungs; small left effusion"
    assert told(text) == [
        ("cardiomegaly", "absent", None),
        ("airspace_opacity", "absent", None),
        ("pleural_effusion", "present", "left"),
    ]
    heart, lungs, effusion = (f.evidence for f in parse_report(text, "chest_xray"))
    assert [[text[slice(*span)] for span in (*e.target, *e.presence)] for e in (heart, lungs, effusion)] == [
        ["heart", "Normal"],
        ["lungs", "Normal"],
        ["effusion"],
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Cyst in the otherwise normal left kidney.",
        "Left kidney normal, small cyst.",
        "Left kidney is normal in size with a 2 cm cyst.",
    ],
)
def test_a_side_stays_where_it_may_be_that_of_the_finding(text: str) -> None:
    assert told(text, "abdomen_ct") == [("kidney_cyst", "present", "left")]


@pytest.mark.parametrize("text", ["Right effusion, left lung is free.", "Right effusion; left lung clear."])
def test_a_lung_that_is_free_keeps_its_side(text: str) -> None:
    assert told(text) == [("pleural_effusion", "present", "right"), ("airspace_opacity", "absent", "left")]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("No effusion on the right, new consolidation on the left.", ("consolidation", "present", "left")),
        ("No effusion on the right, chest tube on the left.", ("chest_tube", "present", "left")),
        ("No right effusion, left pneumothorax or mass.", ("pneumothorax", "absent", "left")),
    ],
)
def test_a_denial_on_one_side_does_not_reach_the_other(text: str, left: tuple[str, str, str]) -> None:
    assert told(text)[:2] == [("pleural_effusion", "absent", "right"), left]
