"""Reports that are DICOM: structured ones as text, in the order of their sections, and documents put in whole.

Of a structured report the texts, codes and numbers are taken; who observed whom, persons, dates, references and the
library of images are left out, so that what is read is what was found.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from medsegr.data.damage import damage_told
from medsegr.data.dicom.files import DicomFile, read_to_its_end
from medsegr.data.dicom.header import first, items, text, value
from medsegr.data.pdf_report import pdf_text
from medsegr.errors import ImageError, ReportError

if TYPE_CHECKING:
    from pydicom import Dataset

IMAGE_LIBRARY = ("111028", "126200")
"""DCM codes of the sections that describe pictures, not findings."""

CONTEXT = ("HAS CONCEPT MOD", "HAS OBS CONTEXT", "HAS ACQ CONTEXT")
"""Relations of what qualifies a report or an entry of it: its language, who observed, how a measurement is tracked."""

DEEPEST = 40
"""Levels of nested content that are read."""


def read_dicom_report(file: DicomFile) -> str:
    """The text of a structured report or of an encapsulated PDF.

    Raises:
        ReportError: It is damaged or cut off, of another kind, or without text.
        MissingExtraError: pydicom or pypdf is not installed.
    """
    try:
        dataset = read_to_its_end(file)
    except ImageError as error:
        raise ReportError(str(error)) from error
    document = value(dataset, "EncapsulatedDocument")
    if document is not None:
        if not bytes(document[:5]).startswith(b"%PDF"):
            raise ReportError(f"{file.name} holds a document that is no PDF. Export its text.")
        return pdf_text(bytes(document), file.name)
    if not items(dataset, "ContentSequence"):
        raise ReportError(f"{file.name} is DICOM without a report; a structured report or a PDF in DICOM was "
                          "expected. Images go before --report.")  # fmt: skip
    with damage_told(f"{file.name} is damaged", ". Export it again.", ReportError):
        lines = list(_lines(dataset, 0))
    if not lines:
        raise ReportError(f"{file.name} is a structured report without any text, code or number in it.")
    return "\n".join(lines) + "\n"


def has_words(item: "Dataset", depth: int = 0) -> bool:
    """Whether a structured report says something in words, beyond codes, numbers and their context."""
    for part in items(item, "ContentSequence") if depth < DEEPEST else ():
        concept = text(first(part, "ConceptNameCodeSequence"), "CodeValue")
        if text(part, "RelationshipType").upper() in CONTEXT or concept in IMAGE_LIBRARY:
            continue
        if (text(part, "ValueType").upper() == "TEXT" and text(part, "TextValue")) or has_words(part, depth + 1):
            return True
    return False


def _lines(item: "Dataset", depth: int) -> Iterator[str]:
    for part in items(item, "ContentSequence") if depth < DEEPEST else ():
        concept = first(part, "ConceptNameCodeSequence")
        relation, named = text(part, "RelationshipType").upper(), text(concept, "CodeMeaning")
        of_report = depth == 0 and relation in ("HAS CONCEPT MOD", "HAS OBS CONTEXT")  # its language, its observer
        if of_report or text(concept, "CodeValue") in IMAGE_LIBRARY:
            continue
        kind = text(part, "ValueType").upper()
        said = _said(part, kind)
        if kind == "CONTAINER" and named:
            yield f"{named}:"
        elif said:
            in_section = kind == "TEXT" and depth > 0
            yield said if in_section or not named else f"{named}: {said}"
        yield from _lines(part, depth + 1)


def _said(part: "Dataset", kind: str) -> str:
    if kind == "TEXT":
        return text(part, "TextValue")
    if kind == "CODE":
        return text(first(part, "ConceptCodeSequence"), "CodeMeaning")
    if kind == "NUM":
        measured = first(part, "MeasuredValueSequence")
        unit = text(first(measured, "MeasurementUnitsCodeSequence"), "CodeValue")
        return f"{text(measured, 'NumericValue')} {unit}".strip()
    return ""
