"""A header's modality and body part -> the modality that the report's parser and the models know.

Descriptions are read for a body part only where the coded one tells nothing, and never repeated: people write names
into them.
"""

from typing import TYPE_CHECKING

from medsegr import imaging_methods
from medsegr.data.dicom.header import first, text

if TYPE_CHECKING:
    from pydicom import Dataset

WRITTEN = ("ProtocolName", "SeriesDescription", "StudyDescription", "RequestedProcedureDescription")
"""Where people write the body part."""

CODES = frozenset((
    "AR", "AU", "BDUS", "BI", "BMD", "CR", "CT", "CTPROTOCOL", "DG", "DMS", "DOC", "DX", "ECG", "EEG", "EPS", "ES",
    "FID", "GM", "HC", "HD", "IO", "IOL", "IVOCT", "IVUS", "KER", "KO", "LEN", "LS", "M3D", "MG", "MR", "NM", "OAM",
    "OCT", "OP", "OPM", "OPT", "OPTBSV", "OPTENF", "OPV", "OSS", "OT", "PA", "PLAN", "POS", "PR", "PT", "PX", "REG",
    "RESP", "RF", "RG", "RTDOSE", "RTIMAGE", "RTPLAN", "RTRECORD", "RTSTRUCT", "RWV", "SEG", "SM", "SMR", "SR",
    "SRF", "STAIN", "TEXTUREMAP", "TG", "US", "VA", "XA", "XAPROTOCOL", "XC",
))  # fmt: skip
"""Modalities of DICOM PS3.3 C.7.3.1.1.1; a message repeats no other word of a header."""


def modality_code(header: "Dataset") -> str:
    """DICOM's own code of the modality, as a message may say it; "other" for anything that is none."""
    code = text(header, "Modality").upper()
    return code if code in CODES else "other"


def modality_of(header: "Dataset") -> str | None:
    """Our name of an image's modality; None where the header does not tell."""
    coded = [text(header, "BodyPartExamined")]
    shared = first(header, "SharedFunctionalGroupsSequence")
    for item in (header, first(shared, "FrameAnatomySequence")):
        coded.append(text(first(item, "AnatomicRegionSequence"), "CodeMeaning"))
    written = [text(header, keyword) for keyword in (*WRITTEN, "ImageType")]
    return imaging_methods.modality_of(text(header, "Modality"), [*coded, *written], imaging_methods.built_in())
