import json
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from medsegr.data.image import load_image
from medsegr.errors import ConfigError, OutputError
from medsegr.inference.mask_files import Writing
from medsegr.inference.result import Result
from medsegr.inference.shown_as import finding_colour
from medsegr.inference.writer import write_case
from tests.data.dicom.series_maker import lopsided, write_series
from tests.inference.dicom.results import KINDS, LABEL, overlapping, series

hd = pytest.importorskip("highdicom", reason='needs pip install "medsegr[dicom]"')


def written(folder: Path, result: Result, **writing: object) -> dict[str, object]:
    """``findings.json`` of a case that is written into a new folder."""
    folder.mkdir(parents=True)
    return json.loads(write_case(folder, result, **LABEL, writing=Writing(**writing)).read_text())


def stored(result: Result) -> list[np.ndarray]:
    """Masks of outlined findings, (slices, rows, columns) in the order of the headers."""
    geometry = result.image.geometry
    three = (*geometry.stored_shape, 1)[:3]
    return [
        geometry.to_stored(f.mask).reshape(three).transpose(2, 1, 0) for f in result.findings if f.outcome == "outlined"
    ]


def read_back(path: Path, result: Result) -> np.ndarray:
    """(slices, rows, columns, segments), as highdicom finds the frames of each source image."""
    segments, source = hd.seg.segread(path), result.image.dicom
    if source.frames:
        uid = source.headers[0].SOPInstanceUID
        return segments.get_pixels_by_source_frame(uid, list(source.frames), assert_missing_frames_are_empty=True)
    uids = [header.SOPInstanceUID for header in source.headers]
    return segments.get_pixels_by_source_instance(uids, assert_missing_frames_are_empty=True)


@pytest.mark.parametrize("kind", KINDS)
def test_segments_overlap_as_the_masks_do_voxel_by_voxel(tmp_path, kind):
    result = overlapping(series(tmp_path / "in", kind))
    record = written(tmp_path / "out", result)
    found = read_back(tmp_path / "out" / "segmentation.dcm", result)
    for number, mask in enumerate(stored(result)):
        np.testing.assert_array_equal(found[..., number], mask)
    assert hd.seg.segread(tmp_path / "out" / "segmentation.dcm").SegmentsOverlap == "YES"
    assert [entry["segment"] for entry in record["findings"]] == [1, None, 2, None]
    assert [entry["mask"] for entry in record["findings"]] == ["segmentation.dcm", None, "segmentation.dcm", None]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["findings.json", "report.dcm", "segmentation.dcm"]


@pytest.mark.parametrize("kind", ["axial", "sagittal", "oblique", "tilted", "one slice", "enhanced"])
def test_frames_lie_where_the_nifti_masks_lie(tmp_path, kind):
    result = overlapping(series(tmp_path / "in", kind))
    record = written(tmp_path / "out", result, masks=("separate", "dicom"))
    segments = hd.seg.segread(tmp_path / "out" / "segmentation.dcm")
    shared = segments.SharedFunctionalGroupsSequence[0]
    row, column = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float).reshape(2, 3)
    down, along = (float(side) for side in shared.PixelMeasuresSequence[0].PixelSpacing)
    outlined = [entry for entry in record["findings"] if entry["segment"]]
    for entry in outlined:
        image = nib.load(tmp_path / "out" / entry["mask"])
        voxels = np.argwhere(np.asarray(image.dataobj).reshape(*image.shape, *[1] * (3 - image.ndim)))
        ras = voxels @ image.affine[:3, :3].T + image.affine[:3, 3]
        places = []
        for frame, groups in zip(segments.pixel_array, segments.PerFrameFunctionalGroupsSequence, strict=True):
            if groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber == entry["segment"]:
                origin = np.array(groups.PlanePositionSequence[0].ImagePositionPatient, float)
                ys, xs = np.nonzero(frame)
                places += [*(origin + np.outer(xs * along, row) + np.outer(ys * down, column))]
        lps = np.array(sorted((np.array(places) * [-1, -1, 1]).round(2).tolist()))
        np.testing.assert_allclose(lps, np.array(sorted(ras.round(2).tolist())), atol=0.02)


def test_a_second_run_gives_the_same_bytes(tmp_path):
    result = overlapping(series(tmp_path / "in", "axial"))
    for folder in ("one", "two"):
        written(tmp_path / folder, result)
    for name in ("segmentation.dcm", "report.dcm", "findings.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_other_masks_get_other_uids_and_the_headers_stay_as_they_were(tmp_path):
    image = series(tmp_path / "in", "axial")
    before = [str(header) for header in image.dicom.headers]
    result = overlapping(image)
    other = replace(result, findings=(replace(result.findings[0], mask=~result.findings[0].mask), *result.findings[1:]))
    written(tmp_path / "one", result)
    written(tmp_path / "two", other)
    uids = {hd.seg.segread(tmp_path / n / "segmentation.dcm").SOPInstanceUID for n in ("one", "two")}
    assert len(uids) == 2
    assert [str(header) for header in image.dicom.headers] == before


def test_segments_say_what_they_are_and_how_they_are_shown(tmp_path):
    image = series(tmp_path / "in", "axial")
    written(tmp_path / "out", overlapping(image))
    segments = hd.seg.segread(tmp_path / "out" / "segmentation.dcm")
    nodule, effusion = segments.SegmentSequence
    assert (nodule.SegmentLabel, effusion.SegmentLabel) == ("Nodule, left upper lobe", "Pleural effusion")
    kind = nodule.SegmentedPropertyTypeCodeSequence[0]
    assert (kind.CodingSchemeDesignator, kind.CodeValue) == ("SCT", "27925004")
    assert kind.SegmentedPropertyTypeModifierCodeSequence[0].CodeMeaning == "Left"
    assert nodule.AnatomicRegionSequence[0].CodeMeaning == "Upper lobe of lung"
    assert effusion.AnatomicRegionSequence[0].CodeMeaning == "Chest"
    assert nodule.SegmentationAlgorithmIdentificationSequence[0].AlgorithmName == "medsegr tiny"
    assert (nodule.TrackingID, effusion.TrackingID) == ("nodule-left", "pleural_effusion")
    for place, segment in ((0, nodule), (2, effusion)):
        colour = hd.color.CIELabColor.from_dicom_value(segment.RecommendedDisplayCIELabValue)
        assert "#{:02X}{:02X}{:02X}".format(*colour.to_rgb()) == finding_colour(place)
    assert segments.FrameOfReferenceUID == image.dicom.frame_of_reference_uid
    assert segments.StudyInstanceUID == image.dicom.study_uid
    assert segments.SeriesInstanceUID != image.dicom.series_uid


def test_a_radiograph_keeps_its_spacing_and_claims_no_place(tmp_path):
    written(tmp_path / "out", overlapping(series(tmp_path / "in", "radiograph")))
    segments = hd.seg.segread(tmp_path / "out" / "segmentation.dcm")
    shared = segments.SharedFunctionalGroupsSequence[0]
    assert [float(side) for side in shared.PixelMeasuresSequence[0].PixelSpacing] == [0.2, 0.3]
    assert "PlaneOrientationSequence" not in shared
    assert "FrameOfReferenceUID" not in segments


def test_a_film_of_ultrasound_counts_its_frames_and_claims_no_place(tmp_path):
    written(tmp_path / "out", overlapping(series(tmp_path / "in", "cine")))
    segments = hd.seg.segread(tmp_path / "out" / "segmentation.dcm")
    assert "FrameOfReferenceUID" not in segments
    for frame in segments.PerFrameFunctionalGroupsSequence:
        assert "PlanePositionSequence" not in frame
        reference = frame.DerivationImageSequence[0].SourceImageSequence[0]
        assert frame.FrameContentSequence[0].InStackPositionNumber == reference.ReferencedFrameNumber
        assert reference.ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.3.1"


def test_simpleitk_sees_all_frames_and_refuses_a_tilted_nifti_mask_instead_of_misplacing_it(tmp_path):
    sitk = pytest.importorskip("SimpleITK", reason='needs pip install "medsegr[nrrd]"')
    write_series(tmp_path / "in", lopsided((4, 16, 24)).astype(np.int16), step=(0.0, 0.9, 2.4))
    record = written(tmp_path / "out", overlapping(load_image(tmp_path / "in")), masks=("separate", "dicom"))
    segments = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "out" / "segmentation.dcm")))
    assert (segments > 0).sum() == sum(entry["area_px"] for entry in record["findings"])
    with pytest.raises(RuntimeError, match="orthonormal"):
        sitk.ReadImage(str(tmp_path / "out" / "nodule-left.nii.gz"))


def test_without_a_mask_there_is_a_report_and_no_segmentation(tmp_path):
    result = overlapping(series(tmp_path / "in", "axial"))
    record = written(tmp_path / "out", replace(result, findings=(result.findings[1], result.findings[3])))
    assert record["files"] == {"segmentation": None, "structured_report": "report.dcm"}
    assert not (tmp_path / "out" / "segmentation.dcm").exists()


def test_dicom_of_what_is_none_is_refused(tmp_path):
    result = overlapping(load_image(np.random.default_rng(0).random((4, 20, 30))))
    with pytest.raises(ConfigError, match="--masks dicom needs a DICOM image"):
        written(tmp_path / "out", result, masks=("dicom",))


def test_headers_that_no_object_can_be_made_of_end_in_one_error_without_the_patient(tmp_path):
    image = series(tmp_path / "in", "axial")
    for header in image.dicom.headers:
        del header.SOPInstanceUID
    with pytest.raises(OutputError, match="--masks separate") as caught:
        written(tmp_path / "out", overlapping(image))
    assert "Quorra" not in str(caught.value)
