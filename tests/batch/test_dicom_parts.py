"""DICOM folders as work lists: one study for each image, files by themselves where they are one."""

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pydicom", reason="pydicom is not installed: pip install 'medsegr[dicom]'")

from medsegr.batch.dicom_parts import dicom_parts
from medsegr.batch.work_list import collect_studies
from medsegr.data.dicom.reader import list_stacks
from medsegr.data.image import load_image
from medsegr.errors import ImageError
from tests.data.dicom.series_maker import CR, US_MULTI, dataset, lopsided, uid, write, write_series

VOLUME = lopsided((3, 40, 50)).astype(np.int16)


def radiograph(path: Path, number: int) -> Path:
    made = dataset(VOLUME[0], CR, number, SeriesNumber=number + 10)
    return write(path, made)


def test_each_radiograph_of_a_folder_is_a_study_and_so_is_each_series(tmp_path: Path) -> None:
    folder = tmp_path / "pacs"
    folder.mkdir()
    radiograph(folder / "IM1.dcm", 1)
    radiograph(folder / "IM2.dcm", 2)
    series = tmp_path / "ct"
    write_series(series, VOLUME)
    for path in series.iterdir():
        shutil.copy(path, folder / f"ct_{path.name}")
    studies = list(collect_studies([folder, series], None, "Nodule.", None))
    files = [study for study in studies if not study.member and study.image.parent == folder]
    stacks = [study for study in studies if study.is_stack]
    assert sorted(study.image.name for study in files) == ["IM1.dcm", "IM2.dcm"]
    assert [study.image for study in stacks] == [folder]
    assert studies[-1].image == series and studies[-1].member == ""
    assert len({study.case for study in studies}) == len(studies) == 4


def test_a_file_without_the_letters_and_a_suffix_is_found_in_a_folder(tmp_path: Path) -> None:
    whole = radiograph(tmp_path / "IM1.dcm", 1).read_bytes()
    folder = tmp_path / "bare"
    folder.mkdir()
    (folder / "IM1").write_bytes(whole[132:])
    (study,) = collect_studies([folder], None, "Nodule.", None)
    assert study.image in (folder, folder / "IM1")
    assert load_image(study.image).modality == load_image(tmp_path / "IM1.dcm").modality


def test_what_is_no_dicom_stays_one_study_that_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(np.zeros(200, np.uint8).tobytes())
    (study,) = collect_studies([tmp_path], None, "Nodule.", None)
    assert study.image == tmp_path and not study.member


@pytest.mark.parametrize("left", [0, 400, 900])
def test_a_damaged_file_is_a_case_of_its_own_and_the_pictures_beside_it_are_read(tmp_path: Path, left: int) -> None:
    for number in range(3):
        made = dataset(lopsided((20, 24), 900, seed=number).astype(np.uint16), CR, instance=number)
        made.StudyInstanceUID = made.SeriesInstanceUID = uid(4, number)
        path = write(tmp_path / f"{number}.dcm", made)
    path.write_bytes(path.read_bytes()[:left])
    parts = dicom_parts(tmp_path)
    assert [part.path.name for part in parts] == ["0.dcm", "1.dcm", "2.dcm"]
    assert load_image(parts[0].path).voxels.shape == (20, 24)
    with pytest.raises(ImageError, match=r"2\.dcm"):
        load_image(parts[2].path)


def test_a_truncated_slice_costs_its_own_series_alone(tmp_path: Path) -> None:
    volume = lopsided((5, 40, 40)).astype(np.int16)
    whole, cut = (write_series(tmp_path, volume, SeriesNumber=number) for number in (1, 2))
    cut[-1].write_bytes(cut[-1].read_bytes()[:1500])
    parts = dicom_parts(tmp_path)
    assert [part.member for part in parts] == ["#1", "#2"] and len(whole) == 5
    np.testing.assert_array_equal(load_image(f"{tmp_path}#1").voxels, volume)
    with pytest.raises(ImageError, match="A slice may be missing: 1 file cannot be read: .* is truncated"):
        load_image(f"{tmp_path}#2")


def test_a_file_of_no_known_series_may_be_a_slice_of_each_but_no_frame_of_a_loop(tmp_path: Path) -> None:
    write_series(tmp_path, lopsided((5, 20, 24)).astype(np.int16))
    write(tmp_path / "loop.dcm", dataset(lopsided((5, 20, 24), 250).astype(np.uint8), US_MULTI, SeriesNumber=2))
    (tmp_path / "z.dcm").write_bytes(b"")
    assert [part.member or part.path.name for part in dicom_parts(tmp_path)] == ["#1", "loop.dcm", "z.dcm"]
    with pytest.raises(ImageError, match="A slice may be missing"):
        load_image(f"{tmp_path}#1")
    assert "1 file cannot be read beside it; images may be missing" in load_image(f"{tmp_path}#2").notes


def test_a_file_that_only_begins_as_bare_dicom_does_not_count_as_a_missing_slice(tmp_path: Path) -> None:
    write_series(tmp_path, VOLUME)
    (tmp_path / "raw.bin").write_bytes(np.asarray([8, 0, *range(30)], "<i2").tobytes())
    (stack,) = list_stacks(tmp_path)
    assert not stack.fault


def test_what_is_no_picture_is_no_missing_slice_however_it_ends(tmp_path: Path) -> None:
    write_series(tmp_path, VOLUME)
    made = dataset(VOLUME[0], CR, 9)
    made.SeriesInstanceUID = list_stacks(tmp_path)[0].series_uid
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.481.3"
    for tag in ("Rows", "Columns", "PixelData"):
        delattr(made, tag)
    path = write(tmp_path / "structures.dcm", made)
    path.write_bytes(path.read_bytes() + bytes(7))
    (stack,) = list_stacks(tmp_path)
    assert not stack.fault
