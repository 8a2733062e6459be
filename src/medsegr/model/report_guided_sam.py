"""Image and priors -> one mask per finding: a SAM host, and the adapter that guides it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from medsegr.backbones.backbone import Backbone, ImageEmbedding, Prompts
from medsegr.backbones.catalogue import build_host, wrap_host
from medsegr.backbones.preprocess import Letterbox
from medsegr.cognition.prior_embedding import PriorBatch, PriorVocabulary
from medsegr.cognition.priors import Finding
from medsegr.cognition.text_encoder import TextEncoder
from medsegr.model.adapter import Adapter, AdapterConfig
from medsegr.perception.modulator import Guidance


@dataclass
class GuidedOutput:
    """What one pass gives for B images with up to K findings each.

    Attributes:
        logits: (B, K, h, w) mask logits over the host's padded square, before the sigmoid; masks
            are independent and may overlap.
        support_logits: (B, K) before the sigmoid: does the image agree with the report?
        location_logits: One (B, K, h_i, w_i) per modulator: where each finding may lie.
        agreement: (B, K, 2, h, w) log-likelihood of the stated texture and shape at each place; 0 where
            none is stated.
    """

    logits: Tensor
    support_logits: Tensor
    location_logits: tuple[Tensor, ...] = field(default_factory=tuple)
    agreement: Tensor | None = None


class ReportGuidedSam(nn.Module):
    """A SAM host guided by the report, with one image encoding for all findings.

    Early guidance, between the encoder's blocks, is shared by all findings of an
    image; the modulator after the neck and the decoder's prompts are each
    finding's own. A fresh adapter leaves encoder output and masks bit-identical
    to the host's.

    Args:
        backbone: The host.
        vocabulary: Names that have a row in the embedding tables.
        config: Sizes of the adapter.
    """

    def __init__(self, backbone: Backbone, vocabulary: PriorVocabulary, config: AdapterConfig | None = None) -> None:
        super().__init__()
        self.backbone = backbone
        self.vocabulary = vocabulary
        self.adapter = Adapter(backbone, vocabulary, config or AdapterConfig())
        self.metadata: dict[str, Any] = {}
        self._text_encoder: list[TextEncoder] = []
        self._frozen_before = {name: p.requires_grad for name, p in backbone.model.named_parameters()}
        backbone.model.requires_grad_(backbone.whole)
        self.backbone.attach({int(index): modulator for index, modulator in self.adapter.modulators.items()})
        self.train(backbone.model.training)

    def forward(
        self,
        pixel_values: Float[Tensor, "b 3 s s"],
        priors: PriorBatch,
        prompts: Prompts | None = None,
    ) -> GuidedOutput:
        """Masks, support and location maps of all findings.

        Args:
            pixel_values: From :meth:`preprocess`.
            priors: From :meth:`encode_findings`.
            prompts: Clicks and boxes of a user, per finding.
        """
        tokens = self.adapter.tokens(priors, pixel_values)
        guidance = Guidance(tokens, priors.region, priors.valid)
        with self.backbone.guided(guidance) as context:
            shared = self.backbone.encode(pixel_values)
            maps = [context.location_logits[index] for index in self.adapter.block_indices]
        batch, findings = tokens.shape[:2]
        repeated = shared.features.repeat_interleave(findings, dim=0)
        features = repeated
        agreement = self.adapter.agree(shared.features, priors)
        gated = self.adapter.agreement.gated(agreement)
        if self.adapter.late is not None:
            late_guidance = replace(guidance, evidence=gated.sum(2)).per_finding()
            features, late_map = self.adapter.late(repeated, late_guidance)
            maps.append(late_map.view(batch, findings, *late_map.shape[-2:]))
        logits = self.backbone.decode(
            ImageEmbedding(features, shared.high_resolution), self.adapter.prompts(tokens), prompts, self.mask_decoder
        )
        agreed = torch.cat([_inside_region(priors.region, gated), gated], dim=2).flatten(0, 1)
        support = self.adapter.support(features, repeated, tokens.flatten(0, 1), logits, agreed)
        return GuidedOutput(
            logits.view(batch, findings, *logits.shape[-2:]), support.view(batch, findings), tuple(maps), agreement
        )

    @property
    def image_size(self) -> int:
        """Side of the host's square input, in pixels."""
        return self.backbone.image_size

    @property
    def mask_decoder(self) -> nn.Module:
        """The decoder in use: the adapter's tuned copy where there is one, else the host's."""
        return self.backbone.mask_decoder() if self.adapter.decoder is None else self.adapter.decoder

    def preprocess(self, images: Sequence[np.ndarray]) -> tuple[Float[Tensor, "b 3 s s"], list[Letterbox]]:
        """Pictures, floats in 0..1, (H, W) or (H, W, 3) -> host's squares and how the pictures lie in them."""
        return self.backbone.preprocess(images)

    def encode_findings(
        self,
        findings: Sequence[Sequence[Finding]],
        modalities: Sequence[str | None],
        content: Sequence[tuple[float, float]] | None = None,
        texts: Sequence[str] | None = None,
    ) -> PriorBatch:
        """Findings -> tensors; with the words' vectors where a text encoder is configured.

        Args:
            findings: Per image, its findings.
            modalities: Per image, its modality or None.
            content: Per image, its share of the square (``Letterbox.content``).
            texts: Per image, the report that evidence offsets point into.
        """
        priors = self.vocabulary.encode(findings, modalities, content)
        if self.adapter.config.text_encoder is not None and texts is not None:
            words = self.text_encoder().encode_findings(findings, texts)
            priors = replace(priors, words=words)
        return priors

    def text_encoder(self) -> TextEncoder:
        """The frozen text encoder, loaded at first use; it is never part of the delta."""
        if not self._text_encoder:
            self._text_encoder.append(TextEncoder.from_pretrained(str(self.adapter.config.text_encoder)))
        return self._text_encoder[0]

    def trainable_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Names and parameters that training changes: the adapter's, and a whole host's."""
        return ((name, p) for name, p in self.named_parameters() if p.requires_grad)

    def train(self, mode: bool = True) -> "ReportGuidedSam":
        """Training mode for what is trained; a frozen host stays in evaluation mode."""
        super().train(mode)
        if not self.backbone.whole:
            self.backbone.model.eval()
        return self

    def detach(self) -> nn.Module:
        """Take the adapter off; returns the host as it was before."""
        self.backbone.detach()
        for name, parameter in self.backbone.model.named_parameters():
            parameter.requires_grad_(self._frozen_before.get(name, parameter.requires_grad))
        return self.backbone.model

    def save_pretrained(self, folder: str | Path, metadata: dict[str, Any] | None = None) -> Path:
        """Write the adapter (and a whole host) as safetensors + JSON + model card; see ``checkpoint``."""
        from medsegr.model.checkpoint import save_checkpoint

        return save_checkpoint(self, Path(folder), metadata)

    @classmethod
    def from_pretrained(cls, name_or_folder: str | Path, host: nn.Module | None = None) -> "ReportGuidedSam":
        """Read what :meth:`save_pretrained` wrote, from a folder or the Hugging Face hub; see ``checkpoint``."""
        from medsegr.model.checkpoint import load_checkpoint

        return load_checkpoint(str(name_or_folder), host)

    def push_to_hub(self, repository: str, private: bool = False, token: str | None = None) -> str:
        """Upload the adapter to the Hugging Face hub; returns the address of the commit."""
        from medsegr.model.checkpoint import push_checkpoint

        return push_checkpoint(self, repository, private, token)


def _inside_region(region: Tensor, like: Tensor) -> Tensor:
    """The stated region (B, K, R, R) as agreement (B, K, 1, h, w): 0 inside or where none is stated, -1 outside."""
    maps = F.adaptive_avg_pool2d(region, (like.shape[-2], like.shape[-1]))
    return (maps - region.amax((-2, -1), keepdim=True)).to(like.dtype)[:, :, None]


def attach(
    host: nn.Module, config: AdapterConfig | None = None, vocabulary: PriorVocabulary | None = None
) -> ReportGuidedSam:
    """Put a fresh adapter on a SAM host; the host's outputs stay the same, bit for bit.

    Args:
        host: For example ``transformers.SamModel.from_pretrained("facebook/sam-vit-base")``.
        config: Sizes of the adapter.
        vocabulary: Names with a row in the tables; the built-in lexicon's by default.

    Raises:
        ConfigError: The host is not in the catalogue, or the config does not fit it.
    """
    return ReportGuidedSam(wrap_host(host), vocabulary or PriorVocabulary.default(), config)


def build_model(
    host: str = "tiny",
    config: AdapterConfig | None = None,
    image_size: int | None = None,
    host_config: dict[str, Any] | None = None,
) -> ReportGuidedSam:
    """A host by name with a fresh adapter.

    Args:
        host: ``tiny``, or a Hugging Face id or folder of a SAM model.
        config: Sizes of the adapter.
        image_size: Side of the square input; the host's own by default.
        host_config: For ``tiny``: fields of ``TinyConfig``.

    Raises:
        ConfigError: No such host, or the config does not fit it.
    """
    return ReportGuidedSam(build_host(host, image_size, host_config), PriorVocabulary.default(), config)
