"""Frozen language model -> vectors of a finding's own words (optional)."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from medsegr.cognition.priors import ASPECTS, Finding, Span
from medsegr.errors import ConfigError


class TextEncoder:
    """Any Hugging Face encoder by name or folder; mean-pooled, normalised, never trained, never saved.

    It is no ``nn.Module`` on purpose, so that it stays out of every state dict.

    Args:
        tokenizer: The encoder's tokenizer.
        model: The encoder.
    """

    def __init__(self, tokenizer, model: nn.Module) -> None:
        self.tokenizer = tokenizer
        self.model: Any = model.eval().requires_grad_(False)
        self._known: dict[str, Tensor] = {}

    @classmethod
    def from_pretrained(cls, name: str) -> "TextEncoder":
        """Load by Hugging Face id or folder.

        Raises:
            ConfigError: It cannot be loaded.
        """
        from transformers import AutoModel, AutoTokenizer

        try:
            return cls(AutoTokenizer.from_pretrained(name), AutoModel.from_pretrained(name))
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"Text encoder '{name}' cannot be loaded; expected a Hugging Face id or a folder."
            ) from error

    @property
    def dim(self) -> int:
        """Width T of its vectors."""
        return int(self.model.config.hidden_size)

    @torch.no_grad()
    def encode(self, texts: Sequence[str]) -> Float[Tensor, "n t"]:
        """Unit vectors of short texts; zero for an empty text. Each text is encoded once."""
        new = sorted({text for text in texts if text and text not in self._known})
        if new:
            inputs = self.tokenizer(new, padding=True, truncation=True, return_tensors="pt")
            hidden = self.model(**inputs).last_hidden_state
            mask = inputs["attention_mask"][..., None].to(hidden.dtype)
            pooled = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)
            self._known.update(zip(new, pooled.float(), strict=True))
        empty = torch.zeros(self.dim)
        return torch.stack([self._known[text] if text else empty for text in texts]) if texts else empty[:0, None]

    def encode_findings(
        self, findings: Sequence[Sequence[Finding]], reports: Sequence[str]
    ) -> Float[Tensor, "b k 4 t"]:
        """Vectors of the words behind each aspect of each finding, padded with zeros.

        Args:
            findings: Per image, its findings, with evidence offsets.
            reports: Per image, the report that the offsets point into.
        """
        most = max(1, max((len(listed) for listed in findings), default=1))
        words = torch.zeros(len(findings), most, len(ASPECTS), self.dim)
        for b, (listed, report) in enumerate(zip(findings, reports, strict=True)):
            for k, finding in enumerate(listed):
                spans = [getattr(finding.evidence, aspect) for aspect in ASPECTS]
                words[b, k] = self.encode([_cut(report, part) for part in spans])
        return words


def _cut(report: str, spans: Sequence[Span]) -> str:
    return " ".join(report[start:end] for start, end in spans)
