"""MONAI's BasicUNet in the place of a model: a channel per target, trained on the batches of the host without a report.

``medsegr train`` itself trains it, by the same mask loss, optimiser, schedule and checkpoints.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from monai.networks.nets import BasicUNet
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from medsegr.backbones.backbone import Backbone
from medsegr.backbones.catalogue import build_host
from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.prior_embedding import PriorBatch, PriorVocabulary
from medsegr.cognition.priors import Finding
from medsegr.data.outputs import atomic_write
from medsegr.errors import CheckpointError
from medsegr.model.checkpoint import sha256
from medsegr.model.report_guided_sam import GuidedOutput
from medsegr.training.config import TrainConfig
from medsegr.training.studies import StudyStore
from medsegr.view import View

FEATURES = (32, 48, 96, 160, 224, 32)
"""About as many parameters as ``tiny`` has without its adapter."""

NOTHING = -20.0
"""Logit of a target that no channel was trained for."""

WEIGHTS, SETTINGS = "unet.safetensors", "unet.json"


class NamedUnet(nn.Module):
    """A plain U-Net that answers as ``ReportGuidedSam`` does, by the name of a finding alone.

    A finding's mask is the channel of its target, nothing for a target that the training data do not name.
    Its support is the highest logit of that mask: there is no head for it.

    Args:
        targets: One channel each.
        host: How the host is built whose preprocessing it shares; nothing else of it is used.
        features: Channels of the levels, as MONAI takes them.
    """

    def __init__(self, targets: Sequence[str], host: dict[str, Any], features: Sequence[int] = FEATURES) -> None:
        super().__init__()
        backbone = backbone_of(host)
        self.settings: dict[str, Any] = {"targets": list(targets), "host": dict(host), "features": list(features)}
        self.vocabulary = PriorVocabulary.of_lexicon(load_lexicon())
        self.metadata: dict[str, Any] = {}
        self.engine = None  # torch alone
        self.net = BasicUNet(2, 3, len(targets), features=tuple(features), act="relu")
        self.preprocess_with, self.image_size = backbone.preprocess, backbone.image_size
        self.backbone = SimpleNamespace(square=backbone.square)
        none = SimpleNamespace(neighbours=False)
        self.adapter = SimpleNamespace(box=None, config=none, teach=lambda words: None)  # there is none to be taught
        names = [name for name in self.vocabulary.target if not name.startswith("modality:")]
        rows = [targets.index(name) if name in targets else len(targets) for name in names]
        self.register_buffer("channels", torch.tensor(rows), persistent=False)
        self._last: tuple[Tensor, Tensor] | None = None

    def text_encoder(self) -> None:
        """Reads nothing."""

    def trainable_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """All."""
        return self.named_parameters()

    def train(self, mode: bool = True) -> "NamedUnet":
        """Forget the last picture: the weights may be others from here on."""
        self._last = None
        return super().train(mode)

    def start_from(self, other: "NamedUnet") -> None:
        """Take over a trained U-Net of the same sizes, and its channels for the targets that both know."""
        state, own = other.state_dict(), self.state_dict()
        both = [name for name in self.settings["targets"] if name in other.settings["targets"]]
        here, there = ([m.settings["targets"].index(name) for name in both] for m in (self, other))
        for name in ("net.final_conv.weight", "net.final_conv.bias"):
            rows = own[name].clone()
            rows[here] = state[name][there]
            state[name] = rows
        self.load_state_dict(state)

    def forward(self, pixel_values: Tensor, priors: PriorBatch, told: None = None, trunk: None = None) -> GuidedOutput:
        """Masks (B, K, S, S) and support of the findings' names; no box is told, and no frozen trunk is kept."""
        return self.outline(self.encode(pixel_values, priors))

    def encode(self, pixel_values: Tensor, priors: PriorBatch) -> tuple[Tensor, PriorBatch]:
        """Logits of all channels; those of the last picture are kept, for no question changes them."""
        if self.training or torch.is_grad_enabled():
            return self.net(pixel_values), priors
        if self._last is None or not torch.equal(self._last[0], pixel_values):
            self._last = pixel_values, self.net(pixel_values)
        return self._last[1], priors

    def outline(self, encoding: tuple[Tensor, PriorBatch]) -> GuidedOutput:
        """Each finding's channel."""
        logits, priors = encoding
        with_nothing = torch.cat([logits, torch.full_like(logits[:, :1], NOTHING)], dim=1)
        picked = self.channels[priors.target[..., : len(self.channels)].argmax(-1)]
        images = torch.arange(len(logits), device=logits.device)[:, None]
        masks = with_nothing[images, picked]
        return GuidedOutput(masks, masks.detach().amax((-2, -1)))

    def preprocess(
        self, images: Sequence[np.ndarray], views: Sequence[View] | None = None
    ) -> tuple[Tensor, list[View]]:
        """As the host does."""
        return self.preprocess_with(images, views)

    def encode_findings(
        self, findings: Sequence[Sequence[Finding]], views: Sequence[View], _: Sequence[str] | None = None
    ) -> PriorBatch:
        """As the host without a report does; only the names are read."""
        return self.vocabulary.encode(findings, views)

    def save_pretrained(self, folder: Path, metadata: dict[str, Any] | None = None) -> Path:
        """Write weights and settings."""
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(folder / WEIGHTS) as path:
            save_file({name: t.detach().cpu().contiguous() for name, t in self.state_dict().items()}, path)
        record = {**self.settings, "metadata": {**(metadata or {}), "weights_sha256": sha256(folder / WEIGHTS)}}
        with atomic_write(folder / SETTINGS) as path:
            path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        return folder

    @classmethod
    def from_pretrained(cls, folder: Path | str) -> "NamedUnet":
        """Read what :meth:`save_pretrained` wrote.

        Raises:
            CheckpointError: It is missing or damaged.
        """
        try:
            record = json.loads((Path(folder) / SETTINGS).read_text(encoding="utf-8"))
            model = cls(record["targets"], record["host"], record["features"])
            model.load_state_dict(load_file(Path(folder) / WEIGHTS))
        except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as error:
            raise CheckpointError(
                f"'{folder}' holds no whole U-Net ({type(error).__name__}). Delete the run and train it again."
            ) from error
        model.metadata = record["metadata"]
        return model.eval()


def backbone_of(host: dict[str, Any]) -> Backbone:
    """The host that a record tells of."""
    return build_host(host["name"], host["image_size"] or None, host["settings"] or None)


def starting_unet(config: TrainConfig) -> NamedUnet:
    """A U-Net with a channel for all that the training split names, shown or known not to be; or one to go on with.

    Settings of the adapter, of a LoRA, and of the location, support and attribute losses have nothing to act on.
    """
    before = NamedUnet.from_pretrained(config.init) if config.init else None
    own = {"name": config.host, "image_size": config.image_size, "settings": config.to_dict()["host_settings"]}
    host = {**before.settings["host"], "image_size": config.image_size or before.image_size} if before else own
    store = StudyStore(config.data, "train", backbone_of(host).square, config.cache_mb)
    studies = (store.get(*key) for key in store.keys())  # noqa: SIM118
    model = NamedUnet(sorted({target for s in studies for target in (*s.named, *s.absent)}), host)
    if before:
        model.start_from(before)
    return model
