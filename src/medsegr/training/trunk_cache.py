"""What a frozen host computes of each picture below the first guided block, computed once and kept on disk."""

import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from medsegr.backbones.trunk import Trunk, refuse_undivided
from medsegr.backbones.trunk_store import TrunkStore, weights_digest
from medsegr.errors import ConfigError
from medsegr.inference.backends.trunk_session import TrunkSession, can_compile_trunk
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.training.config import TrainConfig

FORMAT = 1
"""Number of how keys and files are made; another one where the same key would mean something else."""

FOLDER = "trunk"
"""Name of the folder inside a run's own."""


class TrunkCache:
    """Pictures -> what the host leaves of them behind its trunk, from disk or computed now.

    A picture is known by its pixels, so that a wrong trunk cannot be found: the key is of the pixels, all of the
    host's weights, the block, the precision, the type of number, and what computes. Trunks have the kept numbers'
    precision when they are computed as well, so that what a run learns does not depend on what was at hand.

    Args:
        model: With the adapter that is trained.
        config: Of the run.
        autocast: Of the run's precision.

    Raises:
        ConfigError: The host's work changes during training, or it cannot stop where guidance begins.
        OutputError: The folder cannot be made.
    """

    def __init__(
        self, model: ReportGuidedSam, config: TrainConfig, autocast: Callable[[], AbstractContextManager]
    ) -> None:
        refuse_changing_trunk(model)
        settings = config.trunk_cache
        self.model = model
        self.autocast = autocast
        self.dtype: torch.dtype = getattr(torch, settings.dtype)
        self.mixed = config.precision == "bf16-mixed"
        folder = Path(settings.folder) if settings.folder else Path(config.out) / FOLDER
        self.store = TrunkStore(folder, settings.gigabytes * 1e9)
        origin = [FORMAT, weights_digest(model.backbone.model), model.trunk_block, settings.dtype, config.precision]
        self.compiles = settings.backend != "torch" and can_compile_trunk(model)
        self._origin = json.dumps([*origin, "openvino"] if self.compiles else origin).encode()

    @torch.no_grad()
    def __call__(self, pixels: Float[Tensor, "b 3 s s"]) -> Trunk:
        """The trunk of a batch, on the model's device. Pictures that are missing are computed together."""
        keys = [self.key(picture) for picture in pixels.cpu()]
        found = {key: kept for key in dict.fromkeys(keys) if (kept := self.store.read(key)) is not None}
        missing = [key for key in dict.fromkeys(keys) if key not in found]
        if missing:
            computed = self.compute(pixels[[keys.index(key) for key in missing]])
            for row, key in enumerate(missing):
                found[key] = tuple(level[row].contiguous() for level in computed)
                self.store.write(key, found[key])
        device, dtype = self._device(), self.dtype if self.mixed else torch.float32
        levels = zip(*(found[key] for key in keys), strict=True)
        return Trunk(self.model.trunk_block, tuple(torch.stack(level).to(device, dtype) for level in levels))

    def key(self, picture: Float[Tensor, "3 s s"]) -> str:
        """Name of a picture's trunk."""
        return hashlib.sha256(self._origin + picture.contiguous().numpy().tobytes()).hexdigest()

    @torch.no_grad()
    def compute(self, pixels: Float[Tensor, "b 3 s s"]) -> tuple[Tensor, ...]:
        """The trunk's tensors of a batch, on the CPU, whatever is kept."""
        if self.compiles:
            levels = self._session(pixels.cpu().float())
        else:
            with self.autocast():
                levels = self.model.trunk(pixels.to(self._device())).tensors
        return tuple(level.to("cpu", self.dtype) for level in levels)

    @cached_property
    def _session(self) -> TrunkSession:
        return TrunkSession(self.model, "bf16" if self.mixed else "f32")

    def _device(self) -> torch.device:
        return next(self.model.parameters()).device


def with_backend(config: TrainConfig, model: ReportGuidedSam, device: torch.device) -> TrainConfig:
    """The configuration of a run that keeps trunks, with who computes them in place of ``auto``.

    Args:
        config: Of the run.
        model: On the CPU still.
        device: On which the run trains.

    Raises:
        ConfigError: OpenVINO is asked for by name, and cannot compute them here.
    """
    settings = config.trunk_cache
    takes = device.type == "cpu" and can_compile_trunk(model)
    if settings.versions and settings.backend == "openvino" and not takes:
        raise ConfigError(
            f"'trunk_cache.backend' is 'openvino', which is not installed, or does not take this host on "
            f"{device.type.upper()}. Install it (pip install 'medsegr[openvino]'), train on a CPU, or start a run with "
            "trunk_cache.backend=torch."
        )
    if not settings.versions or settings.backend != "auto":
        return config
    return replace(config, trunk_cache=replace(settings, backend="openvino" if takes else "torch"))


def refuse_changing_trunk(model: ReportGuidedSam) -> None:
    """Raise a ConfigError where what a host computes changes during training, or cannot be kept."""
    refuse_undivided(model.backbone, model.trunk_block)
    if model.host_lora or model.adapter.lora is not None:
        raise ConfigError(
            "The host has a LoRA, which changes what it computes, so nothing of it can be kept. "
            "Leave 'lora' or 'trunk_cache' out."
        )
