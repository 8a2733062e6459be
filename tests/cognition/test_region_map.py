"""Where stated places lie in the picture; left and right above all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.prior_embedding import PriorVocabulary
from medsegr.cognition.priors import Finding, Location
from medsegr.cognition.region_map import in_plane, region_map
from medsegr.data.phantoms.study import generate_study

ZONES = sorted(load_lexicon().zones)
MODALITIES = sorted(load_lexicon().modalities)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([None, "left", "right", "bilateral", "midline"]),
    st.lists(st.sampled_from(ZONES), max_size=3, unique=True),
    st.sampled_from(MODALITIES),
)
def test_the_mirrored_place_has_the_mirrored_map(side, zones, modality) -> None:
    location = Location(side, tuple(zones))
    drawn, mirrored = (region_map(place, modality, 32) for place in (location, location.mirrored()))
    if drawn is None or mirrored is None:
        assert drawn is mirrored is None
        return
    np.testing.assert_allclose(mirrored, drawn[:, ::-1], atol=1e-6)
    assert drawn.dtype == np.float32 and drawn.min() >= 0 and drawn.max() <= 1


def test_the_patients_left_is_on_the_pictures_right() -> None:
    drawn = region_map(Location("left"), "chest_xray", 64)
    assert drawn is not None and drawn[:, 48:].min() > 0.9 and drawn[:, :16].max() < 0.1


def test_the_pictures_left_is_its_left() -> None:
    drawn = region_map(Location(None, ("top_left",), "image"), "colonoscopy", 64)
    assert drawn is not None and drawn[8, 8] > 0.9 and drawn[8, 56] < 0.1 and drawn[56, 8] < 0.1


@pytest.mark.parametrize(
    ("location", "modality"),
    [
        (Location(), "chest_xray"),
        (Location("left"), None),
        (Location("left"), "breast_ultrasound"),
        (Location("left"), "knee_mri"),
        (Location(None, ("upper_outer_quadrant",)), "breast_ultrasound"),
        (Location("bilateral"), "chest_xray"),
    ],
)
def test_what_says_nothing_of_the_picture_has_no_map(location: Location, modality: str | None) -> None:
    assert region_map(location, modality) is None


def test_zones_of_one_kind_unite_and_of_two_kinds_intersect() -> None:
    upper, mid, both = (
        region_map(Location(None, zones), "chest_xray")
        for zones in (("upper_zone",), ("mid_zone",), ("upper_zone", "mid_zone"))
    )
    np.testing.assert_allclose(both, np.maximum(upper, mid))
    lateral = region_map(Location(None, ("lateral",)), "chest_xray")
    crossed = region_map(Location(None, ("upper_zone", "lateral")), "chest_xray")
    np.testing.assert_allclose(crossed, upper * lateral, atol=1e-6)


def test_as_many_zones_as_objects_are_a_place_for_each() -> None:
    right, bottom = (region_map(Location(None, (zone,), "image"), "colonoscopy") for zone in ("right", "bottom"))
    place = Location(None, ("right", "bottom"), "image")
    np.testing.assert_allclose(region_map(place, "colonoscopy", count=2), np.maximum(right, bottom))
    for count in (None, 1, 3, "multiple"):
        np.testing.assert_allclose(region_map(place, "colonoscopy", count=count), right * bottom, atol=1e-6)
    (told,) = parse_report("Two small polyps, located in right, bottom of the image.", "colonoscopy").findings
    region = PriorVocabulary.default().encode([[told]], ["colonoscopy"]).region[0, 0].numpy()
    assert region[:, -1].min() > 0.5 and region[-1].min() > 0.5 and region[0, 0] < 0.1


def test_a_side_holds_for_each_of_several_places() -> None:
    drawn = region_map(Location("left", ("upper_zone", "lateral")), "chest_xray", 64, count=2)
    assert drawn[:, :28].max() < 0.05 and drawn[:, 40:].max() > 0.9


def test_lesions_of_generated_studies_lie_where_their_place_says() -> None:
    inside = []
    for index in range(36):
        study = generate_study(5, index, size=128)
        for lesion in study.lesions:
            drawn = region_map(Location(lesion.laterality, lesion.zones), study.modality, 128)
            if lesion.mask is not None and drawn is not None:
                inside.append(float(drawn[lesion.mask].mean()))
    assert len(inside) > 50 and min(inside) > 0.5 and np.mean(inside) > 0.9


@pytest.mark.parametrize(
    ("plane", "side", "zones"),
    [("axial", "left", ("anterior", "left")), ("coronal", "left", ("left",)), ("sagittal", None, ("left",))],
)
def test_a_slice_along_the_body_has_no_places_of_one_across_it(plane, side, zones) -> None:
    finding = Finding("mass", location=Location("left", ("anterior", "left")))
    told = in_plane(finding, "abdomen_ct", plane).location
    assert (told.laterality, told.zones) == (side, zones)
    for modality in ("chest_xray", "colonoscopy", None):  # no slices
        assert in_plane(finding, modality, plane) == finding
