"""Devices, precision and several GPUs, by Lightning Fabric."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from lightning.fabric import Fabric

from medsegr.errors import ConfigError
from medsegr.training.config import TrainConfig

SLOW_BFLOAT16 = (
    "'precision' is 'bf16-mixed', and this CPU has no instructions for bfloat16: a step takes some ten times as long "
    "as with precision=32. Set that, or train on a GPU."
)


def build_fabric(config: TrainConfig) -> Fabric:
    """Lightning Fabric on the devices that a run asks for, launched; with a warning where its precision is slow there.

    Raises:
        ConfigError: There are no such devices.
    """
    if config.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("'device' is 'cuda', but torch finds no CUDA device. Use 'cpu' or 'auto'.")
    cuda = config.device != "cpu" and torch.cuda.is_available()
    if cuda and config.devices > torch.cuda.device_count():
        raise ConfigError(f"'devices' is {config.devices}, but there are {torch.cuda.device_count()} CUDA devices.")
    precision: Any = "bf16-mixed" if config.precision == "bf16-mixed" else "32-true"
    if config.precision == "bf16-mixed" and not cuda and not bfloat16_is_fast():
        warnings.warn(SLOW_BFLOAT16, stacklevel=2)
    strategy = "ddp_find_unused_parameters_true" if config.devices > 1 else "auto"
    with quiet():
        fabric = Fabric(
            accelerator="cuda" if cuda else "cpu",
            devices=config.devices,
            strategy=strategy,
            precision=precision,
        )
        fabric.launch()
    return fabric


def bfloat16_is_fast() -> bool:
    """Whether torch's CPU kernels take bfloat16 at all; where they do not, convolutions take a slow way round.

    With the AVX2 of Intel's and AMD's they do not; of other instructions nothing of the kind is known.
    """
    return not torch.backends.mkldnn.is_available() or torch.backends.cpu.get_cpu_capability() != "AVX2"


@contextmanager
def quiet() -> Iterator[None]:
    """Lightning's advice on data loaders and its banners are not for our users."""
    logger = logging.getLogger("lightning.fabric")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="lightning.*")
            warnings.filterwarnings("ignore", message=".*num_workers.*")
            yield
    finally:
        logger.setLevel(level)


@contextmanager
def denormals_flushed() -> Iterator[None]:
    """Floats below 1e-38 count as zero: a CPU takes many times longer for them, and gradients are full of them."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
