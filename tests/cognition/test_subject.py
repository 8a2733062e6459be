"""What a report says of this image, and what not."""

import pytest

from medsegr.cognition.document import Layout, outside
from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.subject import own_words


def named(text: str, modality: str = "chest_xray") -> dict[str, str]:
    return {finding.target: finding.presence for finding in parse_report(text, modality)}


@pytest.mark.parametrize(
    "text",
    [
        "HISTORY: pneumonia. Effusion last year.\nFINDINGS: nodule.",
        "Clinical history - cough, ?pneumonia\nFindings: nodule.",
        "INDICATION\nPneumonia, follow-up of an effusion.\n\nFINDINGS\nNodule.",
        "History: effusion. Known pneumonia. Findings: nodule.",
        "* Technique: PA film, pneumothorax protocol\n* Findings: nodule",
        "A CT showed a pneumothorax.\nNodule.",
        "On the recent CT an effusion was present. Nodule.",
        "Nodule. CT advised to exclude a mass.",
        "Admitted with pneumonia. Nodule.",
        "Nodule. Pneumonia is usually caused by bacteria.",
        "nodule",
    ],
)
def test_only_the_nodule_is_about_this_image(text: str) -> None:
    assert named(text) == {"nodule": "present"}


def test_an_inline_heading_rules_its_own_sentence() -> None:
    assert named("cxr. indication: ?pneumonia. nodule.") == {"nodule": "present"}


def test_own_examination_is_not_another() -> None:
    assert named("CT showed a nodule.", "chest_ct") == {"nodule": "present"}
    assert "ct" in own_words(load_lexicon(), "chest_ct") and own_words(load_lexicon(), None) == frozenset()


def test_sides_in_headings() -> None:
    sides = {f.target: f.location.laterality for f in parse_report("MRI LEFT KNEE. Effusion. No fracture.", "knee_mri")}
    assert sides == {"joint_effusion": "left", "fracture": None}
    text = "Right: drusen. Cotton wool spots. Left: drusen."
    eyes = [(f.target, f.location.laterality) for f in parse_report(text, "fundus")]
    assert eyes == [("drusen", "right"), ("cotton_wool_spot", "right"), ("drusen", "left")]


def test_stretches_outside() -> None:
    text = "HISTORY: a. b.\nFINDINGS: c."
    spans = Layout(load_lexicon()).elsewhere(text)
    assert [text[a:b] for a, b in spans] == ["HISTORY: a. b."]
    assert [text[a:b] for a, b in outside(text, spans)] == ["\nFINDINGS: c."]
    assert list(outside("abc", [])) == [(0, 3)] and list(outside("", [])) == []


def test_the_side_of_a_heading_is_not_that_of_what_has_none() -> None:
    text = "Right kidney: 3 cm cyst. Left kidney: no mass; no hydronephrosis. No free fluid."
    sides = {finding.target: finding.location.laterality for finding in parse_report(text, "abdomen_ultrasound")}
    assert sides == {"kidney_cyst": "right", "kidney_lesion": "left", "hydronephrosis": "left", "ascites": None}
