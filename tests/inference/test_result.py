import numpy as np

from medsegr.cognition.priors import Finding, Location
from medsegr.inference.result import FindingResult, unique_ids


def test_ids_say_target_and_side_and_are_unique():
    findings = [
        Finding("nodule", location=Location("left")),
        Finding("nodule", location=Location("left")),
        Finding("nodule"),
        Finding("left_lung", location=Location("left")),
    ]
    assert unique_ids(findings) == ["nodule-left", "nodule-left-2", "nodule", "left_lung"]


def test_plane_mask_of_a_picture_and_of_a_volume():
    picture = FindingResult("a", Finding("nodule"), np.ones((3, 4), bool))
    assert picture.plane_mask().shape == (3, 4)
    mask = np.zeros((2, 3, 4), bool)
    mask[1] = True
    volume = FindingResult("a", Finding("nodule"), mask, key_plane=1)
    assert volume.plane_mask().all()
    assert not volume.plane_mask(0).any()
    assert volume.area_px == 12
