"""What else the truth of a case holds, beside one finding: for overlap, and for mix-ups with it."""

from collections.abc import Mapping

import numpy as np

from medsegr.data.case import Case
from medsegr.model.truth import BROADER

SIDES = ("left", "right")


def other_labels(target: str, truth: np.ndarray, case: Case) -> dict[str, np.ndarray]:
    """Masks of everything in a case that is not the finding itself.

    Args:
        target: Of the finding. The sides of its organ (``left_lung`` of ``lung``) and what a broader word
            means (``consolidation`` of ``airspace_opacity``) are the finding itself.
        truth: Its mask, bool.
        case: With structures, and records where the data set has them.

    Returns:
        Target -> bool mask. The finding's own target stands for further objects of the same kind:
        the other lung opacity, the second nodule.
    """
    itself = {target, *(f"{side}_{target}" for side in SIDES)}
    itself |= set() if target in case.structures else set(BROADER.get(target, ()))
    found = {name: mask for name, mask in case.structures.items() if name not in itself and mask.any()}
    alike = np.zeros_like(truth)
    for record in case.findings:
        mask = case.masks.get(record.id)
        if record.target == target and mask is not None and not np.array_equal(mask, truth):
            alike |= mask
    if target in case.structures:
        alike |= case.structures[target] & ~truth
    if alike.any():
        found[target] = alike
    return found


def overlap_share(truth: np.ndarray, others: Mapping[str, np.ndarray]) -> float | None:
    """Share of a finding's pixels that have another label as well, 0..1; None where there are no pixels."""
    if not truth.any():
        return None
    also = np.logical_or.reduce([np.zeros_like(truth), *others.values()])
    return float(np.count_nonzero(also & truth) / np.count_nonzero(truth))


def confused_pixels(
    mask: np.ndarray, truth: np.ndarray, others: Mapping[str, np.ndarray], target: str
) -> tuple[dict[str, int], int, int]:
    """Outlined pixels that belong to something else, see :func:`other_labels`, and not to the finding.

    Returns:
        Target -> pixels, zeros left out; how many pixels that are in all, each counted once; and how many of these
        lie in another object of the finding's own kind and in no other class.
    """
    wrong = mask & ~truth
    inside = {name: wrong & other for name, other in others.items()}
    counts = {name: int(np.count_nonzero(pixels)) for name, pixels in inside.items() if pixels.any()}
    nothing = np.zeros_like(truth)
    anywhere = np.count_nonzero(np.logical_or.reduce([nothing, *inside.values()]))
    inside.pop(target, None)
    return counts, int(anywhere), int(anywhere - np.count_nonzero(np.logical_or.reduce([nothing, *inside.values()])))
