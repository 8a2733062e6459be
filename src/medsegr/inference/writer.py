"""A result on disk: ``findings.json`` and the files that hold the masks, in the input's geometry."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from medsegr.data.content_digest import digest
from medsegr.inference.dicom.case import DicomCase
from medsegr.inference.dicom.source import source_images
from medsegr.inference.dicom.writer import SEGMENTATION, DicomFiles, write_dicom
from medsegr.inference.findings_json import finding_record, findings_json
from medsegr.inference.mask_files import MaskPlaces, Writing, noting_lost_labels, write_masks
from medsegr.inference.result import Result


def write_case(
    folder: Path, result: Result, *, case: str, image: str, model: str, keep_text: bool = False,
    writing: Writing | None = None,
) -> Path:  # fmt: skip
    """Write the masks and ``findings.json`` of one case into an existing folder.

    Masks overlap where findings overlap. By default each has a file of its own, with the input's place, or, of a
    DICOM image, its segment of one DICOM-SEG; see :class:`medsegr.inference.mask_files.Writing`.

    Args:
        folder: Exists; use ``medsegr.data.outputs.staged_folder`` for all or nothing.
        result: What the predictor returned.
        case: Name of the case, also of its folder.
        image: Name of the image file; left out of what is deidentified.
        model: Name of the model; beside it stands why it was taken, where ``auto`` took it.
        keep_text: Also write the report's text; without it, offsets only.
        writing: Which files hold the masks.

    Returns:
        Path of ``findings.json``.

    Raises:
        ConfigError: DICOM was asked for, and the image is none.
        OutputError: The folder is not writable, or its headers allow no DICOM result.
    """
    writing = writing or Writing()
    kinds = writing.for_result(result)
    if writing.label_map:
        result = noting_lost_labels(result)
    places = write_masks(folder, result, kinds, writing.label_map)
    files: dict[str, str | None] = {}
    if "dicom" in kinds:
        made = write_dicom(folder, _dicom_case(result, model, writing))
        files = {"segmentation": made.segmentation, "structured_report": made.report}
        places = {id: _in_segment(place, made, id) for id, place in places.items()}
    names = {"case": case, "image": None if writing.deidentify else image, "model": model}
    record = findings_json(result, names, places, files, writing.codes)
    if keep_text:
        record["report"] = result.text
    path = folder / "findings.json"
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", errors="replace")  # names of files need not be UTF-8
    return path


def _in_segment(place: MaskPlaces, made: DicomFiles, id: str) -> MaskPlaces:
    """The same place with the segment that holds the mask too."""
    number = made.segments.get(id)
    return place if number is None else replace(place, segment=number, file=place.file or SEGMENTATION)


def _dicom_case(result: Result, model: str, writing: Writing) -> DicomCase:
    """The case with a hash of all that its DICOM files hold."""
    series = result.image.dicom
    assert series is not None
    source = source_images(series, anonymous=writing.deidentify)
    told = [finding_record(found, MaskPlaces(), result) for found in result.findings]
    uids = [str(header.get("SOPInstanceUID", "")) for header in source.headers]
    said = json.dumps([uids, list(source.frames), model, result.modality, told], sort_keys=True)
    bits = [np.packbits(found.mask).tobytes() for found in result.findings if found.outcome == "outlined"]
    return DicomCase(result, source, writing.codes, model, digest(said.encode(), *bits))
