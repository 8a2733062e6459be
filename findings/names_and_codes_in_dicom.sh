#!/usr/bin/env bash
# highdicom prints a patient's name, and DICOM's lists read two SNOMED CT codes otherwise than SNOMED CT does.
#
# Versions: highdicom 0.28.2, pydicom 3.0.2.
# Seen: a PatientName without a caret, as many scanners write it, goes into a UserWarning of every object that highdicom
# makes of that study, and so to standard error. And pydicom's dictionary of concepts has two meanings each for
# 287272002 (Cardiomegaly, of CID 12248 and 12249; enlarged septal foramen of heart, SNOMED CT's full name) and 261129000
# (Midline, of CID 5; mediolateral).
# So: unhear highdicom's warnings, not only its log; write 8186001 for cardiomegaly, and DCM 130290 for the midline.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet highdicom==0.28.2 pydicom==3.0.2 "numpy<3"
"$folder/venv/bin/python" - <<'PY'
import warnings

from highdicom.valuerep import check_person_name
from pydicom.sr._concepts_dict import concepts

with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    check_person_name("Doe")
print("highdicom:", str(heard[0].message)[:60], "...")
assert '"Doe"' in str(heard[0].message), "this has changed"
for code in ("287272002", "261129000"):
    meanings = sorted(codes[code] for codes in concepts["SCT"].values() if code in codes)
    print(code, *meanings, sep="\n  ")
    assert len(meanings) == 2, "this has changed"
PY
