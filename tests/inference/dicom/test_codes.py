import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.priors import Finding, Location
from medsegr.data.content_digest import digest
from medsegr.inference.dicom.codes import PRIVATE, place_codes, private_code, target_category, target_code
from medsegr.inference.dicom.content_uid import content_uid

LEXICON = load_lexicon()


def test_a_target_without_a_code_gets_one_of_our_own_that_fits_and_is_its_own():
    assert target_code("cavity", LEXICON) == (PRIVATE, "cavity", "Cavity")
    values = {target_code(name, LEXICON)[1] for name in LEXICON.targets if LEXICON.targets[name].uncoded}
    assert len(values) == sum(target.uncoded is not None for target in LEXICON.targets.values())
    assert max(map(len, values)) <= 16
    assert private_code("gallbladder_wall_thickening")[1].startswith("gallbladd-")


@pytest.mark.parametrize(
    ("target", "meaning"),
    [
        ("nodule", "Morphologically Abnormal Structure"), ("liver", "Anatomical Structure"),
        ("pacemaker", "Physical object"), ("residual_stool", "Body Substance"),
    ],
)  # fmt: skip
def test_categories_follow_the_group(target, meaning):
    assert target_category(target, LEXICON)[2] == meaning


def test_places_are_zones_else_the_region_else_nothing():
    def named(finding, modality=None):
        return [code[2] for code in place_codes(finding, LEXICON, modality)]

    zones = Finding("nodule", location=Location("left", ("upper_lobe", "perihilar")))
    assert named(zones) == ["Upper lobe of lung", "Perihilar"]
    assert named(Finding("pleural_effusion")) == ["Chest"]
    assert named(Finding("nodule")) == []
    assert named(Finding("nodule"), "chest_xray") == ["Chest"]


def test_uids_and_hashes_are_made_from_content_alone():
    assert content_uid("a", "b") == content_uid("a", "b") != content_uid("a", "c")
    assert content_uid("a").startswith("2.25.")
    assert len(content_uid("a")) <= 64
    assert digest(b"ab", b"c") != digest(b"a", b"bc")
