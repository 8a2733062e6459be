"""Reports: text in the usual encodings; anything else is one clear error."""

from pathlib import Path

import pytest

from medsegr.data.report_file import MAX_REPORT_BYTES, read_report
from medsegr.errors import ReportError

TEXT = "Nodule of 5 µm.\r\nNo effusion; naïve look.\tEnd."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_bytes(TEXT.encode(encoding))
    assert read_report(tmp_path / "r.txt") == TEXT
    assert read_report(str(tmp_path / "r.txt")) == TEXT


def test_windows_quotes_and_dashes(tmp_path: Path) -> None:
    text = "Patient\u2019s \u201cnodule\u201d \u2013 5\u20136 mm, 30 \u00b5l\u2026 No effusion."
    (tmp_path / "r.txt").write_bytes(text.encode("cp1252"))
    assert read_report(tmp_path / "r.txt") == text


def test_other_scripts_and_empty(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("肺炎 — “ok” 🫁", encoding="utf-8")
    assert read_report(tmp_path / "r.txt") == "肺炎 — “ok” 🫁"
    (tmp_path / "empty.txt").touch()
    assert read_report(tmp_path / "empty.txt") == ""


def test_long_reports(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("a" * MAX_REPORT_BYTES)
    assert len(read_report(tmp_path / "r.txt")) == MAX_REPORT_BYTES
    (tmp_path / "r.txt").write_text("a" * (MAX_REPORT_BYTES + 1))
    with pytest.raises(ReportError, match="longer than 200,000 bytes"):
        read_report(tmp_path / "r.txt")


@pytest.mark.parametrize(
    "content",
    [bytes(range(256)), b"PK\x03\x04\0", b"{\\rtf1 a}", b"\x89PNG", "a".encode("utf-16"),
     b"\xff\xd8\xff\xe0\x00\x10JFIF", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x93\x81\x93"],
    ids=["bytes", "zip", "rtf", "png", "utf-16", "jpeg", "word", "no character"],
)  # fmt: skip
def test_binary(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_bytes(content)
    with pytest.raises(ReportError, match=r"r\.txt is not a text file"):
        read_report(tmp_path / "r.txt")


def test_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="does not exist"):
        read_report(tmp_path / "r.txt")
    with pytest.raises(ReportError, match="is a folder"):
        read_report(tmp_path)


@pytest.mark.parametrize(
    "words", ["Small nodule in the left upper lobe.", "Opacity of the left lung. " * 40, "Smith nodule"]
)
def test_a_report_in_place_of_its_file_is_not_repeated(words: str) -> None:
    with pytest.raises(ReportError, match="--text") as caught:
        read_report(words)
    assert "nodule" not in str(caught.value) and "Opacity" not in str(caught.value)
