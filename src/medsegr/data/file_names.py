"""Names of images and masks in a data set: which there are, which belong together, which may be shown."""

from functools import lru_cache
from pathlib import Path

from medsegr.data.dicom.files import DICOM_SUFFIXES
from medsegr.data.image import IMAGE_SUFFIXES, PAIR_SUFFIXES
from medsegr.data.itk_image import ITK_SUFFIXES

LONGEST_SHOWN_NAME = 120
PICTURE_SUFFIXES = (*IMAGE_SUFFIXES, *PAIR_SUFFIXES, *ITK_SUFFIXES, *DICOM_SUFFIXES)
"""All that a name of a picture or volume may end in."""

MASK_SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".nii.gz", ".nii")


def list_images(folder: Path) -> list[str]:
    """Names of the image files of a data set, sorted; hidden files are not among them."""
    return [entry.name for entry in visible(folder / "images") if entry.name.lower().endswith(IMAGE_SUFFIXES)]


def visible(folder: Path) -> list[Path]:
    """What is in a folder and not hidden, sorted; nothing where there is no folder."""
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith(".")) if folder.is_dir() else []


def find_mask(folder: Path, image_name: str) -> Path | None:
    """The mask of an image: the same name, or the same name with a mask's suffix in whatever letter case."""
    if (folder / image_name).is_file():
        return folder / image_name
    stem = image_stem(image_name)
    candidates = (folder / f"{stem}{suffix}" for suffix in MASK_SUFFIXES)
    found = next((candidate for candidate in candidates if candidate.is_file()), None)
    return found or (_masks_in(folder, folder.stat().st_mtime_ns).get(stem) if folder.is_dir() else None)


@lru_cache(maxsize=64)
def _masks_in(folder: Path, changed_ns: int) -> dict[str, Path]:
    """Stem -> mask, listed once for each state of the folder."""
    masks = (entry for entry in sorted(folder.iterdir()) if entry.name.lower().endswith(MASK_SUFFIXES))
    return {image_stem(entry.name): entry for entry in masks if entry.is_file()}


def image_stem(name: str) -> str:
    """An image's name without its suffix, ``.nii.gz`` and ``.dcm`` included."""
    lower = name.lower()
    suffix = next((s for s in sorted(PICTURE_SUFFIXES, key=len, reverse=True) if lower.endswith(s)), "")
    return name[: len(name) - len(suffix)]


def shown_name(name: str) -> str:
    """A name from a table as a message may show it: a broken row could hold report text instead."""
    is_file_name = len(name) <= LONGEST_SHOWN_NAME and name.lower().endswith(PICTURE_SUFFIXES)
    return name if is_file_name else "(a row that names no image file)"
