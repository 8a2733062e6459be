"""Masks -> findings: which findings a case gives, their size and count, and what is left out."""

from dataclasses import replace

import numpy as np
import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.data.geometry import displayed_geometry
from medsegr.data.image import load_image
from medsegr.describe.measure_finding import measure_case
from tests.describe.cases import SIZE, case, ellipse, picture
from tests.views import seen

LEFT, RIGHT, RIGHT_LOW = ellipse(0.3, 0.75), ellipse(0.3, 0.25), ellipse(0.7, 0.25)


def measured(structures, modality="abdomen_ct", frame="patient", grey=None):
    return measure_case(case(structures, modality, grey, frame), load_lexicon())


def test_one_finding_with_all_that_is_clear() -> None:
    (finding,) = measured({"liver_lesion": RIGHT}, grey=picture({30.0: RIGHT}))
    assert (finding.target, finding.presence) == ("liver_lesion", "present")
    assert (finding.location.laterality, finding.location.zones) == ("right", ("anterior",))
    assert set(finding.texture.attributes) == {"hypodense", "homogeneous"}
    assert set(finding.shape.attributes) == {"round", "medium"} or finding.shape.attributes == ("round",)
    assert (finding.shape.size_mm, finding.shape.count) == ((), 1)


def test_left_and_right_apart_or_bilateral() -> None:
    apart = measured({"mass": LEFT | RIGHT | RIGHT_LOW})
    assert [(f.location.laterality, f.shape.count) for f in apart] == [("left", 1), ("right", 2)]
    assert [f.location.zones for f in apart] == [("anterior",), ()]
    many = np.logical_or.reduce(
        [ellipse(row, column, 0.03, 0.03) for row in (0.2, 0.4, 0.6, 0.8) for column in (0.3, 0.7)]
    )
    (both,) = measured({"mass": many})
    assert (both.location.laterality, both.shape.count) == ("bilateral", "multiple")
    (unclear,) = measured({"mass": ellipse(0.3, 0.5) | LEFT})
    assert unclear.location.laterality is None
    (with_middle,) = measured({"mass": ellipse(0.7, 0.5) | LEFT | RIGHT})
    assert with_middle.location.laterality == "bilateral"


def test_a_mirrored_picture_gives_the_mirrored_findings() -> None:
    structures = {"mass": LEFT | RIGHT_LOW, "liver_lesion": RIGHT}
    grey = picture({30.0: LEFT, 200.0: RIGHT})
    plain = measured(structures, grey=grey)
    turned = measured({name: mask[:, ::-1] for name, mask in structures.items()}, grey=grey[:, ::-1])
    assert {f.mirrored() for f in plain} == set(turned)


def test_specks_are_not_counted() -> None:
    speck = ellipse(0.8, 0.75, 0.01, 0.01)
    (finding,) = measured({"mass": LEFT | speck})
    assert finding.shape.count is None
    assert measured({"pleural_effusion": LEFT})[0].shape.count is None, "an amount, not a number"


def test_forms_and_sizes_that_hold_for_one_component_only_are_left_out() -> None:
    (alike,) = measured({"mass": RIGHT | RIGHT_LOW})
    (unlike,) = measured({"mass": RIGHT | ellipse(0.7, 0.25, 0.05, 0.1)})
    assert "round" in alike.shape.attributes
    assert not {"round", "oval"} & set(unlike.shape.attributes)


def test_a_zone_holds_for_every_component() -> None:
    (together,) = measured({"mass": RIGHT | ellipse(0.3, 0.1, 0.03, 0.03)})
    (apart,) = measured({"mass": RIGHT | ellipse(0.7, 0.25, 0.03, 0.03)})
    assert (together.location.zones, apart.location.zones) == (("anterior",), ())


def test_sizes_in_millimetres_where_the_spacing_is_known() -> None:
    plain = case({"mass": LEFT}, "abdomen_ct")
    affine = np.diag([-2.0, -2.0, 2.0, 1.0])
    geometry = displayed_geometry(affine, (SIZE, SIZE, 1))
    known = replace(plain, image=replace(plain.image, geometry=geometry))
    (finding,) = measure_case(known, load_lexicon())
    assert finding.shape.size_mm == (pytest.approx(0.2 * SIZE * 2, abs=2.5),)
    assert finding.shape.size_mm[0] == round(finding.shape.size_mm[0])
    assert not {"small", "medium", "large"} & set(finding.shape.attributes)


def test_volumes_are_measured_in_their_key_plane() -> None:
    mask = np.zeros((4, SIZE, SIZE), bool)
    mask[1], mask[2] = ellipse(0.3, 0.75, 0.05, 0.05), LEFT
    voxels = np.stack([picture({30.0: plane}) for plane in mask])
    image = seen(load_image(voxels, "abdomen_ct"))
    volume = replace(case({"mass": LEFT}, "abdomen_ct"), image=image, structures={"mass": mask})
    (finding,) = measure_case(volume, load_lexicon())
    assert finding.location.laterality == "left"
    assert finding.shape.count == 1
    assert "round" in finding.shape.attributes
    assert "hypodense" in finding.texture.attributes


def test_absent_structures_are_denied_but_organs_are_not() -> None:
    nothing = np.zeros((SIZE, SIZE), bool)
    found = measured({"mass": nothing, "liver": nothing, "stent": nothing, "ascites": LEFT})
    assert [(f.target, f.presence) for f in found] == [("ascites", "present"), ("mass", "absent"), ("stent", "absent")]
    assert not found[1].location.stated


def test_organs_have_no_place_and_devices_only_a_name() -> None:
    organ, device = measured({"liver": RIGHT, "stent": LEFT})
    assert (organ.target, organ.location.stated, organ.shape.count) == ("liver", False, None)
    assert "round" in organ.shape.attributes
    assert device == device.named_only()


def test_what_a_name_says_is_not_repeated() -> None:
    (finding,) = measured({"consolidation": LEFT}, "chest_ct", grey=picture({220.0: LEFT}))
    assert "hyperdense" not in finding.texture.attributes


def test_places_in_the_image_frame() -> None:
    (finding,) = measured({"polyp": LEFT}, "colonoscopy", "image")
    assert (finding.location.laterality, finding.location.zones) == (None, ("top_right",))
    (other,) = measured({"polyp": LEFT}, "colonoscopy", "patient")
    assert not other.location.stated, "the data set says otherwise than its modality"
