"""The text layer of a PDF, page by page."""

import io
import logging

from medsegr._optional import require
from medsegr.data.damage import damage_told
from medsegr.errors import ReportError

MAX_PDF_BYTES = 20_000_000
MAX_PAGES = 50


def pdf_text(content: bytes, name: str) -> str:
    """The text of a report that is a PDF.

    Raises:
        ReportError: Damaged, encrypted, too long, or a scan without text.
        MissingExtraError: pypdf is not installed.
    """
    pypdf = require("pypdf", "Reading PDF reports", install='"medsegr[pdf]"')
    logging.getLogger("pypdf").propagate = False  # it tells of every small fault of a file
    if len(content) > MAX_PDF_BYTES:
        raise ReportError(f"{name} is longer than {MAX_PDF_BYTES:,} bytes; one study's report was expected.")
    with damage_told(f"{name} is a damaged or locked PDF", ". Export its text.", ReportError):
        pages = pypdf.PdfReader(io.BytesIO(content)).pages
        count = len(pages)
        text = "\n".join(pages[number].extract_text() for number in range(min(count, MAX_PAGES)))
    if count > MAX_PAGES:
        raise ReportError(f"{name} has {count} pages; one study's report of up to {MAX_PAGES} was expected.")
    if not text.strip():
        raise ReportError(f"{name} holds pictures of pages and no text: a scan. Read the text out of it first (OCR).")
    return text
