"""Words of place along the body make planes likelier, in both directions of the planes, and exclude none."""

import numpy as np
import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.plane_prior import LEAST, planes_likely, steered
from medsegr.cognition.priors import Location
from tests.views import view_of

LEXICON = load_lexicon()
CT = 5.0, 60
"""Spacing in mm and number of the planes of a whole chest."""


def view(modality: str, step: float, plane: str = "axial", **stated):
    """Of a volume whose planes are ``step`` mm apart, upwards or to the right; the other way where it is negative."""
    affine = np.eye(4)
    columns = {"axial": [(0, 0, step), (0, -1, 0), (-1, 0, 0)], "sagittal": [(step, 0, 0), (0, 0, -1), (0, -1, 0)]}
    affine[:3, :3] = np.array(columns.get(plane, [(0, step, 0), (0, 0, -1), (-1, 0, 0)]), float).T
    return view_of(modality, affine=affine, **stated)


def likely(zones, modality="chest_ct", step=CT[0], planes=CT[1], side=None, **stated):
    return planes_likely(Location(side, zones), view(modality, step, **stated), planes)


@pytest.mark.parametrize(
    ("modality", "planes", "zone", "best", "worst"),
    [
        ("chest_ct", 60, "apical", 57, 3),
        ("chest_ct", 60, "basal", 5, 55),
        ("chest_ct", 60, "carina", 38, 2),
        ("abdomen_mri", 50, "segment_7", 48, 2),
        ("abdomen_mri", 50, "segment_6", 5, 48),
        ("abdomen_ct", 90, "hemidiaphragm", 88, 5),
        ("abdomen_ct", 90, "pelvic", 5, 85),
        ("brain_mri", 30, "cerebellum", 4, 28),
    ],
)
def test_planes_of_the_place_are_likelier_in_both_directions(modality, planes, zone, best, worst) -> None:
    upwards, downwards = (likely((zone,), modality, step, planes) for step in (5.0, -5.0))
    assert upwards[best] > 0.9 and upwards[worst] < LEAST + 0.1
    np.testing.assert_allclose(downwards, upwards[::-1])
    assert upwards.min() >= LEAST and upwards.max() <= 1


def test_zones_unite_and_what_is_not_known_along_the_body_counts_for_nothing() -> None:
    apical, basal = likely(("apical",)), likely(("basal",))
    np.testing.assert_allclose(likely(("apical", "basal", "subpleural")), np.maximum(apical, basal))
    assert likely(("subpleural",)) is None and likely(()) is None and likely((), side="left") is None


def test_only_volumes_that_show_the_whole_stretch_are_steered() -> None:
    assert likely(("apical",), planes=30) is None, "15 cm are no whole chest"
    assert likely(("apical",), planes=120) is None, "60 cm are more than a chest"
    assert likely(("apical",), "cardiac_mri") is None, "the apex of the heart"
    assert likely(("apical",), plane="coronal") is None
    assert likely(("apical",), guessed=True) is None
    assert planes_likely(Location(None, ("apical",)), view_of("chest_ct"), 60) is None, "nobody knows which end is up"
    assert likely(("apical",), "chest_xray") is None, "a film has no planes"


def test_the_abdomen_is_the_upper_one_or_the_whole_by_its_length() -> None:
    upper, whole = likely(("segment_6",), "abdomen_ct", planes=44), likely(("segment_6",), "abdomen_ct", planes=90)
    assert upper[4] > 0.9 and whole[4] < 0.3, "the feet's end of the one is the liver's tip, of the other the pelvis"


def test_a_side_is_a_range_of_sagittal_planes() -> None:
    for step in (5.0, -5.0):
        left = likely((), "brain_mri", step, 30, "left", plane="sagittal")
        right = likely((), "brain_mri", step, 30, "right", plane="sagittal")
        np.testing.assert_allclose(left, right[::-1])
        leftmost = 0 if step > 0 else -1
        assert left[leftmost] > 0.95 and right[leftmost] < LEAST + 0.05
        assert likely((), "brain_mri", step, 30, "bilateral", plane="sagittal") is None
        assert likely((), "brain_mri", step, 12, "left", plane="sagittal") is None, "6 cm are one half, or none"


def test_the_odds_of_a_support_are_steered_and_never_to_nothing() -> None:
    assert steered(0.5, 1.0) == 0.5 and steered(1.0, 0.2) == 1.0 and steered(0.0, 0.2) == 0.0
    assert steered(0.5, 0.2) == pytest.approx(1 / 6) and 0.5 < steered(0.9, LEAST) < 0.9


def test_every_stretch_names_zones_of_the_patient() -> None:
    for name, stretch in LEXICON.stretches.items():
        assert stretch.name == name and {LEXICON.zones[zone].frame for zone in stretch.along} == {"patient"}
    lengths = sorted(s.length_mm for s in LEXICON.stretches.values() if s.region == "abdomen")
    assert lengths[0][1] < lengths[1][0], "a length means one stretch"
