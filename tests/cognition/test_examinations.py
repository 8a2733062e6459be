"""Names of examinations, as people and DICOM write them."""

from dataclasses import replace

import pytest

from medsegr.cognition.examinations import Examination, examination_named, nearest, titled
from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import guess_examination, parse_report
from medsegr.errors import ConfigError
from medsegr.imaging_methods import built_in, modality_of

LEXICON = load_lexicon()


@pytest.mark.parametrize(
    ("name", "modality", "organs"),
    [
        ("chest_xray", "chest_xray", ()),
        ("CXR", "chest_xray", ()),
        ("abdominal_ct", "abdomen_ct", ()),
        ("CT of the abdomen and pelvis", "abdomen_ct", ()),
        ("CT chest, abdomen and pelvis", "trunk_ct", ()),
        ("liver MRI", "abdomen_mri", ("liver",)),
        ("renal ultrasound", "abdomen_ultrasound", ("kidney",)),
        ("prostate_mri", "pelvis_mri", ("prostate",)),
        ("thyroid ultrasound", "neck_ultrasound", ("thyroid",)),
        ("PET/CT", "pet_ct", ()),
        ("ankle x-ray", "bone_xray", ()),
        ("MRI of the left knee without contrast", "knee_mri", ()),
        ("echo", "echocardiography", ("heart",)),
        ("CT sinuses", "brain_ct", ("sinus",)),
        ("obstetric US", "pelvis_ultrasound", ("pregnancy",)),
        ("leg vein doppler", "vessel_ultrasound", ()),
        ("MRI L-spine", "spine_mri", ()),
        ("gastroscopy", "endoscopy", ()),
    ],
)
def test_what_people_write(name: str, modality: str, organs: tuple[str, ...]) -> None:
    assert replace(examination_named(name, LEXICON), side=None) == Examination(modality, organs)
    assert parse_report("Nothing.", name).modality == modality


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("ultrasound left breast", "left"), ("X-ray ankle RT", "right"), ("MRI of the left knee", "left"),
        ("US both breasts", None), ("mammography left and right", None), ("chest x-ray left lateral", None),
        ("knee_mri", None),
    ],
)  # fmt: skip
def test_sides_of_names(name: str, side: str | None) -> None:
    assert examination_named(name, LEXICON).side == side


def test_a_side_behind_a_label_is_that_of_what_has_none() -> None:
    text = "Examination: MRI right knee\nFindings: Meniscal tear. Effusion in the left knee."
    tear, effusion = parse_report(text, "knee_mri")
    assert (tear.location.laterality, effusion.location.laterality) == ("right", "left")
    assert [text[slice(*span)] for span in tear.evidence.location] == ["right"]
    (named,) = parse_report("Meniscal tear.", "MRI right knee")
    assert (named.location.laterality, named.evidence.location) == ("right", ())
    for title in ("CT chest after left mastectomy", "CT chest, left pneumonectomy"):
        (nodule,) = parse_report(f"Examination: {title}\nNodule.", "chest_ct")
        assert nodule.location.laterality is None


@pytest.mark.parametrize(
    ("code", "part", "modality"),
    [
        ("CT", "ABDOMENPELVIS", "abdomen_ct"), ("CT", "CHESTABDPELVIS", "trunk_ct"), ("MR", "PROSTATE", "pelvis_mri"),
        ("US", "THYROID", "neck_ultrasound"), ("US", "HEART", "echocardiography"), ("DX", "ANKLE", "bone_xray"),
        ("CR", "CHEST", "chest_xray"), ("PT", "WHOLEBODY", "pet_ct"), ("MG", "", "mammography"),
        ("MR", "LSPINE", "spine_mri"),
    ],
)  # fmt: skip
def test_what_dicom_writes(code: str, part: str, modality: str) -> None:
    assert modality_of(code, [part], LEXICON) == modality


def test_dicom_that_does_not_tell() -> None:
    assert modality_of("CT", [""], LEXICON) is None and modality_of("SR", ["CHEST"], LEXICON) is None
    assert modality_of("MR", ["", "Lumbar spine, routine"], LEXICON) == "spine_mri"


def test_headers_are_read_by_the_tables_of_the_lexicon() -> None:
    assert dict(built_in().methods) == dict(LEXICON.methods) and dict(built_in().parts) == dict(LEXICON.parts)


def test_names_that_mean_nothing_are_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Unknown modality 'chest_xry': expected one of .* Did you mean 'chest_xray'"):
        examination_named("chest_xry", LEXICON)
    with pytest.raises(ConfigError, match="'abdomen_ct'") as refused:
        examination_named("Nodule in the abdomen of Mr Miller", LEXICON)
    assert "Miller" not in str(refused.value)
    assert nearest("abdomen scan", LEXICON)[0].startswith("abdomen") and nearest("DEXA", LEXICON) == []
    for name in ("ct", "xray", "", "moon"):
        with pytest.raises(ConfigError, match="Unknown modality"):
            examination_named(name, LEXICON)


@pytest.mark.parametrize(
    ("report", "modality"),
    [
        ("EXAM: MRI LIVER WITH CONTRAST\nLesion.", "abdomen_mri"),
        ("CT of the abdomen, after a chest X-ray.", "abdomen_ct"),
        ("History: prior CT chest.\nUltrasound of the thyroid: nodule.", "neck_ultrasound"),
        ("COLONOSCOPY\nPolyp.", "colonoscopy"),
        ("Small polyp in the gallbladder fundus.", None),
        ("Please call us about the chest.", None),
        ("Nodule.", None),
    ],
)
def test_titles_of_reports(report: str, modality: str | None) -> None:
    found = guess_examination(report, LEXICON)
    assert (found.modality if found else None) == modality


def test_the_organ_of_a_title_is_whose_lesion_it_is() -> None:
    title = titled("MRI PROSTATE", LEXICON)
    assert title is not None and title.organs == ("prostate",)
    assert "liver_lesion" in {finding.target for finding in parse_report("MRI LIVER\nLesion of 9 mm.")}


def test_every_name_of_a_method_and_part_leads_somewhere() -> None:
    shown = {modality for method in LEXICON.methods.values() for modality in method.shows.values()}
    assert shown <= set(LEXICON.modalities)
    named = {part for method in LEXICON.methods.values() for key in method.shows for part in key.split()} - {"any"}
    assert named <= set(LEXICON.parts)
    assert all(LEXICON.parts[part.within] for part in LEXICON.parts.values() if part.within)
