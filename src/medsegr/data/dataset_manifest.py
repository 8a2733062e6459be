"""``dataset.json``: what a data set is and where its masks are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from medsegr.view import Frame

MANIFEST_FILE = "dataset.json"
FRAMES: tuple[Frame, ...] = get_args(Frame)
BACKGROUND = "background"


@dataclass(frozen=True)
class DatasetManifest:
    """The content of ``dataset.json``.

    Attributes:
        name: The data set's name; its folder's where none is given.
        frame: Whose left and right its pictures show; None where it says nothing, and they are as usual.
        labels: Label-map layout: target -> its values. Empty for the other layout.
        structures: Structure layout: folder in ``masks/`` -> target. Empty for the other layout.
        incomplete: Targets that are not annotated everywhere.
        reports: File with the reports within the folder; None for the usual names.
    """

    name: str
    modality: str | None = None
    frame: Frame | None = None
    licence: str | None = None
    labels: dict[str, tuple[int, ...]] = field(default_factory=dict)
    structures: dict[str, str] = field(default_factory=dict)
    incomplete: frozenset[str] = frozenset()
    reports: str | None = None

    @property
    def targets(self) -> frozenset[str]:
        """The canonical names of all that is outlined."""
        return frozenset(self.labels) | frozenset(self.structures.values())

    def known_values(self) -> frozenset[int]:
        """Label-map layout: all values that may occur, 0 included."""
        return frozenset({0}.union(*self.labels.values()))


def read_manifest(folder: Path) -> tuple[DatasetManifest, list[str]]:
    """Read a data set's ``dataset.json``.

    Returns:
        What could be understood, and complaints, one line each.
    """
    path = folder / MANIFEST_FILE
    empty = DatasetManifest(folder.name)
    if not path.is_file():
        return empty, [f"{MANIFEST_FILE} is missing"]
    try:
        raw = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        return empty, [f"{MANIFEST_FILE} is not JSON (line {error.lineno}: {error.msg})"]
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        return empty, [f"{MANIFEST_FILE} cannot be read ({type(error).__name__})"]
    if not isinstance(raw, dict):
        return empty, [f"{MANIFEST_FILE} is not an object in braces"]
    complaints: list[str] = []
    labels = _labels(raw.get("labels"), complaints)
    structures = _structures(raw.get("structures"), complaints)
    if ("labels" in raw) == ("structures" in raw):
        complaints.append(f"{MANIFEST_FILE} needs either 'labels' or 'structures', and has "
                          + ("both" if "labels" in raw else "neither"))  # fmt: skip
    if any(0 in values for values in labels.values()):
        complaints.append(f"{MANIFEST_FILE}: a label has the background's value")
    frame = raw.get("frame")
    if frame not in (None, *FRAMES):
        complaints.append(f"{MANIFEST_FILE}: frame is '{frame}'; 'patient' or 'image' was expected")
        frame = None
    manifest = DatasetManifest(
        name=_text(raw, "name", complaints) or folder.name,
        modality=_text(raw, "modality", complaints),
        frame=frame,
        licence=_text(raw, "licence", complaints),
        labels=labels,
        structures=structures,
        incomplete=_incomplete(raw.get("incomplete", []), labels, structures, complaints),
        reports=_reports(folder, raw, complaints),
    )
    return manifest, complaints


def write_manifest(folder: Path, manifest: DatasetManifest, **further: Any) -> None:
    """Write a data set's ``dataset.json``, with entries that nothing here reads."""
    labels = {name: values[0] if len(values) == 1 else sorted(values) for name, values in manifest.labels.items()}
    layout = (
        {"structures": dict(sorted(manifest.structures.items()))}
        if manifest.structures
        else {"labels": {BACKGROUND: 0, **labels}}
    )
    told = {name: getattr(manifest, name) for name in ("name", "modality", "frame", "licence")}
    content = {**told, **layout, "incomplete": sorted(manifest.incomplete), **further}
    (folder / MANIFEST_FILE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _text(raw: Mapping[str, Any], key: str, complaints: list[str]) -> str | None:
    value = raw.get(key)
    if value is not None and not isinstance(value, str):
        complaints.append(f"{MANIFEST_FILE}: '{key}' is not text")
        return None
    return value


def _reports(folder: Path, raw: Mapping[str, Any], complaints: list[str]) -> str | None:
    """The file that holds the reports; it has to lie within the folder."""
    name = _text(raw, "reports", complaints)
    if name is None:
        return None
    if Path(name).is_absolute() or ".." in Path(name).parts or not (folder / name).is_file():
        complaints.append(f"{MANIFEST_FILE}: 'reports' names '{name}', which is no file of the data set")
        return None
    return name


def label_values(stated: Any) -> tuple[int, ...]:
    """Of a label, as ``dataset.json`` states them: one, or a list; none where one of them is no whole number from 0."""
    values = stated if isinstance(stated, list) else [stated]
    return tuple(values) if all(type(value) is int and value >= 0 for value in values) else ()


def _labels(raw: Any, complaints: list[str]) -> dict[str, tuple[int, ...]]:
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        complaints.append(f"{MANIFEST_FILE}: 'labels' is not an object of name: value")
        return {}
    labels = {name: label_values(stated) for name, stated in raw.items()}
    wrong = [name for name, values in labels.items() if not values]
    complaints += [f"{MANIFEST_FILE}: the label '{name}' has no value of 0 or more" for name in wrong]
    if labels.pop(BACKGROUND, ()) not in ((), (0,)):
        complaints.append(f"{MANIFEST_FILE}: the background's value is not 0")
    return {name: values for name, values in labels.items() if values}


def _structures(raw: Any, complaints: list[str]) -> dict[str, str]:
    if raw is None:
        return {}
    if not isinstance(raw, dict) or not all(isinstance(target, str) for target in raw.values()):
        complaints.append(f"{MANIFEST_FILE}: 'structures' is not an object of folder: target")
        return {}
    outside = [folder for folder in raw if Path(folder).is_absolute() or ".." in Path(folder).parts]
    complaints += [f"{MANIFEST_FILE}: the folder '{folder}' is not within masks/" for folder in outside]
    return {folder: target for folder, target in raw.items() if folder not in outside}


def _incomplete(
    raw: Any, labels: Mapping[str, Any], structures: Mapping[str, str], complaints: list[str]
) -> frozenset[str]:
    """Targets; a structure may be named by its folder or by its target."""
    if not isinstance(raw, list) or not all(isinstance(name, str) for name in raw):
        complaints.append(f"{MANIFEST_FILE}: 'incomplete' is not a list of names")
        return frozenset()
    targets = set(labels) | set(structures.values())
    unknown = [name for name in raw if name not in structures and name not in targets]
    complaints += [f"{MANIFEST_FILE}: 'incomplete' names '{name}', not a target here" for name in unknown]
    return frozenset(structures.get(name, name) for name in raw if name not in unknown)
