"""nnU-Net's layout: ``imagesTr``, ``labelsTr``, ``imagesTs``, ``labelsTs`` and ``dataset.json``, and a ``reports.csv``.

An image has a file for each channel, ``<case>_0000.nii.gz``, ``<case>_0001.nii.gz``.
We read one picture a case: the only channel, or the one that is chosen. Which
one a report speaks of is nothing to be guessed, so with several channels and
no choice we refuse. A colour picture (``NaturalImage2DIO``) is one file with
three channels and is taken as it is.
"""

import json
import re
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from medsegr.data.dataset_manifest import BACKGROUND, label_values
from medsegr.data.file_names import image_stem, visible
from medsegr.data.foreign_dataset import ForeignCase, ForeignDataset, counted
from medsegr.data.image import IMAGE_SUFFIXES
from medsegr.data.report_table import REPORTS_FILE
from medsegr.data.split import read_table
from medsegr.errors import ConfigError, DatasetError

IGNORE = "ignore"
SPLITS_FILE = "splits_final.json"
_CHANNEL = re.compile(r"_(\d{4})$")


def read_nnunet(folder: Path | str, channel: str | None = None) -> ForeignDataset:
    """Find the cases of a data set in nnU-Net's layout.

    ``imagesTs`` with masks in ``labelsTs`` is the test split; without such masks they are left out. The
    first fold of ``splits_final.json`` tells train from val.

    Args:
        folder: Holds ``dataset.json``; of version 2, or 1 with numbers as the labels' keys.
        channel: Number or name of the channel to take; needed where there are several.

    Raises:
        DatasetError: Not this layout, a file ending that is not read, or an ``ignore`` label.
        ConfigError: Several channels and none chosen, or one that is not there.
    """
    folder = Path(folder)
    content = _read_json(folder)
    ending = _ending(content, folder)
    labels = _labels(content)
    number = _channel_number(content, channel)
    train, remarks = _pairs(folder, "Tr", ending, number, content)
    test, more = _pairs(folder, "Ts", ending, number, content)
    notes = [*remarks, *more]
    if not train and not test:
        raise DatasetError(f"{folder} holds no image in imagesTr/ with a mask of the same name in labelsTr/.")
    stems = [p.name[: -len(ending)] for part in ("Tr", "Ts") for p in _files(folder / f"images{part}", ending)]
    reports = _reports(folder, {_CHANNEL.sub("", stem) for stem in stems})
    split = _split(folder, [name for name, _, _ in train], [name for name, _, _ in test])
    cases = tuple(
        ForeignCase(name + ending, image, mask, split[name], reports.pop(name, None))
        for name, image, mask in (*train, *test)
    )
    if reports:
        notes.append(f"{len(reports)} reports in {REPORTS_FILE} belong to no image with a mask")
    licence = content.get("licence") or content.get("license")
    name = content.get("name") if isinstance(content.get("name"), str) else None
    return ForeignDataset(name or folder.resolve().name, labels, cases, str(licence) if licence else None, tuple(notes))


def _read_json(folder: Path) -> Mapping[str, Any]:
    path = folder / "dataset.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise DatasetError(f"{folder} is not in nnU-Net's layout: it has no dataset.json. Give the folder "
                           "DatasetNNN_Name, or choose another layout with --from.") from None  # fmt: skip
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(
            f"{path} cannot be read as JSON ({type(error).__name__}). Correct or copy it again."
        ) from error
    if not isinstance(content, dict) or not isinstance(content.get("labels"), dict):
        raise DatasetError(f"{path} has no object 'labels'; expected nnU-Net's dataset.json with name: value.")
    return content


def _ending(content: Mapping[str, Any], folder: Path) -> str:
    """The suffix of all images and masks; version 1 states none and has ``.nii.gz``."""
    ending = content.get("file_ending", ".nii.gz")
    if not isinstance(ending, str) or ending.lower() not in IMAGE_SUFFIXES:
        raise DatasetError(
            f"The images of {folder} end in '{ending}', which is not read; known are {', '.join(IMAGE_SUFFIXES)}. "
            "Convert them, for example to .nii.gz, which keeps their place and spacing."
        )
    return ending


def _labels(content: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Name -> values; regions have several. Version 1 has value -> name."""
    raw = content["labels"]
    if raw and all(str(key).isdigit() for key in raw):
        raw = {str(name): int(value) for value, name in raw.items()}
    labels = {name: label_values(stated) for name, stated in raw.items()}
    if wrong := next((name for name, values in labels.items() if not values), None):
        raise DatasetError(f"dataset.json: the label '{wrong}' has no value of 0 or more. Correct it.")
    if IGNORE in labels:
        raise DatasetError(
            "dataset.json has an 'ignore' label: parts of the pictures are not annotated, which our layout cannot "
            "say of single pixels. Cut those parts off, or give them a label of their own and leave it out."
        )
    labels.pop(BACKGROUND, None)
    if not labels:
        raise DatasetError("dataset.json names no label but the background. Name what the masks show.")
    return labels


def _channel_number(content: Mapping[str, Any], wanted: str | None) -> int | None:
    """Number of the channel to take; None where none was chosen."""
    names = content.get("channel_names", content.get("modality", {}))
    names = {str(key): str(value) for key, value in names.items()} if isinstance(names, dict) else {}
    if wanted is None:
        return None
    chosen = [int(key) for key, name in names.items() if key.isdigit() and wanted.lower() in (key, name.lower())]
    if len(chosen) == 1:
        return chosen[0]
    if wanted.isdigit() and not names:
        return int(wanted)
    listed = ", ".join(f"{key} ({name})" for key, name in names.items()) or "none"
    raise ConfigError(f"The channel '{wanted}' is not one of dataset.json's: {listed}. Choose one of them.")


def _pairs(
    folder: Path, part: str, ending: str, number: int | None, content: Mapping[str, Any]
) -> tuple[list[tuple[str, Path, Path]], tuple[str, ...]]:
    """(case, image, mask) of ``imagesTr`` or ``imagesTs``, and notes on what has no counterpart."""
    channels: dict[str, dict[int, Path]] = {}
    for path in _files(folder / f"images{part}", ending):
        stem = path.name[: -len(ending)]
        found = _CHANNEL.search(stem)
        case, place = (stem[: found.start()], int(found[1])) if found else (stem, 0)
        channels.setdefault(case, {})[place] = path
    masks = {path.name[: -len(ending)]: path for path in _files(folder / f"labels{part}", ending)}
    pairs = [
        (case, _chosen(case, files, number, content), masks[case])
        for case, files in sorted(channels.items())
        if case in masks
    ]
    notes = (
        *counted([c for c in channels if c not in masks], f"images of images{part} without a mask were left out"),
        *counted([c for c in masks if c not in channels], f"masks of labels{part} without an image were left out"),
    )
    return pairs, notes


def _files(folder: Path, ending: str) -> list[Path]:
    return [path for path in visible(folder) if path.name.lower().endswith(ending.lower())]


def _chosen(case: str, files: Mapping[int, Path], number: int | None, content: Mapping[str, Any]) -> Path:
    place = next(iter(files)) if number is None and len(files) == 1 else number
    if place is not None and place in files:
        return files[place]
    names = content.get("channel_names", content.get("modality", {}))
    listed = ", ".join(f"{n} ({names.get(str(n), '?')})" if isinstance(names, dict) else str(n) for n in sorted(files))
    if number is None:
        raise ConfigError(f"The case {case} has {len(files)} channels: {listed}. A case has one picture here; choose "
                          "the one that the reports speak of with --channel.")  # fmt: skip
    raise ConfigError(f"The case {case} has no channel {number}; it has: {listed}. Choose one that every case has.")


def _reports(folder: Path, cases: Container[str]) -> dict[str, str]:
    """Case -> report, by any of the names that a case may be called by: its own, or those of its files."""
    path = folder / REPORTS_FILE
    if not path.is_file():
        return {}
    rows, complaints = read_table(path, ("image", "report"))
    if complaints:
        raise DatasetError(f"The reports of {folder} cannot be used: {'; '.join(complaints[:5])}.")
    reports: dict[str, str] = {}
    for image, report in rows:
        if not report.strip():
            continue
        stem = image_stem(image)
        case = stem if stem in cases else _CHANNEL.sub("", stem)
        if reports.setdefault(case, report) != report:
            raise DatasetError(f"{path.name} gives a case a second report. Keep one row for each.")
    return reports


def _split(folder: Path, train: Sequence[str], test: Sequence[str]) -> dict[str, str]:
    """Case -> split."""
    if both := sorted(set(train) & set(test)):
        raise DatasetError(f"The case {both[0]} is in imagesTr and in imagesTs. Rename one if they are two cases.")
    validation = _first_fold(folder)
    return {**{name: "val" if name in validation else "train" for name in train}, **dict.fromkeys(test, "test")}


def _first_fold(folder: Path) -> set[str]:
    """Cases that the first fold of ``splits_final.json`` validates on; none without the file."""
    path = folder / SPLITS_FILE
    if not path.is_file():
        return set()
    try:
        return set(json.loads(path.read_text(encoding="utf-8-sig"))[0]["val"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise DatasetError(
            f"{path.name} cannot be read ({type(error).__name__}); expected a list of folds, each with 'val'."
        ) from error
