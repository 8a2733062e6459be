"""Of every host: guidance acts at the rows and columns that the report means, in the layout of the host itself."""

import pytest
import torch

from medsegr.model.adapter import AdapterConfig
from medsegr.perception.modulator import Modulator
from tests.contracts.asking import pixels, priors
from tests.hosts import NODULE, guided

CONFIG = AdapterConfig(token_dim=16, heads=2, bottleneck=8, fine=False)
DOWN, RIGHT = 1 / 4, 1 / 2
"""Shares of the square that the region has: the corner at the top left, wider than it is high."""


@pytest.fixture
def model(case, host):
    """Location alone acts, and the region alone says where: everywhere inside it alike, nowhere outside."""
    model = guided(case, host, CONFIG)
    torch.manual_seed(2)
    for module in model.adapter.modules():
        if isinstance(module, Modulator):
            only_the_region_counts(module)
    return model


@torch.no_grad()
def only_the_region_counts(module: Modulator) -> None:
    for layer in (module.location.query, module.location.key, module.location.position):
        for parameter in layer.parameters():
            parameter.zero_()
    module.location.region_scale.fill_(60.0)
    module.location.bias.zero_()
    module.location_gate.fill_(1.0)


def corner(model):
    asked = priors(model, [NODULE])
    side = asked.region.shape[-1]
    asked.region = torch.zeros_like(asked.region)
    asked.region[..., : int(side * DOWN), : int(side * RIGHT)] = 1
    return asked


def cells(output: torch.Tensor, model) -> torch.Tensor:
    """How much each place of a block's output holds, (h, w), read as the host's own code lays it out."""
    output = output[0] if isinstance(output, tuple) else output
    if output.ndim == 3:  # tokens, row by row
        side = round(output.shape[1] ** 0.5)
        return output[0].abs().sum(-1).view(side, side)
    return output[0].abs().sum(-1 if model.backbone.spec.layout == "BHWC" else 0)


def in_the_corner(change: torch.Tensor) -> None:
    height, width = change.shape
    rows, columns = round(height * DOWN), round(width * RIGHT)
    outside = change.clone()
    outside[:rows, :columns] = 0
    assert change[:rows, :columns].min() > 50 * outside.max()


@torch.no_grad()
def test_early_guidance_changes_the_cells_of_the_stated_region(model):
    """The very cells that the block returns: at its rows and columns, whichever way the host lays them out."""
    images, asked = pixels(model), corner(model)
    for index in model.adapter.block_indices:
        seen, before, block = [], [], model.backbone.blocks()[index]
        own = block.register_forward_hook(lambda _, __, output, kept=before: kept.append(output), prepend=True)
        last = block.register_forward_hook(lambda _, __, output, kept=seen: kept.append(output))
        model.encode(images, asked)
        own.remove()
        last.remove()
        (plain,), (changed,) = before, seen
        plain, changed = (o[0] if isinstance(o, tuple) else o for o in (plain, changed))
        in_the_corner(cells(changed - plain, model))


@torch.no_grad()
def test_late_guidance_changes_the_cells_of_the_stated_region(model):
    encoding, given = model.encode(pixels(model), corner(model)), []
    handle = model.adapter.late.register_forward_hook(lambda _, args, output: given.append((args[0], output[0])))
    output = model.outline(encoding)
    handle.remove()
    ((plain, changed),) = given
    in_the_corner((changed - plain)[0].abs().sum(0))
    for level in output.location_logits:
        in_the_corner(level[0, 0].sigmoid())
