"""A header's modality and body part -> the modality that the report's parser and the models know.

Descriptions are read for a body part only where the coded one is missing, and never repeated: people write names
into them.
"""

import re
from typing import TYPE_CHECKING

from medsegr.data.dicom.header import first, text

if TYPE_CHECKING:
    from pydicom import Dataset

REGIONS = {
    "breast": r"breast|mamm",
    "heart": r"heart|card|coron|epicard|echo\b|\bcmr\b",
    "chest": r"chest|thora|tora[xk]|lung|pulm|\bhrct\b|\bctpa\b",
    "brain": r"brain|head\b|skull|cereb|cran|neuro",
    "pelvis": r"prostat|pelvi|uter|ovar",
    "abdomen": r"abd|liver|hepat|kidney|renal|pancrea|spleen|\bkub\b|colon|mrcp|stomach",
    "knee": r"knee",
    "bone": r"hand|wrist|foot|ankle|elbow|shoulder|hip\b|spine|extrem|humer|femur|tibia|forearm|finger|toe\b|clavic",
}
"""Body part -> what names it, in the order in which they are tried."""

MODALITIES = {
    ("xray", "chest"): "chest_xray", ("xray", "heart"): "chest_xray", ("xray", "abdomen"): "abdomen_xray",
    ("xray", "knee"): "bone_xray", ("xray", "bone"): "bone_xray", ("xray", "pelvis"): "bone_xray",
    ("xray", "breast"): "mammography",
    ("CT", "chest"): "chest_ct", ("CT", "heart"): "chest_ct", ("CT", "abdomen"): "abdomen_ct",
    ("CT", "pelvis"): "abdomen_ct", ("CT", "brain"): "brain_ct",
    ("MR", "brain"): "brain_mri", ("MR", "heart"): "cardiac_mri", ("MR", "abdomen"): "abdomen_mri",
    ("MR", "pelvis"): "pelvis_mri", ("MR", "breast"): "breast_mri", ("MR", "knee"): "knee_mri",
    ("US", "breast"): "breast_ultrasound", ("US", "heart"): "echocardiography",
    ("US", "abdomen"): "abdomen_ultrasound",
    ("ES", "abdomen"): "colonoscopy",
}  # fmt: skip
"""(kind of picture, body part) -> our modality."""

ALONE = {
    "MG": "mammography", "OP": "fundus", "OPT": "oct", "ES": "endoscopy", "SM": "histology", "GM": "histology",
    "DMS": "dermoscopy",
}  # fmt: skip
"""Modalities of DICOM that need no body part."""

X_RAY = ("CR", "DX", "RG", "RF")

WRITTEN = ("ProtocolName", "SeriesDescription", "StudyDescription", "RequestedProcedureDescription")
"""Where people write the body part."""


CODES = frozenset(
    [
        "AR",
        "AU",
        "BDUS",
        "BI",
        "BMD",
        "CR",
        "CT",
        "CTPROTOCOL",
        "DG",
        "DMS",
        "DOC",
        "DX",
        "ECG",
        "EEG",
        "EPS",
        "ES",
        "FID",
        "GM",
        "HC",
        "HD",
        "IO",
        "IOL",
        "IVOCT",
        "IVUS",
        "KER",
        "KO",
        "LEN",
        "LS",
        "M3D",
        "MG",
        "MR",
        "NM",
        "OAM",
        "OCT",
        "OP",
        "OPM",
        "OPT",
        "OPTBSV",
        "OPTENF",
        "OPV",
        "OSS",
        "OT",
        "PA",
        "PLAN",
        "POS",
        "PR",
        "PT",
        "PX",
        "REG",
        "RESP",
        "RF",
        "RG",
        "RTDOSE",
        "RTIMAGE",
        "RTPLAN",
        "RTRECORD",
        "RTSTRUCT",
        "RWV",
        "SEG",
        "SM",
        "SMR",
        "SR",
        "SRF",
        "STAIN",
        "TEXTUREMAP",
        "TG",
        "US",
        "VA",
        "XA",
        "XAPROTOCOL",
        "XC",
    ]
)
"""Modalities of DICOM PS3.3 C.7.3.1.1.1; a message repeats no other word of a header."""


def modality_code(header: "Dataset") -> str:
    """DICOM's own code of the modality, as a message may say it; "other" for anything that is none."""
    code = text(header, "Modality").upper()
    return code if code in CODES else "other"


def modality_of(header: "Dataset") -> str | None:
    """Our name of an image's modality; None where the header does not tell."""
    kind = text(header, "Modality").upper()
    region = region_of(header)
    known = MODALITIES.get(("xray" if kind in X_RAY else kind, region or ""))
    return known or ALONE.get(kind)


def region_of(header: "Dataset") -> str | None:
    """The body part, a key of :data:`REGIONS`: as coded, else as the first description says that names one."""
    coded = [text(header, "BodyPartExamined")]
    shared = first(header, "SharedFunctionalGroupsSequence")
    for item in (header, first(shared, "FrameAnatomySequence")):
        coded.append(text(first(item, "AnatomicRegionSequence"), "CodeMeaning"))
    for said in (*coded, *(text(header, keyword) for keyword in WRITTEN), text(header, "ImageType")):
        region = next((name for name, named in REGIONS.items() if re.search(named, said.lower())), None)
        if region is not None:
            return region
    return None
