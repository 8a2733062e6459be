"""DatasetWriter: a data set in our layout in the making; pictures are written at once, tables at the end."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from medsegr.data.case import FindingRecord
from medsegr.data.dataset_manifest import DatasetManifest, write_manifest
from medsegr.data.findings_file import FINDINGS_FILE, as_json
from medsegr.data.report_table import ORIGIN_COLUMN, REPORTS_FILE
from medsegr.data.split import SPLIT_FILE, write_table


@dataclass
class DatasetWriter:
    """What is written of a data set, and what its tables will say.

    Attributes:
        structures: Folder in ``masks/`` -> target.
        splits: Image, split, and patient where all have one.
        reports: Image, report, and its origin where it is derived.
        records: Lines of ``findings.jsonl``.
    """

    folder: Path
    structures: dict[str, str] = field(default_factory=dict)
    splits: list[tuple[str, ...]] = field(default_factory=list)
    reports: list[tuple[str, ...]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    _objects: Counter[tuple[str, str]] = field(default_factory=Counter)

    def picture(self, image: str, pixels: np.ndarray) -> None:
        """Write an image, (H, W) or (H, W, 3) uint8, as PNG."""
        _save(self.folder / "images" / image, pixels)

    def mask(self, structure: str, target: str, image: str, mask: np.ndarray) -> Path:
        """Write a mask, (H, W) bool, of an image; gives its place within the data set."""
        self.structures[structure] = target
        place = Path("masks", structure, image)
        _save(self.folder / place, mask.astype(np.uint8))
        return place

    def object(self, target: str, image: str, mask: np.ndarray) -> Path:
        """The same of one of several objects of a target, each in a folder of its own."""
        self._objects[image, target] += 1
        return self.mask(f"{target}_{self._objects[image, target]}", target, image, mask)

    def findings(self, image: str, records: Iterable[FindingRecord], **about: str) -> None:
        """Records of an image, their masks as places within the data set; and what is to be said of the image."""
        self.records.append({"image": image, **about, "findings": [as_json(record) for record in records]})

    def finish(self, manifest: DatasetManifest, **further: Any) -> None:
        """Write ``dataset.json``, with further entries, and the tables of which there are rows."""
        write_manifest(self.folder, manifest, **further)
        if self.records:
            lines = "".join(json.dumps(record) + "\n" for record in self.records)
            (self.folder / FINDINGS_FILE).write_text(lines, encoding="utf-8")
        for name, columns, rows in (
            (SPLIT_FILE, ("image", "split", "patient"), self.splits),
            (REPORTS_FILE, ("image", "report", ORIGIN_COLUMN), self.reports),
        ):
            if rows:
                write_table(self.folder / name, columns[: len(rows[0])], rows)


def _save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, format="PNG", compress_level=3)
