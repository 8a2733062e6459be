#!/usr/bin/env bash
# A boolean mask that tifffile writes is inverted for every reader that believes the file.
#
# Versions: tifffile 2026.3.3, imageio 2.37.4, scikit-image 0.26.0, pillow 13.0.0, SimpleITK 2.5.7.
# Seen: `tifffile.imwrite(f, mask)` of a boolean array writes one bit a pixel with PhotometricInterpretation 0
# (MinIsWhite), where uint8 arrays get 1 (MinIsBlack). tifffile and scikit-image ignore the tag and give the mask back,
# 1,200 px; Pillow and SimpleITK, as viewers do, show its negative: 11,088 of 12,288 px. imageio writes by tifffile.
# So: save masks as uint8; who reads masks of one bit has to choose between the tag and the writer's mind.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tifffile==2026.3.3 imageio==2.37.4 scikit-image==0.26.0 pillow==13.0.0 SimpleITK==2.5.7
"$folder/venv/bin/python" - "$folder/mask.tif" <<'PY'
import sys

import imageio.v3 as imageio
import numpy as np
import SimpleITK as sitk
import tifffile
from PIL import Image
from skimage import io

path = sys.argv[1]
mask = np.zeros((96, 128), bool)
mask[20:50, 30:70] = True
for writer, write in (("tifffile", tifffile.imwrite), ("imageio", imageio.imwrite)):
    write(path, mask)
    with tifffile.TiffFile(path) as file:
        tag = int(file.pages[0].photometric)
    read = {
        "tifffile": tifffile.imread(path),
        "scikit-image": io.imread(path),
        "Pillow": np.array(Image.open(path)),
        "SimpleITK": sitk.GetArrayFromImage(sitk.ReadImage(path)).reshape(96, 128, -1)[..., 0],
    }
    found = {name: int((array != 0).sum()) for name, array in read.items()}
    print(f"written by {writer}: photometric {tag}; object of 1200 px: {found}")
    assert tag == 0 and list(found.values()) == [1200, 1200, 11088, 11088], "this has changed"
PY
