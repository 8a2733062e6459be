"""Which device a model works on."""

import torch

from medsegr.errors import ConfigError

DEVICES = ("cuda", "mps", "cpu")
"""Kinds of devices that a model may work on, the fastest first."""


def kinds_here() -> list[str]:
    """The kinds that this machine has, the fastest first: what ``auto`` takes."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return [kind for kind in DEVICES if there[kind]]


def device_named(name: str) -> torch.device:
    """The device of that name.

    Args:
        name: ``cpu``, ``cuda``, ``cuda:1``, ``mps``, or ``auto`` for the best there is.

    Raises:
        ConfigError: There is no such device here, or it is of no kind that is known.
    """
    if name == "auto":
        return torch.device(kinds_here()[0])
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f"Device '{name}' cannot be used here. Take 'cpu' or 'auto'.") from error
    if device.type not in DEVICES:
        raise ConfigError(f"Device '{name}' cannot be used. Take 'auto', or one of {', '.join(DEVICES)}.")
    return device
