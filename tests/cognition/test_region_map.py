"""Where stated places lie in the picture; left and right above all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.prior_embedding import PriorVocabulary
from medsegr.cognition.priors import Finding, Location
from medsegr.cognition.region_map import region_map, seen
from medsegr.data.phantoms.study import generate_study
from tests.views import view_of

ZONES = sorted(load_lexicon().zones)
MODALITIES = sorted(load_lexicon().modalities)
XRAY = view_of("chest_xray")
ACROSS = {"axial": (2, 1, 0), "coronal": (1, 2, 0), "sagittal": (0, 2, 1)}
"""Plane -> the patient axes along its displayed planes, rows and columns; the last two point away."""


def placed(plane: str) -> np.ndarray:
    """An affine (z, y, x) -> patient of a picture in this plane, of unequal spacing."""
    affine = np.zeros((4, 4))
    for column, (axis, length) in enumerate(zip(ACROSS[plane], (5.0, -1.0, -0.5), strict=True)):
        affine[axis, column] = length
    affine[3, 3] = 1
    return affine


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([None, "left", "right", "bilateral", "midline"]),
    st.lists(st.sampled_from(ZONES), max_size=3, unique=True),
    st.sampled_from(MODALITIES),
    st.sampled_from([None, "patient", "image"]),
)
def test_the_mirrored_place_has_the_mirrored_map(side, zones, modality, frame) -> None:
    location, view = Location(side, tuple(zones)), view_of(modality, frame=frame)
    drawn, mirrored = (region_map(place, view, 32) for place in (location, location.mirrored()))
    if drawn is None or mirrored is None:
        assert drawn is mirrored is None
        return
    np.testing.assert_allclose(mirrored, drawn[:, ::-1], atol=1e-6)
    assert drawn.dtype == np.float32 and drawn.min() >= 0 and drawn.max() <= 1


def test_the_patients_left_is_on_the_pictures_right() -> None:
    drawn = region_map(Location("left"), XRAY, 64)
    assert drawn is not None and drawn[:, 48:].min() > 0.9 and drawn[:, :16].max() < 0.1


def test_the_data_set_says_whose_left() -> None:
    drawn = region_map(Location("left"), view_of("chest_xray", frame="image"), 64)
    assert drawn is not None and drawn[:, :16].min() > 0.9 and drawn[:, 48:].max() < 0.1


def test_the_pictures_left_is_its_left() -> None:
    drawn = region_map(Location(None, ("top_left",)), view_of("colonoscopy"), 64)
    assert drawn is not None and drawn[8, 8] > 0.9 and drawn[8, 56] < 0.1 and drawn[56, 8] < 0.1


@pytest.mark.parametrize(
    ("location", "modality"),
    [
        (Location(), "chest_xray"),
        (Location("left"), None),
        (Location("left"), "breast_ultrasound"),
        (Location("left"), "knee_mri"),
        (Location("left"), "colonoscopy"),
        (Location("left"), "abdomen_ultrasound"),
        (Location(None, ("upper_outer_quadrant",)), "breast_ultrasound"),
        (Location("bilateral"), "chest_xray"),
    ],
)
def test_what_says_nothing_of_the_picture_has_no_map(location: Location, modality: str | None) -> None:
    assert region_map(location, view_of(modality)) is None


def test_zones_of_one_kind_unite_and_of_two_kinds_intersect() -> None:
    upper, mid, both = (
        region_map(Location(None, zones), XRAY)
        for zones in (("upper_zone",), ("mid_zone",), ("upper_zone", "mid_zone"))
    )
    np.testing.assert_allclose(both, np.maximum(upper, mid))
    lateral = region_map(Location(None, ("lateral",)), XRAY)
    crossed = region_map(Location(None, ("upper_zone", "lateral")), XRAY)
    np.testing.assert_allclose(crossed, upper * lateral, atol=1e-6)


def test_as_many_zones_as_objects_are_a_place_for_each() -> None:
    scope = view_of("colonoscopy")
    right, bottom = (region_map(Location(None, (zone,)), scope) for zone in ("right", "bottom"))
    place = Location(None, ("right", "bottom"))
    np.testing.assert_allclose(region_map(place, scope, count=2), np.maximum(right, bottom))
    for count in (None, 1, 3, "multiple"):
        np.testing.assert_allclose(region_map(place, scope, count=count), right * bottom, atol=1e-6)
    (told,) = parse_report("Two small polyps, located in right, bottom of the image.", "colonoscopy").findings
    region = PriorVocabulary.of_lexicon(load_lexicon()).encode([[told]], [scope]).region[0, 0].numpy()
    assert region[:, -1].min() > 0.5 and region[-1].min() > 0.5 and region[0, 0] < 0.1


def test_a_side_holds_for_each_of_several_places() -> None:
    drawn = region_map(Location("left", ("upper_zone", "lateral")), XRAY, 64, count=2)
    assert drawn[:, :28].max() < 0.05 and drawn[:, 40:].max() > 0.9


def test_lesions_of_generated_studies_lie_where_their_place_says() -> None:
    inside = []
    for index in range(36):
        study = generate_study(5, index, size=128)
        for lesion in study.lesions:
            drawn = region_map(Location(lesion.laterality, lesion.zones), view_of(study.modality), 128)
            if lesion.mask is not None and drawn is not None:
                inside.append(float(drawn[lesion.mask].mean()))
    assert len(inside) > 50 and min(inside) > 0.5 and np.mean(inside) > 0.9


@pytest.mark.parametrize(
    ("plane", "side", "zones"),
    [("axial", "left", ("anterior", "left")), ("coronal", "left", ("left",)), ("sagittal", None, ("left",))],
)
def test_a_slice_along_the_body_has_no_places_of_one_across_it(plane, side, zones) -> None:
    finding = Finding("mass", location=Location("left", ("anterior", "left")))
    told = seen(finding, view_of("abdomen_ct", affine=placed(plane))).location
    assert (told.laterality, told.zones) == (side, zones)
    for modality in ("colonoscopy", None):  # no slices
        assert seen(finding, view_of(modality, affine=placed(plane))) == finding


@pytest.mark.parametrize(
    ("plane", "side", "zones"),
    [
        ("axial", "left", ("upper_zone", "left")),  # no film is axial: a converter wrote that
        ("coronal", "left", ("upper_zone", "left")),
        ("sagittal", None, ("upper_zone", "left")),
    ],
)
def test_a_placed_radiograph_has_upper_zones_where_the_head_is_up(plane, side, zones) -> None:
    finding = Finding("mass", location=Location("left", ("upper_zone", "left")))
    view = view_of("chest_xray", affine=placed(plane))
    assert seen(finding, view).location == Location(side, zones)
    assert (region_map(Location("left"), view) is None) == (side is None)


def test_a_side_that_is_a_guess_is_not_told() -> None:
    finding = Finding("mass", location=Location("left", ("anterior",)))
    guess = view_of("abdomen_ct", affine=placed("axial"), guessed=True)
    assert seen(finding, guess).location == Location(None, ("anterior",))
    assert seen(finding, view_of("mammography", guessed=True)) == finding, "it says which breast"
