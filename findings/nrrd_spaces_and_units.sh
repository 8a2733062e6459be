#!/usr/bin/env bash
# A volume in NRRD opens ten times too small, or on the wrong side, because SimpleITK skips two fields of its header.
#
# Versions: SimpleITK 2.5.7, pynrrd 1.1.3, numpy 2.3.5.
# Seen: `space units: "cm" "cm" "cm"` states that directions and origin are in centimetres. SimpleITK, whose lengths are
# millimetres, takes the numbers as they are and keeps nothing of the field among its metadata, so nobody behind it can
# know: a lesion of 1 ml is 0.001 ml. `units` of the axes are passed over in the same way. `space: 3D-left-handed` and
# `scanner-xyz` name no side of the patient; SimpleITK takes both for left-posterior-superior, gives a direction and an
# origin like that of any other file, and says nothing. RAS and LAS it converts. pynrrd gives both fields as they stand.
# So: read the unit from the header's text, and take sides only where NRRD_space says left-posterior-superior.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet SimpleITK==2.5.7 pynrrd==1.1.3 numpy==2.3.5
"$folder/venv/bin/python" - "$folder/scan.nrrd" <<'PY'
import sys

import nrrd
import numpy as np
import SimpleITK as sitk

path = sys.argv[1]
voxels = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)


def opened(space: str, unit: str = "mm") -> tuple[sitk.Image, dict]:
    header = {"space": space, "space directions": np.diag([0.1, 0.1, 0.25]), "space origin": [1.0, 2.0, 3.0],
              "space units": [unit] * 3, "encoding": "raw"}
    nrrd.write(path, voxels, header)
    return sitk.ReadImage(path), nrrd.read_header(path)


for unit in ("mm", "cm"):
    image, header = opened("left-posterior-superior", unit)
    kept = [key for key in image.GetMetaDataKeys() if "unit" in key.lower()]
    print(f"{unit}: spacing {image.GetSpacing()}, metadata of it {kept}; pynrrd {header['space units']}")
    assert np.allclose(image.GetSpacing(), (0.1, 0.1, 0.25)) and not kept, "this has changed"
    assert header["space units"] == [unit] * 3
for space, x, y in (("left-posterior-superior", 1, 2), ("right-anterior-superior", -1, -2),
                    ("left-anterior-superior", 1, -2), ("scanner-xyz", 1, 2), ("3D-left-handed", 1, 2)):
    image, header = opened(space)
    print(f"{space}: origin {image.GetOrigin()} in LPS; pynrrd {header['space']}")
    assert np.allclose(image.GetOrigin(), (x, y, 3)), "this has changed"
PY
