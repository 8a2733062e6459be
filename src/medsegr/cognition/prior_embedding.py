"""Each prior -> its token: canonical attributes, looked up in small learned tables."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.priors import ASPECTS, Finding
from medsegr.cognition.region_map import region_map
from medsegr.cognition.taught_words import TaughtWords
from medsegr.view import View

REGION_SIZE = 64
"""Side of the soft maps that stated zones imply, over the host's padded square."""

SIZE_BINS_MM = (5.0, 10.0, 20.0, 30.0, 50.0)
"""Upper bounds of the size classes that measurements fall into."""

_cached_region = lru_cache(maxsize=4096)(region_map)


@dataclass
class PriorBatch:
    """The priors of B images with up to K findings each, as tensors.

    Attributes:
        target, location, texture, shape: Weights over the attributes of each aspect; they sum to 1 per finding
            (target: 1 plus 1 for the modality), or to 0 where nothing is stated.
        region: Soft maps 0..1 over the host's padded square.
        valid: 1 for findings, 0 for padding.
        words: Vectors of a frozen text encoder, or None.
    """

    target: Float[Tensor, "b k v_target"]
    location: Float[Tensor, "b k v_location"]
    texture: Float[Tensor, "b k v_texture"]
    shape: Float[Tensor, "b k v_shape"]
    region: Float[Tensor, "b k r r"]
    valid: Float[Tensor, "b k"]
    words: Float[Tensor, "b k 4 t"] | None = None

    def to(self, device: torch.device | str) -> "PriorBatch":
        """The same on another device."""
        return replace(self, **{name: t.to(device) for name, t in vars(self).items() if t is not None})

    def without(self, aspect: str) -> "PriorBatch":
        """The same with one aspect not stated (for ablations)."""
        changed: dict[str, Any] = {aspect: torch.zeros_like(getattr(self, aspect))}
        if aspect == "location":
            changed["region"] = torch.zeros_like(self.region)
        return replace(self, **changed)


@dataclass(frozen=True)
class PriorVocabulary:
    """The names that have a row in the tables of :class:`PriorEmbedding`, in order.

    It travels with the weights (``adapter.json``), so a lexicon that grows later
    leaves old weights readable: names without a row fall back to "unknown" for
    targets, and to "not stated" for attributes. So do attributes whose row was
    never trained in pictures of this modality; a place still has its region.

    Attributes:
        target, location, texture, shape: The names.
        taught: Attributes that training showed; None where nobody knows, and every row counts.
    """

    target: tuple[str, ...]
    location: tuple[str, ...]
    texture: tuple[str, ...]
    shape: tuple[str, ...]
    taught: TaughtWords | None = None

    @classmethod
    def of_lexicon(cls, lexicon: Lexicon) -> "PriorVocabulary":
        """A row for every name of a lexicon."""
        modalities = tuple(f"modality:{name}" for name in sorted(lexicon.modalities))
        sizes = tuple(f"size_mm:{bin}" for bin in range(len(SIZE_BINS_MM) + 1))
        counts = tuple(f"count:{count}" for count in ("1", "2", "3", "multiple"))
        sides = tuple(f"laterality:{side}" for side in ("left", "right", "bilateral", "midline"))
        return cls(
            target=("unknown", *sorted(lexicon.targets), *modalities),
            location=(*sides, *sorted(lexicon.zones)),
            texture=tuple(sorted(lexicon.textures)),
            shape=(*sorted(lexicon.shapes), *sizes, *counts),
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        names: dict[str, Any] = {aspect: list(getattr(self, aspect)) for aspect in ASPECTS}
        return names if self.taught is None else {**names, "taught": self.taught.to_dict()}

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "PriorVocabulary":
        """Read what :meth:`to_dict` wrote."""
        taught = TaughtWords.from_dict(record["taught"]) if "taught" in record else None
        return cls(**{aspect: tuple(record[aspect]) for aspect in ASPECTS}, taught=taught)

    def encode(self, findings: Sequence[Sequence[Finding]], views: Sequence[View]) -> PriorBatch:
        """Findings of B images -> tensors, padded to the largest number of findings (at least 1).

        Args:
            findings: Per image, its findings.
            views: Per image, what it shows and how it lies in the host's square; one that lies in none fills it.
        """
        batch, most = len(findings), max(1, max((len(f) for f in findings), default=1))
        weights = {a: np.zeros((batch, most, len(getattr(self, a))), np.float32) for a in ASPECTS}
        region = np.zeros((batch, most, REGION_SIZE, REGION_SIZE), np.float32)
        valid = np.zeros((batch, most), np.float32)
        for b, (listed, view) in enumerate(zip(findings, views, strict=True)):
            for k, finding in enumerate(listed):
                valid[b, k] = 1.0
                for aspect, names in stated_names(finding, view.modality).items():
                    known = names if self.taught is None else self.taught.of(aspect, names, view.modality)
                    self._fill(weights[aspect][b, k], aspect, known)
                region[b, k] = _region_in_square(finding, view)
        tensors = {aspect: torch.from_numpy(array) for aspect, array in weights.items()}
        return PriorBatch(**tensors, region=torch.from_numpy(region), valid=torch.from_numpy(valid))

    def _fill(self, row: np.ndarray, aspect: str, names: Sequence[str]) -> None:
        index = _index(getattr(self, aspect))
        if aspect == "target":
            row[index.get(names[0], index["unknown"])] = 1.0
            row[[index[name] for name in names[1:] if name in index]] = 1.0
            return
        known = [index[name] for name in names if name in index]
        for place in known:
            row[place] += 1.0 / len(known)


@lru_cache(maxsize=64)
def _index(names: tuple[str, ...]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}


def stated_names(finding: Finding, modality: str | None) -> dict[str, list[str]]:
    """Names per aspect, as the vocabulary spells them; the target's first, then its picture's modality."""
    side = finding.location.laterality
    shape = list(finding.shape.attributes)
    if finding.shape.size_mm:
        shape.append(f"size_mm:{int(np.searchsorted(SIZE_BINS_MM, max(finding.shape.size_mm)))}")
    count = finding.shape.count
    if count is not None:
        shape.append(f"count:{count if count == 'multiple' else min(max(count, 1), 3)}")
    return {
        "target": [finding.target, *([f"modality:{modality}"] if modality else [])],
        "location": [*([f"laterality:{side}"] if side else []), *finding.location.zones],
        "texture": list(finding.texture.attributes),
        "shape": shape,
    }


def _region_in_square(finding: Finding, view: View) -> np.ndarray:
    """The soft map of the picture, (R, R) over the host's square; nowhere where it says nothing."""
    location, count = finding.location, finding.shape.count
    drawn = _cached_region(location, view, REGION_SIZE, count) if location.stated else None
    if drawn is None:
        return np.zeros((REGION_SIZE, REGION_SIZE), np.float32)
    return drawn if view.square is None else view.square.map_in(drawn)


class PriorEmbedding(nn.Module):
    """Looks each aspect's attributes up in a learned table.

    Mean over the attributes, a learned "not stated" vector where there are
    none, an aspect embedding added; words of a frozen text encoder, if given,
    are projected and added. The projection starts at zero, without effect.

    Args:
        vocabulary: The names with a row.
        dim: Width D of a token.
        words_dim: Width T of the text encoder's vectors; 0 for none.
    """

    def __init__(self, vocabulary: PriorVocabulary, dim: int, words_dim: int = 0) -> None:
        super().__init__()
        self.tables = nn.ParameterDict(
            {a: nn.Parameter(torch.randn(len(getattr(vocabulary, a)), dim) * 0.5) for a in ASPECTS}
        )
        self.not_stated = nn.Parameter(torch.randn(len(ASPECTS), dim) * 0.5)
        self.aspect = nn.Parameter(torch.randn(len(ASPECTS), dim) * 0.5)
        self.words = nn.Linear(words_dim, dim) if words_dim else None
        if self.words is not None:
            nn.init.zeros_(self.words.weight)
            nn.init.zeros_(self.words.bias)

    def forward(self, priors: PriorBatch) -> Float[Tensor, "b k 4 d"]:
        """One token per aspect and finding."""
        tokens = []
        for place, name in enumerate(ASPECTS):
            weights = getattr(priors, name)
            stated = (weights.sum(-1, keepdim=True) > 0).to(weights.dtype)
            tokens.append(weights @ self.tables[name] + (1 - stated) * self.not_stated[place])
        stacked = torch.stack(tokens, dim=2) + self.aspect
        if self.words is not None and priors.words is not None:
            stacked = stacked + self.words(priors.words)
        return stacked
