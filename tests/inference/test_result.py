import numpy as np
import pytest

from medsegr.cognition.priors import Finding, Location
from medsegr.data.image import load_image
from medsegr.inference.result import FindingResult, Result, unique_ids


def test_ids_say_target_and_side_and_are_unique():
    findings = [
        Finding("nodule", location=Location("left")),
        Finding("nodule", location=Location("left")),
        Finding("nodule"),
        Finding("left_lung", location=Location("left")),
    ]
    assert unique_ids(findings) == ["nodule-left", "nodule-left-2", "nodule", "left_lung"]


def test_a_finding_by_its_id_and_none_of_another():
    found = [FindingResult(id, Finding("nodule"), np.ones((3, 4), bool)) for id in ("nodule", "nodule-2")]
    result = Result(tuple(found), load_image(np.arange(64.0).reshape(8, 8)))
    assert result["nodule-2"] is found[1]
    with pytest.raises(KeyError, match="No finding has the id 'nope'; there are: nodule, nodule-2"):
        result["nope"]


def test_plane_mask_of_a_picture_and_of_a_volume():
    picture = FindingResult("a", Finding("nodule"), np.ones((3, 4), bool))
    assert picture.plane_mask().shape == (3, 4)
    mask = np.zeros((2, 3, 4), bool)
    mask[1] = True
    volume = FindingResult("a", Finding("nodule"), mask, key_plane=1)
    assert volume.plane_mask().all()
    assert not volume.plane_mask(0).any()
    assert volume.area_px == 12
