"""The file that was sent: what kind it is, by its first bytes, and how large it says that it is."""

from collections.abc import Sequence
from pathlib import Path

from medsegr.data.dicom.files import begins_dicom
from medsegr.errors import ImageError

HEAD_BYTES = 512
"""First bytes that tell the kind."""

KINDS: Sequence[tuple[int, bytes, str]] = (
    (0, b"\x89PNG\r\n\x1a\n", ".png"),
    (0, b"\xff\xd8\xff", ".jpg"),
    (0, b"II*\0", ".tif"),
    (0, b"MM\0*", ".tif"),
    (0, b"II+\0", ".tif"),
    (0, b"MM\0+", ".tif"),
    (0, b"BM", ".bmp"),
    (0, b"\x1f\x8b", ".nii.gz"),
    (344, b"n+1\0", ".nii"),
    (4, b"n+2\0", ".nii"),
    (0, b"PK\x03\x04", ".zip"),
    (0, b"NRRD000", ".nrrd"),
    (0, b"ObjectType", ".mha"),
)
"""Place, bytes and suffix of what the library reads, or will say what is wrong with; but for DICOM."""


def suffix_of(head: bytes) -> str | None:
    """The suffix under which a file is kept; None for what is nothing that the library reads. Names do not count."""
    known = next((suffix for place, told, suffix in KINDS if head[place : place + len(told)] == told), None)
    return known or (".dcm" if begins_dicom(head) else None)


def check_announced(path: Path, most: int) -> None:
    """Refuse, before anything is decoded, what says that it is too large.

    Raises:
        ImageError: More pixels or voxels than ``most``.
    """
    check_pixels(_announced(path), most)


def check_pixels(pixels: int, most: int) -> None:
    """Raise an ImageError for more pixels or voxels than ``most``."""
    if pixels > most:
        raise ImageError(f"The picture has {pixels:,} pixels or voxels; this service takes at most {most:,}.")


def _announced(path: Path) -> int:
    """Pixels or voxels by the header; 0 where only the reader can tell."""
    try:
        if path.name.endswith((".nii", ".nii.gz")):
            import nibabel

            sides: Sequence[int] = nibabel.load(path).shape  # type: ignore[attr-defined]
        elif path.suffix in (".png", ".jpg", ".tif", ".bmp"):
            from PIL import Image

            with Image.open(path) as picture:
                sides = picture.size
        else:
            return 0
    except Exception:  # the reader, which comes next, has words for what is wrong
        return 0
    product = 1
    for side in sides:
        product *= max(int(side), 0)
    return product
