"""Short hashes that tell whether two runs measured the same thing. Nothing can be read back from them."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from medsegr.data.case import Case
from medsegr.data.content_digest import digest

SHORT = 16


def mask_hash(mask: np.ndarray) -> str:
    """16 hex digits of a bool mask and its shape."""
    return digest(repr(mask.shape).encode(), np.packbits(mask).tobytes())[:SHORT]


def case_hash(case: Case) -> str:
    """16 hex digits of a case: its pixels, masks, records, and the words of its report."""
    voxels = case.image.voxels
    parts = [repr((case.name, voxels.shape, voxels.dtype.str)).encode(), np.ascontiguousarray(voxels).tobytes()]
    for kind in (case.structures, case.masks):
        parts += [f"{name}:{mask_hash(mask)}".encode() for name, mask in sorted(kind.items())]
    parts += [repr(replace(record, mask_path=None)).encode() for record in case.findings]
    parts.append((case.report or "").encode())
    return digest(*parts)[:SHORT]


def content_hash(cases: Mapping[str, str]) -> str:
    """64 hex digits of the cases that were measured, as name -> :func:`case_hash`; their order does not matter."""
    return digest(*(f"{name}:{found}".encode() for name, found in sorted(cases.items())))
