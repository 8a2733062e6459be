from dataclasses import replace

import numpy as np
import pytest

from tests.inference.dicom.results import KINDS, overlapping, series
from tests.inference.dicom.test_segmentation import read_back, stored, written

hd = pytest.importorskip("highdicom", reason='needs pip install "medsegr[dicom]"')


def groups(folder):
    """Measurement groups of a written report, by tracking identifier."""
    content = hd.sr.srread(folder / "report.dcm").content
    found = [
        *content.get_planar_roi_measurement_groups(),
        *content.get_volumetric_roi_measurement_groups(),
        *content.get_image_measurement_groups(),
    ]
    return {group.tracking_identifier: group for group in found}


def numbers(group):
    """Name -> value and unit."""
    return {each.name.meaning: (each.value, each.unit.value) for each in group.get_measurements()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_finding_is_in_the_report_and_refers_to_its_segment(tmp_path, kind):
    result = overlapping(series(tmp_path / "in", kind))
    written(tmp_path / "out", result)
    found, segments = groups(tmp_path / "out"), hd.seg.segread(tmp_path / "out" / "segmentation.dcm")
    assert sorted(found) == sorted(entry.id for entry in result.findings)
    for number, id in ((1, "nodule-left"), (2, "pleural_effusion")):
        items = [item for item in found[id][0].ContentSequence if item.ValueType == "IMAGE"]
        references = [item.ReferencedSOPSequence[0] for item in items]
        assert any(
            each.ReferencedSOPInstanceUID == segments.SOPInstanceUID and each.ReferencedSegmentNumber == number
            for each in references
        )
        assert found[id].tracking_uid == segments.SegmentSequence[number - 1].TrackingUID


@pytest.mark.parametrize("kind", ["axial", "radiograph", "enhanced", "cine"])
def test_one_finding_alone_is_written_too(tmp_path, kind):
    """A single segment is named among the shared groups, where highdicom's own helpers do not look."""
    result = overlapping(series(tmp_path / "in", kind))
    written(tmp_path / "out", replace(result, findings=result.findings[2:3]))
    assert list(groups(tmp_path / "out")) == ["pleural_effusion"]
    found = read_back(tmp_path / "out" / "segmentation.dcm", result)
    np.testing.assert_array_equal(found[..., 0], stored(result)[1])


def test_a_finding_is_placed_measured_and_judged(tmp_path):
    result = overlapping(series(tmp_path / "in", "axial"))
    written(tmp_path / "out", result)
    nodule = groups(tmp_path / "out")["nodule-left"]
    told = numbers(nodule)
    assert told["Long axis"] == (pytest.approx(result.findings[0].size_mm, abs=0.01), "mm")
    assert told["Volume"] == (pytest.approx(result.findings[0].mask.sum() * 0.8 * 0.6 * 2.5 / 1000, rel=1e-3), "ml")
    assert told["Support of the finding by the image"] == (0.9, "1")
    (site,) = nodule.finding_sites
    assert (site.value.meaning, site.laterality.meaning) == ("Upper lobe of lung", "Left")
    said = {each.name.meaning: each.value.meaning for each in nodule.get_qualitative_evaluations()}
    assert (said["Presence of property"], said["Outcome of the segmentation"]) == ("Present", "Outlined")


def test_what_has_no_mask_says_why(tmp_path):
    written(tmp_path / "out", overlapping(series(tmp_path / "in", "axial")))
    found = groups(tmp_path / "out")
    for id, reason, outcome in (
        ("pneumothorax", "denied by the report", "Absent by the report"),
        ("mass", "no pixel passed the threshold", "No pixel passed the threshold"),
    ):
        items = found[id][0].ContentSequence
        assert [item.TextValue for item in items if item.name.value == "121106"] == [reason]
        said = [each.value.meaning for each in found[id].get_qualitative_evaluations()]
        assert outcome in said
        assert not [item for item in items if item.ValueType == "IMAGE"]


def test_lengths_are_left_out_where_nobody_stated_the_spacing(tmp_path):
    result = overlapping(series(tmp_path / "in", "radiograph"))
    assert result.findings[0].size_mm is None
    written(tmp_path / "out", result)
    told = numbers(groups(tmp_path / "out")["nodule-left"])
    assert set(told) == {"Size of the mask", "Support of the finding by the image"}
    assert told["Size of the mask"] == (np.sum(result.findings[0].mask), "{pixels}")
