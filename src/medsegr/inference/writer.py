"""A result on disk: ``findings.json`` and one mask per finding, in the input's geometry."""

import json
from pathlib import Path
from typing import Any

from medsegr.data.nifti import save_mask_nifti
from medsegr.data.raster import save_mask_png
from medsegr.inference.result import FindingResult, Result

SCHEMA = "medsegr.findings/1"
"""Name and version of the layout of ``findings.json``."""


def write_case(folder: Path, result: Result, *, case: str, image: str, model: str, keep_text: bool = False) -> Path:
    """Write the masks and ``findings.json`` of one case into an existing folder.

    Masks overlap where findings overlap: each has a file of its own. Volumes and
    NIfTI slices become ``.nii.gz`` with the input's affine, pictures ``.png``.

    Args:
        folder: Exists; use ``medsegr.data.outputs.staged_folder`` for all or nothing.
        result: What the predictor returned.
        case: Name of the case, also of its folder.
        image: Name of the image file.
        model: Name of the model; beside it stands why it was taken, where ``auto`` took it.
        keep_text: Also write the report's text; without it, offsets only.

    Returns:
        Path of ``findings.json``.
    """
    masks = {found.id: _write_mask(folder, found, result) for found in result.findings}
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "case": case,
        "image": image,
        "model": model,
        "model_chosen": result.chosen,
        "modality": result.modality,
        "looks": result.looks.settings(),
        "findings": [finding_record(found, masks[found.id], result) for found in result.findings],
        "warnings": list(result.warnings),
        "not_read": [list(span) for span in result.not_read],
    }
    if keep_text:
        record["report"] = result.text
    path = folder / "findings.json"
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", errors="replace")  # names of files need not be UTF-8
    return path


def finding_record(found: FindingResult, mask: str | None, result: Result) -> dict[str, Any]:
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
        "mask": mask,
        "reason": found.reason,
        "looked_twice": found.looked_twice,
        "support": None if found.support is None else round(found.support, 4),
        "area_px": found.area_px,
        "volume_mm3": None if found.volume_mm3 is None else round(found.volume_mm3, 2),
        "size_mm": None if found.size_mm is None else round(found.size_mm, 2),
    }


def _write_mask(folder: Path, found: FindingResult, result: Result) -> str | None:
    """Name of the mask's file, or None where there is no mask."""
    if found.outcome != "outlined":
        return None
    if result.image.is_volume or result.image.geometry.affine is not None:
        name = f"{found.id}.nii.gz"
        save_mask_nifti(folder / name, found.mask, result.image)
    else:
        name = f"{found.id}.png"
        save_mask_png(folder / name, found.mask)
    return name
