"""Masks of volumes in memory: a bit a voxel, so that many findings of a large volume fit."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Bool


class PackedMask:
    """A mask that grows plane by plane; planes without a voxel take no room.

    Args:
        size: (H, W) of a plane.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self.voxels = 0
        self._planes: list[np.ndarray | None] = []

    @classmethod
    def of(cls, mask: Bool[np.ndarray, "d h w"]) -> "PackedMask":
        """The same mask, packed."""
        packed = cls((mask.shape[1], mask.shape[2]))
        for plane in mask:
            packed.append(plane)
        return packed

    @classmethod
    def empty(cls, shape: tuple[int, int, int]) -> "PackedMask":
        """A mask (D, H, W) without a voxel."""
        packed = cls(shape[1:])
        packed._planes = [None] * shape[0]
        return packed

    def append(self, plane: Bool[np.ndarray, "h w"]) -> None:
        """Add the next plane."""
        self.voxels += int(np.count_nonzero(plane))
        self._planes.append(np.packbits(plane) if plane.any() else None)

    def with_plane(self, index: int, plane: Bool[np.ndarray, "h w"]) -> "PackedMask":
        """The same mask with another plane in one place."""
        made = PackedMask(self.size)
        made.voxels = self.voxels + int(np.count_nonzero(plane)) - int(np.count_nonzero(self.plane(index)))
        made._planes = [*self._planes[:index], np.packbits(plane) if plane.any() else None, *self._planes[index + 1 :]]
        return made

    def __len__(self) -> int:
        return len(self._planes)

    def plane(self, index: int) -> Bool[np.ndarray, "h w"]:
        """One plane, as a copy."""
        bits = self._planes[index]
        if bits is None:
            return np.zeros(self.size, bool)
        return np.unpackbits(bits, count=self.size[0] * self.size[1]).view(bool).reshape(self.size)

    def __iter__(self) -> Iterator[Bool[np.ndarray, "h w"]]:
        return map(self.plane, range(len(self)))

    def unpacked(self) -> Bool[np.ndarray, "d h w"]:
        """The whole mask, as a copy that cannot be written to, for a change of it would be lost."""
        whole = np.zeros((len(self), *self.size), bool)
        for plane, bits in zip(whole, self._planes, strict=True):
            if bits is not None:
                plane[...] = np.unpackbits(bits, count=plane.size).view(bool).reshape(self.size)
        whole.flags.writeable = False
        return whole


class MaskField:
    """A field of a dataclass that takes a mask and gives an array; of a volume it keeps the bits alone."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_{name}"

    def __get__(self, holder: Any, owner: type) -> np.ndarray:
        if holder is None:
            raise AttributeError("a mask has no default")
        kept = holder.__dict__[self._name]
        return kept.unpacked() if isinstance(kept, PackedMask) else kept

    def __set__(self, holder: Any, mask: np.ndarray | PackedMask) -> None:
        if isinstance(mask, np.ndarray) and mask.ndim == 3:
            mask = PackedMask.of(mask.astype(bool, copy=False))
        holder.__dict__[self._name] = mask
