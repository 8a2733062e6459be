"""Which objects compete in a picture, and what tells them apart."""

import numpy as np
import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.describe.competitors import Contest, Unclear, components
from medsegr.describe.contests import find_contests
from medsegr.describe.place import Scene
from tests.describe.cases import case, ellipse, picture


def contests(structures, modality="chest_ct", grey=None, frame="patient") -> dict[str, Contest | Unclear]:
    made = case(structures, modality, grey, frame)
    return {found.aspect: found for found in find_contests(made, Scene.of(made.image, load_lexicon()))}


def told(contest) -> list[tuple]:
    """What is said of each object; whether its middle is in the lower half and in the right half of the picture."""
    assert isinstance(contest, Contest), contest
    said = []
    for each in contest.objects:
        f, middle = each.finding, np.argwhere(each.mask).mean(0) / each.mask.shape[0]
        words = (f.target, f.location.laterality, f.location.zones, f.texture.attributes, f.shape.attributes)
        said.append((*words, f.shape.count, *(middle > 0.5).tolist()))
    return said


LEFT, RIGHT = ellipse(0.35, 0.75), ellipse(0.35, 0.25)
"""Of the patient: left on the picture's right."""


def test_sides_are_the_patients() -> None:
    found = contests({"consolidation": LEFT | RIGHT | ellipse(0.6, 0.8, 0.05, 0.05)})
    assert told(found["side"]) == [
        ("consolidation", "left", (), (), (), 2, False, True),
        ("consolidation", "right", (), (), (), None, False, False),
    ]
    assert found["side"].pickable == 2


def test_one_object_does_not_compete() -> None:
    assert contests({"consolidation": LEFT}) == {}
    assert "side" not in contests({"consolidation": LEFT | ellipse(0.6, 0.75)})
    assert contests({"liver": LEFT | RIGHT}, "abdomen_ct") == {}, "components of an organ are no objects"


def test_components_near_the_midline_leave_the_side_open() -> None:
    found = contests({"consolidation": LEFT | RIGHT | ellipse(0.7, 0.5, 0.05, 0.05)})
    assert found["side"] == Unclear("side", "in no class clearly")


def test_where_left_and_right_are_not_the_patients() -> None:
    assert "side" not in contests({"polyp": LEFT | RIGHT}, "colonoscopy", frame="image")
    assert "side" not in contests({"consolidation": LEFT | RIGHT}, frame="image"), "frame and modality disagree"


def test_zones() -> None:
    found = contests({"consolidation": ellipse(0.3, 0.75) | ellipse(0.75, 0.25) | ellipse(0.75, 0.75)})
    assert told(found["zone"]) == [
        ("consolidation", None, ("anterior",), (), (), None, False, True),
        ("consolidation", None, ("posterior",), (), (), 2, True, False),
    ]


def test_zones_of_one_side_against_the_other_side() -> None:
    """On the right one component is in no zone clearly; it competes with both zones of the left by its side."""
    structure = ellipse(0.3, 0.75) | ellipse(0.75, 0.75) | ellipse(0.5, 0.25, 0.15)
    contest = contests({"consolidation": structure})["zone"]
    assert [said[1:3] for said in told(contest)] == [("left", ("anterior",)), ("left", ("posterior",)), ("right", ())]
    assert contest.pickable == 2


def test_places_in_a_picture_that_overlap() -> None:
    """Halves, corners and the centre overlap, so each object is told by a zone that holds none of the others."""
    one, two = ellipse(0.25, 0.25), ellipse(0.7, 0.75)
    contest = contests({"polyp": one | two}, "colonoscopy", frame="image")["zone"]
    assert [said[2] for said in told(contest)] == [("top_left",), ("bottom_right",)]
    assert contest.pickable == 2
    near = contests({"polyp": ellipse(0.25, 0.3) | ellipse(0.2, 0.7) | ellipse(0.3, 0.5, 0.05, 0.05)}, "colonoscopy",
                    frame="image")["zone"]  # fmt: skip
    assert isinstance(near, Unclear)


def test_sizes() -> None:
    small, large = ellipse(0.3, 0.3, 0.05, 0.05), ellipse(0.6, 0.7, 0.12, 0.12)
    found = contests({"consolidation": small | large})
    assert [said[4] for said in told(found["size"])] == [("large",), ("small",)]
    assert [int(each.mask.sum()) for each in found["size"].objects] == [large.sum(), small.sum()]
    alike = contests({"consolidation": ellipse(0.3, 0.3, 0.1, 0.1) | large})["size"]
    assert alike == Unclear("size", "of about one size")
    both_large = contests({"consolidation": ellipse(0.3, 0.2, 0.15, 0.15) | ellipse(0.5, 0.7, 0.3, 0.25)})["size"]
    assert both_large == Unclear("size", "neither small nor large")


def test_faint_and_dense() -> None:
    structures = {"ground_glass_opacity": LEFT | RIGHT}
    found = contests(structures, grey=picture({140: LEFT, 200: RIGHT}))["texture"]
    assert [(said[3], said[7]) for said in told(found)] == [(("dense",), False), (("faint",), True)]
    assert contests(structures, grey=picture({150: LEFT, 160: RIGHT}))["texture"] == Unclear(
        "texture", "of about one grey value"
    )
    noisy = picture({140: LEFT, 180: RIGHT}).astype(int)
    noisy = np.clip(noisy + np.random.default_rng(0).normal(0, 60, noisy.shape), 0, 255).astype(np.uint8)
    assert isinstance(contests(structures, grey=noisy)["texture"], Unclear), "their grey values overlap"


def test_echoes() -> None:
    dark, bright = ellipse(0.3, 0.3), ellipse(0.7, 0.7)
    grey = picture({25: dark, 220: bright}, np.ones((128, 128), bool))
    found = contests({"breast_lesion": dark | bright}, "breast_ultrasound", grey, "image")["texture"]
    assert [(said[3], said[6]) for said in told(found)] == [(("hyperechoic",), True), (("hypoechoic",), False)]


def test_one_name_for_two_kinds() -> None:
    structures = {"consolidation": RIGHT, "ground_glass_opacity": LEFT}
    found = contests(structures, grey=picture({140: LEFT, 210: RIGHT}))
    assert [said[:1] + said[3:4] for said in told(found["texture"])] == [
        ("airspace_opacity", ("ground_glass",)),
        ("airspace_opacity", ("dense",)),
    ]
    assert [said[0] for said in told(found["kind"])] == ["consolidation", "ground_glass_opacity"]
    alike = contests(structures, grey=picture({140: LEFT, 145: RIGHT}))
    assert alike["texture"] == Unclear("texture", "of about one grey value")
    over = contests({"consolidation": LEFT, "ground_glass_opacity": LEFT | RIGHT})["texture"]
    assert over == Unclear("texture", "they overlap")


def test_kinds() -> None:
    rings = {"left_ventricle": ellipse(0.5, 0.5, 0.1, 0.1), "myocardium": ellipse(0.5, 0.5, 0.15, 0.15)}
    found = contests({**rings, "right_ventricle": np.zeros((128, 128), bool)}, "cardiac_mri")
    assert [said[0] for said in told(found["kind"])] == ["left_ventricle", "myocardium"]
    assert set(found) == {"kind"}


def test_crumbs_go_to_the_nearest_component() -> None:
    mask = LEFT | RIGHT
    crumb = np.zeros_like(mask)
    crumb[60, 70:73] = True
    parts = components(mask | crumb)
    assert parts is not None and len(parts) == 2
    assert sum(map(np.sum, parts)) == mask.sum() + 3
    (left,) = (part for part in parts if (part & LEFT).any())
    assert (left & crumb).sum() == 3
    assert components(crumb) is None
    speckled = mask.copy()
    speckled[64:, ::4][::4] = True
    assert components(speckled) is None
    found = contests({"consolidation": speckled})
    assert found == {"any": Unclear("any", "crumbs beside the components")}


def test_too_many_components() -> None:
    many = np.zeros((128, 128), bool)
    for row in range(8, 120, 20):
        for column in range(8, 120, 20):
            many[row : row + 8, column : column + 8] = True
    assert contests({"nucleus": many}, "histology_he", frame="image") == {"any": Unclear("any", "too many components")}


@pytest.mark.parametrize("modality", ["chest_ct", "chest_xray"])
def test_objects_cover_the_target_and_do_not_overlap(modality: str) -> None:
    rng, contested = np.random.default_rng(1), 0
    for _ in range(20):
        mask = np.logical_or.reduce(
            [ellipse(*rng.uniform(0.15, 0.85, 2), *rng.uniform(0.03, 0.12, 2)) for _ in range(4)]
        )
        made = case({"consolidation": mask}, modality)
        for found in find_contests(made, Scene.of(made.image, load_lexicon())):
            if isinstance(found, Contest):
                contested += 1
                assert np.array_equal(sum(each.mask.astype(int) for each in found.objects), mask)
                assert len({each.finding for each in found.objects}) == len(found.objects)
    assert contested >= 10
