"""What a training run needs to know: frozen dataclasses, checked when they are made."""

import dataclasses
import json
from dataclasses import dataclass, field
from math import inf
from typing import Any, Literal

from medsegr.backbones.lora import LoraSettings
from medsegr.errors import ConfigError
from medsegr.inference.device import DEVICES
from medsegr.model.adapter import AdapterConfig

MAX_SEED = 2**32 - 1
"""Largest seed of which those of all steps can be made."""


def _at_least(owner: Any, lowest: float, *names: str) -> None:
    for name in names:
        value = getattr(owner, name)
        if not value >= lowest:  # so written, it refuses NaN too
            raise ConfigError(f"'{name}' is {value}; expected at least {lowest}. Change it in the configuration.")


def _shares(owner: Any, *names: str) -> None:
    for name in names:
        value = getattr(owner, name)
        if not 0 <= value <= 1:
            raise ConfigError(f"'{name}' is {value}; expected a share between 0 and 1.")


@dataclass(frozen=True)
class OptimiserConfig:
    """AdamW with warm-up and a cosine to ``learning_rate * final_share``."""

    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    warmup_steps: int = 100
    final_share: float = 0.01
    clip_norm: float = 1.0
    betas: tuple[float, float] = (0.9, 0.99)
    ema_decay: float = 0.0
    """Decay of the running mean of the weights, which is then evaluated and shipped; 0 = none."""
    decoder_share: float = 1.0
    """Share of the rate at which a copy of the host's mask decoder is trained (``adapter.train_decoder``)."""

    def __post_init__(self) -> None:
        _at_least(self, 0, "weight_decay", "warmup_steps", "clip_norm")
        _shares(self, "final_share", "ema_decay", "decoder_share")
        if not 0 < self.learning_rate < inf or self.ema_decay == 1:
            raise ConfigError(
                f"'learning_rate' is {self.learning_rate} and 'ema_decay' {self.ema_decay}; "
                "expected a positive rate and a decay below 1."
            )
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ConfigError(f"'betas' is {list(self.betas)}; expected two numbers from 0 to below 1.")


@dataclass(frozen=True)
class SamplingConfig:
    """Which findings are asked of an image, and how much of each the model is told.

    The ``*_share`` fields are relative: each slot of a sample is filled from
    one of the sources that the image has, drawn with these weights.

    Attributes:
        max_findings: Slots of a sample (K).
        fewer_findings: Share of samples with a random smaller number of findings.
        described_share: Findings of the report that have a mask.
        distractor_share: Objects in the image that the report does not name.
        named_share: Structures asked for by name, with the lexicon's knowledge.
        false_share: Recorded descriptions that no object in the image fits.
        mismatched_share: Targets that this image does not show, described as in another case, or by name.
        counterfactual_share: A recorded finding with one aspect of another case's; its truth follows from
            the records. Without records, a finding of the report in a place where there is none.
        foreign_share: Bare names of other regions of the body, which the image cannot show.
        report_dropout: Share of samples in which all findings are merely named.
        finding_dropout: Share of findings that are merely named beside described ones.
        aspect_dropout: Chance of each of location, texture and shape to be left unsaid.
        told_box: Chance of a finding in the image to be told its true box, roughly, in place of the one that it
            predicts: the decoder keeps its skill, and a user's box serves. Only with ``adapter.box``.
    """

    max_findings: int = 4
    fewer_findings: float = 0.25
    described_share: float = 1.0
    distractor_share: float = 0.5
    named_share: float = 0.25
    false_share: float = 0.25
    mismatched_share: float = 0.2
    counterfactual_share: float = 0.4
    foreign_share: float = 0.15
    report_dropout: float = 0.15
    finding_dropout: float = 0.05
    aspect_dropout: float = 0.08
    told_box: float = 0.5

    def __post_init__(self) -> None:
        _at_least(self, 1, "max_findings")
        _shares(self, "fewer_findings", "report_dropout", "finding_dropout", "aspect_dropout", "told_box")
        sources = [f.name for f in dataclasses.fields(self) if f.name.endswith("_share")]
        _at_least(self, 0, *sources)
        if not self.described_share + self.named_share > 0:
            raise ConfigError("'described_share' and 'named_share' are both 0: no finding would have a mask.")


@dataclass(frozen=True)
class AugmentationConfig:
    """Changes under which image, masks and priors stay true to each other.

    Attributes:
        flip: Chance of a left-right flip, which flips the priors' sides as well.
        affine: Chance of rotation, scale and shift; kept small so that zones stay true.
        rotate_degrees: Largest angle, below 15.
        scale: Largest relative change of size, below 0.3.
        shift: Largest shift as a share of the side, below 0.15.
        intensity: Chance of brightness, contrast and gamma changes.
        brightness, contrast, gamma: Largest changes (grey values 0 to 1; factors).
        noise: Chance of additive noise; ``noise_sd`` is its largest deviation.
        colour: Largest change of a colour channel of its own, as the logarithm of a power of its values, so that
            white stays white: stains and lamps differ. 0 by default, for reports name colours.
    """

    flip: float = 0.5
    affine: float = 0.7
    rotate_degrees: float = 10.0
    scale: float = 0.12
    shift: float = 0.04
    intensity: float = 0.7
    brightness: float = 0.1
    contrast: float = 0.2
    gamma: float = 0.25
    noise: float = 0.3
    noise_sd: float = 0.04
    colour: float = 0.0

    def __post_init__(self) -> None:
        _shares(self, "flip", "affine", "intensity", "noise", "brightness", "contrast", "gamma", "noise_sd", "colour")
        for name, limit in (("rotate_degrees", 15.0), ("scale", 0.3), ("shift", 0.15)):
            value = getattr(self, name)
            if not 0 <= value < limit:
                raise ConfigError(f"'{name}' is {value}; expected 0 <= {name} < {limit}, so that zones stay true.")


@dataclass(frozen=True)
class LossConfig:
    """Weights of the loss terms. ``empty`` scales the mask term where nothing is to be found.

    ``small`` says how many times a finding below 1 % of the picture counts in the mask term. ``box`` acts with
    ``adapter.box`` alone.
    """

    dice: float = 1.0
    cross_entropy: float = 1.0
    focal_gamma: float = 0.0
    empty: float = 0.3
    small: float = 1.0
    location: float = 0.3
    support: float = 0.3
    attributes: float = 0.3
    box: float = 1.0

    def __post_init__(self) -> None:
        _at_least(self, 0, "dice", "cross_entropy", "focal_gamma", "empty", "small")
        _at_least(self, 0, "location", "support", "attributes", "box")
        if self.dice + self.cross_entropy <= 0:
            raise ConfigError("'dice' and 'cross_entropy' are both 0; expected at least one above 0.")


@dataclass(frozen=True)
class TrunkCacheConfig:
    """What the frozen host computes of each picture below the first guided block, kept on disk.

    Attributes:
        versions: Versions of each picture that are drawn from: the picture as it is, and augmented ones that are
            drawn once. 1 = no augmentation; 0 = no cache, and a new augmentation at every use.
        folder: Where to keep it; several runs on the same host may share one. ``trunk`` in the run folder if empty.
        gigabytes: Most that is kept (10^9 bytes); what comes later is computed at every use.
        dtype: ``bfloat16`` or ``float32`` of what is kept.
        backend: ``torch``, ``openvino`` in the run's precision, or ``auto``: OpenVINO where it is installed and takes
            the host, on a CPU. A run's ``config.yaml`` says which it was, and a resumed run must have the same.
    """

    versions: int = 0
    folder: str = ""
    gigabytes: float = 20.0
    dtype: Literal["bfloat16", "float32"] = "bfloat16"
    backend: Literal["auto", "torch", "openvino"] = "auto"

    def __post_init__(self) -> None:
        _at_least(self, 0, "versions", "gigabytes")
        if self.dtype not in ("bfloat16", "float32"):
            raise ConfigError(f"'trunk_cache.dtype' is '{self.dtype}'; expected bfloat16 or float32.")
        if self.backend not in ("auto", "torch", "openvino"):
            raise ConfigError(f"'trunk_cache.backend' is '{self.backend}'; expected auto, torch or openvino.")


@dataclass(frozen=True)
class TrainConfig:
    """A training run.

    Attributes:
        data: Data set folders.
        out: Run folder.
        data_weights: How often each data set is drawn, relative; empty = equally.
        host: Host to build (``tiny``, ``lite_medsam``, a Hugging Face id, a folder, ``module:function``).
        init: Model to start from instead of a fresh one: a built-in name (``tiny``), a folder, or a Hugging Face id.
        image_size: Side of the host's input; 0 = the host's own.
        host_settings: Sizes of the ``tiny`` host, where other than its own defaults; with ``init``, parts to add.
        steps: Optimiser steps of the whole schedule.
        half_size_share: First share of the steps, taken at half the image size: a quarter of the
            work each. Only for hosts that take any size (``tiny``).
        batch_size: Images per step and device, of which ``accumulate`` parts go in turn.
        accumulate: Forward passes per step; must divide ``batch_size``.
        precision: ``32`` or ``bf16-mixed``.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``; ``devices``: how many.
        threads: CPU threads of torch; 0 = torch's choice.
        workers: Processes that prepare batches; 0 = none.
        cache_mb: Memory for decoded images.
        validate_every, validate_cases: Steps between validations; cases in each (0 = none).
        checkpoint_every, log_every: Steps between checkpoints and between log lines.
        max_seconds: Stop cleanly after that long, to be resumed; 0 = no limit.
        checkpoint_blocks: Gradient checkpointing of the host's blocks: less memory, more time.
        trunk_cache: Keep what the frozen host computes of each picture (``trunk_cache.versions=4``).
        lora: Low-rank adaptation of the host's encoder besides (``lora.rank=8``); none by default, and none for
            ``tiny``, which is trained whole.
    """

    data: tuple[str, ...] = ()
    out: str = ""
    data_weights: tuple[float, ...] = ()
    host: str = "tiny"
    init: str | None = None
    image_size: int = 0
    host_settings: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    steps: int = 2000
    half_size_share: float = 0.0
    batch_size: int = 8
    accumulate: int = 1
    precision: Literal["32", "bf16-mixed"] = "32"
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    devices: int = 1
    threads: int = 0
    workers: int = 0
    cache_mb: int = 4000
    validate_every: int = 200
    validate_cases: int = 48
    checkpoint_every: int = 200
    log_every: int = 10
    max_seconds: float = 0.0
    checkpoint_blocks: bool = False
    adapter: AdapterConfig = field(default_factory=AdapterConfig)
    trunk_cache: TrunkCacheConfig = field(default_factory=TrunkCacheConfig)
    lora: LoraSettings = field(default_factory=LoraSettings)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    loss: LossConfig = field(default_factory=LossConfig)

    def __post_init__(self) -> None:
        _at_least(self, 1, "steps", "batch_size", "accumulate", "devices", "validate_every")
        _at_least(self, 1, "checkpoint_every", "log_every")
        _at_least(self, 0, "seed", "threads", "workers", "cache_mb", "validate_cases", "max_seconds", "image_size")
        if self.seed > MAX_SEED:
            raise ConfigError(f"'seed' is {self.seed}; expected at most {MAX_SEED}. Change it in the configuration.")
        _shares(self, "half_size_share")
        if self.lora.rank and (self.init or self.host) == "tiny":
            raise ConfigError(
                f"'lora.rank' is {self.lora.rank}, and 'tiny' is trained whole and takes no LoRA. Leave 'lora' out."
            )
        for name, choices in (("precision", ("32", "bf16-mixed")), ("device", ("auto", *DEVICES))):
            if getattr(self, name) not in choices:
                raise ConfigError(f"'{name}' is '{getattr(self, name)}'; expected one of {', '.join(choices)}.")
        if self.batch_size % self.accumulate:
            raise ConfigError(
                f"'accumulate' is {self.accumulate}, which does not divide 'batch_size' {self.batch_size}. "
                "Choose a divisor."
            )
        if self.data_weights and len(self.data_weights) != len(self.data):
            raise ConfigError(
                f"'data_weights' has {len(self.data_weights)} values for {len(self.data)} data sets; "
                "give one for each, or none."
            )
        if self.data_weights and not (min(self.data_weights) >= 0 and 0 < sum(self.data_weights) < inf):
            raise ConfigError(f"'data_weights' is {list(self.data_weights)}; expected none below 0 and a sum above 0.")

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and strings, as they go into ``config.yaml``."""
        return json.loads(json.dumps(dataclasses.asdict(self)))
