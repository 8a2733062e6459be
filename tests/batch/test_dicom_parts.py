"""DICOM folders as work lists: one study for each image, files by themselves where they are one."""

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pydicom", reason="pydicom is not installed: pip install 'medsegr[dicom]'")

from medsegr.batch.work_list import collect_studies
from medsegr.data.image import load_image
from tests.data.dicom.series_maker import CR, dataset, lopsided, write, write_series

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
