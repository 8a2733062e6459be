"""Places that are left out of all others."""

import pytest

from medsegr.cognition.parser import parse_report

Place = tuple[str, str | None, tuple[str, ...]]
ALL: Place = ("present", None, ())


def read(text: str, modality: str = "chest_xray") -> list[Place]:
    findings = parse_report(text, modality).findings
    return [(f.presence, f.location.laterality, f.location.zones) for f in findings]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Consolidation in all lobes but the right middle lobe.", [ALL, ("absent", "right", ("middle_lobe",))]),
        ("Opacities everywhere but the left apex.", [ALL, ("absent", "left", ("apical",))]),
        ("Opacities in every zone but the left lower zone.", [ALL, ("absent", "left", ("lower_zone",))]),
        ("No nodules in any lobe but the right upper lobe.",
         [("absent", None, ()), ("present", "right", ("upper_lobe",))]),
        ("Consolidation in all lobes but the right middle lobe and the left lower lobe.",
         [ALL, ("absent", "right", ("middle_lobe",)), ("absent", "left", ("lower_lobe",))]),
        ("Consolidation in all lobes except the right middle lobe and the lingula.",
         [ALL, ("absent", "right", ("middle_lobe",)), ("absent", "left", ("lingula",))]),
    ],
)  # fmt: skip
def test_what_but_leaves_out_is_free(text: str, told: list[Place]) -> None:
    assert read(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "Consolidation in all lobes, but the right middle lobe is the worst.",
        "Consolidation in all lobes but most in the right middle lobe.",
        "Consolidation in all lobes but a small effusion on the right.",
    ],
)
def test_a_but_that_goes_on_leaves_nothing_out(text: str) -> None:
    assert all(presence == "present" for presence, _, _ in read(text))
