"""``findings.json``: what it says of a case and of each of its findings. docs/outputs.md lists the fields."""

from collections.abc import Mapping
from typing import Any

from medsegr.cognition.lexicon import Lexicon
from medsegr.data.nifti_masks import LABEL_MAP, STACK
from medsegr.inference.dicom.codes import target_category, target_code
from medsegr.inference.mask_files import MaskPlaces
from medsegr.inference.result import FindingResult, Result

SCHEMA = "medsegr.findings/1"
"""Name and version of the layout."""


def findings_json(
    result: Result, names: Mapping[str, str | None], places: Mapping[str, MaskPlaces], files: Mapping[str, str | None],
    lexicon: Lexicon,
) -> dict[str, Any]:  # fmt: skip
    """All of ``findings.json``, without the report's text.

    Args:
        result: What the predictor returned.
        names: Of ``case``, ``image`` and ``model``.
        places: Id of a finding -> where its mask is.
        files: Files of DICOM that hold several masks, by what they are.
        lexicon: Knows the codes.
    """
    return {
        "schema": SCHEMA,
        **names,
        "model_chosen": result.chosen,
        "modality": result.modality,
        "looks": result.looks.settings(),
        "backend": dict(result.backend),
        "files": {**files, **_further_files(places)},
        "findings": [
            {**finding_record(found, places[found.id], result), **_codes(found, lexicon)} for found in result.findings
        ],
        "warnings": list(result.warnings),
        "not_read": [list(span) for span in result.not_read],
    }


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


def _further_files(places: Mapping[str, MaskPlaces]) -> dict[str, str]:
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
