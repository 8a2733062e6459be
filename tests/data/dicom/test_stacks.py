"""What a folder holds: series, directions, sizes, times and scouts told apart; what makes no grid refused in words."""

from pathlib import Path

import numpy as np
import pytest

from medsegr.data.dicom import planes
from medsegr.data.dicom.header import items
from medsegr.data.dicom.reader import list_stacks
from medsegr.data.image import load_image, load_series
from medsegr.errors import ImageError
from tests.data.dicom.series_maker import (
    AXIAL,
    CORONAL,
    CR,
    ENHANCED_CT,
    MR,
    SAGITTAL,
    US_MULTI,
    dataset,
    functional_groups,
    item,
    lopsided,
    uid,
    write,
    write_series,
)  # fmt: skip

VOLUME = lopsided((6, 12, 15)).astype(np.int16)


def names(folder: Path) -> list[str]:
    return [str(stack) for stack in list_stacks(folder)]


def test_one_series_whatever_its_files_are_called(tmp_path: Path) -> None:
    write_series(tmp_path / "a" / "b", VOLUME)
    (tmp_path / "a" / "readme.txt").write_text("no DICOM")
    (tmp_path / ".hidden.dcm").write_bytes(b"\0" * 128 + b"DICMgarbage")
    image = load_image(tmp_path)
    np.testing.assert_array_equal(image.voxels, VOLUME)
    assert names(tmp_path) == ["1: CT, 15 x 12, 6 slice(s), series 1"]


def test_several_series_are_listed_and_named(tmp_path: Path) -> None:
    write_series(tmp_path / "x", VOLUME, SeriesNumber=4)
    write_series(tmp_path / "y", VOLUME[:3] + 1, CORONAL, SeriesNumber=7)
    with pytest.raises(ImageError) as caught:
        load_image(tmp_path)
    message = str(caught.value)
    assert "holds 2 images" in message and f"'{tmp_path.name}#2'" in message
    assert "1: CT, 15 x 12, 6 slice(s), series 4; 2: CT, 15 x 12, 3 slice(s), series 7" in message
    assert load_image(f"{tmp_path}#2").voxels.shape == (3, 12, 15)
    assert load_image(f"{tmp_path}#{uid(2, 4)}").voxels.shape == (6, 12, 15)
    with pytest.raises(ImageError, match="none of them named '3'"):
        load_image(f"{tmp_path}#3")
    first, second = load_series(tmp_path)
    assert (first.voxels.shape, second.voxels.shape) == ((6, 12, 15), (3, 12, 15))
    assert first.dicom is not None and first.dicom.series_uid == uid(2, 4)


def test_studies_are_told_apart(tmp_path: Path) -> None:
    write_series(tmp_path / "x", VOLUME)
    write_series(tmp_path / "y", VOLUME, StudyInstanceUID=uid(77), SeriesInstanceUID=uid(2, 1))
    other = [stack.study_uid for stack in list_stacks(tmp_path)]
    assert other == [uid(1), uid(77)] or len(other) == 2


def test_a_localizer_in_the_same_series_is_left_out_and_said(tmp_path: Path) -> None:
    write_series(tmp_path, VOLUME)
    write_series(tmp_path / "l", VOLUME[:1], SAGITTAL, first=50, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    image = load_image(tmp_path)
    assert image.voxels.shape == VOLUME.shape
    assert image.notes == ("1 localizer(s) of the same study were left out",)
    assert load_image(f"{tmp_path}#2").voxels.shape == VOLUME.shape or "localizer" in names(tmp_path)[1]


def test_two_directions_under_one_series_uid(tmp_path: Path) -> None:
    write_series(tmp_path, VOLUME)
    write_series(tmp_path / "s", VOLUME[:4], SAGITTAL, first=50)
    axial, sagittal = load_series(tmp_path)
    assert (axial.voxels.shape[0], sagittal.voxels.shape[0]) == (6, 4)


def test_mixed_sizes_and_spacings(tmp_path: Path) -> None:
    write_series(tmp_path, VOLUME)
    write_series(tmp_path / "s", VOLUME[:4, :10], first=50, origin=(-30, 20, 90))
    write_series(tmp_path / "t", VOLUME[:2], first=80, origin=(-30, 20, 190), spacing=(0.4, 0.4))
    assert [image.voxels.shape for image in load_series(tmp_path)] == [(6, 12, 15), (4, 10, 15), (2, 12, 15)]


def test_the_same_slice_twice_under_one_uid(tmp_path: Path) -> None:
    write_series(tmp_path / "a", VOLUME)
    write_series(tmp_path / "copy", VOLUME[:2])
    image = load_image(tmp_path)
    np.testing.assert_array_equal(image.voxels, VOLUME)
    assert "2 slice(s) were there twice" in image.notes[0]


def test_different_slices_under_one_uid_are_not_taken_for_one(tmp_path: Path) -> None:
    write_series(tmp_path, VOLUME, SOPInstanceUID=uid(9))
    with pytest.raises(ImageError, match="different places carry one SOPInstanceUID"):
        load_image(tmp_path)


def test_slices_at_one_place_that_nothing_tells_apart(tmp_path: Path) -> None:
    write_series(tmp_path / "a", VOLUME)
    write_series(tmp_path / "b", VOLUME[:2], first=50)
    with pytest.raises(ImageError, match="8 slices lie at 6 places, 1 to 2 at each, and nothing in the headers"):
        load_image(tmp_path)


@pytest.mark.parametrize(
    ("tag", "one", "two"),
    [("TemporalPositionIdentifier", 1, 2), ("EchoTime", 4.6, 12.5), ("AcquisitionNumber", 3, 4),
     ("TriggerTime", 0, 80.5), ("DiffusionBValue", 0.0, 1000.0),
     ("InversionTime", 50, 400), ("FlipAngle", 5, 15), ("KVP", 80, 140), ("ConvolutionKernel", "B30f", "B70f"),
     ("DiffusionGradientOrientation", [0.0, 0.0, 1.0], [0.6, 0.8, 0.0]),
     ("ImageType", ["ORIGINAL", "PRIMARY", "M"], ["ORIGINAL", "PRIMARY", "P"])],
)  # fmt: skip
def test_times_echoes_and_kinds(tag: str, one: object, two: object, tmp_path: Path) -> None:
    write_series(tmp_path / "b", VOLUME + 1, **{tag: two}, first=50, sop_class=MR)
    write_series(tmp_path / "a", VOLUME, **{tag: one}, sop_class=MR)
    first, second = load_series(tmp_path)
    np.testing.assert_array_equal(first.voxels, VOLUME)
    np.testing.assert_array_equal(second.voxels, VOLUME + 1)
    with pytest.raises(ImageError, match="time or kind 1 of 2; .*time or kind 2 of 2"):
        load_image(tmp_path)


def test_two_echoes_of_two_times(tmp_path: Path) -> None:
    for number in range(4):
        write_series(tmp_path / str(number), VOLUME + number, first=1 + 20 * number, sop_class=MR,
                     EchoTime=[5, 10][number % 2], TemporalPositionIdentifier=1 + number // 2)  # fmt: skip
    values = [int(image.voxels.max() - VOLUME.max()) for image in load_series(tmp_path)]
    assert values == [0, 1, 2, 3]


def test_directions_of_diffusion_in_an_enhanced_object(tmp_path: Path) -> None:
    groups = functional_groups([(0, 0, 2.5 * k) for k in range(6)] * 3)
    for index, frame in enumerate(groups["PerFrameFunctionalGroupsSequence"]):
        along = [item(DiffusionGradientOrientation=[0.6, 0.8 * (index < 12), 0.8 * (index >= 12)])] * (index >= 6)
        frame.MRDiffusionSequence = [
            item(DiffusionBValue=1000.0 * bool(along), DiffusionGradientDirectionSequence=along)
        ]
    pixels = np.concatenate([VOLUME + number for number in range(3)])
    images = load_series(write(tmp_path / "a.dcm", dataset(pixels, f"{MR}.1", Modality="MR", **groups)))
    assert sorted(int(image.voxels.max() - VOLUME.max()) for image in images) == [0, 1, 2]
    assert all(image.voxels.shape == VOLUME.shape for image in images)


@pytest.mark.parametrize(("kind", "modality"), [("1", "XA"), ("2", "PX"), ("3", "MG")])
def test_planes_under_a_modality_of_projections_are_a_volume(kind: str, modality: str, tmp_path: Path) -> None:
    groups = functional_groups([(k, 0, 0) for k in range(6)], SAGITTAL)
    made = dataset(VOLUME, f"1.2.840.10008.5.1.4.1.1.13.1.{kind}", Modality=modality, **groups)
    image = load_image(write(tmp_path / "a.dcm", made))
    assert image.voxels.shape == VOLUME.shape and image.geometry.spacing_mm == pytest.approx((1, 0.8, 0.6))


def test_functional_groups_are_gone_through_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(planes, "items", lambda item, keyword: asked.append(keyword) or items(item, keyword))
    groups = functional_groups([(0, 0, 2.5 * k) for k in range(6)])
    load_image(write(tmp_path / "a.dcm", dataset(VOLUME, ENHANCED_CT, **groups)))
    assert asked.count("PerFrameFunctionalGroupsSequence") == 1, "else thousands of frames take minutes"


def test_each_slice_at_its_own_time_is_one_volume(tmp_path: Path) -> None:
    for index, path in enumerate(write_series(tmp_path, VOLUME)):
        made = __import__("pydicom").dcmread(path)
        made.ContentTime, made.AcquisitionNumber = f"10{index:02d}00", index
        write(path, made)
    np.testing.assert_array_equal(load_image(tmp_path).voxels, VOLUME)


@pytest.mark.parametrize(
    ("left_out", "said"),
    [({2}, "2.5, 5, 2.5, 2.5 mm apart.*room for 1 more"), ({1, 2}, "7.5, 2.5, 2.5 mm apart.*room for 2 more")],
)
def test_missing_slices(left_out: set[int], said: str, tmp_path: Path) -> None:
    for index, path in enumerate(write_series(tmp_path, VOLUME)):
        if index in left_out:
            path.unlink()
    with pytest.raises(ImageError, match=said):
        load_image(tmp_path)


def test_several_spacings(tmp_path: Path) -> None:
    write_series(tmp_path / "a", VOLUME[:3])
    write_series(tmp_path / "b", VOLUME[3:], origin=(-30, 20, -41.1), step=(0, 0, 3.9), first=50)
    with pytest.raises(ImageError, match="2.5, 2.5, 3.9, 3.9, 3.9 mm apart.*several spacings"):
        load_image(tmp_path)


def test_a_tilted_gantry_gives_a_sheared_affine(tmp_path: Path) -> None:
    tilt = np.radians(18.5)
    directions = (1, 0, 0, 0, np.cos(tilt), -np.sin(tilt))
    write_series(tmp_path, VOLUME, directions, step=(0, 0, 5.0))
    image = load_image(tmp_path)
    np.testing.assert_allclose(image.geometry.affine[:3, 2], (0, 0, 5.0), atol=1e-6)
    normal = np.cross(image.geometry.affine[:3, 0], image.geometry.affine[:3, 1])
    assert abs(image.geometry.affine[:3, 2] @ normal) / np.linalg.norm(normal) / 5 == pytest.approx(np.cos(tilt))


def test_rounded_positions_are_even(tmp_path: Path) -> None:
    for index, path in enumerate(write_series(tmp_path, VOLUME, step=(0, 0, 0.625))):
        made = __import__("pydicom").dcmread(path)
        made.ImagePositionPatient = [-30, 20, round(-50 + 0.625 * index, 2)]
        write(path, made)
    assert load_image(tmp_path).geometry.spacing_mm[0] == pytest.approx(0.625, abs=0.005)


def test_directions_that_are_none(tmp_path: Path) -> None:
    write_series(tmp_path, VOLUME, (1, 0, 0, 0.5, 0.9, 0))
    with pytest.raises(ImageError, match="not at right angles"):
        load_image(tmp_path)


def test_radiographs_of_one_series_are_each_a_picture(tmp_path: Path) -> None:
    for number, letters in enumerate((["L", "F"], ["P", "F"]), 1):
        made = dataset(VOLUME[number], CR, number, PatientOrientation=letters, Modality="DX", BodyPartExamined="CHEST")
        write(tmp_path / f"{number}.dcm", made)
    frontal, lateral = load_series(tmp_path)
    assert frontal.mask_shape == lateral.mask_shape == (12, 15)
    with pytest.raises(ImageError, match="holds 2 images"):
        load_image(tmp_path)


def test_a_loop_of_ultrasound_is_frames_and_no_depth(tmp_path: Path) -> None:
    loop = np.random.default_rng(0).integers(0, 255, (5, 12, 15, 3)).astype(np.uint8)
    image = load_image(write(tmp_path / "loop.dcm", dataset(loop, US_MULTI)))
    np.testing.assert_array_equal(image.voxels, loop)
    assert image.is_volume and image.is_colour and image.planes == 5 and image.mask_shape == (5, 12, 15)
    assert image.geometry.affine is None and not image.geometry.spacing_known
    assert image.plane(2).shape == (12, 15, 3) and image.only(2).plane().shape == (12, 15, 3)
    assert "5 frames whose place" in image.notes[-1]


def test_other_kinds_of_dicom_hold_no_picture(tmp_path: Path) -> None:
    made = dataset(VOLUME[0], "1.2.840.10008.5.1.4.1.1.88.11", Modality="SR")
    del made.PixelData, made.Rows, made.Columns
    write(tmp_path / "sr.dcm", made)
    with pytest.raises(ImageError, match=r"without a picture to segment \(SR\)"):
        load_image(tmp_path)
    write_series(tmp_path / "ct", VOLUME)
    np.testing.assert_array_equal(load_image(tmp_path).voxels, VOLUME)


def test_axial_is_the_default_direction() -> None:
    assert AXIAL == (1, 0, 0, 0, 1, 0)
