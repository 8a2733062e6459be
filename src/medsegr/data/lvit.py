"""LViT's layout: ``{Train,Val,Test}_Folder/{img,labelcol}`` and a sheet of sentences for each.

The sheet names the image, or its mask; a mask may carry the prefix ``mask_``
(QaTa-COV19) and another suffix than its image (MoNuSeg: ``.tif`` and ``.png``).
Variants in use are read as well: ``Train/{Images,GTs}``, sheets as CSV, and
sheets beside the folders or in ``prompt/``.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from medsegr.data.dataset_folder import image_stem
from medsegr.data.foreign_dataset import ForeignCase, ForeignDataset, counted
from medsegr.data.image import IMAGE_SUFFIXES
from medsegr.data.sentence_sheet import SHEET_SUFFIXES, read_sentences
from medsegr.errors import DatasetError

MASK_PREFIX = "mask_"
SPLIT_WORDS = {"train": ("train",), "val": ("val", "valid", "validation"), "test": ("test",)}
FOLDER_ENDINGS = ("_folder", "", " set", "_set", "set")
IMAGE_FOLDERS = ("img", "imgs", "image", "images")
MASK_FOLDERS = ("labelcol", "gt", "gts", "ground-truths", "ground_truths", "label", "labels", "mask", "masks")
SHEET_FOLDERS = ("prompt", "prompts", "prompt_folder", "prompts_folder", "text", "texts")


def read_lvit(folder: Path | str) -> ForeignDataset:
    """Find the cases of a data set in LViT's layout.

    Args:
        folder: Holds ``Train_Folder`` and so on; case does not matter.

    Returns:
        Cases with black and white masks and no label names. Images without a mask or the reverse, and
        sentences of neither, are left out and noted.

    Raises:
        DatasetError: No such folders, no images, several masks of one image, or one name in two splits.
        MissingExtraError: A sheet is xlsx and the package that reads it is missing.
    """
    folder = Path(folder)
    found = {split: place for split in SPLIT_WORDS if (place := _split_folder(folder, split))}
    if not found:
        raise DatasetError(
            f"{folder} is not in LViT's layout: none of Train_Folder, Val_Folder and Test_Folder is in it. "
            "Give the folder that holds them, or choose another layout with --from."
        )
    cases: list[ForeignCase] = []
    notes: list[str] = []
    for split, place in found.items():
        more, remarks = _read_split(folder, place, split)
        cases += more
        notes += [f"{place.name}: {remark}" for remark in remarks]
    if not cases:
        raise DatasetError(f"{folder} holds no image with a mask of the same name in img/ and labelcol/.")
    _refuse_twins(cases)
    return ForeignDataset(folder.resolve().name, {}, tuple(cases), notes=tuple(notes))


def key_of(name: str) -> str:
    """What an image, its mask and its row in the sheet have in common."""
    stem = image_stem(name.strip())
    return stem[len(MASK_PREFIX) :] if stem.startswith(MASK_PREFIX) else stem


def _split_folder(folder: Path, split: str) -> Path | None:
    return _inner_folder(folder, [word + ending for ending in FOLDER_ENDINGS for word in SPLIT_WORDS[split]])


def _inner_folder(folder: Path, names: Sequence[str]) -> Path | None:
    """The first of several sub-folders that is there, by name without case."""
    inner = {entry.name.lower(): entry for entry in _entries(folder) if entry.is_dir()}
    return next((inner[name] for name in names if name in inner), None)


def _entries(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith(".")) if folder.is_dir() else []


def _read_split(root: Path, place: Path, split: str) -> tuple[list[ForeignCase], tuple[str, ...]]:
    images, masks = _inner_folder(place, IMAGE_FOLDERS), _inner_folder(place, MASK_FOLDERS)
    if images is None or masks is None:
        missing = "img" if images is None else "labelcol"
        raise DatasetError(f"{place} has no folder {missing}/. Expected img/ with images and labelcol/ with masks.")
    by_key = _by_key(masks)
    pictures = _by_key(images)
    sheet = _sheet_of(root, place, split)
    sentences = {key_of(name): text for name, text in (read_sentences(sheet) if sheet else {}).items()}
    cases = [
        ForeignCase(path.name, path, by_key[key], split, sentences.get(key))
        for key, path in sorted(pictures.items(), key=lambda item: item[1].name)
        if key in by_key
    ]
    remarks = (
        *counted([p.name for k, p in pictures.items() if k not in by_key], "images without a mask were left out"),
        *counted([p.name for k, p in by_key.items() if k not in pictures], "masks without an image were left out"),
        *(() if sheet else ("no sheet of sentences was found, so there are no reports",)),
        *counted([c.name for c in cases if sheet and c.report is None], "images have no sentence"),
    )
    strangers = len(set(sentences) - {key_of(case.name) for case in cases})
    return cases, (*remarks, *((f"{strangers} sentences belong to no image",) if strangers else ()))


def _by_key(folder: Path) -> dict[str, Path]:
    """Key -> image file.

    Raises:
        DatasetError: Two files of one key.
    """
    files: dict[str, Path] = {}
    for path in _entries(folder):
        if path.name.lower().endswith(IMAGE_SUFFIXES) and files.setdefault(key_of(path.name), path) != path:
            raise DatasetError(
                f"{folder} holds {files[key_of(path.name)].name} and {path.name}, so it is open which one is meant. "
                "Remove one of them."
            )
    return files


def _sheet_of(root: Path, place: Path, split: str) -> Path | None:
    """The sheet in the split's own folder, else the one of the split's name beside it or in ``prompt/``."""
    own = [path for path in _sheets(place) if _names_split(path, split)] or _sheets(place)
    prompts = _inner_folder(root, SHEET_FOLDERS)
    beside = [*_sheets(root), *(_sheets(prompts) if prompts else [])]
    found = own or [path for path in beside if _names_split(path, split)]
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise DatasetError(f"There are several sheets of sentences for {place}: {names}. Keep one of them.")
    return found[0] if found else None


def _sheets(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.suffix.lower() in SHEET_SUFFIXES and "~$" not in path.name]


def _names_split(path: Path, split: str) -> bool:
    return path.stem.lower().startswith(SPLIT_WORDS[split])


def _refuse_twins(cases: Iterable[ForeignCase]) -> None:
    seen: dict[str, str] = {}
    for case in cases:
        if case.name in seen:
            raise DatasetError(
                f"The image {case.name} is in two splits, {seen[case.name]} and {case.split}. An image may be in one "
                "only; if they are two images, rename one of them, its mask and its row."
            )
        seen[case.name] = case.split
