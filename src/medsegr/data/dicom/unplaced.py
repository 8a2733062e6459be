"""Geometry of pictures whose place in the patient is not stated: radiographs, loops, photographs."""

from dataclasses import replace

import numpy as np

from medsegr.data.dicom.header import words
from medsegr.data.dicom.planes import StoredPlane
from medsegr.data.dicom.slice_order import LPS_TO_RAS
from medsegr.data.geometry import Geometry, displayed_geometry

AS_STORED = (2, 1, 0)
"""Stored (i, j, k) -> displayed planes, rows, columns, where nothing is known of directions."""

LETTERS = {"L": (1, 0, 0), "R": (-1, 0, 0), "P": (0, 1, 0), "A": (0, -1, 0), "H": (0, 0, 1), "F": (0, 0, -1)}
"""Letters of PatientOrientation -> LPS. Those of animals and of eyes (LE, RT, D) are none of them."""


def unplaced_geometry(
    plane: StoredPlane, shape: tuple[int, int, int], directed: bool = True
) -> tuple[Geometry, list[str]]:
    """Geometry of planes whose place is not known, and notes for the user.

    A single picture whose directions are known keeps them: then it is known which side of it is the patient's left.
    A frontal one is shown with the patient's left on the right and the head up, however it was stored; all others as
    stored.
    """
    spacing = plane.spacing
    down, along = spacing or (1.0, 1.0)
    geometry = Geometry(None, (1.0, down, along), shape, AS_STORED, measured=spacing is not None)
    notes = [] if spacing else ["the file states no size of its pixels, so sizes are not in mm"]
    if shape[2] > 1:
        return geometry, [*notes, f"{shape[2]} frames whose place in the patient is not stated: each is a picture"]
    directions = stated_directions(plane) if directed else None
    if directions is None:
        return geometry, notes
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = directions[0] * along, directions[1] * down
    affine[:3, 2] = np.cross(*directions)
    affine = LPS_TO_RAS @ affine
    shown = displayed_geometry(affine, shape, plane.file.name)
    if plane.shared.is_projection and int(np.abs(affine[:3, 2]).argmax()) != 1:
        return replace(geometry, directions=affine), notes
    if shown.axes != AS_STORED or any(shown.flips[1:]):
        notes.append("it was stored turned or mirrored and is shown as a reader sees it; masks go back as stored")
    return replace(shown, affine=None, directions=affine, measured=spacing is not None), notes


def stated_directions(plane: StoredPlane) -> np.ndarray | None:
    """(2, 3) float64, LPS: where rows and columns run to, by direction cosines, else by PatientOrientation."""
    if plane.directions is not None and not plane.shared.is_projection:
        return plane.directions
    letters = words(plane.header, "PatientOrientation")
    if len(letters) != 2 or any(letter not in LETTERS for word in letters for letter in word):
        return None
    pair = np.array([np.sum([LETTERS[letter] for letter in word], axis=0) for word in letters], np.float64)
    lengths = np.linalg.norm(pair, axis=1, keepdims=True)
    if (lengths == 0).any() or abs(float(pair[0] @ pair[1])) > 0:
        return None
    return pair / lengths
