"""Sheets of sentences: xlsx and CSV, headings, encodings, refusals."""

import sys
from pathlib import Path

import pytest

from medsegr.data.sentence_sheet import read_names, read_sentences
from medsegr.errors import DatasetError, MissingExtraError
from tests.data import foreign_maker as make


def test_xlsx(tmp_path: Path) -> None:
    make.sheet(tmp_path / "t.xlsx", [("a.png", "One."), ("b.png", ""), ("", "Two."), ("c.png", " Three. ")])
    assert read_sentences(tmp_path / "t.xlsx") == {"a.png": "One.", "c.png": "Three."}


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ('Image,Description\na.png,"Left, low."\n', "utf-8"),
        ("\ufeffimage;report\na.png;Left, low.\n", "utf-8"),
        ("File Name\tCaption\r\nsub/a.png\tLeft, low.\r\n\r\n", "utf-8"),
        ('n,text,mask\n1,"Left, low.",a.png\n2,,b.png\n3\n', "latin-1"),
    ],
)
def test_csv(tmp_path: Path, content: str, encoding: str) -> None:
    (tmp_path / "t.csv").write_bytes(content.encode(encoding))
    assert read_sentences(tmp_path / "t.csv") == {"a.png": "Left, low."}


def test_names(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("No,Image\n1,mask_a.png\n2,\n3,sub/mask_b\n")
    assert read_names(tmp_path / "t.csv") == ["mask_a.png", "mask_b"]
    (tmp_path / "t.csv").write_text("No,Side\n1,left\n")
    with pytest.raises(DatasetError, match="names the image"):
        read_names(tmp_path / "t.csv")


def test_windows_1252(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("image,text\na.png,“Pneumonie” à gauche\n".encode("cp1252"))
    assert read_sentences(tmp_path / "t.csv")["a.png"] == "“Pneumonie” à gauche"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("image,side\na.png,left\n", "no column that names the text"),
        ("number,text\n1,left\n", "no column that names the image"),
        ("image,text\na.png,Secret one.\na.png,Secret two.\n", "line 3 gives an image a second sentence"),
    ],
)
def test_refusals_show_no_text(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(DatasetError, match=message) as caught:
        read_sentences(tmp_path / "t.csv")
    assert "Secret" not in str(caught.value)


def test_damaged_and_missing(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").write_bytes(b"PK no")
    with pytest.raises(DatasetError, match=r"t\.xlsx cannot be read as a sheet"):
        read_sentences(tmp_path / "t.xlsx")
    with pytest.raises(DatasetError, match="cannot be opened"):
        read_sentences(tmp_path / "gone.csv")


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make.sheet(tmp_path / "t.xlsx", [("a.png", "One.")])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'medsegr\[xlsx\]', or save the sheet as CSV"):
        read_sentences(tmp_path / "t.xlsx")
