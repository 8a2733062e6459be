"""``findings.jsonl``: what each image of a data set shows and what its report says, one image a line."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsegr.data.case import FindingRecord

FINDINGS_FILE = "findings.jsonl"
KNOWN = {
    "role": ("described", "distractor", "false"),
    "presence": ("present", "absent", "uncertain"),
    "laterality": (None, "left", "right", "bilateral", "midline"),
}


@dataclass(frozen=True)
class ImageFindings:
    """One line of ``findings.jsonl``."""

    image: str
    findings: tuple[FindingRecord, ...]
    suite: str | None = None
    look: str | None = None


def read_findings(folder: Path) -> tuple[dict[str, ImageFindings], list[str]]:
    """Read a data set's ``findings.jsonl``, which may be missing.

    Returns:
        Image name -> its findings, and complaints, one line each. Broken lines are left out.
    """
    path = folder / FINDINGS_FILE
    if not path.exists():
        return {}, []
    found: dict[str, ImageFindings] = {}
    complaints: list[str] = []
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        return {}, [f"{FINDINGS_FILE} cannot be read ({type(error).__name__})"]
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{FINDINGS_FILE} line {number}"
        try:
            entry = _image_findings(json.loads(line), folder)
            if entry.image in found:
                raise ValueError(f"a second line for {entry.image}")
            found[entry.image] = entry
        except (json.JSONDecodeError, RecursionError):
            complaints.append(f"{where} is not JSON")
        except (KeyError, TypeError, ValueError) as error:
            complaints.append(f"{where}: {error.args[0] if error.args else type(error).__name__}")
    return found, complaints


def _image_findings(raw: Any, folder: Path) -> ImageFindings:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("image"), str):
        raise ValueError("expected an object with the image's name under 'image'")
    findings = raw.get("findings")
    if not isinstance(findings, list):
        raise ValueError("expected a list under 'findings'")
    records = tuple(_record(item, folder) for item in findings)
    ids = [record.id for record in records]
    if len(set(ids)) < len(ids):
        raise ValueError("two findings have the same id")
    return ImageFindings(raw["image"], records, raw.get("suite"), raw.get("look"))


def _record(raw: Any, folder: Path) -> FindingRecord:
    if not isinstance(raw, Mapping) or not all(isinstance(raw.get(k), str) for k in ("id", "role", "target")):
        raise ValueError("a finding needs 'id', 'role' and 'target'")
    raw = {"presence": "present", "laterality": None, **raw}
    for key, known in KNOWN.items():
        if raw[key] not in known:
            raise ValueError(f"{key} '{raw[key]}' is unknown; known are {', '.join(filter(None, known))}")
    mask = raw.get("mask")
    return FindingRecord(
        **{key: raw[key] for key in ("id", "target", *KNOWN)},
        zones=_names(raw, "zones"), texture=_names(raw, "texture"), shape=_names(raw, "shape"),
        size_mm=tuple(float(size) for size in raw.get("size_mm") or ()), count=raw.get("count"),
        mask_path=_inside(folder, mask) if mask is not None else None,
    )  # fmt: skip


def as_json(record: FindingRecord) -> dict[str, Any]:
    """A record as a line of ``findings.jsonl`` has it; its mask is a place within the data set."""
    told = {name: value for name, value in vars(record).items() if name != "mask_path"}
    return {**told, "mask": None if record.mask_path is None else record.mask_path.as_posix()}


def _names(raw: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = raw.get(key) or ()
    if not isinstance(values, (list, tuple)) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"'{key}' is not a list of names")
    return tuple(values)


def _inside(folder: Path, mask: Any) -> Path:
    """A mask's path; it may not leave the data set."""
    if not isinstance(mask, str) or Path(mask).is_absolute() or ".." in Path(mask).parts:
        raise ValueError("'mask' is not a path within the data set")
    return folder / mask
