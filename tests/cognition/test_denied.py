"""A denied attribute is no attribute."""

import pytest

from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding


def only(text: str, modality: str = "chest_ct") -> Finding:
    (finding,) = parse_report(text, modality).findings
    return finding


def looks(finding: Finding) -> set[str]:
    return {*finding.texture.attributes, *finding.shape.attributes}


@pytest.mark.parametrize(
    ("text", "modality", "said"),
    [
        ("The nodule is not calcified.", "chest_ct", set()),
        ("The nodule isn't calcified.", "chest_ct", set()),
        ("The nodule isn\u2019t very large.", "chest_ct", set()),
        ("The nodule does not appear clearly spiculated.", "chest_ct", set()),
        ("The nodule is no longer calcified.", "chest_ct", set()),
        ("The nodule cannot be called calcified.", "chest_ct", set()),
        ("The nodule is not calcified, spiculated or cavitating.", "chest_ct", set()),
        ("The nodule doesn't look calcified, nor is it spiculated.", "chest_ct", set()),
        ("The polyp is not pedunculated.", "colonoscopy", set()),
        ("The mass is not hypoechoic but hyperechoic.", "breast_ultrasound", {"hyperechoic"}),
        ("Mass, not hypoechoic, hyperechoic.", "breast_ultrasound", {"hyperechoic"}),
        ("The mass is solid, not cystic.", "chest_ct", {"solid"}),
        ("The nodule is not calcified and is spiculated.", "chest_ct", {"spiculated"}),
        ("Small, not large, pleural effusion.", "chest_ct", {"small"}),
        ("Patchy rather than diffuse opacities in both lungs.", "chest_ct", {"patchy"}),
    ],
)
def test_a_denied_look_is_none(text: str, modality: str, said: set[str]) -> None:
    finding = only(text, modality)
    assert (finding.presence, looks(finding)) == ("present", said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The nodule is not only calcified but spiculated.", {"calcified", "spiculated"}),
        ("The nodule is not completely calcified.", {"calcified"}),
        ("Nodule not significantly changed, solid.", {"solid"}),
        ("Moderate if not large pleural effusion.", {"medium", "large"}),
    ],
)
def test_what_stands_behind_another_denial_holds(text: str, said: set[str]) -> None:
    assert looks(only(text)) == said


@pytest.mark.parametrize(
    ("text", "side", "zones"),
    [
        ("Nodule, not spiculated, in the left lower lobe.", "left", ("lower_lobe",)),
        ("The effusion is not large on the right.", "right", ()),
        ("The nodule is not calcified and lies in the right upper lobe.", "right", ("upper_lobe",)),
        ("The nodule is not located in the upper lobe.", None, ()),
        ("Nodule in the upper lobe rather than the lower lobe.", None, ("upper_lobe",)),
        ("The mass in the right lung does not involve the left lung.", "right", ()),
        ("Opacities in both lungs but not the apex.", "bilateral", ()),
        ("Nodule that has not grown in the right upper lobe.", "right", ("upper_lobe",)),
    ],
)
def test_a_denied_place_is_none_and_one_behind_a_denied_look_holds(
    text: str, side: str | None, zones: tuple[str, ...]
) -> None:
    finding = only(text)
    assert (finding.presence, finding.location.laterality, finding.location.zones) == ("present", side, zones)
    assert not looks(finding)


def test_an_absent_finding_keeps_what_describes_it() -> None:
    finding = only("No left pleural effusion.")
    assert (finding.presence, finding.location.laterality) == ("absent", "left")
    assert [f.presence for f in parse_report("Nodule on the left, not on the right.", "chest_ct").findings] == [
        "present", "absent",
    ]  # fmt: skip
