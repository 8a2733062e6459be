"""Swaps change one aspect, and only what is stated."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.evaluation.swaps import ALIKE, alike, swapped, used_attributes
from tests.views import view_of

NODULE = Finding(
    "nodule", "present", Location("left", ("upper_zone",)), Texture(("solid",)), Shape(("round", "small"), (8.0,), 1)
)
LEXICON = load_lexicon()


XRAY, SCOPE = view_of("chest_xray"), view_of("colonoscopy")
turn = partial(swapped, view=XRAY, lexicon=LEXICON)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_side_of_the_patient_and_of_the_picture() -> None:
    turned = turn(NODULE, "side", rng())
    assert turned is not None and turned.location == Location("right", ("upper_zone",))
    assert (turned.texture, turned.shape, turned.target) == (NODULE.texture, NODULE.shape, "nodule")
    polyp = Finding("polyp", location=Location(None, ("top_left", "center")))
    turned = turn(polyp, "side", rng(), view=SCOPE)
    assert turned is not None and turned.location.zones == ("top_right", "center")
    lung = turn(Finding("left_lung"), "side", rng())
    assert lung is not None and lung.target == "right_lung"


@pytest.mark.parametrize("side", [None, "bilateral", "midline"])
def test_no_side_no_swap(side) -> None:
    assert turn(Finding("nodule", location=Location(side, ("upper_zone",))), "side", rng()) is None


def test_zones_of_both_sides_stay_where_they_are() -> None:
    both = Finding("polyp", location=Location(None, ("left", "right")))
    assert turn(both, "side", rng(), view=SCOPE) is None


def test_a_side_that_says_which_breast_is_no_place_in_the_picture() -> None:
    lesion, corner = (Finding("breast_lesion", location=Location("left", zones)) for zones in ((), ("top_left",)))
    for modality in ("breast_ultrasound", "mammography", "abdomen_ultrasound", "cardiac_mri", None):
        view = view_of(modality)
        assert turn(lesion, "side", rng(), view=view) is None
        assert turn(Finding("left_lung"), "side", rng(), view=view) is None
        moved = turn(corner, "side", rng(), view=view)
        assert moved is not None and moved.location.zones == ("top_right",)
    assert turn(lesion, "side", rng()) is not None


def test_a_side_that_cannot_be_told_is_no_place_either() -> None:
    sagittal = view_of("chest_ct", affine=np.array([[5.0, 0, 0, 0], [0, 0, -1, 0], [0, -1, 0, 0], [0, 0, 0, 1]]))
    assert turn(NODULE, "side", rng(), view=sagittal) is None
    assert turn(NODULE, "side", rng(), view=view_of("chest_ct")) is not None
    own = turn(NODULE, "side", rng(), view=view_of("chest_xray", frame="image"))
    assert own is not None and own.location.laterality == "right"


def test_negated_says_the_same_and_denies_it() -> None:
    denied = turn(NODULE, "negated", rng())
    assert denied is not None and denied.presence == "absent" and denied.location == NODULE.location


ATTRIBUTES = {"texture": LEXICON.textures, "shape": LEXICON.shapes}


@settings(deadline=None)
@given(st.data())
def test_other_attributes_are_of_the_same_class_and_not_alike(data) -> None:
    aspect = data.draw(st.sampled_from(["texture", "shape"]))
    table = ATTRIBUTES[aspect]
    stated = tuple(data.draw(st.lists(st.sampled_from(sorted(table)), min_size=1, max_size=3, unique=True)))
    used = frozenset(data.draw(st.lists(st.sampled_from(sorted(table)), max_size=6)))
    parts = {"texture": Texture(stated)} if aspect == "texture" else {"shape": Shape(stated, (8.0,), 2)}
    finding = Finding("nodule", location=Location("left"), **parts)
    seed = data.draw(st.integers(0, 5))
    turned = turn(finding, aspect, np.random.default_rng(seed), used=used)
    assert turned == turn(finding, aspect, np.random.default_rng(seed), used=used)
    if turned is None:
        return
    others = turned.texture.attributes if aspect == "texture" else turned.shape.attributes
    assert len(others) == len(stated) and others != stated
    assert turned.location == finding.location
    assert (turned.shape.size_mm, turned.shape.count) == (finding.shape.size_mm, finding.shape.count)
    for before, after in zip(stated, others, strict=True):
        assert table[before].group == table[after].group
        assert before == after or not any(alike(after, name) for name in stated)


def test_attributes_that_the_reports_use_are_preferred() -> None:
    used = used_attributes([NODULE, Finding("mass", texture=Texture(("cavitary",)), shape=Shape(("linear",)))])
    assert used == {"solid", "cavitary", "round", "small", "linear"}
    for seed in range(10):
        turned = turn(NODULE, "texture", np.random.default_rng(seed), used=used)
        assert turned is not None and turned.texture.attributes == ("cavitary",)
    drawn = {turn(NODULE, "texture", np.random.default_rng(seed)).texture for seed in range(30)}  # type: ignore[union-attr]
    assert len(drawn) > 5


def test_what_states_nothing_or_has_no_other_is_not_swapped() -> None:
    assert turn(Finding("nodule"), "texture", rng()) is None
    assert turn(Finding("nodule"), "shape", rng()) is None
    assert turn(Finding("nodule", texture=Texture(("my_own_word",))), "texture", rng()) is None


def test_the_list_of_like_attributes_knows_only_names_of_the_lexicon() -> None:
    assert all(len(pair) > 1 and pair <= {*LEXICON.textures, *LEXICON.shapes} for pair in ALIKE)
