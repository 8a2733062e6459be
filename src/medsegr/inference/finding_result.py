"""What the model says of a finding, as the result holds it: its mask, or why there is none."""

import numpy as np

from medsegr.cognition.priors import Finding
from medsegr.data.extents import extents_mm, volume_mm3
from medsegr.data.image import MedicalImage
from medsegr.inference.packed_mask import PackedMask
from medsegr.inference.result import FindingResult, Outcome
from medsegr.inference.volume import FindingVolume
from medsegr.model.thresholds import Thresholds
from medsegr.model.trained_targets import pictures_of


def finding_result(
    id: str,
    finding: Finding,
    volume: FindingVolume | None,
    image: MedicalImage,
    thresholds: Thresholds,
    *,
    trained: bool,
) -> FindingResult:
    """A finding's mask, size and support, or why it has no mask.

    Args:
        id: Its name in the result.
        finding: As the report has it.
        volume: What the model found; None where it was not asked.
        image: The picture.
        thresholds: Of mask and support.
        trained: Whether the model was trained to find such things in such pictures.
    """
    nothing, middle = _nothing(image), image.planes // 2
    if volume is None and finding.presence != "absent":
        why = f"the model was not trained to find '{finding.target}' in {pictures_of(image.modality)}"
        return FindingResult(id, finding, nothing, "untrained", reason=why, key_plane=middle)
    if volume is None:
        spans = ", ".join(f"{start}-{end}" for start, end in finding.evidence.presence)
        why = "absent by the report" + (f" (characters {spans})" if spans else "")
        return FindingResult(id, finding, nothing, "absent", reason=why, key_plane=middle)
    outcome: Outcome = "outlined"
    reason = None
    empty = not volume.mask.voxels
    if empty and volume.support < thresholds.support and not volume.marked:
        outcome = "unsupported" if trained else "untrained"
        said = "the image does not show it" if trained else "the model was not trained for it in such pictures"
        reason = f"{said} (support {volume.support:.2f}, needed {thresholds.support:.2f})"
    elif empty:
        outcome, reason = "empty", f"no pixel reaches the probability threshold of {thresholds.mask:.2f}"
    affine = image.geometry.displayed_affine() if image.geometry.spacing_known else None
    longest, in_space = extents_mm(volume.mask, affine)
    voxels = volume.mask.voxels
    return FindingResult(
        id=id,
        finding=finding,
        mask=volume.mask if image.is_volume else volume.mask.plane(0),
        outcome=outcome,
        support=volume.support,
        reason=reason,
        key_plane=volume.key_plane,
        location_map=volume.location_map,
        probability=volume.probability,
        size_mm=longest,
        length_mm=in_space if image.is_volume else None,
        volume_mm3=volume_mm3(voxels, affine) if affine is not None and image.is_volume and voxels else None,
        looked_twice=volume.looked_twice,
        box=None if volume.box is None else tuple(volume.box.tolist()),
    )


def _nothing(image: MedicalImage) -> np.ndarray | PackedMask:
    """The empty mask of an image."""
    return PackedMask.empty((image.planes, *image.size)) if image.is_volume else np.zeros(image.size, bool)
