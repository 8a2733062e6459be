"""Scopes of negation and hedging."""

import pytest

from medsegr.cognition.parser import parse_report


def told(text: str, modality: str = "chest_xray") -> dict[str, str]:
    return {finding.target: finding.presence for finding in parse_report(text, modality)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No effusion, pneumothorax or consolidation.", "aaa"),
        ("No pneumothorax, small effusion.", "ap"),
        ("No effusion; nodule.", "ap"),
        ("No effusion; however a nodule is seen.", "ap"),
        ("No effusion and a nodule.", "ap"),
        ("Nodule without cavitation.", "pa"),
        ("Effusion and pneumothorax have resolved.", "aa"),
        ("The effusion is no longer seen.", "a"),
        ("No change in the effusion.", "p"),
        ("Not only effusion.", "p"),
        ("Not without effusion.", "p"),
        ("There is no doubt about the effusion.", "p"),
        ("Lungs are clear except for a nodule.", "ap"),
        ("Consolidation rather than oedema.", "pa"),
        ("Possible effusion or consolidation.", "uu"),
        ("An effusion cannot be excluded.", "u"),
        ("?effusion", "u"),
        ("Effusion?", "u"),
        ("Consolidation, likely pneumonia.", "pu"),
        ("The effusion is likely loculated.", "p"),
        ("Opacity which is probably artefactual.", "u"),
        ("Film of 12 May. Effusion.", "p"),
        ("Effusion and no nodule.", "pa"),
        ("Effusion, not pneumothorax.", "pa"),
    ],
)
def test_scopes(text: str, expected: str) -> None:
    assert "".join(presence[0] for presence in told(text).values()) == expected


def test_a_place_left_free_is_absent_there() -> None:
    findings = list(parse_report("Consolidation in both lungs, except for the left upper zone.", "chest_xray"))
    assert [(f.presence, f.location.laterality, f.location.zones) for f in findings] == [
        ("present", "bilateral", ()), ("absent", "left", ("upper_zone",)),
    ]  # fmt: skip


def test_every_decision_has_its_trigger() -> None:
    text = "No effusion. Pneumothorax has resolved. Possible nodule. Heart size normal. ACL not torn."
    for finding in parse_report(text, "chest_xray"):
        assert finding.evidence.presence, finding.target
        assert all(0 <= start < end <= len(text) for start, end in finding.evidence.presence)
