"""Where a probability becomes a pixel, and a support a finding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from medsegr.errors import CheckpointError

DEFAULT_SUPPORT_THRESHOLD = 0.5
"""Of a model that says nothing of its own; and the highest that is ever set: what is more likely there than not is
never left out, for the high supports of a few findings say nothing of others."""

KEPT = 0.95
"""Share of the findings of validation splits that a threshold keeps."""

ENOUGH = 10
"""Findings from which on a modality has a threshold of its own."""


@dataclass(frozen=True)
class Thresholds:
    """The two thresholds of an answer.

    Attributes:
        mask: 0..1; a pixel belongs to the finding from here on.
        support: 0..1; below it the image does not show the finding.
    """

    mask: float = 0.5
    support: float = 0.5


@dataclass(frozen=True)
class SupportThresholds:
    """Supports below which the image does not show a finding.

    By modality, for how sure a model can be differs: it is of skin lesions, and is not of flat polyps.

    Attributes:
        overall: 0..1; for modalities without one of their own, and where nobody knows the modality.
        of_modality: Modality -> 0..1.
    """

    overall: float = DEFAULT_SUPPORT_THRESHOLD
    of_modality: Mapping[str, float] = field(default_factory=dict)

    def of(self, modality: str | None) -> float:
        """The threshold for a picture of this modality."""
        return self.of_modality.get(modality or "", self.overall)

    def metadata(self) -> dict[str, Any]:
        """As a checkpoint's metadata have them: ``support_threshold`` and, with any, ``support_thresholds``."""
        own = {"support_thresholds": dict(sorted(self.of_modality.items()))} if self.of_modality else {}
        return {"support_threshold": self.overall, **own}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any]) -> "SupportThresholds":
        """Read what :meth:`metadata` wrote; the defaults where it says nothing.

        Raises:
            CheckpointError: A threshold is no number from 0 to 1.
        """
        overall = metadata.get("support_threshold", DEFAULT_SUPPORT_THRESHOLD)
        own = metadata.get("support_thresholds", {})
        values = [overall, *own.values()] if isinstance(own, Mapping) else [None]
        if not all(isinstance(value, int | float) and 0 <= value <= 1 for value in values):
            raise CheckpointError(
                "The model's metadata have a support threshold that is no number from 0 to 1. "
                "Mend 'support_threshold' and 'support_thresholds' in its adapter.json."
            )
        return cls(float(overall), {str(modality): float(value) for modality, value in own.items()})

    @classmethod
    def keeping(cls, supports: Mapping[str | None, Sequence[float]]) -> "SupportThresholds":
        """Thresholds that keep :data:`KEPT` of the findings of each modality, and of all; the default one at most.

        Args:
            supports: Modality -> supports, 0..1, of findings that its pictures do show. With fewer than
                :data:`ENOUGH` a modality has no threshold of its own.
        """
        own = {
            modality: _keeping(values)
            for modality, values in supports.items()
            if modality is not None and len(values) >= ENOUGH
        }
        return cls(_keeping([value for values in supports.values() for value in values]), own)


def _keeping(supports: Sequence[float]) -> float:
    kept = [round(float(np.quantile(supports, 1 - KEPT)), 4)] if len(supports) else []
    return min([DEFAULT_SUPPORT_THRESHOLD, *kept])
