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
        ("Opacity ? consolidation.", "pu"),
        ("Opacity without calcification, ?consolidation.", "pau"),
        ("Pneumonia ? No effusion.", "ua"),
        ("Nodule at the right apex?", "u"),
        ("Nodule at the right apex (?).", "u"),
        ("Opacity likely atelectasis.", "pu"),
        ("Pneumonia is thought likely.", "u"),
        ("Opacity felt to represent atelectasis.", "pu"),
        ("An effusion cannot be reliably excluded.", "u"),
        ("A pneumothorax is not entirely ruled out.", "u"),
        ("Atelectasis versus pneumonia in the left base.", "uu"),
        ("Opacity, atelectasis versus pneumonia.", "puu"),
        ("Nodule, larger versus the film of last year.", "p"),
        ("Differential: pneumonia, atelectasis.", "uu"),
        ("Pneumonia remains in the differential.", "u"),
        ("It is unclear whether there is a pneumothorax.", "u"),
        ("Consider pneumonia.", "u"),
        ("The nodule is likely stable.", "p"),
        ("The nodule is likely benign.", "p"),
        ("Indeterminate nodule.", "p"),
        ("Opacity likely to be atelectasis.", "pu"),
        ("Effusion likely in this setting.", "u"),
        ("Effusion likely due to heart failure.", "p"),
        ("Effusion possible and nodule seen.", "up"),
        ("Possible effusion and nodule.", "uu"),
        ("Pneumonia is less likely than atelectasis.", "uu"),
    ],
)
def test_scopes(text: str, expected: str) -> None:
    assert "".join(presence[0] for presence in told(text).values()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The effusion has increased and the consolidation has resolved.", "pa"),
        ("Effusion unchanged and pneumothorax resolved.", "pa"),
        ("Nodule in the left lung is stable and pneumonia cannot be excluded.", "pu"),
        ("There is consolidation and effusion is not excluded.", "pu"),
        ("Consolidation, effusion and pneumothorax have all resolved.", "aaa"),
        ("Atelectasis and effusion are suspected.", "uu"),
        ("No pneumothorax, left lower lobe consolidation.", "ap"),
        ("No pneumothorax - left lower lobe consolidation.", "ap"),
        ("No pneumothorax, unchanged effusion.", "ap"),
        ("No pneumothorax, mild cardiomegaly.", "ap"),
        ("No pneumothorax and small effusion.", "ap"),
        ("No right effusion, left pneumothorax or nodule.", "aaa"),
        ("No consolidation, left effusion and pneumothorax.", "aaa"),
        ("No mild or moderate effusion and small nodule or mass.", "aaa"),
        ("Opacity representing atelectasis versus pneumonia.", "puu"),
        ("Opacity: atelectasis vs. pneumonia.", "puu"),
        ("Nodule which was not present on the previous film.", "p"),
        ("New nodule, not seen previously.", "p"),
        ("The nodule is not seen on this film.", "a"),
        ("ETT has been withdrawn and now lies above the carina.", "p"),
        ("ETT has been withdrawn.", "a"),
        ("Suspicious 2 cm nodule.", "p"),
        ("Suspicious opacity.", "u"),
    ],
)
def test_where_a_scope_ends(text: str, expected: str) -> None:
    assert "".join(presence[0] for presence in told(text).values()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The effusion has partially resolved.", "p"),
        ("The effusion has almost completely cleared.", "p"),
        ("Effusion not completely resolved.", "p"),
        ("The effusion has not resolved.", "p"),
        ("Near-complete resolution of the effusion.", "p"),
        ("The effusion has completely resolved.", "a"),
        ("Resolution of the effusion.", "a"),
        ("No longer visible is the nodule.", "a"),
    ],
)
def test_what_has_not_gone_altogether_is_there(text: str, expected: str) -> None:
    assert "".join(presence[0] for presence in told(text).values()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Pneumothorax: No\nPleural effusion: Yes, right\nConsolidation: none", "apa"),
        ("Pneumothorax - no\nEffusion - yes", "ap"),
        ("Pneumothorax: no; effusion: yes; nodule (left): no", "apa"),
        ("Effusion? No. Pneumothorax? Yes.", "ap"),
        ("Effusion: no pneumothorax.", "pa"),
    ],
)
def test_an_answer_decides(text: str, expected: str) -> None:
    assert "".join(presence[0] for presence in told(text).values()) == expected


@pytest.mark.parametrize("text", ["Rule out pneumonia.", "R/O pneumothorax.", "Please rule out effusion."])
def test_what_is_to_be_ruled_out_is_only_looked_for(text: str) -> None:
    assert told(text) == {}


@pytest.mark.parametrize(
    ("text", "presence"),
    [
        ("The polyp was removed with a cold snare.", "present"),
        ("The polyp was completely removed using a hot snare.", "present"),
        ("The polyp was seen and removed.", "present"),
        ("The polyp has been removed.", "absent"),
        ("The polyp has been resected.", "absent"),
    ],
)
def test_what_is_removed_during_the_examination_was_there(text: str, presence: str) -> None:
    assert told(text, "colonoscopy")["polyp"] == presence


@pytest.mark.parametrize(
    ("text", "modality", "expected"),
    [
        ("Mass in the left cerebellopontine angle, likely schwannoma.", "brain_mri", {"brain_tumour": "present"}),
        ("Right renal mass, suspicious for a renal cell carcinoma.", "abdomen_ct", {"kidney_lesion": "present"}),
        ("Liver lesion, probably a cyst.", "abdomen_ct", {"liver_lesion": "present", "liver_cyst": "uncertain"}),
        ("Possible mass, likely schwannoma.", "brain_mri", {"brain_tumour": "uncertain"}),
        ("A flat lesion, most likely a polyp.", "colonoscopy", {"polyp": "uncertain"}),
        ("Left kidney: echogenic focus without shadowing, ?calculus.", "abdomen_ultrasound",
         {"calcification": "present", "kidney_stone": "uncertain"}),
    ],
)  # fmt: skip
def test_an_explanation_is_doubted_and_the_finding_is_not(text: str, modality: str, expected: dict[str, str]) -> None:
    assert told(text, modality) == expected


def test_a_denied_attribute_does_not_describe() -> None:
    (focus, _) = parse_report("Left kidney: echogenic focus without shadowing, ?calculus.", "abdomen_ultrasound")
    assert focus.texture.attributes == ()


def test_a_sentence_that_comes_again_is_decided_alike() -> None:
    text = "Possible effusion. " * 4
    assert [f.presence for f in parse_report(text, "chest_xray")] == ["uncertain"]


def test_a_place_left_free_is_absent_there() -> None:
    findings = list(parse_report("Consolidation in both lungs, except for the left upper zone.", "chest_xray"))
    assert [(f.presence, f.location.laterality, f.location.zones) for f in findings] == [
        ("present", "bilateral", ()), ("absent", "left", ("upper_zone",)),
    ]  # fmt: skip


def test_every_decision_has_its_trigger() -> None:
    text = "No effusion. Pneumothorax has resolved. Possible nodule. Heart size normal."
    decided = {
        finding.target: (finding.presence, [text[start:end] for start, end in finding.evidence.presence])
        for finding in parse_report(text, "chest_xray")
    }
    assert decided == {
        "pleural_effusion": ("absent", ["No"]),
        "pneumothorax": ("absent", ["has resolved"]),
        "nodule": ("uncertain", ["Possible"]),
        "cardiomegaly": ("absent", ["Heart size normal"]),
    }


@pytest.mark.parametrize(
    ("text", "presences"),
    [
        ("Possible nodule left apex, definite nodule right base", ["uncertain", "present"]),
        ("Questionable opacity in the right lung and definite mass in the left.", ["uncertain", "present"]),
        ("Possible pneumonia, obvious effusion on the left.", ["uncertain", "present"]),
        ("Possible consolidation, no definite effusion.", ["uncertain", "absent"]),
        ("No definite nodule.", ["absent"]),
        ("Cannot exclude a definite nodule.", ["uncertain"]),
    ],
)
def test_a_hedge_ends_where_something_is_certain(text: str, presences: list[str]) -> None:
    assert [f.presence for f in parse_report(text, "chest_xray")] == presences


@pytest.mark.parametrize(
    ("text", "presence", "deciding"),
    [
        ("Effusion not seen and not excluded.", "uncertain", "not excluded"),
        ("Effusion suspected and not seen on this film.", "uncertain", "suspected"),
        ("Effusion not identified and questionable.", "uncertain", "questionable"),
        ("Possible effusion has resolved.", "absent", "has resolved"),
        ("No effusion cannot be excluded.", "uncertain", "cannot be excluded"),
        ("No effusion has resolved.", "absent", "has resolved"),
        ("Probable no effusion.", "absent", "no"),
        ("No possible effusion.", "absent", "No"),
    ],
)
def test_a_hedge_behind_goes_before_a_denial_behind_and_these_before_what_stands_ahead(text, presence, deciding):
    """Ahead, a denial goes before a hedge; the evidence is the one that decides."""
    (finding,) = parse_report(text, "chest_xray")
    assert finding.presence == presence
    assert [text[start:end] for start, end in finding.evidence.presence] == [deciding]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nodule in the left lung, indeterminate.", "p"),
        ("The mass is suspicious.", "p"),
        ("No suspicious nodule.", "a"),
        ("The effusion is indeterminate.", "u"),
        ("Left basal opacity (pneumonia?).", "pu"),
        ("Left effusion (uncertain).", "u"),
        ("Nodule versus vessel end-on.", "u"),
        ("Nodule versus atelectasis.", "uu"),
    ],
)
def test_what_a_lesion_is_may_be_in_doubt_where_it_is_not(text: str, expected: str) -> None:
    assert "".join(finding.presence[0] for finding in parse_report(text, "chest_xray")) == expected
