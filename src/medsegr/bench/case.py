"""The case that is measured: a picture of any size, or a stack of slices, and a number of findings."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from medsegr.inference.prepared import Request

MODALITY = "breast_ultrasound"

TARGETS = ("breast_lesion", "calcification", "lymphadenopathy", "skin_lesion", "polyp", "liver",
           "kidney", "spleen", "aorta", "bladder", "prostate", "pancreas", "gallbladder", "pneumonia",
           "pneumothorax", "cardiomegaly")  # fmt: skip
"""Names to look for, as many as are asked for, none of which means the same as another in such pictures."""


@dataclass(frozen=True)
class BenchCase:
    """What is measured.

    Attributes:
        size: Side of the picture, in pixels.
        findings: How many are looked for, from 1 to 16.
        slices: Planes; 1 for a picture in a PNG file, more for an array in memory.
    """

    size: int = 512
    findings: int = 1
    slices: int = 1

    def pixels(self) -> np.ndarray:
        """(H, W) or (D, H, W) uint8: grain with a dark ellipse, which no model was shown."""
        grain = np.random.default_rng(0).integers(70, 180, (self.slices, self.size, self.size))
        y, x = np.mgrid[: self.size, : self.size] / self.size
        grain[:, ((y - 0.4) / 0.2) ** 2 + ((x - 0.6) / 0.13) ** 2 < 1] //= 3
        return grain.astype(np.uint8)[0 if self.slices == 1 else slice(None)]

    def written(self, folder: Path) -> Path | np.ndarray:
        """The picture as a file in a folder; a stack as it is."""
        if self.slices > 1:
            return self.pixels()
        path = folder / "picture.png"
        Image.fromarray(self.pixels()).save(path)
        return path

    def asked(self, image: Path | np.ndarray) -> Request:
        """What the model is asked: every finding is outlined, whatever its support."""
        return Request(image, None, TARGETS[: self.findings], MODALITY, 0.5, 0.0, None, None, "draw")
