"""Damaged and malicious files: one ImageError of one line, in bounded time and memory, and nothing of it elsewhere.

All are harmless stand-ins, made here.
"""

import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from medsegr.data.image import MedicalImage, load_image
from medsegr.errors import ImageError
from tests.data.dicom.series_maker import CT, PLANTED, US_MULTI, dataset, lopsided, pydicom, write, write_series

PICTURE = lopsided((12, 15)).astype(np.int16)
MOST_BYTES = 120_000_000


def whole_file() -> bytes:
    buffer = io.BytesIO()
    dataset(PICTURE, CT, ImagePositionPatient=[0, 0, 0], ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
            PixelSpacing=[1, 2]).save_as(buffer, enforce_file_format=True)  # fmt: skip
    return buffer.getvalue()


WHOLE = whole_file()
PIXELS_AT = WHOLE.index(b"\xe0\x7f\x10\x00")


def read_or_refused(path: Path) -> MedicalImage | None:
    """What a spoiled file still is; else it is refused in one line without a patient's field."""
    try:
        return load_image(path)
    except ImageError as error:
        message = str(error)
    check(message)
    return None


def check(message: str) -> None:
    assert "\n" not in message and len(message) < 1500
    assert not any(planted in message for planted in (PLANTED, "Quorra", "ZQ-123456", "19110203"))


def refused(path: Path | str) -> str:
    """The one message; no traceback's worth of text, no patient's field, and no more memory than a picture needs."""
    tracemalloc.start()
    try:
        with pytest.raises(ImageError) as caught:
            load_image(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    check(str(caught.value))
    assert peak < MOST_BYTES
    return str(caught.value)


@pytest.mark.parametrize("share", [0.0, *np.linspace(0.01, 0.99, 18).round(3)])
def test_truncated_anywhere(share: float, tmp_path: Path) -> None:
    (tmp_path / "cut.dcm").write_bytes(WHOLE[: int(len(WHOLE) * share)])
    refused(tmp_path / "cut.dcm")


@pytest.mark.parametrize("off", [1, 3, 8, 12, 40])
def test_truncated_around_the_pixels(off: int, tmp_path: Path) -> None:
    (tmp_path / "cut.dcm").write_bytes(WHOLE[: PIXELS_AT + off])
    refused(tmp_path / "cut.dcm")


@pytest.mark.parametrize("length", [0, 2, 100, 358, 0x7FFFFFFE, 0xFFFFFFFE, 0xFFFFFFFF])
def test_wrong_lengths_of_pixel_data(length: int, tmp_path: Path) -> None:
    content = WHOLE[: PIXELS_AT + 8] + struct.pack("<I", length) + WHOLE[PIXELS_AT + 12 :]
    (tmp_path / "a.dcm").write_bytes(content)
    if 0xFFFFFFFF > length > 360:  # all pixels are there, and the end of the file is the end of them
        np.testing.assert_array_equal(load_image(tmp_path / "a.dcm").voxels, PICTURE)
    else:
        refused(tmp_path / "a.dcm")


@pytest.mark.parametrize("at", range(200, 620, 35))
def test_wrong_lengths_of_elements(at: int, tmp_path: Path) -> None:
    content = WHOLE[:at] + b"\xff\xff" + WHOLE[at + 2 :]
    (tmp_path / "a.dcm").write_bytes(content)
    read_or_refused(tmp_path / "a.dcm")  # some bytes are a value and harm nothing


@pytest.mark.parametrize(
    "values",
    [
        {"Rows": 65535, "Columns": 65535}, {"Rows": 0}, {"Columns": 0}, {"Rows": 60000, "Columns": 2},
        {"NumberOfFrames": 2_000_000_000}, {"NumberOfFrames": 90_000}, {"NumberOfFrames": 0}, {"NumberOfFrames": -3},
        {"SamplesPerPixel": 200}, {"SamplesPerPixel": 4}, {"BitsAllocated": 7}, {"BitsAllocated": 64},
        {"BitsStored": 99}, {"PixelRepresentation": 7}, {"PhotometricInterpretation": "NONSENSE"},
        {"Rows": 3, "Columns": 3},
    ],
    ids=str,
)  # fmt: skip
def test_absurd_sizes(values: dict, tmp_path: Path) -> None:
    made = dataset(PICTURE, CT, ImagePositionPatient=[0, 0, 0], ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    for keyword, value in values.items():
        setattr(made, keyword, value)
    write(tmp_path / "a.dcm", made)
    refused(tmp_path / "a.dcm")


@pytest.mark.parametrize("keyword", ["Rows", "Columns", "BitsAllocated", "PixelData", "SamplesPerPixel",
                                     "PhotometricInterpretation", "PixelRepresentation"])  # fmt: skip
def test_missing_tags(keyword: str, tmp_path: Path) -> None:
    made = dataset(PICTURE)
    delattr(made, keyword)
    write(tmp_path / "a.dcm", made)
    refused(tmp_path / "a.dcm")


@pytest.mark.parametrize(
    "keyword",
    ["ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "WindowWidth", "RescaleSlope",
     "SeriesInstanceUID", "StudyDescription", "PatientOrientation"],
)  # fmt: skip
@pytest.mark.parametrize("content", [b"nonsense\\1", b"1e999\\1e999", b"nan\\nan\\nan"], ids=["words", "huge", "nan"])
def test_broken_values_are_as_if_missing(keyword: str, content: bytes, tmp_path: Path) -> None:
    made = dataset(PICTURE, CT)
    tag = pydicom.datadict.tag_for_keyword(keyword)
    content += b" " * (len(content) % 2)
    made[tag] = pydicom.dataelem.RawDataElement(
        pydicom.tag.Tag(tag), pydicom.datadict.dictionary_VR(tag), len(content), content, 0, False, True
    )
    write(tmp_path / "a.dcm", made)
    image = load_image(tmp_path / "a.dcm")
    np.testing.assert_array_equal(image.voxels, PICTURE)
    assert image.geometry.affine is None


@pytest.mark.parametrize("depth", [50, 400, 3000])
@pytest.mark.parametrize("ends", [True, False])
def test_nested_sequences(depth: int, ends: bool, tmp_path: Path) -> None:
    begin = b"\x40\x00\x75\x02SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    end = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0" if ends else b""
    at = WHOLE.index(b"\xe0\x7f\x10\x00")
    (tmp_path / "a.dcm").write_bytes(WHOLE[:at] + begin * depth + end * depth + WHOLE[at:])
    image = read_or_refused(tmp_path / "a.dcm")
    assert image is None or image.voxels.shape == PICTURE.shape


def compressed(stream: bytes, syntax: str, rows: int = 12, columns: int = 15) -> pydicom.Dataset:
    made = dataset(lopsided((12, 15), 200).astype(np.uint8), CT)
    made.Rows, made.Columns = rows, columns
    made.PixelData = pydicom.encaps.encapsulate([stream])
    made["PixelData"].is_undefined_length = True
    made.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    return made


J2K = (
    b"\xff\x4f\xff\x51\x00\x29\x00\x00" + struct.pack(">8I", 60_000, 60_000, 0, 0, 60_000, 60_000, 0, 0) + b"\0\1\7\1\1"
)
JPEG = b"\xff\xd8\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 60_000, 60_000) + b"\x01\x01\x11\x00"


@pytest.mark.parametrize(
    ("stream", "syntax"),
    [(J2K, "1.2.840.10008.1.2.4.90"), (JPEG, "1.2.840.10008.1.2.4.50"), (JPEG, "1.2.840.10008.1.2.4.70"),
     (JPEG.replace(b"\xff\xc0", b"\xff\xf7"), "1.2.840.10008.1.2.4.80"), (b"\0" * 64, "1.2.840.10008.1.2.5"),
     (b"\xff\xd8\xff", "1.2.840.10008.1.2.4.50"), (b"\0\0", "1.2.840.10008.1.2.4.90"),
     (b"nonsense", "1.2.840.10008.1.2.4.91"), (b"\1\0\0\0\x40\0\0\0" + b"\x81\0" * 9, "1.2.840.10008.1.2.5"),
     (b"x" * 40, "1.2.840.10008.1.2.4.100"), (b"x" * 40, "1.2.3.4.5")],
)  # fmt: skip
def test_compressed_streams(stream: bytes, syntax: str, tmp_path: Path) -> None:
    write(tmp_path / "a.dcm", compressed(stream, syntax))
    message = refused(tmp_path / "a.dcm")
    if b"\xea\x60" in stream:
        assert "60000 x 60000 px, its header 15 x 12" in message


def test_a_deflated_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medsegr.data.dicom.files.MAX_BYTES", 40_000_000)
    made = dataset(PICTURE)
    made.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    write(tmp_path / "a.dcm", made)
    np.testing.assert_array_equal(load_image(tmp_path / "a.dcm").voxels, PICTURE)
    content = (tmp_path / "a.dcm").read_bytes()
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(b"\0" * 90_000_000) + packer.flush()
    (tmp_path / "bomb.dcm").write_bytes(content[: header_end(content)] + packed)
    assert "unpacks to more than" in refused(tmp_path / "bomb.dcm")


def header_end(content: bytes) -> int:
    """Where the file meta group ends."""
    return 144 + struct.unpack("<I", content[140:144])[0]


def zipped(path: Path, members: dict[str, bytes], **options: object) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_zip_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medsegr.data.dicom.files.MAX_READS", 50_000)
    zipped(tmp_path / "a.zip", {f"{n}.dcm": WHOLE[:PIXELS_AT] + b"\0" * 30_000_000 for n in range(3)})
    assert (tmp_path / "a.zip").stat().st_size < 300_000
    assert "more than 50,000 elements" in refused(tmp_path / "a.zip")


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


def test_more_frames_than_are_stated(tmp_path: Path) -> None:
    loop = lopsided((3, 12, 15)).astype(np.int16)
    made = dataset(loop, US_MULTI)
    made.NumberOfFrames = 2
    image = load_image(write(tmp_path / "a.dcm", made))
    np.testing.assert_array_equal(image.voxels, loop[:2])


@pytest.mark.parametrize(
    "spoil",
    [lambda content: content[::-1], lambda content: bytes(len(content)), lambda content: content[132:532],
     lambda content: b"\0" * 128 + b"DICM"],
)  # fmt: skip
def test_nonsense(spoil: Callable[[bytes], bytes], tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(spoil(WHOLE))
    refused(tmp_path / "a.dcm")


def test_random_bytes_changed(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for _ in range(150):
        content = bytearray(WHOLE)
        for at in random.integers(128, len(content), 4):
            content[at] = random.integers(256)
        (tmp_path / "a.dcm").write_bytes(content)
        read_or_refused(tmp_path / "a.dcm")
