"""Read a report: plain text, PDF, or DICOM (a structured report, or a PDF inside)."""

import re
from pathlib import Path
from typing import AnyStr

from medsegr.data.given_name import may_be_report
from medsegr.errors import ReportError

MAX_REPORT_BYTES = 200_000
"""Longest report file that is read."""

DICOM = b"DICM"
"""What a DICOM file says after its first 128 bytes."""

_NO_LETTER = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\udc80-\udcff]")
"""Control characters but blanks and line ends, and bytes that stand for no character."""

_NO_TEXT = ("%PDF", "{\\rtf", "\u2030PNG")
"""Beginnings of files that are no plain text, as they read in the encodings below."""


def read_report(path: Path | str) -> str:
    """Read a report: UTF-8 with or without a byte order mark, else Windows-1252, and so Latin-1; or PDF or DICOM.

    Returns:
        The text; "" for an empty file. Line ends of a text file are kept, so that offsets fit the file.

    Raises:
        ReportError: Missing, a folder, binary, without text, or longer than ``MAX_REPORT_BYTES``.
        MissingExtraError: What reads PDF or DICOM is not installed.
    """
    path = Path(path)
    if may_be_report(path):
        raise ReportError("The report file that was given does not exist. To give the text itself, use --text.")
    try:
        if path.is_dir():
            raise ReportError(f"{path} is a folder; a text file was expected. Name the report in it.")
        if not path.exists():
            raise ReportError(f"{path} does not exist. Check the name of the report.")
        with path.open("rb") as file:
            content = file.read(MAX_REPORT_BYTES + 1)
            if content.startswith(b"%PDF"):
                from medsegr.data.pdf_report import MAX_PDF_BYTES, pdf_text

                return _short(pdf_text(content + file.read(MAX_PDF_BYTES), path.name), path.name)
    except OSError as error:
        raise ReportError(f"{path} cannot be opened ({error.strerror}). Check permissions.") from error
    if content[128:132] == DICOM:
        from medsegr.data.dicom.files import DicomFile
        from medsegr.data.dicom.report import read_dicom_report

        return _short(read_dicom_report(DicomFile(path)), path.name)
    return decode_report(_short(content, path.name), path.name)


def _short(content: AnyStr, name: str) -> AnyStr:
    if len(content) > MAX_REPORT_BYTES:
        raise ReportError(
            f"{name} is longer than {MAX_REPORT_BYTES:,} bytes; one study's report was expected. "
            "Cut out the report that belongs to the image."
        )
    return content


def decode_report(content: bytes, name: str = "The report") -> str:
    """Bytes of a report as text.

    Raises:
        ReportError: The bytes are not text.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="surrogateescape")
    if text.startswith(_NO_TEXT) or _NO_LETTER.search(text):
        raise ReportError(f"{name} is not a text file. Expected plain text in UTF-8; "
                          "export Word files as text.")  # fmt: skip
    return text
