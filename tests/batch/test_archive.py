"""Archives of pictures: listed and unpacked without trust in their names or sizes."""

import io
import tarfile
import zipfile

import pytest

from medsegr.batch import archive
from medsegr.batch.archive import members, unpack
from medsegr.batch.work_list import collect_studies
from medsegr.data.zip_archive import archives_kept_open
from medsegr.errors import ImageError

NAMES = ["a/scan.png", "../../evil.png", "/etc/abs.png", "__MACOSX/a/._scan.png", ".hidden.png", "note.txt", "a/"]
KEPT = ["../../evil.png", "/etc/abs.png", "a/scan.png"]


@pytest.fixture(params=["zip", "tar"])
def packed(request, tmp_path):
    path = tmp_path / f"studies.{request.param}"
    if request.param == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name in NAMES:
                file.writestr(name, name)
    else:
        with tarfile.open(path, "w") as file:
            for name in NAMES[:-1]:
                entry = tarfile.TarInfo(name)
                entry.size = len(name)
                file.addfile(entry, io.BytesIO(name.encode()))
            link = tarfile.TarInfo("link.png")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            file.addfile(link)
    return path


def test_pictures_are_listed_and_unpacked_beside_nothing_else(packed, tmp_path):
    assert members(packed) == KEPT
    (tmp_path / "in").mkdir()
    before = sorted(tmp_path.rglob("*"))
    for name in KEPT:
        place = unpack(packed, name, tmp_path / "in")
        assert place.parent == tmp_path / "in" and place.read_text() == name
        place.unlink()
    assert sorted(tmp_path.rglob("*")) == before


def test_each_picture_is_a_study(packed):
    studies = list(collect_studies([packed], None, "Nodule.", None))
    assert [study.case for study in studies] == ["evil", "abs", "scan"]
    assert studies[2].shown == f"{packed}/a/scan.png" and studies[2].name == "scan.png"


def test_a_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("b.png", b"\0" * (archive.SMALL + 1))
    with pytest.raises(ImageError, match="no picture does"):
        unpack(path, "b.png", tmp_path)


def test_a_member_that_grows_too_long_is_cut_off(packed, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_BYTES", 3)
    with pytest.raises(ImageError, match="longer than 3 bytes"):
        unpack(packed, "a/scan.png", tmp_path)


@pytest.mark.parametrize("harm", ["cut", "other"])
def test_damaged_archives_are_refused_in_words(harm, packed, tmp_path):
    content = packed.read_bytes()
    packed.write_bytes(content[:700] if harm == "cut" else b"hello")
    with pytest.raises(ImageError, match=r"studies\.|scan.png"):
        members(packed), unpack(packed, "a/scan.png", tmp_path)


def test_a_member_that_has_gone(packed, tmp_path):
    with pytest.raises(ImageError, match="any more"):
        unpack(packed, "gone.png", tmp_path)


def test_an_archive_is_opened_once_for_all_of_its_members(packed, tmp_path, monkeypatch):
    walked, opened, read = [], zipfile.ZipFile.__init__, tarfile.TarFile.next

    def counting(self, *told, **named):
        walked.append(1)
        opened(self, *told, **named)

    def counting_entries(self):
        walked.append(1)
        return read(self)

    monkeypatch.setattr(zipfile.ZipFile, "__init__", counting)
    monkeypatch.setattr(tarfile.TarFile, "next", counting_entries)
    with archives_kept_open():
        unpack(packed, KEPT[0], tmp_path)
        first = len(walked)
        for name in KEPT * 4:
            assert unpack(packed, name, tmp_path).read_text() == name
    if packed.suffix == ".zip":
        assert len(walked) == first == 1
        unpack(packed, KEPT[0], tmp_path)
        assert len(walked) == 2, "outside of the block nothing stays open"
    else:  # the first look at a tape is into its beginning
        assert first > len(NAMES) - 1 and len(walked) - first == 4 * len(KEPT)
