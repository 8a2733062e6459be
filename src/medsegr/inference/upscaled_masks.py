"""Probabilities over a picture that are made when they are looked at; masks of them, only where there may be any."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

from medsegr.square import Square

MARGIN = 1e-5
"""Of logits, times the largest: more than interpolation can round up."""


class Upscaled:
    """Logits of K findings at the decoder's grid, as probabilities over the picture.

    Args:
        logits: Over the host's square, on any device.
        square: How the picture lies in it.
    """

    def __init__(self, logits: Float[Tensor, "k s s"], square: Square) -> None:
        self.logits = logits.detach().float().cpu().clone()  # of a batch, whose rest can go
        self.square = square

    def all(self) -> Float[np.ndarray, "k h w"]:
        """Of all findings over the whole picture, 0..1."""
        return _sigmoid(self.square.logits_out(self.logits))

    def of(self, k: int) -> Float[np.ndarray, "h w"]:
        """Of one finding over the whole picture, 0..1."""
        return _sigmoid(self.square.logits_out(self.logits[k : k + 1]))[0]

    def mask(self, k: int, threshold: float) -> Bool[np.ndarray, "h w"]:
        """Where a finding's probability reaches a threshold: exactly what the whole picture gives.

        A pixel is a mean of the cells around it, so it reaches no threshold that none of them reaches.
        """
        logits = self.logits[k]
        near = _sigmoid(logits + MARGIN * (1 + float(logits.abs().amax()))) >= threshold - 1e-6
        mask, window = np.zeros(self.square.original, bool), self.square.reached(near)
        if window is not None:
            top, left, bottom, right = window
            inside = _sigmoid(self.square.logits_out(logits[None], window))[0]
            mask[top:bottom, left:right] = inside >= threshold
        return mask


class Later:
    """An array that is made when it is first asked for.

    Args:
        make: Makes it; a partial of something with a name, so that it can be sent to another process.
    """

    def __init__(self, make: Callable[[], np.ndarray]) -> None:
        self._make = make
        self._made: np.ndarray | None = None

    def array(self) -> np.ndarray:
        """The array, the same one each time."""
        if self._made is None:
            self._made = self._make()
        return self._made


class LaterField:
    """A field of a dataclass that takes an array, or one for later, or None, and gives the array or None."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_{name}"

    def __get__(self, holder: Any, owner: type) -> Any:
        if holder is None:
            return None
        kept = holder.__dict__[self._name]
        return kept.array() if isinstance(kept, Later) else kept

    def __set__(self, holder: Any, value: np.ndarray | Later | None) -> None:
        holder.__dict__[self._name] = value


def _sigmoid(logits: Tensor) -> np.ndarray:
    """By numpy, whose exponential is the same wherever a number stands; torch's is another at the end of a row."""
    with np.errstate(over="ignore"):
        shares: np.ndarray = 1 / (1 + np.exp(-logits.contiguous().numpy()))
    return shares
