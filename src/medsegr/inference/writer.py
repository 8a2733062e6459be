"""A result on disk: ``findings.json`` and the files that hold the masks, in the input's geometry."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from medsegr.cognition.lexicon import Lexicon
from medsegr.data.content_digest import digest
from medsegr.data.nifti_masks import LABEL_MAP, STACK
from medsegr.inference.dicom.case import DicomCase
from medsegr.inference.dicom.codes import target_category, target_code
from medsegr.inference.dicom.source import source_images
from medsegr.inference.dicom.writer import SEGMENTATION, DicomFiles, write_dicom
from medsegr.inference.mask_files import MaskPlaces, Writing, noting_lost_labels, write_masks
from medsegr.inference.result import FindingResult, Result

SCHEMA = "medsegr.findings/1"
"""Name and version of the layout of ``findings.json``."""


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
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "case": case,
        "image": None if writing.deidentify else image,
        "model": model,
        "model_chosen": result.chosen,
        "modality": result.modality,
        "looks": result.looks.settings(),
        "backend": dict(result.backend),
        "files": {**files, **_further_files(places)},
        "findings": [
            {**finding_record(found, places[found.id], result), **_codes(found, writing.codes)}
            for found in result.findings
        ],
        "warnings": list(result.warnings),
        "not_read": [list(span) for span in result.not_read],
    }
    if keep_text:
        record["report"] = result.text
    path = folder / "findings.json"
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", errors="replace")  # names of files need not be UTF-8
    return path


def finding_record(found: FindingResult, places: MaskPlaces, result: Result) -> dict[str, Any]:
    """One entry of ``findings.json``; offsets point into the report, which is not in it.

    Volumes have no ``box``: it would be one of a plane that the file does not name.
    """
    finding = found.finding
    box = None if found.box is None or result.image.is_volume else [round(side, 1) for side in found.box]
    return {
        "id": found.id,
        "target": finding.target,
        "presence": finding.presence,
        "location": {
            "laterality": finding.location.laterality,
            "zones": list(finding.location.zones),
            "frame": result.image.view.frame,
        },
        "texture": list(finding.texture.attributes),
        "shape": {
            "attributes": list(finding.shape.attributes),
            "size_mm": list(finding.shape.size_mm),
            "count": finding.shape.count,
        },
        "evidence": [list(span) for span in finding.evidence.spans()],
        "trigger": [list(span) for span in finding.evidence.presence],
        "box": box,
        "mask": places.file,
        "segment": places.segment,
        "channel": places.channel,
        "label": places.label,
        "reason": found.reason,
        "looked_twice": found.looked_twice,
        "support": None if found.support is None else round(found.support, 4),
        "area_px": found.area_px,
        "volume_mm3": None if found.volume_mm3 is None else round(found.volume_mm3, 2),
        "volume_ml": None if found.volume_mm3 is None else round(found.volume_mm3 / 1000, 4),
        "size_mm": None if found.size_mm is None else round(found.size_mm, 2),
        "length_mm": None if found.length_mm is None else round(found.length_mm, 2),
    }


def _in_segment(place: MaskPlaces, made: DicomFiles, id: str) -> MaskPlaces:
    """The same place with the segment that holds the mask too."""
    number = made.segments.get(id)
    return place if number is None else replace(place, segment=number, file=place.file or SEGMENTATION)


def _further_files(places: dict[str, MaskPlaces]) -> dict[str, str]:
    """Files that hold several masks."""
    files = {}
    if any(place.channel is not None for place in places.values()):
        files["masks"] = STACK
    if any(place.label is not None for place in places.values()):
        files["label_map"] = LABEL_MAP
    return files


def _codes(found: FindingResult, lexicon: Lexicon) -> dict[str, list[str]]:
    target = found.finding.target
    return {"code": list(target_code(target, lexicon)), "category": list(target_category(target, lexicon))}


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
