"""Layers where a CPU computes what nobody trains: with batch norm and GELU as one kernel of oneDNN, and band by band.

Apart, the norm and the GELU read and write whole maps for little arithmetic: at LiteMedSAM's first stage, of 256
channels at 256 x 256, they take half of the time. Numbers differ in the last bits alone. Wherever the kernels do not
serve (gradients, other devices and types, an export, a layer that a LoRA has wrapped) the layers run as they are.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_KERNELS: Any = torch.ops.mkldnn if torch.backends.mkldnn.is_available() else None
BAND = 2**22
"""Numbers of a band inside its layers: 16 MiB in float32."""

_APART = ContextVar("apart", default=False)
_GELU: tuple[str, list[Any], str] = ("gelu", [], "none")
_NONE: tuple[str, list[Any], str] = ("none", [], "")
"""What follows the sum, as the kernels are told."""


def convolved(convolution: nn.Module, norm: nn.BatchNorm2d, maps: Tensor, gelu: bool = False) -> Tensor:
    """A convolution and its batch norm, and the GELU of them.

    Args:
        convolution: Without a bias.
        norm: Behind it.
        maps: (B, C, H, W).
        gelu: Whether the GELU is taken.
    """
    if type(convolution) is not nn.Conv2d or norm.training or not _serves(maps, convolution.weight, norm.weight):
        plain = norm(convolution(maps))
        return F.gelu(plain) if gelu else plain
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    weight, bias = convolution.weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale
    c, then = convolution, _GELU if gelu else _NONE
    return _KERNELS._convolution_pointwise(
        maps, weight, bias, list(c.padding), list(c.stride), list(c.dilation), c.groups, *then
    )


def linear(layer: nn.Module, tokens: Tensor, gelu: bool = False) -> Tensor:
    """A linear layer, and the GELU of it.

    Args:
        layer: With a bias.
        tokens: (..., C).
        gelu: Whether the GELU is taken.
    """
    if type(layer) is not nn.Linear or not _serves(tokens, layer.weight, layer.bias):
        plain = layer(tokens)
        return F.gelu(plain) if gelu else plain
    return _fused(tokens, layer.weight, layer.bias, gelu)


def weighted(tokens: Tensor, weight: Tensor, bias: Tensor, gelu: bool = False) -> Tensor:
    """As :func:`linear`, of the weights (E, C) and biases (E) themselves."""
    if not _serves(tokens, weight, bias):
        plain = F.linear(tokens, weight, bias)
        return F.gelu(plain) if gelu else plain
    return _fused(tokens, weight, bias, gelu)


def _fused(tokens: Tensor, weight: Tensor, bias: Tensor, gelu: bool) -> Tensor:
    return _KERNELS._linear_pointwise(tokens.contiguous(), weight, bias, *(_GELU if gelu else _NONE))


@dataclass(frozen=True)
class Bands:
    """How maps may be parted into bands of rows.

    Attributes:
        dim: The axis of rows, of what goes into the layers and comes out.
        row: Numbers that a row has inside the layers.
        reach: Rows that they see above and below each row.
        stride: By which they divide the rows.
        whole: Rows that must not be parted, from the first on; a multiple of ``stride``.
    """

    dim: int
    row: int
    reach: int = 0
    stride: int = 1
    whole: int = 2


def by_bands(layers: Callable[[Tensor], Tensor], maps: Tensor, bands: Bands) -> Tensor:
    """What layers give, of a band of rows after another, in the same memory again and again.

    Numbers are the same, but for last bits where oneDNN takes another kernel for a smaller map.

    Maps of more than 32 MiB come from fresh pages of the system each time, which at LiteMedSAM's first stage takes as
    long as the arithmetic.

    Args:
        layers: They keep the order of the rows.
        maps: What they take.
        bands: Of these layers.
    """
    dim, reach, stride = bands.dim, bands.reach, bands.stride
    rows = maps.shape[dim]
    size = max(1, BAND // (bands.row * bands.whole)) * bands.whole
    if (
        size >= rows
        or maps.device.type != "cpu"
        or _APART.get()
        or torch.compiler.is_compiling()
        or torch.is_grad_enabled()
    ):
        return layers(maps)
    made = []
    for top in range(0, rows, size):
        above, own = min(top, reach * stride), min(size, rows - top)
        band = maps.narrow(dim, top - above, min(above + own + reach, rows - top + above))
        made.append(layers(band).narrow(dim, above // stride, -(-own // stride)))
    return torch.cat(made, dim)


@contextmanager
def layers_apart() -> Iterator[None]:
    """Every layer by itself within the block: to count what each has to do."""
    before = _APART.set(True)
    try:
        yield
    finally:
        _APART.reset(before)


def _serves(*tensors: Tensor) -> bool:
    """Whether the kernels take these, and nobody wants their gradients."""
    return (
        _KERNELS is not None
        and bool(torch.backends.mkldnn.enabled)
        and not torch.compiler.is_compiling()
        and not _APART.get()
        and not torch.is_autocast_enabled("cpu")
        and all(type(t) in (Tensor, nn.Parameter) and t.device.type == "cpu" for t in tensors)
        and all(t.dtype == torch.float32 for t in tensors)
        and not (torch.is_grad_enabled() and any(t.requires_grad for t in tensors))
    )
