"""What comes back for one image: findings with masks, or the reason why there is none."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from medsegr.cognition.priors import Finding, Span
from medsegr.data.image import MedicalImage
from medsegr.inference.looks import Looks
from medsegr.inference.packed_mask import MaskField, PackedMask
from medsegr.inference.upscaled_masks import LaterField

Outcome = Literal["outlined", "absent", "unsupported", "untrained", "empty"]
"""``outlined``: there is a mask. ``absent``: by the report. ``unsupported``: the image does not
show it. ``untrained``: the model was never trained for this name in such pictures, and was not
asked for it, or gives it a low support, so nobody knows. ``empty``: no pixel passed the threshold."""


@dataclass(frozen=True, eq=False)
class FindingResult:
    """One finding and what the image says of it.

    Attributes:
        id: Unique in its result and fit for a file name, for example ``nodule-left-2``.
        finding: What the report says, or what was asked for by name.
        mask: Bool, (H, W) of a picture or (D, H, W) of a volume; all False unless ``outcome`` is ``outlined``. Of a
            volume it is made anew at each access and cannot be written to; :meth:`plane_mask` costs less.
        outcome: Whether there is a mask, or why not.
        support: 0..1, how much the image agrees with the report; of a volume, its best
            plane; None for absent and refused findings, which are not looked for, and of a host alone.
        reason: Why there is no mask, in words without report text; None when there is one.
        key_plane: Plane to show: where the mask is largest, else where support is highest; or the last plane that was
            clicked.
        location_map: (H, W) 0..1 of ``key_plane``: where the model looked; None for what was not looked for. It and
            the probability are made when they are first asked for.
        probability: (H, W) 0..1 of ``key_plane``, before threshold and support; None for what was not looked for.
        size_mm: Long axis in its plane, or None when the spacing is not known.
        length_mm: Longest extent in space; of volumes, or None.
        volume_mm3: Of volumes, or None.
        looked_twice: Whether a closer second look had a say in the mask; of a volume, in any plane.
        box: x1, y1, x2, y2 in pixels of ``key_plane``, as ``UserPrompt`` has them: the user's, else the one that the
            model predicted; also of a finding without a mask. None where the model predicts none, and none was given.
    """

    id: str
    finding: Finding
    mask: MaskField = MaskField()  # noqa: RUF009 - it holds nothing of its own
    outcome: Outcome = "outlined"
    support: float | None = None
    reason: str | None = None
    key_plane: int = 0
    location_map: LaterField = LaterField()  # noqa: RUF009 - it holds nothing of its own
    probability: LaterField = LaterField()  # noqa: RUF009
    size_mm: float | None = None
    length_mm: float | None = None
    volume_mm3: float | None = None
    looked_twice: bool = False
    box: tuple[float, float, float, float] | None = None

    @property
    def refused(self) -> bool:
        """Whether the model was not asked for it, because it was not trained for it."""
        return self.outcome == "untrained" and self.support is None

    @property
    def area_px(self) -> int:
        """Pixels (voxels of a volume) inside the mask."""
        kept = self._kept
        return kept.voxels if isinstance(kept, PackedMask) else int(kept.sum())

    def plane_mask(self, plane: int | None = None) -> np.ndarray:
        """(H, W) bool of one plane; of ``key_plane`` by default."""
        kept = self._kept
        return kept.plane(self.key_plane if plane is None else plane) if isinstance(kept, PackedMask) else kept

    @property
    def planes(self) -> Iterator[np.ndarray]:
        """(H, W) bool of each plane, one after another."""
        kept = self._kept
        return iter(kept if isinstance(kept, PackedMask) else (kept,))

    @property
    def _kept(self) -> np.ndarray | PackedMask:
        return self.__dict__["_mask"]


@dataclass(frozen=True, eq=False)
class Result:
    """All findings of one image, in the order of the report; targets asked for by name come last.

    Attributes:
        findings: One entry per finding, absent ones included.
        warnings: In plain words, without report text.
        image: The image as it was read.
        modality: As given, or as the image or the report says; None when unknown.
        text: The report, or empty.
        looks: Which options of looking were on.
        model: Name of the model.
        chosen: Why it was taken, where nobody named it (``auto``); else None.
        not_read: Stretches of the report that look like findings and were not understood.
        backend: What computed: its name, version and precision.
    """

    findings: tuple[FindingResult, ...]
    image: MedicalImage
    modality: str | None = None
    text: str = field(default="", repr=False)
    warnings: tuple[str, ...] = ()
    looks: Looks = field(default_factory=Looks)
    model: str = ""
    chosen: str | None = None
    not_read: tuple[Span, ...] = ()
    backend: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, id: str) -> FindingResult:
        """The finding with this id.

        Raises:
            KeyError: There is none; the message lists those that there are.
        """
        by_id = {found.id: found for found in self.findings}
        if id not in by_id:
            raise KeyError(f"No finding has the id {id!r}; there are: {', '.join(by_id) or 'none'}.")
        return by_id[id]


def unique_ids(findings: Sequence[Finding]) -> list[str]:
    """``nodule-left``, ``nodule-left-2``, ``left_lung``: target and side, numbered where they repeat."""
    seen: Counter[str] = Counter()
    ids = []
    for finding in findings:
        side = finding.location.laterality
        name = f"{finding.target}-{side}" if side and side not in finding.target.split("_") else finding.target
        seen[name] += 1
        ids.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return ids
