"""Image and priors -> one mask per finding: a SAM host, and the adapter that guides it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from medsegr.backbones.catalogue import refuse_other_types
from medsegr.backbones.decoder_input import Prompts, per_finding
from medsegr.backbones.fused_layers import BAND
from medsegr.backbones.trunk import Trunk, encode_from, run_trunk
from medsegr.cognition.prior_embedding import PriorBatch
from medsegr.cognition.priors import Finding
from medsegr.model.adapted_host import AdaptedHost
from medsegr.model.guided_pass import GuidedEncoding, GuidedOutput, some_findings
from medsegr.model.host_identity import Host
from medsegr.model.native_prompts import decode_each, native_prompts
from medsegr.perception.modulator import Guidance
from medsegr.view import View


class ReportGuidedSam(AdaptedHost):
    """A SAM host guided by the report, with one image encoding for all findings.

    Early guidance, between the encoder's blocks, is shared by all findings of an
    image; the modulator after the neck, what is added to the decoder's finer maps, and
    the decoder's prompts are each finding's own. A fresh adapter leaves encoder output and masks bit-identical
    to the host's.

    What is promised of K findings in one pass: given one :class:`GuidedEncoding`,
    each finding's mask and support are what :meth:`outline` gives for it alone,
    in any order, and padding changes nothing. The encoding itself is *not* that of
    K single passes: findings of one report see each other in the fusion
    transformer and share the early modulators, so that they can be told apart. With
    ``AdapterConfig(blocks=(), fusion_blocks=0)`` nothing is shared, and K findings in
    one pass are K single passes.

    Args:
        vocabulary: Names that have a row in the embedding tables.
        name: Of the adapter.
    """

    def forward(
        self,
        pixel_values: Float[Tensor, "b 3 s s"],
        priors: PriorBatch,
        prompts: Prompts | None = None,
        trunk: Trunk | None = None,
    ) -> GuidedOutput:
        """Masks, support and location maps of all findings.

        Args:
            pixel_values: From :meth:`preprocess`.
            priors: From :meth:`encode_findings`.
            prompts: Clicks and boxes of a user, per finding; rows of boxes that are NaN have none.
            trunk: What :meth:`trunk` gave for the same pixels, where that is at hand.
        """
        return self.outline(self.encode(pixel_values, priors, trunk), prompts)

    @property
    def trunk_block(self) -> int | None:
        """The first guided block; None where guidance begins behind the encoder."""
        return min(self.adapter.block_indices, default=None)

    def trunk(self, pixel_values: Float[Tensor, "b 3 s s"]) -> Trunk:
        """What the host computes of pictures before the report comes in.

        Args:
            pixel_values: From :meth:`preprocess`.

        Raises:
            ConfigError: The host is trained whole, or cannot stop there.
        """
        if (engine := self.engine_for("trunk")) is not None:
            return engine.trunk(self, pixel_values)
        return run_trunk(self.backbone, pixel_values, self.trunk_block)

    def encode(
        self, pixel_values: Float[Tensor, "b 3 s s"], priors: PriorBatch, trunk: Trunk | None = None
    ) -> GuidedEncoding:
        """One image encoding, guided by all findings of each image.

        Args:
            pixel_values: From :meth:`preprocess`.
            priors: From :meth:`encode_findings`.
            trunk: Of the same pixels, from :meth:`trunk`; computed by default.

        Raises:
            ConfigError: The adapters were taken off the host, or weights are not in float32.
        """
        self.refuse_detached()
        refuse_other_types([self.adapter.prompt_gate, next(self.backbone.model.parameters())], "model")
        if priors.words is None and (engine := self.engine_for("encode")) is not None:
            return engine.encode(self, pixel_values, priors, trunk)
        tokens = self.adapter.tokens(priors, pixel_values)
        guidance = Guidance(tokens, priors.region, priors.valid)
        with self.backbone.guided(guidance) as guided:
            image = self.backbone.encode(pixel_values) if trunk is None else encode_from(self.backbone, trunk)
            maps = tuple(guided.location_logits[index] for index in self.adapter.block_indices)
        return GuidedEncoding(priors, guidance, image, maps)

    def outline(self, encoding: GuidedEncoding, prompts: Prompts | None = None) -> GuidedOutput:
        """Every finding's mask and support from what all of them share.

        In one call of the decoder; on a CPU, where nobody trains, of so few findings at a time that their maps stay
        small (see ``by_bands``).

        Args:
            encoding: From :meth:`encode`.
            prompts: Clicks and boxes of a user, per finding; rows of boxes that are NaN have none.
        """
        if prompts is None and (engine := self.engine_for("outline")) is not None:
            return engine.outline(self, encoding)
        findings, together = encoding.guidance.tokens.shape[1], _together(encoding)
        if findings <= together:
            return self._outlined(encoding, prompts)
        parts = [range(first, min(first + together, findings)) for first in range(0, findings, together)]
        return GuidedOutput.joined(
            [self._outlined(encoding.some(p), None if prompts is None else some_findings(prompts, p)) for p in parts]
        )

    def _outlined(self, encoding: GuidedEncoding, prompts: Prompts | None) -> GuidedOutput:
        priors, maps = encoding.priors, encoding.location_logits
        image = replace(encoding.image, features=encoding.image.features.contiguous())
        tokens = encoding.guidance.tokens
        batch, findings = tokens.shape[:2]
        agreement = self.adapter.agree(image.features, priors)
        gated = self.adapter.agreement.gated(agreement)
        added: tuple[Tensor, ...] = ()
        boxes, features = None, image.features
        decode: Callable[..., Tensor] = partial(decode_each, self.backbone)
        if self.adapter.late is not None:
            late_guidance = replace(encoding.guidance, evidence=gated.sum(2)).per_finding()
            features, late_map = self.adapter.late(image.features, late_guidance)
            added, fine_map = self.adapter.refine(image, tokens, late_map)
            own_maps = (late_map,) if fine_map is None else (late_map, fine_map)
            maps = (*maps, *(level.view(batch, findings, *level.shape[-2:]) for level in own_maps))
            if self.adapter.box is not None:
                shares = self.adapter.box(features, late_map, tokens.flatten(0, 1))
                boxes = self.image_size * shares.view(batch, findings, 4)
            if self.adapter.prompting:
                mask = late_map.view(batch, findings, *late_map.shape[-2:]) if self.adapter.config.mask_prompt else None
                prompts = native_prompts(prompts, boxes, mask)
                decode = decode if boxes is None else self.backbone.decode
        else:
            features = per_finding(image.features, batch * findings)
        logits = decode(
            replace(image, features=features, added=added),
            self.adapter.prompts(tokens),
            prompts,
            self.mask_decoder,
        )
        agreed = torch.cat([_inside_region(priors.region, gated), gated], dim=2).flatten(0, 1)
        support = self.adapter.support(features, image.features, tokens.flatten(0, 1), logits, agreed)
        return GuidedOutput(
            logits.view(batch, findings, *logits.shape[-2:]), support.view(batch, findings), maps, agreement, boxes
        )

    @property
    def image_size(self) -> int:
        """Side of the host's square input, in pixels."""
        return self.backbone.image_size

    @property
    def mask_decoder(self) -> nn.Module:
        """The decoder in use: the adapter's tuned copy where there is one, else the host's."""
        return self.backbone.mask_decoder() if self.adapter.decoder is None else self.adapter.decoder

    def preprocess(
        self, images: Sequence[np.ndarray], views: Sequence[View] | None = None
    ) -> tuple[Float[Tensor, "b 3 s s"], list[View]]:
        """Pictures, floats in 0..1, (H, W) or (H, W, 3) -> host's squares, and views that know how they lie there."""
        return self.backbone.preprocess(images, views)

    def encode_findings(
        self, findings: Sequence[Sequence[Finding]], views: Sequence[View], texts: Sequence[str] | None = None
    ) -> PriorBatch:
        """Findings -> tensors; with the words' vectors where a text encoder is configured.

        Args:
            findings: Per image, its findings.
            views: Per image, what it shows and how it lies in the square; from :meth:`preprocess`.
            texts: Per image, the report that evidence offsets point into.
        """
        priors, encoder = self.vocabulary.encode(findings, views), self.text_encoder()
        if encoder is None:
            return priors
        reports = [[text] * len(listed) for text, listed in zip(texts or [""] * len(findings), findings, strict=True)]
        return replace(priors, words=encoder.encode_findings(findings, reports))

    def save_pretrained(self, folder: str | Path, metadata: dict[str, Any] | None = None) -> Path:
        """Write the adapter (and a whole host) as safetensors + JSON + model card; see ``checkpoint``."""
        from medsegr.model.checkpoint import save_checkpoint

        return save_checkpoint(self, Path(folder), metadata)

    @classmethod
    def from_pretrained(
        cls, name_or_folder: str | Path, host: Host | None = None, any_host: bool = False
    ) -> "ReportGuidedSam":
        """Read what :meth:`save_pretrained` wrote, from a folder or the Hugging Face hub; see ``checkpoint``."""
        from medsegr.model.checkpoint import load_checkpoint

        return load_checkpoint(str(name_or_folder), host, any_host)

    def load_adapter(self, name_or_folder: str | Path, name: str, any_host: bool = False) -> None:
        """Read a further adapter for this host, and let it act; see ``checkpoint``."""
        from medsegr.model.checkpoint import load_further

        load_further(self, str(name_or_folder), name, any_host)

    def push_to_hub(self, repository: str, private: bool = False, token: str | None = None) -> str:
        """Upload the adapter to the Hugging Face hub; returns the address of the commit."""
        from medsegr.model.checkpoint import push_checkpoint

        return push_checkpoint(self, repository, private, token)


def _together(encoding: GuidedEncoding) -> int:
    """How many findings of an image are outlined in one call."""
    features = encoding.image.features
    if features.device.type != "cpu" or torch.is_grad_enabled() or torch.compiler.is_compiling():
        return encoding.guidance.tokens.shape[1]
    return max(1, BAND // (2 * features.numel()))  # the decoder has an eighth of the channels at 16 times the cells


def _inside_region(region: Float[Tensor, "b k r r"], like: Float[Tensor, "b k _ h w"]) -> Float[Tensor, "b k 1 h w"]:
    """The stated region as agreement: 0 inside or where none is stated, -1 outside."""
    maps = F.adaptive_avg_pool2d(region, (like.shape[-2], like.shape[-1]))
    return (maps - region.amax((-2, -1), keepdim=True)).to(like.dtype)[:, :, None]
