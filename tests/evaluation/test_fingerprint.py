"""Hashes change with what they stand for, and with nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from medsegr.data.case import FindingRecord
from medsegr.evaluation.fingerprint import case_hash, content_hash, mask_hash
from tests.evaluation.made import case_of, disc


def test_masks() -> None:
    mask = disc(0.5, 0.2)
    assert mask_hash(mask) == mask_hash(mask.copy()) and len(mask_hash(mask)) == 16
    other = mask.copy()
    other[0, 0] = True
    assert mask_hash(other) != mask_hash(mask)
    assert mask_hash(np.zeros((2, 8), bool)) != mask_hash(np.zeros((4, 4), bool))


def test_cases() -> None:
    case = case_of({"nodule": disc(0.5, 0.2)})
    own = case_hash(case)
    assert own == case_hash(case_of({"nodule": disc(0.5, 0.2)}))
    changed = (
        replace(case, report="Nodule."),
        replace(case, name="other.png"),
        replace(case, structures={"mass": disc(0.5, 0.2)}),
        replace(case, image=replace(case.image, voxels=case.image.voxels + 1)),
        replace(case, findings=(FindingRecord("f", "described", "nodule"),)),
    )
    assert len({own, *(case_hash(each) for each in changed)}) == len(changed) + 1


def test_where_the_files_lie_does_not_matter() -> None:
    case = case_of({"nodule": disc(0.5, 0.2)})
    here, there = (
        replace(case, findings=(FindingRecord("f", "described", "nodule", mask_path=Path(p)),)) for p in ("a", "b")
    )
    assert case_hash(here) == case_hash(there)


def test_order_does_not_matter() -> None:
    assert content_hash({"a": "1", "b": "2"}) == content_hash({"b": "2", "a": "1"}) != content_hash({"a": "2"})
