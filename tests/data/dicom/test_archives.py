"""Archives and lists of files: bombs, lies, paths that lead elsewhere, and what is read of sound ones."""

import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from medsegr.data.image import load_image
from tests.data.dicom.series_maker import dataset, lopsided, pydicom, write, write_series
from tests.data.dicom.test_hostile import PICTURE, PIXELS_AT, WHOLE, refused


def zipped(path: Path, members: dict[str, bytes], **options: object) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_zip_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medsegr.data.dicom.files.MAX_READS", 5_000)
    zipped(tmp_path / "a.zip", {f"{n}.dcm": WHOLE[:PIXELS_AT] + b"\0" * 30_000_000 for n in range(3)})
    assert (tmp_path / "a.zip").stat().st_size < 300_000
    assert "more than 5,000 elements" in refused(tmp_path / "a.zip")


def test_an_archive_that_lies_of_its_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medsegr.data.dicom.files.MAX_BYTES", 1_000_000)
    zipped(tmp_path / "a.zip", {"a.dcm": WHOLE + b"\0" * 30_000_000})
    assert "unpacks to 30," in refused(tmp_path / "a.zip")
    content = (tmp_path / "a.zip").read_bytes()
    size = struct.pack("<I", len(WHOLE) + 30_000_000)
    (tmp_path / "b.zip").write_bytes(content.replace(size, struct.pack("<I", 5000)))
    refused(tmp_path / "b.zip")


@pytest.mark.parametrize(
    "name", ["../../outside.dcm", "/etc/outside.dcm", "..\\outside.dcm", "a/../../b.dcm", "C:\\x.dcm"]
)
def test_paths_in_archives_reach_nowhere(name: str, tmp_path: Path) -> None:
    inside = tmp_path / "in" / "side"
    inside.mkdir(parents=True)
    zipped(inside / "a.zip", {name: WHOLE})
    before = sorted(tmp_path.rglob("*"))
    np.testing.assert_array_equal(load_image(inside / "a.zip").voxels, PICTURE)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_archive_is_opened_once_for_all_headers_and_once_for_all_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = lopsided((7, 12, 14)).astype(np.int16)
    files = {path.name: path.read_bytes() for path in write_series(tmp_path / "in", volume)}
    zipped(tmp_path / "a.zip", files)
    opened, times = zipfile.ZipFile.__init__, []

    def counting(self: zipfile.ZipFile, file: object, *told: object, **named: object) -> None:
        times.extend([1] if file == tmp_path / "a.zip" else [])
        opened(self, file, *told, **named)

    monkeypatch.setattr(zipfile.ZipFile, "__init__", counting)
    np.testing.assert_array_equal(load_image(tmp_path / "a.zip").voxels, load_image(tmp_path / "in").voxels)
    assert len(times) == 2


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"PK\3\4" + b"\0" * 100, b"PK\5\6" + b"\0" * 18, b"nonsense"])
def test_broken_archives(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    refused(tmp_path / "a.zip")


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9, 0.99])
def test_truncated_archives(cut: float, tmp_path: Path) -> None:
    content = zipped(tmp_path / "a.zip", {"a.dcm": WHOLE, "b.txt": b"b"}).read_bytes()
    (tmp_path / "a.zip").write_bytes(content[: int(len(content) * cut)])
    refused(tmp_path / "a.zip")


def test_flipped_bytes_in_an_archive(tmp_path: Path) -> None:
    content = bytearray(zipped(tmp_path / "a.zip", {"a.dcm": WHOLE}).read_bytes())
    content[300:310] = bytes(255 - value for value in content[300:310])
    (tmp_path / "a.zip").write_bytes(content)
    refused(tmp_path / "a.zip")


def test_an_archive_in_an_archive_is_not_opened(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"a.dcm": WHOLE}).read_bytes()
    refused(zipped(tmp_path / "a.zip", {"inner.zip": inner}))


@pytest.mark.parametrize("named", ["..\\..\\OUTSIDE", "\\ETC\\PASSWD", "MISSING", ".", "IMAGES"])
def test_a_dicomdir_names_only_what_is_beside_it(named: str, tmp_path: Path) -> None:
    folder = tmp_path / "disc"
    write(tmp_path / "OUTSIDE", dataset(PICTURE))
    (folder / "IMAGES").mkdir(parents=True)
    write_dicomdir(folder / "DICOMDIR", [named])
    refused(folder / "DICOMDIR")


def write_dicomdir(path: Path, names: list[str]) -> Path:
    """A list of files as a disc has it, as short as it can be."""
    made = dataset(PICTURE, "1.2.840.10008.1.3.10")
    for keyword in ("PixelData", "Rows", "Columns", "Modality"):
        delattr(made, keyword)
    made.file_meta.MediaStorageSOPClassUID = pydicom.uid.UID("1.2.840.10008.1.3.10")
    records = []
    for name in names:
        record = type(made)("", {})
        record.DirectoryRecordType, record.ReferencedFileID = "IMAGE", name.split("\\") if "\\" in name else name
        records.append(record)
    made.DirectoryRecordSequence = records
    return write(path, made)


def test_a_dicomdir_is_read(tmp_path: Path) -> None:
    volume = lopsided((4, 12, 15)).astype(np.int16)
    paths = write_series(tmp_path / "IMAGES", volume)
    write_dicomdir(tmp_path / "DICOMDIR", [f"IMAGES\\{path.name}" for path in paths[:3]])
    np.testing.assert_array_equal(load_image(tmp_path / "DICOMDIR").voxels, volume[:3])
    np.testing.assert_array_equal(load_image(tmp_path).voxels, volume)
