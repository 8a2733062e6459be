"""DICOM-SEG read: real ones as two readers settled, and our own and others' back on the voxels they were drawn on."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medsegr.data.dicom.reader import list_stacks
from medsegr.data.dicom.segment_masks import masks_on
from medsegr.data.dicom.segmentation_reader import DicomSegmentation, list_segmentations, read_segmentation
from medsegr.data.image import load_image
from medsegr.errors import ImageError
from medsegr.inference.mask_files import Writing
from medsegr.inference.writer import write_case
from tests.data.dicom.series_maker import AXIAL, CORONAL, CT, SAGITTAL, dataset, lopsided, uid, write, write_series
from tests.inference.dicom.results import KINDS, LABEL, overlapping, series
from tests.shared_data import shared

hd = pytest.importorskip("highdicom", reason='needs pip install "medsegr[dicom]"')


def drawn(folder: Path, result: Any) -> DicomSegmentation:
    """Our own segmentation of a result."""
    folder.mkdir()
    write_case(folder, result, **LABEL, writing=Writing(("dicom",)))
    return read_segmentation(folder / "segmentation.dcm")


@pytest.mark.parametrize("kind", KINDS)
def test_our_own_segments_come_back_voxel_by_voxel(tmp_path: Path, kind: str) -> None:
    image = series(tmp_path / "in", kind)
    result = overlapping(image)
    found = drawn(tmp_path / "out", result)
    assert (found.kind, found.overlap, found.series_uid) == ("BINARY", "YES", image.dicom.series_uid)
    assert [(s.number, s.label, s.type[:2], s.algorithm) for s in found.segments] == [
        (1, "Nodule, left upper lobe", ("SCT", "27925004"), "AUTOMATIC"),
        (2, "Pleural effusion", ("SCT", "60046008"), "AUTOMATIC"),
    ]
    masks = masks_on(found, image)
    for number, place in ((1, 0), (2, 2)):
        np.testing.assert_array_equal(masks[number], result.findings[place].mask)


def foreign(image: Any, masks: np.ndarray, kind: str = "BINARY", **more: Any) -> Any:
    """highdicom's own segmentation of (slices, rows, columns, segments), stored order."""
    from pydicom.sr.codedict import codes

    described = [
        hd.seg.SegmentDescription(number, f"part {number}", codes.SCT.Tissue, codes.SCT.Liver, "MANUAL")
        for number in range(1, masks.shape[-1] + 1)
    ]
    return hd.seg.Segmentation(
        source_images=full_headers(image),
        pixel_array=masks, segmentation_type=kind, segment_descriptions=described, series_instance_uid=uid(7),
        series_number=7, sop_instance_uid=uid(7, 1), instance_number=1, manufacturer="m",
        manufacturer_model_name="m", software_versions="1", device_serial_number="1", **more,
    )  # fmt: skip


def full_headers(image: Any) -> list[Any]:
    """The headers, with the empty fields that highdicom copies."""
    for header in image.dicom.headers:
        for keyword in ("PatientSex", "AccessionNumber", "StudyID", "StudyDate", "StudyTime", "ReferringPhysicianName"):
            if keyword not in header:
                setattr(header, keyword, "")
        header.SliceThickness = 2.5
    return list(image.dicom.headers)


@pytest.mark.parametrize("directions", [AXIAL, CORONAL, SAGITTAL])
@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_all_kinds_of_segmentation_in_any_direction(tmp_path: Path, directions: tuple, kind: str) -> None:
    write_series(tmp_path / "in", lopsided((4, 11, 13)).astype(np.int16), directions)
    image = load_image(tmp_path / "in")
    rng = np.random.default_rng(3)
    masks = np.stack([rng.random((4, 11, 13)) < 0.3, np.zeros((4, 11, 13), bool)], axis=-1)
    masks[0] = False  # an empty first slice, which highdicom leaves out
    masks[2, 5:9, 1:12, 1] = True
    if kind == "LABELMAP":
        masks[..., 0] &= ~masks[..., 1]
    pixels = masks.astype(np.float32) * (1, 0.6) if kind == "FRACTIONAL" else masks.astype(np.uint8)
    more = {"max_fractional_value": 200} if kind == "FRACTIONAL" else {}
    foreign(image, pixels, kind, **more).save_as(tmp_path / "seg.dcm")
    found = read_segmentation(tmp_path / "seg.dcm")
    assert found.kind == kind and [segment.number for segment in found.segments] == [1, 2]
    read = masks_on(found, image)
    for number in (1, 2):
        stored = image.geometry.to_stored(read[number]).transpose(2, 1, 0)
        np.testing.assert_array_equal(stored, masks[..., number - 1])
    if kind == "FRACTIONAL":
        assert not masks_on(found, image, at_least=0.7)[2].any()
        np.testing.assert_array_equal(masks_on(found, image, at_least=0.7)[1], read[1])


def test_a_segment_number_that_is_said_once_for_all_frames(tmp_path: Path) -> None:
    image = series(tmp_path / "in", "axial")
    result = overlapping(image)
    alone = replace(result, findings=result.findings[:1])
    found = drawn(tmp_path / "out", alone)
    np.testing.assert_array_equal(masks_on(found, image)[1], alone.findings[0].mask)


def test_a_cut_out_of_the_image_and_a_mirrored_one_lie_where_they_say(tmp_path: Path) -> None:
    image = series(tmp_path / "in", "oblique")
    result = overlapping(image)
    drawn(tmp_path / "out", result)
    path = tmp_path / "out" / "segmentation.dcm"
    made = hd.seg.segread(path)
    volume = made.get_volume()
    flipped = volume.flip_spatial(1).flip_spatial(2)[:, 2:, 1:]
    again_as = hd.Volume(flipped.array.astype(np.uint8), flipped.affine, flipped.coordinate_system,
                         flipped.frame_of_reference_uid, channels={"SegmentNumber": [1, 2]})  # fmt: skip
    again = hd.seg.Segmentation(
        source_images=full_headers(image), pixel_array=again_as,
        segmentation_type="BINARY", segment_descriptions=list(made.SegmentSequence), series_instance_uid=uid(7),
        series_number=7, sop_instance_uid=uid(7, 1), instance_number=1, manufacturer="m",
        manufacturer_model_name="m", software_versions="1", device_serial_number="1",
    )  # fmt: skip
    again.save_as(tmp_path / "again.dcm")
    read = masks_on(read_segmentation(tmp_path / "again.dcm"), image)
    for number, place in ((1, 0), (2, 2)):
        np.testing.assert_array_equal(read[number], result.findings[place].mask)


def test_what_belongs_elsewhere_is_refused(tmp_path: Path) -> None:
    image = series(tmp_path / "in", "axial")
    found = drawn(tmp_path / "out", overlapping(image))
    write_series(tmp_path / "moved", lopsided((4, 18, 29)).astype(np.int16), origin=(-30.3, 20.0, -50.0))
    with pytest.raises(ImageError, match="no voxels of the image"):
        masks_on(found, load_image(tmp_path / "moved"))
    write_series(tmp_path / "shorter", lopsided((2, 18, 29)).astype(np.int16))
    with pytest.raises(ImageError, match="outside of the image"):
        masks_on(found, load_image(tmp_path / "shorter"))
    write_series(tmp_path / "other", lopsided((4, 18, 29)).astype(np.int16), SeriesInstanceUID=uid(5),
                 FrameOfReferenceUID=uid(6))  # fmt: skip
    with pytest.raises(ImageError, match="another series, in another space"):
        masks_on(found, load_image(tmp_path / "other"))
    with pytest.raises(ImageError, match="the image is not DICOM"):
        masks_on(found, load_image(image.voxels))
    with pytest.raises(ImageError, match="holds no DICOM segmentations"):
        read_segmentation(tmp_path / "in")


def test_damaged_segmentations_say_so(tmp_path: Path) -> None:
    image = series(tmp_path / "in", "axial")
    drawn(tmp_path / "out", overlapping(image))
    content = (tmp_path / "out" / "segmentation.dcm").read_bytes()
    (tmp_path / "cut.dcm").write_bytes(content[:-200])
    with pytest.raises(ImageError, match="truncated|cannot be decoded"):
        masks_on(read_segmentation(tmp_path / "cut.dcm"), image)
    for number, spoiled in enumerate(({"SegmentationType": "OTHER"}, {"SegmentSequence": []})):
        made = hd.seg.segread(tmp_path / "out" / "segmentation.dcm")
        for name, value in spoiled.items():
            setattr(made, name, value)
        made.save_as(tmp_path / f"{number}.dcm")
        with pytest.raises(ImageError, match="neither BINARY|contradict each other"):
            read_segmentation(tmp_path / f"{number}.dcm")


def test_a_folder_of_everything_lists_its_segmentations(tmp_path: Path) -> None:
    image = series(tmp_path / "in", "axial")
    drawn(tmp_path / "in" / "out", overlapping(image))
    write(tmp_path / "in" / "scout.dcm", dataset(lopsided((9, 12)).astype(np.int16), CT, SeriesNumber=4))
    assert [found.file.path.name for found in list_segmentations(tmp_path / "in")] == ["segmentation.dcm"]


def real() -> list[tuple[Path, dict[str, Any]]]:
    """Every segmentation of the clinical files, with what two readers settled."""
    import json

    folder = shared("data/clinical_files")
    known = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["items"]
    return [(folder / item["path"] / name, fact) for item in known
            for name, fact in item["facts"].get("segmentations", {}).items()]  # fmt: skip


def test_real_segmentations_are_what_two_readers_settled() -> None:
    assert len(real()) >= 5
    for path, fact in real():
        found = read_segmentation(path)
        assert found.kind == fact["segmentation_type"] and found.overlap == (fact["segments_overlap"] or "")
        assert len(found.planes) == fact["frames"]
        told = [{"number": s.number, "label": s.label, "category": s.category[2], "type": s.type[2],
                 "algo": s.algorithm} for s in found.segments]  # fmt: skip
        assert told == fact["segments"]
        at: defaultdict[tuple, np.ndarray] = defaultdict(lambda: np.zeros((), int))
        counts: defaultdict[str, int] = defaultdict(int)
        heights: defaultdict[str, list[float]] = defaultdict(list)
        for plane, number, frame in found.frames(1 / 255):  # the facts count all that is above 0
            at[tuple(plane.position.round(3))] = at[tuple(plane.position.round(3))] + frame
            counts[str(number)] += int(frame.sum())
            heights[str(number)].append(float(plane.position[2]))
        assert dict(counts) == fact["voxels_per_segment"]
        assert sum(int((several > 1).sum()) for several in at.values()) == fact["voxels_in_more_than_one_segment"]
        for number, places in fact["z_of_frames_per_segment"].items():
            np.testing.assert_allclose(sorted(heights[number]), sorted(places), atol=1e-3)


def test_real_segments_lie_on_the_voxels_of_their_series_as_in_the_nrrd_files() -> None:
    folder = shared("data/clinical_files/ct/ct_feet_first_seg")
    sitk = pytest.importorskip("SimpleITK", reason='needs pip install "medsegr[nrrd]"')
    image = load_image(list_stacks(folder)[0])
    for name, labels in (("liver", {"liver_seg.nrrd": [1]}),
                         ("partial_overlaps", {"partial_overlaps-1.nrrd": [1, 4, 5], "partial_overlaps-2.nrrd": [2],
                                               "partial_overlaps-3.nrrd": [3]})):  # fmt: skip
        masks = masks_on(read_segmentation(folder / f"{name}.seg.dcm"), image)
        for file, numbers in labels.items():
            read = sitk.ReadImage(str(folder / file))
            for number in numbers:
                mask = masks[number]
                assert mask.any()
                lps = image.geometry.voxel_to_patient(np.argwhere(mask)) * (-1, -1, 1)
                truth = np.argwhere(sitk.GetArrayFromImage(read) == number)[:, ::-1]
                places = np.array([read.TransformIndexToPhysicalPoint([int(v) for v in at]) for at in truth])
                assert len(places) == len(lps)
                np.testing.assert_allclose(np.array(sorted(places.round(2).tolist())),
                                           np.array(sorted(lps.round(2).tolist())), atol=0.03)  # fmt: skip


def test_a_segmentation_of_a_series_that_no_grid_holds_is_read_frame_by_frame() -> None:
    folder = shared("data/clinical_files/ct/ct_big_gap_overlap_seg")
    found = read_segmentation(folder / "overlap.seg.dcm")
    with pytest.raises(ImageError, match="not evenly spaced"):
        load_image(next(s for s in list_stacks(folder) if s.series_uid == found.series_uid))
