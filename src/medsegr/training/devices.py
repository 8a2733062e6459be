"""Devices, precision, memory and several GPUs, by Lightning Fabric."""

import ctypes
import logging
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from lightning.fabric import Fabric

from medsegr.errors import ConfigError
from medsegr.inference.device import kinds_here
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
    kind = kinds_here()[0] if config.device == "auto" else config.device
    if kind not in kinds_here():
        raise ConfigError(f"'device' is '{kind}', but torch finds no {kind.upper()} device. Use 'cpu' or 'auto'.")
    most = {"cuda": torch.cuda.device_count(), "mps": 1}.get(kind, config.devices)
    if config.devices > most:
        raise ConfigError(f"'devices' is {config.devices}; of {kind.upper()} devices there are here: {most}.")
    precision: Any = "bf16-mixed" if config.precision == "bf16-mixed" else "32-true"
    if config.precision == "bf16-mixed" and kind == "cpu" and not bfloat16_is_fast():
        warnings.warn(SLOW_BFLOAT16, stacklevel=2)
    strategy = "ddp_find_unused_parameters_true" if config.devices > 1 else "auto"
    with quiet():
        fabric = Fabric(
            accelerator=kind,
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


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Numbers of glibc's ``mallopt``."""


@contextmanager
def memory_kept() -> Iterator[None]:
    """Large tensors' memory is used again instead of going back to the system after each of them.

    By itself glibc maps whatever is above 32 MB anew each time, and a CPU then spends up to half of a step on fetching
    pages (a batch of 256 x 256 maps has that size). Nothing happens elsewhere than on Linux with glibc, or where its
    own variable (``MALLOC_MMAP_THRESHOLD_``) says how to do it.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if library is None or not hasattr(library, "mallopt") or "MALLOC_MMAP_THRESHOLD_" in os.environ:
        yield
        return
    library.mallopt(M_MMAP_THRESHOLD, 2**31 - 1)
    library.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
    try:
        yield
    finally:
        library.mallopt(M_MMAP_THRESHOLD, 32 * 2**20)
        library.mallopt(M_TRIM_THRESHOLD, 64 * 2**20)
        library.malloc_trim(0)


def ignore_interrupt(_: int) -> None:
    """Ctrl-C and a scheduler's termination reach all processes; the first one ends the others when it has saved."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
