"""DatasetFolder: a data set on disk, in the layout that the README describes.

Masks that are missing: a target that the data set annotates everywhere is then
known to be absent, and gets an empty mask; one listed under ``incomplete`` is
left out of the case, for nothing is known.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from medsegr.data.case import Case
from medsegr.data.dataset_manifest import MANIFEST_FILE, read_manifest
from medsegr.data.file_names import find_mask, list_images, shown_name
from medsegr.data.findings_file import ImageFindings, read_findings
from medsegr.data.geometry import Geometry
from medsegr.data.image import MedicalImage, load_image
from medsegr.data.label_map import load_placed_label_map, load_placed_structure
from medsegr.data.report_table import REPORTS_FILE, ReportOrigin, find_reports, report_origins
from medsegr.data.split import SPLIT_FILE, SPLITS, read_table
from medsegr.errors import DatasetError
from medsegr.view import Frame, Kinds


class DatasetFolder:
    """A data set: images, masks, reports, splits, and findings where it has them.

    Opening reads the tables, not the pixels. ``check_dataset`` reads all.

    Attributes:
        frame: ``patient`` or ``image``: whose left and right the pictures show.
        targets: Canonical names of all that is outlined.
        incomplete: Targets that are not annotated everywhere and are never to be scored as absent.
        splits: The splits that hold an image, in alphabetical order.
        has_reports: True when at least one image has a report.

    Raises:
        DatasetError: The folder breaks the layout; the message lists everything wrong.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)
        if not self.path.is_dir():
            raise DatasetError(f"{self.path} is not a folder. Give the folder that holds {MANIFEST_FILE}.")
        self.manifest, complaints = read_manifest(self.path)
        self._images = list_images(self.path)
        if not self._images:
            complaints.append("images/ is missing or holds no image")
        self._split = _table(self.path / SPLIT_FILE, "split", complaints, self._images)
        reports = find_reports(self.path, self.manifest) or self.path / REPORTS_FILE
        self._reports = _table(reports, "report", complaints, self._images)
        self._origins = report_origins(reports, self._images) if self._reports else {}
        self._findings, findings_complaints = read_findings(self.path)
        complaints += findings_complaints
        known = set(self._images)
        gone = [name for name in self._split if name not in known]
        complaints += [f"{SPLIT_FILE} names {shown_name(name)}, which is not in images/" for name in gone]
        if complaints:
            raise DatasetError(f"The data set {self.path} cannot be used: " + "; ".join(complaints) + ".")
        self.name, self.modality, self.licence = self.manifest.name, self.manifest.modality, self.manifest.licence
        self.frame: Frame | None = self.manifest.frame
        self.targets, self.incomplete = self.manifest.targets, self.manifest.incomplete
        self.splits = tuple(sorted(set(self._split.values())))
        self.has_reports = bool(self._reports)

    def __repr__(self) -> str:
        return f"DatasetFolder({self.name!r}, {len(self._images)} images)"

    def images(self, split: str | None = None) -> list[str]:
        """Image names of a split, or of the whole set, sorted; empty where train, val or test is.

        Raises:
            DatasetError: The split is neither in the file nor one of train, val and test.
        """
        if split is None:
            return list(self._images)
        if split not in self.splits and split not in SPLITS:
            known = ", ".join(self.splits) or f"none, for {SPLIT_FILE} is missing"
            raise DatasetError(f"The data set {self.name} has no split '{split}'; it has: {known}.")
        return [name for name in self._images if self._split.get(name) == split]

    def split_of(self, image_name: str) -> str | None:
        """The split of an image, or None where split.csv does not name it."""
        return self._split.get(image_name)

    def report(self, image_name: str) -> str | None:
        """The report of an image, or None."""
        return self._reports.get(image_name)

    def report_origin(self, image_name: str) -> ReportOrigin | None:
        """Whether the report of an image is ``real`` or ``derived`` from its masks; None where it has none."""
        return self._origins.get(image_name, "real") if image_name in self._reports else None

    def load(self, image_name: str, kinds: Kinds | None = None) -> Case:
        """Load one image with all that is known of it; without ``kinds``, a lexicon, its view says nothing.

        Raises:
            DatasetError: No such image, a mask of another size or place, or a label that nobody explained.
            ImageError: The image or a mask is unreadable.
        """
        if image_name not in self._images:
            raise DatasetError(f"The data set {self.name} has no image '{image_name}'.")
        image = load_image(self.path / "images" / image_name, self.modality)
        image = image if kinds is None else image.seen(kinds, frame=self.frame)
        entry = self._findings.get(image_name, ImageFindings(image_name, ()))
        masks = {
            record.id: self._structure(record.mask_path, image)
            for record in entry.findings
            if record.mask_path is not None
        }
        return Case(
            image=image,
            report=self._reports.get(image_name),
            report_origin=self.report_origin(image_name),
            structures=self._structures(image_name, image),
            findings=entry.findings,
            masks=masks,
            name=image_name,
            suite=entry.suite,
            look=entry.look,
        )

    def _structures(self, image_name: str, image: MedicalImage) -> dict[str, np.ndarray]:
        read = self._from_labels if self.manifest.labels else self._from_folders
        found = read(image_name, image)
        masks = {name: found.get(name, np.zeros(image.mask_shape, dtype=bool)) for name in sorted(self.targets)}
        return {target: mask for target, mask in masks.items() if mask.any() or target not in self.incomplete}

    def _from_labels(self, image_name: str, image: MedicalImage) -> dict[str, np.ndarray]:
        path = find_mask(self.path / "masks", image_name)
        if path is None:
            raise DatasetError(f"The data set {self.name} has no mask for {image_name} in masks/.")
        known = self.manifest.known_values()
        label_map = self._fitting(path, image, *load_placed_label_map(path, known))
        unknown = sorted({int(v) for v in np.unique(label_map)} - known)
        if unknown:
            raise DatasetError(
                f"{path.name} of the data set {self.name} holds the value {unknown[0]}, which is not "
                f"among the labels of {MANIFEST_FILE}. Name it there, or correct the mask."
            )
        return {target: np.isin(label_map, values) for target, values in self.manifest.labels.items()}

    def _from_folders(self, image_name: str, image: MedicalImage) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        for folder, target in self.manifest.structures.items():
            if path := find_mask(self.path / "masks" / folder, image_name):
                found[target] = self._structure(path, image) | found.get(target, False)
        return found

    def _structure(self, path: Path, image: MedicalImage) -> np.ndarray:
        return self._fitting(path, image, *load_placed_structure(path)) != 0

    def _fitting(self, path: Path, image: MedicalImage, label_map: np.ndarray, geometry: Geometry) -> np.ndarray:
        """What was read of a mask, if it has the image's size and place."""
        if label_map.shape != image.mask_shape:
            raise DatasetError(
                f"The mask {path.relative_to(self.path)} of the data set {self.name} has the shape "
                f"{label_map.shape}, its image {image.mask_shape}. Both should be the same."
            )
        if not image.geometry.agrees_with(geometry):
            raise DatasetError(
                f"The mask {path.relative_to(self.path)} of the data set {self.name} has another affine than its "
                "image, so it lies elsewhere, perhaps mirrored. Save it with its image's affine."
            )
        return label_map


def find_dataset_folders(paths: Iterable[Path | str]) -> list[Path]:
    """Expand folders of data sets: each path is a data set, or holds data sets as sub-folders.

    Raises:
        DatasetError: A path is neither.
    """
    folders: list[Path] = []
    for path in map(Path, paths):
        inner = [path] if (path / MANIFEST_FILE).is_file() else holds_several(path)
        if not inner:
            raise DatasetError(f"{path} holds no {MANIFEST_FILE}, nor does a folder in it. "
                               "Give the folder of a data set.")  # fmt: skip
        folders += inner
    return list(dict.fromkeys(folders))


def holds_several(path: Path) -> list[Path]:
    """The data sets that are sub-folders of a folder which is none itself; else nothing."""
    if (path / MANIFEST_FILE).is_file() or not path.is_dir():
        return []
    return sorted(entry.parent for entry in path.glob(f"*/{MANIFEST_FILE}"))


def discover(paths: Iterable[Path | str]) -> list[DatasetFolder]:
    """Open all data sets that :func:`find_dataset_folders` finds at these paths."""
    return [DatasetFolder(folder) for folder in find_dataset_folders(paths)]


def _table(path: Path, column: str, complaints: list[str], images: Iterable[str]) -> dict[str, str]:
    """Image -> split, or image -> report, empty cells left out; empty where the file is missing."""
    table: dict[str, str] = {}
    if not path.exists():
        return table
    rows, found = read_table(path, ("image", column), images)
    complaints += found
    for image, text in rows:
        if column == "report" and not text.strip():
            continue
        value = text.strip() if column == "split" else text
        if table.setdefault(image, value) != value:
            complaints.append(f"{path.name} gives {shown_name(image)} twice, differently")
    return table
