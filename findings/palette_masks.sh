#!/usr/bin/env bash
# A mask saved as a palette PNG means one thing to Pillow and another to SimpleITK and scikit-image.
#
# Versions: pillow 13.0.0, SimpleITK 2.5.7, scikit-image 0.26.0, numpy 2.x.
# Seen: a mask of 0 and 255 that Pillow itself makes a palette picture (`quantize(2)`, or `convert("P",
# palette=ADAPTIVE)`) gets white as index 0, so that `np.array(Image.open(f)) != 0` is the mask inverted: 11,088 of
# 12,288 px where the object has 1,200. SimpleITK and scikit-image apply the palette (three channels) and find 1,200.
# The other way round with a label map whose palette is there to look at (labels 0, 1, 2 shown black, red, green):
# Pillow gives the labels; the other two give colours, where red and green are told apart by channel alone, and the
# first channel, which many loaders take, has lost label 2.
# So: neither reader is right for both; who reads masks has to know whether a palette's indices are labels.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow==13.0.0 SimpleITK==2.5.7 scikit-image==0.26.0
"$folder/venv/bin/python" - "$folder" <<'PY'
import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from PIL import Image
from skimage import io

path = str(Path(sys.argv[1]) / "mask.png")


def read_by_all() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.array(Image.open(path)), sitk.GetArrayFromImage(sitk.ReadImage(path)), io.imread(path)


mask = np.zeros((96, 128), np.uint8)
mask[20:50, 30:70] = 255
grey = Image.fromarray(mask)
for way, picture in {
    "quantize(2)": grey.quantize(2),
    'convert("P", ADAPTIVE)': grey.convert("P", palette=Image.Palette.ADAPTIVE),
}.items():
    picture.save(path)
    pillow, itk, skimage = read_by_all()
    found = [int((each.reshape(96, 128, -1)[..., 0] != 0).sum()) for each in (pillow, itk, skimage)]
    print(f"{way}: object of 1200 px; Pillow {found[0]}, SimpleITK {found[1]}, scikit-image {found[2]}")
    assert found == [11088, 1200, 1200], "the readers agree now, or differ otherwise"

labels = np.zeros((96, 128), np.uint8)
labels[10:30, 10:30], labels[40:60, 60:90] = 1, 2
shown = Image.fromarray(labels, "L").convert("P")
shown.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
shown.putdata(labels.ravel().tolist())
shown.save(path)
pillow, itk, skimage = read_by_all()
print(f"label map 0, 1, 2: Pillow {np.unique(pillow)}, SimpleITK {itk.shape}, scikit-image {skimage.shape}; "
      f"values of the first channel {np.unique(itk[..., 0])}")
assert np.array_equal(pillow, labels)
assert itk.shape == skimage.shape == (96, 128, 3) and np.array_equal(itk, skimage)
assert not itk[40:60, 60:90, 0].any() and itk[10:30, 10:30, 0].all(), "label 2 is in the first channel again"
PY
