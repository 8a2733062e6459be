"""Frozen language model -> vectors of a finding's own words (optional)."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from medsegr._torch_defaults import plain_defaults
from medsegr.cognition.priors import ASPECTS, Finding, Span
from medsegr.errors import ConfigError


class TextEncoder:
    """Any Hugging Face encoder by name or folder; mean-pooled, normalised, never trained, never saved.

    It is no ``nn.Module`` on purpose, so that it stays out of every state dict.
    """

    def __init__(self, tokenizer, model: nn.Module) -> None:
        self.tokenizer = tokenizer
        self.model: Any = model.eval().requires_grad_(False)
        self._known: dict[str, Tensor] = {"": torch.zeros(self.dim, dtype=torch.float32, device="cpu")}

    @classmethod
    def from_pretrained(cls, name: str) -> "TextEncoder":
        """Load by Hugging Face id or folder.

        Raises:
            ConfigError: It cannot be loaded.
        """
        from transformers import AutoModel, AutoTokenizer

        try:
            with plain_defaults():
                return cls(AutoTokenizer.from_pretrained(name), AutoModel.from_pretrained(name))
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"Text encoder '{name}' cannot be loaded; expected a Hugging Face id or a folder."
            ) from error

    @property
    def dim(self) -> int:
        """Width T of its vectors."""
        return int(self.model.config.hidden_size)

    def encode(self, texts: Sequence[str]) -> Float[Tensor, "n t"]:
        """Unit vectors of short texts; zero for an empty text.

        Each text is encoded once and by itself: padding beside a longer one would change its last digits, and what
        a training batch holds must not depend on the batches before it.
        """
        for text in texts:
            if text not in self._known:
                self._known[text] = self._vector(text)
        return torch.stack([self._known[text] for text in texts]) if texts else self._known[""].new_zeros(0, self.dim)

    @torch.no_grad()
    def _vector(self, text: str) -> Float[Tensor, " t"]:
        with plain_defaults():
            inputs = self.tokenizer(text, truncation=True, return_tensors="pt")
            hidden = self.model(**inputs).last_hidden_state[0]
        return nn.functional.normalize(hidden.float().mean(0), dim=0)

    def encode_findings(
        self, findings: Sequence[Sequence[Finding]], reports: Sequence[Sequence[str]]
    ) -> Float[Tensor, "b k 4 t"]:
        """Vectors of the words for each aspect of each finding (:func:`words_of`), padded with zeros.

        Args:
            findings: Per image, its findings.
            reports: Per image and finding, the report that its evidence offsets point into; may be empty.
        """
        most = max(1, max((len(listed) for listed in findings), default=1))
        words = self._known[""].new_zeros(len(findings), most, len(ASPECTS), self.dim)
        for b, (listed, texts) in enumerate(zip(findings, reports, strict=True)):
            for k, (finding, report) in enumerate(zip(listed, texts, strict=True)):
                words[b, k] = self.encode(words_of(finding, report))
        return words


def words_of(finding: Finding, report: str = "") -> tuple[str, ...]:
    """The words for each of :data:`ASPECTS`: the report's own, else the canonical names; "" where nothing is stated.

    Args:
        finding: With evidence offsets, or without.
        report: That the offsets point into; may be empty.
    """
    location, shape = finding.location, finding.shape
    names = (
        [finding.target],
        [*([location.laterality] if location.laterality else []), *location.zones],
        finding.texture.attributes,
        [
            *([] if shape.count is None else [str(shape.count)]),
            *shape.attributes,
            *(f"{x:g} mm" for x in shape.size_mm),
        ],
    )
    canonical = [" ".join(listed).replace("_", " ") for listed in names]
    cut = [_cut(report, getattr(finding.evidence, aspect)) for aspect in ASPECTS]
    return tuple((own or name) if name else "" for own, name in zip(cut, canonical, strict=True))


def _cut(report: str, spans: Sequence[Span]) -> str:
    return " ".join(report[start:end] for start, end in spans).strip()
