"""Whose lesion a general word means: of its phrase, sentence, heading or pictures; never of a far organ."""

from pathlib import Path

import pytest

from medsegr.cognition.lexicon import load_lexicon, told_of
from medsegr.cognition.organs import Organ, first_named, target_of
from medsegr.cognition.parser import parse_report
from medsegr.errors import ConfigError

LEXICON = load_lexicon()


def told(text: str, modality: str | None) -> list[tuple[str, ...]]:
    """Targets, and the zones that are told of each."""
    return [(finding.target, *finding.location.zones) for finding in parse_report(text, modality)]


def test_an_organ_has_its_own_lesions_and_others_stay_general() -> None:
    liver, spleen = LEXICON.organs["liver"], LEXICON.organs["spleen"]
    assert [target_of(kind, liver, LEXICON.targets) for kind in ("lesion", "cyst", "nodule", "stone")] == [
        "liver_lesion", "liver_cyst", "liver_lesion", None,
    ]  # fmt: skip
    assert [target_of(kind, spleen, LEXICON.targets) for kind in ("lesion", "nodule")] == ["mass", "nodule"]
    assert [target_of(kind, None, LEXICON.targets) for kind in ("lesion", "nodule", "mass")] == [None, "nodule", "mass"]


def test_the_first_organ_that_pictures_may_show_counts() -> None:
    groups = (["brain"], ["kidney", "liver"], ["spleen"])
    found = first_named(groups, LEXICON.organs, told_of("abdomen_ct", LEXICON))
    assert found is LEXICON.organs["kidney"]
    assert first_named(groups, LEXICON.organs, ()) is LEXICON.organs["brain"]
    assert first_named((), LEXICON.organs, ()) is None
    assert Organ("bone", ("any",)).lies_in({"brain"})


@pytest.mark.parametrize(
    ("text", "modality", "targets"),
    [
        ("Lesion of the left kidney and lesion of the pancreas.", "abdomen_ct", ["kidney_lesion", "pancreatic_lesion"]),
        ("LIVER: No mass. ADRENALS: No nodule.", "abdomen_ct", ["liver_lesion", "adrenal_lesion"]),
        ("KIDNEYS\nA cyst of 2 cm.", "abdomen_ct", ["kidney_cyst"]),
        ("Lesion of 12 mm.", "liver MRI", ["liver_lesion"]),
        ("Lesion of 12 mm.", "prostate MRI", ["mass"]),
        ("Nodule of 12 mm.", "thyroid ultrasound", ["nodule"]),
        ("Lesion in the left parotid gland.", "brain_mri", ["mass"]),
        ("Scalp swelling.", "brain_ct", []),
        ("Swelling of the left hemisphere.", "brain_ct", ["brain_edema"]),
        ("No soft tissue swelling.", "ankle_xray", []),
        ("Bladder wall thickening.", "abdomen_ct", []),
        ("Thickening of the wall of the gallbladder.", "abdomen_ct", ["gallbladder_wall_thickening"]),
        ("Pericardium: no effusion.", "echo", ["pericardial_effusion"]),
        ("Small glenohumeral effusion.", "shoulder_mri", ["joint_effusion"]),
        ("Left lung: effusion.", "chest_xray", ["pleural_effusion"]),
        ("Clot in the lower lobe PA.", "chest_ct", ["pulmonary_embolism"]),
        ("Lesion in the caecum.", "colonoscopy", ["polyp"]),
        ("Lesion in the caecum.", "abdomen_ct", ["mass"]),
        ("Simple cyst.", None, []),
        ("Cyst of the right ovary.", "pelvis_mri", []),
        ("Known breast cancer. Mass in the cerebellum.", "brain_mri", ["brain_tumour"]),
        ("Destruction of the distal tibia.", "bone_xray", ["bone_lesion"]),
        ("Hypodensity in segment 4.", "abdomen_ct", ["liver_lesion"]),
        ("Hypodensity in the left MCA territory.", "head_ct", []),
    ],
)
def test_whose_lesion(text: str, modality: str | None, targets: list[str]) -> None:
    assert [name for name, *_ in told(text, modality)] == targets


def test_places_of_one_organ_and_within_another() -> None:
    assert told("PANCREAS: lesion in the tail.", "abdomen_ct") == [("pancreatic_lesion", "pancreatic_tail")]
    assert told("Stomach: ulcer in the antrum.", "endoscopy") == [("ulcer", "gastric_antrum")]
    assert told("Nodule of the lung in segment 6.", "chest_ct") == [("nodule",)]
    assert told("Calcification of the descending thoracic aorta.", "chest_ct") == [("calcification",)]
    assert told("Polyp in the descending.", "colonoscopy") == [("polyp", "descending_colon")]


def test_vertebrae_of_the_loins_have_no_side() -> None:
    fracture, nodule = parse_report("Fracture of L1. L lung nodule.", "trunk_ct")
    assert (fracture.location.laterality, nodule.location.laterality) == (None, "left")


def test_organs_of_ones_own(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "region: abdomen\ntargets:\n  splenic_cyst: {group: finding, words: [splenic cyst]}\n"
        "organs:\n  spleen: {words: [lien], lesions: {cyst: splenic_cyst}}\n",
        encoding="utf-8",
    )
    (cyst,) = parse_report("Cyst of the lien.", "abdomen_ct", lexicon=load_lexicon([own]))
    assert cyst.target == "splenic_cyst"
    own.write_text("organs:\n  spleen: {lesions: {cyst: splenic_cist}}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="own.yaml, line 2: organs, spleen: unknown target 'splenic_cist'"):
        load_lexicon([own])
    own.write_text("organs:\n  web: {regions: [abdomen], words: [web], zones: [weeb]}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="organs, web: unknown zone 'weeb'"):
        load_lexicon([own])


def test_every_organ_says_where_it_lies() -> None:
    for organ in LEXICON.organs.values():
        assert organ.regions and organ.words
        assert set(organ.lesions.values()) <= set(LEXICON.targets) and set(organ.zones) <= set(LEXICON.zones)
        assert all(word.isalpha() for word in organ.words), organ
