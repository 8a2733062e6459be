"""Masks in pictures. What a palette's indices and an opacity mean depends on what the mask is.

In the mask of one structure the object is what is not black, as anybody sees it: a palette's
indices mean nothing there. In a label map the indices of a palette are the labels, and its
colours mean nothing, unless they are grey values that may be labels themselves. What can be
read in two ways is refused.
"""

from collections.abc import Container
from pathlib import Path

import numpy as np

from medsegr.data.raster import read_stored
from medsegr.data.stored_picture import StoredPicture
from medsegr.errors import ImageError

ADVICE = "Save it as 8-bit grey without a palette and without alpha."


def read_structure_picture(path: Path) -> np.ndarray:
    """Read the mask of one structure, (H, W) int32, upright as its image is: 0 where it is not, above 0 where it is.

    Raises:
        ImageError: Unreadable, coloured, or what is object and what is not cannot be told.
    """
    stored = _read(path)
    colours, opacity = stored.colours, _opacity(stored)
    if opacity is not None:
        if _is_one_colour(colours.reshape(-1, *colours.shape[2:])):
            return opacity
        _refuse_two_meanings(colours, opacity, path.name)
        if colours.ndim == 3 and _is_one_colour(colours[opacity > 0]):
            return opacity
    if stored.palette is not None:
        return _whole(_painted(stored.values, stored.palette, path.name), path.name)
    return np.abs(_whole(colours, path.name))


def read_label_picture(path: Path, labels: Container[int] | None = None) -> np.ndarray:
    """Read a label map, (H, W) int32, upright as its image is.

    Where both a palette's indices and its greys may be meant, the labels that it may hold, 0 among them, decide.
    Without them it is the indices.

    Raises:
        ImageError: Unreadable, coloured, or its values can be understood in two ways.
    """
    stored = _read(path)
    if stored.palette is not None:
        return _labelled(stored.values, stored.palette, labels, path.name).astype(np.int32)
    if (opacity := _opacity(stored)) is not None:
        _refuse_two_meanings(stored.values, opacity, path.name)
    return _whole(stored.values, path.name)


def _read(path: Path) -> StoredPicture:
    try:
        stored = read_stored(path)
        if stored.doubt:
            raise ImageError(f"{stored.doubt}. {ADVICE}")
        return stored
    except ImageError as error:
        fault = str(error).replace(path.name, "it", 1)
        raise ImageError(f"{path.name} cannot be read as a mask: {fault}") from error


def _opacity(stored: StoredPicture) -> np.ndarray | None:
    """0 to 255, int32, and 0 for nothing that shows at all; None where all is equally opaque."""
    if stored.opacity is None or stored.opacity.min() == stored.opacity.max() > 0:
        return None
    return np.ceil(stored.opacity * 255).astype(np.int32)


def _refuse_two_meanings(colours: np.ndarray, opacity: np.ndarray, name: str) -> None:
    painted = colours.any(axis=-1) if colours.ndim == 3 else colours != 0
    if (painted != (opacity > 0)).any():
        raise ImageError(f"{name} has an alpha channel (opacity) that differs from its colours in what is object and "
                         f"what is not. {ADVICE}")  # fmt: skip


def _painted(indices: np.ndarray, palette: np.ndarray, name: str) -> np.ndarray:
    """Of a mask with a palette the greys; where it has colours, the indices, if those part black from colours too."""
    used = np.unique(indices)
    colours = palette[used]
    is_black = ~colours.any(axis=1)
    if _is_grey(colours):
        tells = palette.any() if len(used) == 1 else is_black.any() and not is_black.all()
        if tells or not used.any():
            return palette[indices][..., 0]
    elif (is_black == (used == 0)).all():
        return indices != 0
    raise ImageError(f"The palette of {name} does not tell what is object and what is not: black and one other colour "
                     f"were expected. {ADVICE}")  # fmt: skip


def _labelled(indices: np.ndarray, palette: np.ndarray, labels: Container[int] | None, name: str) -> np.ndarray:
    """Of a label map with a palette the indices, unless its greys alone can be the labels."""
    used = np.unique(indices)
    colours = palette[used]
    greys = colours[:, 0]
    if not _is_grey(colours) or len(np.unique(greys)) < len(used) or not palette.any():
        return indices
    is_inverted = used[0] == 0 and greys[0] > 0 and (greys == 0).any()  # the background is painted, another index black
    by_index, by_grey = (labels is None or all(int(value) in labels for value in meant) for meant in (used, greys))
    if is_inverted and by_grey:
        return palette[indices][..., 0]
    if is_inverted or (labels is not None and by_index and by_grey and (used != greys).any()):
        raise ImageError(f"The palette of {name} is grey, so that its labels may be its greys or its indices, "
                         f"which differ. {ADVICE}")  # fmt: skip
    return palette[indices][..., 0] if by_grey and not by_index else indices


def _is_grey(colours: np.ndarray) -> bool:
    return bool((colours == colours[..., :1]).all())


def _is_one_colour(colours: np.ndarray) -> bool:
    return bool((colours == colours[:1]).all())


def _whole(values: np.ndarray, name: str) -> np.ndarray:
    """Values of (H, W), or (H, W, 3) whose channels are equal, as (H, W) int32."""
    if values.ndim == 3:
        if not _is_grey(values):
            raise ImageError(f"{name} is a coloured picture; a mask holds one label value a pixel. {ADVICE}")
        values = values[..., 0]
    if values.dtype.kind == "f" and (values != np.rint(values)).any():
        raise ImageError(f"{name} holds fractions; a mask holds whole label values. Threshold it first.")
    limits = np.iinfo(np.int32)
    if values.max() > limits.max or values.min() < limits.min:
        raise ImageError(f"{name} holds values that are no labels. Check the export.")
    return values.astype(np.int32)
