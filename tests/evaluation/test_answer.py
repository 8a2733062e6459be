"""Everything that is measured of a mask, in pictures and in volumes with a spacing."""

from dataclasses import replace

import numpy as np
import pytest

from medsegr.cognition.priors import Finding
from medsegr.data.case import Case
from medsegr.data.geometry import displayed_geometry
from medsegr.data.image import MedicalImage
from medsegr.evaluation.answer import measure
from medsegr.evaluation.questions import Asked
from medsegr.evaluation.surface import Tolerance
from tests.evaluation.made import answer, case_of, disc, measures


def scan(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> MedicalImage:
    """An axial volume (D, H, W) with a spacing (z, y, x) in mm."""
    depth, height, width = shape
    affine = np.diag([-spacing[2], -spacing[1], spacing[0], 1.0])
    geometry = displayed_geometry(affine, (width, height, depth))
    voxels = np.random.default_rng(0).integers(0, 100, shape).astype(np.int16)
    assert geometry.spacing_mm == spacing
    return MedicalImage(voxels if depth > 1 else voxels[0], geometry)


def test_distances_of_a_volume_are_in_millimetres_along_each_axis() -> None:
    image = scan((6, 20, 30), (5.0, 0.5, 2.0))
    truth, planes, across = np.zeros((3, 6, 20, 30), bool)
    truth[2:4, 5:10, 5:10], planes[3:5, 5:10, 5:10], across[2:4, 5:10, 6:11] = True, True, True
    asked = Asked(Finding("nodule"), truth, "described")
    found = [measure(mask, asked, Case(image), Tolerance(mm=2.0, px=0.0)).surface for mask in (planes, across)]
    assert [(s.unit, s.hd95) for s in found] == [("mm", 5.0), ("mm", 2.0)]
    assert found[0].nsd < 1.0 and found[1].nsd == 1.0
    missed = measure(np.zeros_like(truth), asked, Case(image), Tolerance()).surface
    assert missed.hd95 == pytest.approx(np.linalg.norm([30.0, 10.0, 60.0])) and missed.penalty == "miss"


def test_one_plane_with_a_spacing_is_in_millimetres_too() -> None:
    image = scan((1, 20, 30), (7.0, 0.5, 2.0))
    truth = np.zeros((20, 30), bool)
    truth[5:10, 5:10] = True
    asked = Asked(Finding("nodule"), truth, "described")
    found = measure(np.roll(truth, 2, 0), asked, Case(image), Tolerance()).surface
    assert (found.unit, found.hd95) == ("mm", 1.0)


def test_a_mask_of_a_picture() -> None:
    truth, heart = disc(0.3, 0.1), disc(0.36, 0.1)
    mask = disc(0.36, 0.1) | disc(0.9, 0.03)
    found = measures(mask, truth, "nodule", case_of({"nodule": truth, "cardiomediastinum": heart}))
    assert found.confused == {"cardiomediastinum": int((heart & ~truth).sum())}
    assert found.confused_px == int((heart & ~truth).sum())
    assert found.overlap_share == pytest.approx((truth & heart).sum() / truth.sum()) and found.hidden == ">= 50 %"
    assert found.lesions.predicted == 2 and found.lesions.false == 1 and found.lesions.found == 1
    assert found.frame_share == truth.mean() and found.size == "1-5 %"
    assert found.transunet == (found.overlap.dice, found.surface.pooled95)


def test_patients_of_two_sets_are_not_one() -> None:
    one = answer(disc(0.5, 0.1), disc(0.5, 0.1), patient="p1")
    assert one.group != replace(one, data="other").group
