"""The last volume that was asked, before any click: a click asks its own plane again, and no other.

What is kept goes with the volume: once nobody else holds its voxels, it is let go.
"""

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
    """One volume, known by its voxels in memory and what they hold, and what was gathered of it.

    Masks are kept as bits; floats only of the plane that each finding shows.

    It counts in no limit of a :class:`PictureMemory`, and holds nothing of a volume that is gone.
    """

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
            kept = self._kept = _Kept(weakref.ref(image.voxels, self._forgetting()), asked, make())
        return [volume.copy() for volume in kept.volumes]

    def _forgetting(self) -> "Callable[[weakref.ref[np.ndarray]], None]":
        """What lets go of a volume's answers when the volume is gone; it does not hold this memory."""
        own = weakref.ref(self)

        def forget(_: "weakref.ref[np.ndarray]") -> None:
            memory = own()
            if memory is not None:
                memory._kept = None

        return forget


def _digest(voxels: np.ndarray) -> bytes:
    """Of what an array holds now, for it may be written to."""
    digest = hashlib.sha256(f"{voxels.dtype.str} {voxels.shape}".encode())
    for plane in voxels:
        digest.update(np.ascontiguousarray(plane).data)
    return digest.digest()
