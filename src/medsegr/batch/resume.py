"""``--resume``: what is kept is each case whose ``case.json`` is there and says that it was made alike."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from medsegr.batch.source import content_sha256

CASE_FILE = "case.json"
SCHEMA = "medsegr.case/1"


@dataclass(frozen=True)
class CaseRecord:
    """What ``case.json`` holds.

    Attributes:
        case: Name of the folder.
        image: As it was given.
        seconds: That it took.
        model: Name of the model that answered.
        model_chosen: Why it was taken, where nobody named it.
        weights_sha256: Of that model.
        made_by: Hash over settings and weights of the run.
        made_from: Hash over picture, report, targets and names.
        files: Name -> hash of every other file in the folder.
        backend: What computed: name, version, precision.
        report_from: ``given``; ``study``, where it lay among the images; "" where there was none.
    """

    case: str
    image: str
    seconds: float
    model: str
    model_chosen: str | None
    weights_sha256: str | None
    made_by: str
    made_from: str
    files: dict[str, str]
    backend: dict[str, str] = field(default_factory=dict)
    report_from: str = ""

    def entry(self) -> dict[str, Any]:
        """As ``run.json`` lists it."""
        told = {"backend": self.backend} if self.backend else {}
        auto = {} if self.model_chosen is None else {"model": self.model, "model_chosen": self.model_chosen}
        return {"case": self.case, "image": self.image, "seconds": self.seconds, **auto, **told}

    def write(self, folder: Path) -> None:
        """Write ``case.json`` into the case's folder."""
        text = json.dumps({"schema": SCHEMA, **asdict(self)}, indent=2, ensure_ascii=False) + "\n"
        (folder / CASE_FILE).write_text(text, encoding="utf-8", errors="replace")


def read_record(folder: Path) -> CaseRecord | None:
    """The record of a folder; None where there is none that can be read."""
    try:
        raw = json.loads((folder / CASE_FILE).read_text(encoding="utf-8"))
        if raw.pop("schema") != SCHEMA:
            return None
        return CaseRecord(**raw)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def complete_case(folder: Path, made_by: str, made_from: str) -> CaseRecord | None:
    """The record of a case that is whole and would be made alike again; None else. Every file's hash is compared."""
    record = read_record(folder)
    if record is None or (record.case, record.made_by, record.made_from) != (folder.name, made_by, made_from):
        return None
    try:
        return record if hashes(folder) == record.files else None
    except OSError:
        return None


def hashes(folder: Path) -> dict[str, str]:
    """Name -> hash of every file of a case, but for its record."""
    files = sorted(path for path in folder.iterdir() if path.name != CASE_FILE)
    return {path.name: content_sha256(path) for path in files}


def hash_of(parts: Iterable[Any]) -> str:
    """SHA-256 of values that JSON knows."""
    return hashlib.sha256(json.dumps(list(parts), sort_keys=True).encode()).hexdigest()
