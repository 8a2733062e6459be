"""LViT's layout: ``{Train,Val,Test}_Folder/{img,labelcol}`` and a sheet of sentences for each.

The sheet names the image, or its mask; a mask may carry the prefix ``mask_``
(QaTa-COV19) and another suffix than its image (MoNuSeg: ``.tif`` and ``.png``).
Variants in use are read as well: ``Train Set/{Images,Ground-truths}`` as QaTa-COV19
comes, with the validation images named in ``Val_ID.xlsx``; ``frames`` and ``masks``
without split folders as MosMedData+ comes, where the sheets tell the splits;
sheets as CSV, beside the folders, or in ``prompt/``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from medsegr.data.file_names import image_stem, visible
from medsegr.data.foreign_dataset import ForeignCase, ForeignDataset, counted
from medsegr.data.image import IMAGE_SUFFIXES
from medsegr.data.sentence_sheet import SHEET_SUFFIXES, read_names, read_sentences
from medsegr.errors import DatasetError

MASK_PREFIX = "mask_"
SPLIT_WORDS = {"train": ("train",), "val": ("val", "valid", "validation"), "test": ("test",)}
FOLDER_ENDINGS = ("_folder", "", " folder", " set", "_set", "set")
IMAGE_FOLDERS = ("img", "imgs", "image", "images", "frames")
MASK_FOLDERS = ("labelcol", "gt", "gts", "ground-truths", "ground_truths", "label", "labels", "mask", "masks")
SHEET_FOLDERS = ("prompt", "prompts", "prompt_folder", "prompts_folder", "text", "texts")


def read_lvit(folder: Path | str) -> ForeignDataset:
    """Find the cases of a data set in LViT's layout.

    Returns:
        Cases with black and white masks and no label names. Images without a mask or the reverse, and
        sentences of neither, are left out and noted.

    Raises:
        DatasetError: No such folders, no images, several masks of one image, or one name in two splits.
        MissingExtraError: A sheet is xlsx and the package that reads it is missing.
    """
    folder = Path(folder)
    names = {split: [word + end for end in FOLDER_ENDINGS for word in words] for split, words in SPLIT_WORDS.items()}
    found = {split: place for split in names if (place := _inner_folder(folder, names[split]))}
    cases: list[ForeignCase] = []
    notes: list[str] = []
    for split, place in found.items():
        more, remarks = _read_split(folder, place, split)
        cases += _to_validation(more, folder, place) if split == "train" and "val" not in found else more
        notes += [f"{place.name}: {remark}" for remark in remarks]
    if not found:
        cases, notes = _read_flat(folder)
    if not cases:
        raise DatasetError(f"{folder} holds no image with a mask of the same name in img/ and labelcol/.")
    _refuse_twins(cases)
    return ForeignDataset(folder.resolve().name, {}, tuple(cases), notes=tuple(notes))


def key_of(name: str) -> str:
    """What an image, its mask and its row in the sheet have in common."""
    stem = image_stem(name.strip())
    return stem[len(MASK_PREFIX) :] if stem.startswith(MASK_PREFIX) else stem


def _inner_folder(folder: Path, names: Sequence[str]) -> Path | None:
    """The first of several sub-folders that is there, by name without case."""
    inner = {entry.name.lower(): entry for entry in visible(folder) if entry.is_dir()}
    return next((inner[name] for name in names if name in inner), None)


def _read_split(root: Path, place: Path, split: str) -> tuple[list[ForeignCase], tuple[str, ...]]:
    pairs, remarks = _pairs(place)
    sheet = _sheet_of(root, place, split)
    sentences = _by_keys(sheet)
    cases = [ForeignCase(image.name, image, mask, split, sentences.get(key)) for key, image, mask in pairs]
    bare = counted([case.name for case in cases if sheet and case.report is None], "images have no sentence")
    none = () if sheet else ("no sheet of sentences was found, so there are no reports",)
    return cases, (*remarks, *none, *bare, *_strangers(sentences, pairs))


def _read_flat(root: Path) -> tuple[list[ForeignCase], list[str]]:
    """Images and masks of all splits in one folder each: the sheet that names an image says its split."""
    sheets = {split: sheet for split in SPLIT_WORDS if (sheet := _sheet_of(root, root, split))}
    if not sheets or _inner_folder(root, IMAGE_FOLDERS) is None:
        raise DatasetError(
            f"{root} is not in LViT's layout: none of Train_Folder, Val_Folder and Test_Folder is in it, nor are an "
            "image folder and sheets named after the splits. Give the folder that holds them, or choose another "
            "layout with --from."
        )
    pairs, remarks = _pairs(root)
    told = {split: _by_keys(sheet) for split, sheet in sheets.items()}
    cases, homeless = [], []
    for key, image, mask in pairs:
        homes = [split for split, sentences in told.items() if key in sentences]
        if len(homes) > 1:
            raise DatasetError(f"The sheets of {' and '.join(homes)} both name {image.name}. Keep it in one of them.")
        if homes:
            cases.append(ForeignCase(image.name, image, mask, homes[0], told[homes[0]][key]))
        else:
            homeless.append(image.name)
    everything = {key: text for sentences in told.values() for key, text in sentences.items()}
    lost = counted(homeless, "images are in no sheet and were left out")
    return cases, [*remarks, *lost, *_strangers(everything, pairs)]


def _pairs(place: Path) -> tuple[list[tuple[str, Path, Path]], tuple[str, ...]]:
    """(key, image, mask) in the order of the images' names, and notes on what has no counterpart."""
    images, masks = _inner_folder(place, IMAGE_FOLDERS), _inner_folder(place, MASK_FOLDERS)
    if images is None or masks is None:
        missing = "img" if images is None else "labelcol"
        raise DatasetError(f"{place} has no folder {missing}/. Expected img/ with images and labelcol/ with masks.")
    painted, pictures = _by_key(masks), _by_key(images)
    pairs = [(key, pictures[key], painted[key]) for key in pictures if key in painted]
    return sorted(pairs, key=lambda pair: pair[1].name), (
        *counted([p.name for k, p in pictures.items() if k not in painted], "images without a mask were left out"),
        *counted([p.name for k, p in painted.items() if k not in pictures], "masks without an image were left out"),
    )


def _by_keys(sheet: Path | None) -> dict[str, str]:
    return {key_of(name): text for name, text in (read_sentences(sheet) if sheet else {}).items()}


def _strangers(sentences: Mapping[str, str], pairs: Sequence[tuple[str, Path, Path]]) -> tuple[str, ...]:
    number = len(set(sentences) - {key for key, _, _ in pairs})
    return (f"{number} sentences belong to no image",) if number else ()


def _to_validation(cases: Sequence[ForeignCase], root: Path, place: Path) -> list[ForeignCase]:
    """Training images that ``Val_ID.xlsx`` or ``.csv`` names are the validation split."""
    lists = [path for path in (*visible(root), *visible(place)) if _is_list(path) and _names_split(path, "val")]
    named = {key_of(name) for path in lists for name in read_names(path)}
    return [replace(case, split="val") if key_of(case.name) in named else case for case in cases]


def _by_key(folder: Path) -> dict[str, Path]:
    """Key -> image file; two of one key are refused."""
    files: dict[str, Path] = {}
    for path in visible(folder):
        if path.name.lower().endswith(IMAGE_SUFFIXES) and files.setdefault(key_of(path.name), path) != path:
            raise DatasetError(
                f"{folder} holds {files[key_of(path.name)].name} and {path.name}, so it is open which one is meant. "
                "Remove one of them."
            )
    return files


def _sheet_of(root: Path, place: Path, split: str) -> Path | None:
    """The sheet in the split's own folder, else the one of the split's name beside it or in ``prompt/``."""
    own = _sheets(place)
    beside = [path for path in _sheets(root) if _names_split(path, split)] if place != root else []
    found = [path for path in own if _names_split(path, split)] or (own if place != root else []) or beside
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise DatasetError(f"There are several sheets of sentences for {place}: {names}. Keep one of them.")
    return found[0] if found else None


def _sheets(folder: Path) -> list[Path]:
    """Sheets of sentences in a folder and in its folder of prompts."""
    prompts = _inner_folder(folder, SHEET_FOLDERS)
    found = [*visible(folder), *(visible(prompts) if prompts else [])]
    return [path for path in found if _is_sheet(path) and not _is_list(path)]


def _is_sheet(path: Path) -> bool:
    return path.suffix.lower() in SHEET_SUFFIXES and "~$" not in path.name


def _is_list(path: Path) -> bool:
    """True for a sheet of names without sentences."""
    return _is_sheet(path) and path.stem.lower().endswith("_id")


def _names_split(path: Path, split: str) -> bool:
    return path.stem.lower().startswith(SPLIT_WORDS[split])


def _refuse_twins(cases: Iterable[ForeignCase]) -> None:
    seen: dict[str, str] = {}
    for case in cases:
        if seen.setdefault(case.name, case.split) != case.split:
            raise DatasetError(
                f"The image {case.name} is in two splits, {seen[case.name]} and {case.split}. An image may be in one "
                "only; if they are two images, rename one of them, its mask and its row."
            )
