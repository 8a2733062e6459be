#!/usr/bin/env bash
# One NIfTI file lies in two places: nibabel and SimpleITK choose its sform and qform by different rules.
#
# Versions: nibabel 5.4.2, SimpleITK 2.5.7.
# Seen: where both forms are there and disagree, nibabel goes by the sform whatever its code; SimpleITK by the sform
# only if its code is 1, else by the qform. A tilted stack (sheared sform, which no qform can hold) with nibabel's usual
# codes (2 and 0) is refused; as soon as it has a qform it opens on that without a word, 8.2 mm off at the tenth slice
# of this one, though its sform has code 1.
# So: write sform = qform, both code 1; give a sheared file no qform, so that it is refused and not misplaced.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet nibabel==5.4.2 SimpleITK==2.5.7 "numpy<3"
"$folder/venv/bin/python" - "$folder/scan.nii" <<'PY'
import sys

import nibabel as nib
import numpy as np
import SimpleITK as sitk

path = sys.argv[1]


def places(sform, qform, codes, voxel):
    """LPS of a voxel as both readers place it."""
    image = nib.Nifti1Image(np.zeros((8, 9, 10), np.int16), sform)
    image.set_sform(sform, codes[0])
    image.set_qform(qform, codes[1])
    nib.save(image, path)
    ours = (nib.load(path).affine @ [*voxel, 1])[:3] * [-1, -1, 1]
    try:
        theirs = np.array(sitk.ReadImage(path).TransformIndexToPhysicalPoint(voxel))
    except RuntimeError as error:
        return ours, "orthonormal" if "orthonormal" in str(error) else str(error)
    return ours, theirs


far = (7, 8, 9)
sform = np.diag([1.0, 1.0, 5.0, 1.0])
qform = sform.copy()
qform[:3, 3] = (0, 40, 0)  # 40 mm further forward
seen = {}
for codes in ((1, 1), (2, 1), (4, 1), (2, 0)):
    ours, theirs = places(sform, qform, codes, far)
    seen[codes] = round(float(np.linalg.norm(ours - theirs)), 2)
    print(f"sform code {codes[0]}, qform code {codes[1]}: {seen[codes]} mm apart")
tilted = sform.copy()
tilted[1, 2] = 5 * np.tan(np.radians(20))
for codes in ((2, 0), (2, 1), (1, 1)):
    ours, theirs = places(tilted, tilted, codes, far)
    seen["tilted", codes] = theirs if isinstance(theirs, str) else round(float(np.linalg.norm(ours - theirs)), 2)
    print(f"tilted, codes {codes}: {seen['tilted', codes]}")
assert [seen[codes] for codes in ((1, 1), (2, 1), (4, 1), (2, 0))] == [0.0, 40.0, 40.0, 0.0], "this has changed"
assert seen["tilted", (2, 0)] == "orthonormal", "this has changed"
assert seen["tilted", (2, 1)] > 8 and seen["tilted", (1, 1)] > 8, "this has changed"
PY
