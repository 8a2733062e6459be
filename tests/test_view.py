"""What a picture shows: decided once from its kind, its directions and its data set."""

from itertools import product

import numpy as np
import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.square import Square
from medsegr.view import LAYOUTS, View
from tests.views import view_of

LEXICON = load_lexicon()
DIRECTIONS = {
    "axial": [(0, 0, 5), (0, -1, 0), (-0.5, 0, 0)],
    "coronal": [(0, 5, 0), (0, 0, -1), (-0.5, 0, 0)],
    "sagittal": [(5, 0, 0), (0, 0, -1), (0, -0.5, 0)],
}
"""Plane -> where displayed planes, rows and columns lead to in the patient (RAS+, mm), as volumes are displayed."""


def affine(through, down, across) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([through, down, across]).T
    return matrix


def turned(plane: str, degrees: float, axis: int) -> np.ndarray:
    """The affine of a plane, turned about an axis of the patient."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    first, second = (other for other in range(3) if other != axis)
    turn = np.eye(3)
    turn[first, first] = turn[second, second] = cos
    turn[first, second], turn[second, first] = -sin, sin
    return affine(*(turn @ np.array(DIRECTIONS[plane], float).T).T)


def test_without_a_place_a_picture_lies_as_its_kind_does():
    ct, film, scope, unknown = (view_of(name) for name in ("chest_ct", "chest_xray", "colonoscopy", None))
    assert [(v.sides, v.frame, v.plane, v.upright) for v in (ct, film, scope, unknown)] == [
        ("both", "patient", "axial", 1),
        ("both", "patient", "coronal", 2),
        ("none", "image", None, None),
        ("one", "patient", None, None),
    ]
    assert view_of("chest_ct", guessed=True) == ct, "a guess is about directions that the file states"
    bare = View()
    assert (bare.modality, bare.sides, bare.frame, bare.zones, bare.unseen) == (None, "one", "patient", {}, frozenset())


@pytest.mark.parametrize("name", sorted(LEXICON.modalities))
def test_letters_halves_and_sides_are_one_fact(name):
    for frame, place in product(("patient", "image"), (None, *DIRECTIONS)):
        view = view_of(name, frame=frame, affine=None if place is None else affine(*DIRECTIONS[place]))
        left, right = view.half("left"), view.half("right")
        assert (left is None) == (right is None) == (view.sides != "both")
        assert view.patient_sides == (right == (0.0, 0.5))
        assert view.half(None) is view.half("bilateral") is view.half("midline") is None
        if view.sides == "both":
            assert {left, right} == {(0.0, 0.5), (0.5, 1.0)}


def test_the_patients_left_is_on_the_right_and_the_pictures_on_the_left():
    assert view_of("chest_xray").half("left") == view_of("chest_xray", frame="image").half("right") == (0.5, 1.0)
    assert view_of("chest_xray").placed and not view_of("chest_xray", frame="image").placed
    assert not view_of("chest_xray", frame="image").patient_sides
    assert view_of("colonoscopy", frame="image").placed and not view_of("colonoscopy", frame="patient").placed


def test_a_sagittal_slice_shows_no_sides_and_a_coronal_one_no_front():
    axial, coronal, sagittal = (view_of("brain_mri", affine=affine(*DIRECTIONS[plane])) for plane in DIRECTIONS)
    assert [view.plane for view in (axial, coronal, sagittal)] == list(DIRECTIONS)
    assert [view.upright for view in (axial, coronal, sagittal)] == [1, 2, 2]
    assert [view.sides for view in (axial, coronal, sagittal)] == ["both", "both", "none"]
    assert [view.side_unseen for view in (axial, coronal, sagittal)] == [False, False, True]
    laid_out, own = LEXICON.views["axial"], LEXICON.views["picture"]
    assert axial.zones == {**own, **laid_out} and not axial.unseen
    assert coronal.zones == sagittal.zones == own and coronal.unseen == sagittal.unseen == set(laid_out)
    assert view_of("brain_mri") == axial


@pytest.mark.parametrize("plane", DIRECTIONS)
def test_a_step_from_plane_to_plane_has_the_sign_of_the_patients_axis(plane):
    through, down, across = DIRECTIONS[plane]
    there, back = (view_of("brain_mri", affine=affine(np.multiply(sign, through), down, across)) for sign in (1, -1))
    assert (there.step_mm, back.step_mm) == (5.0, -5.0) and there == back
    assert view_of("brain_mri").step_mm is None
    assert view_of("brain_mri", affine=affine(through, down, across), guessed=True).step_mm is None


def test_a_lateral_film_has_no_midline():
    lateral = view_of("chest_xray", affine=affine(*DIRECTIONS["sagittal"]))
    assert lateral.sides == "none" and "upper_zone" in lateral.zones
    assert {"hilar", "mediastinal"} <= lateral.unseen and not lateral.unseen & set(lateral.zones)
    assert not view_of("chest_xray", affine=affine(*DIRECTIONS["coronal"])).unseen


def test_kinds_without_a_layout_lose_nothing_in_any_plane():
    for name, plane in product(("knee_mri", "breast_mri", "colonoscopy", None), DIRECTIONS):
        view = view_of(name, affine=affine(*DIRECTIONS[plane]))
        assert view.zones == LEXICON.views["picture"] and not view.unseen and not view.side_unseen
        assert view.sides == LEXICON.kind(name).sides


def test_a_guess_tells_no_side_but_zones():
    guess = view_of("chest_ct", affine=affine(*DIRECTIONS["axial"]), guessed=True)
    assert guess.sides == "none" and guess.side_unseen and guess.half("left") is None
    assert guess.zones == view_of("chest_ct").zones
    assert view_of("mammography", affine=affine(*DIRECTIONS["axial"]), guessed=True).sides == "one"


def test_a_mirrored_picture_tells_no_side():
    """Readers turn columns to the patient's left; who builds an image otherwise gets no wrong half."""
    through, down, across = DIRECTIONS["axial"]
    mirrored = view_of("chest_ct", affine=affine(through, down, np.negative(across)))
    assert mirrored.sides == "none"
    upside_down = view_of("chest_ct", affine=affine(through, np.negative(down), across))
    assert upside_down.sides == "both" and upside_down.upright is None and "anterior" in upside_down.unseen


@pytest.mark.parametrize(("degrees", "clear"), [(0, True), (20, True), (36, True), (38, False), (45, False)])
def test_tilted_slices_count_as_long_as_they_lie_clearly(degrees, clear):
    for sign in (-1, 1):
        tilted = view_of("chest_ct", affine=turned("axial", sign * degrees, 0))
        assert (tilted.upright == 1) == clear and tilted.sides == "both"
        rolled = view_of("chest_ct", affine=turned("axial", sign * degrees, 2))
        assert (rolled.sides == "both") == (rolled.upright == 1) == clear


def test_where_it_lies_in_a_square_does_not_change_what_it_shows():
    view = view_of("chest_xray")
    wide, tall = (view.in_square(Square.fit(size, 64)) for size in ((128, 256), (256, 128)))
    assert wide == tall == view and len({wide, tall, view}) == 1
    assert wide.square != tall.square and view.square is None
    assert view != view_of("chest_xray", frame="image") and view != view_of("abdomen_xray")


def test_every_layout_of_the_lexicon_is_known():
    assert {kind.layout for kind in map(LEXICON.kind, LEXICON.modalities)} <= {None, *LAYOUTS}
    assert set(LEXICON.views) == {"picture", *LAYOUTS}


def test_a_film_with_the_directions_of_an_axial_slice_lies_as_films_do():
    """What a converter of pictures writes into a NIfTI header says nothing of the body."""
    film = view_of("chest_xray", affine=affine(*DIRECTIONS["axial"]))
    assert film == view_of("chest_xray") and film.zones == view_of("chest_xray").zones and not film.unseen
    assert view_of("chest_xray", affine=affine(*DIRECTIONS["axial"]), guessed=True).sides == "none"
    assert view_of("chest_ct", affine=affine(*DIRECTIONS["coronal"])).plane == "coronal", "slices are as they say"
