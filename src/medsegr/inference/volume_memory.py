"""The last volume that was asked, before any click: a click asks its own plane again, and no other."""

import hashlib
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from medsegr.data.image import MedicalImage

if TYPE_CHECKING:
    from medsegr.inference.volume import FindingVolume


@dataclass(frozen=True, eq=False)
class _Kept:
    voxels: "weakref.ref[np.ndarray]"
    asked: tuple[object, ...]
    volumes: "list[FindingVolume]"


class VolumeMemory:
    """One volume, known by its voxels in memory and what they hold, and what was gathered of it: bits, not floats."""

    def __init__(self) -> None:
        self._kept: _Kept | None = None

    def gathered(
        self, image: MedicalImage, asked: tuple[object, ...], make: "Callable[[], list[FindingVolume]]"
    ) -> "list[FindingVolume]":
        """What was gathered of the same voxels for the same question, or what is gathered now; the caller's own.

        Args:
            image: The volume.
            asked: All that the answer hangs on besides the voxels.
            make: Asks every plane.
        """
        kept, asked = self._kept, (image.geometry, _digest(image.voxels), *asked)
        if kept is None or kept.voxels() is not image.voxels or kept.asked != asked:
            self._kept = None
            kept = self._kept = _Kept(weakref.ref(image.voxels), asked, make())
        return [volume.copy() for volume in kept.volumes]


def _digest(voxels: np.ndarray) -> bytes:
    """Of what an array holds now, for it may be written to."""
    digest = hashlib.sha256(f"{voxels.dtype.str} {voxels.shape}".encode())
    for plane in voxels:
        digest.update(np.ascontiguousarray(plane))
    return digest.digest()
