"""Pictures that a worker has read and may be asked for again: by their content, the longest unused go first."""

import hashlib
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medsegr.data.image import MedicalImage

BLOCK = 1 << 20


class ReadPictures:
    """Files -> the images that they hold; of bounded size.

    Args:
        limit_bytes: Of all voxels together; a larger image is read each time.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._kept: OrderedDict[str, MedicalImage] = OrderedDict()

    def read(self, path: Path, modality: str | None) -> "MedicalImage":
        """The image of a file.

        Raises:
            ImageError: It is none.
        """
        from medsegr.data.image import load_image

        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
        key = f"{digest.hexdigest()} {path.name} {modality}"
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        image = load_image(path, modality)
        self._kept[key] = image
        sizes = [kept.voxels.nbytes for kept in self._kept.values()]
        while self._kept and sum(sizes) > self.limit_bytes:
            self._kept.popitem(last=False)
            sizes.pop(0)
        return image
