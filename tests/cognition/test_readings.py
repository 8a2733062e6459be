"""Words with two readings."""

import pytest

from medsegr.cognition.parser import parse_report


def named(text: str, modality: str | None) -> dict[str, str]:
    return {finding.target: finding.presence for finding in parse_report(text, modality)}


@pytest.mark.parametrize(
    ("text", "modality", "target"),
    [
        ("Cyst in the right lobe of the liver.", "chest_ct", "liver_cyst"),
        ("Cyst at the upper pole of the left kidney.", "abdomen_ct", "kidney_cyst"),
        ("Lesion in segment 6.", "abdomen_ct", "liver_lesion"),
        ("Mass in the pancreatic tail.", "abdomen_ct", "pancreatic_lesion"),
        ("Left adrenal nodule.", "chest_ct", "adrenal_lesion"),
        ("Stone in the gallbladder.", "abdomen_ultrasound", "gallstone"),
        ("Cyst.", "chest_ct", "lung_cyst"),
        ("Tear of the medial meniscus.", "knee_mri", "meniscal_tear"),
        ("The ACL is ruptured.", "knee_mri", "ligament_tear"),
        ("Defect of the patellar cartilage.", "knee_mri", "cartilage_defect"),
        ("Nodule behind the 2nd rib.", "chest_xray", "nodule"),
        ("Dilated left ventricle.", "cardiac_mri", "left_ventricle"),
        ("Reticular pattern.", "dermoscopy", "pigment_network"),
        ("Reticular pattern.", "chest_ct", "interstitial_opacity"),
        ("Haemorrhages.", "fundus", "retinal_haemorrhage"),
    ],
)
def test_the_organ_decides(text: str, modality: str, target: str) -> None:
    assert target in named(text, modality)


def test_a_finding_without_an_organ_that_has_one_is_left_out() -> None:
    assert named("Tear of the rotator cuff.", "bone_xray") == {}


def test_segments_in_a_list() -> None:
    (lesion,) = parse_report("Lesions in segments VI, VII and 8 of the liver.", "abdomen_ct")
    assert lesion.location.zones == ("segment_6", "segment_7", "segment_8")


def test_places_in_the_words_of_a_finding() -> None:
    (nodes,) = parse_report("Enlarged left axillary nodes.", "chest_ct")
    assert (nodes.location.laterality, nodes.location.zones, nodes.shape.attributes) == ("left", ("axillary",), ())
    (blunted,) = parse_report("Blunting of the left costophrenic angle.", "chest_xray")
    assert (blunted.location.laterality, blunted.location.zones) == ("left", ())
