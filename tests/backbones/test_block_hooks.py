"""A block's output in the host's own layout -> maps for a modulator, and back to the same places."""

import pytest
import torch
from torch import nn

from medsegr.backbones.block_hooks import BlockHook, GuidedPass, HookContext, from_maps, to_maps, token_grid
from medsegr.backbones.host_spec import HostSpec
from medsegr.errors import ConfigError
from medsegr.perception.modulator import Guidance, Modulator

B, C, H, W, K, D = 2, 5, 3, 7, 2, 6
CELLS = [(i, j) for i in range(H) for j in range(W)]
SPECS = {
    "BCHW": HostSpec("made", "blocks", "BCHW"),
    "BHWC": HostSpec("made", "blocks", "BHWC"),
    "BNC": HostSpec("made", "blocks", "BNC", grid=(H, W)),
    "BNC with a class token": HostSpec("made", "blocks", "BNC", grid=(H, W), prefix_tokens=3),
}


@pytest.fixture(params=SPECS)
def spec(request) -> HostSpec:
    return SPECS[request.param]


def of_host(maps: torch.Tensor, spec: HostSpec, prefix: torch.Tensor) -> torch.Tensor:
    """Maps in the host's own layout, cell by cell: tokens lie row by row, behind those of no place."""
    if spec.layout == "BCHW":
        return maps.clone()
    if spec.layout == "BHWC":
        return torch.stack([torch.stack([maps[:, :, i, j] for j in range(W)], 1) for i in range(H)], 1)
    tokens = torch.stack([maps[:, :, i, j] for i, j in CELLS], 1)
    return torch.cat([prefix[:, : spec.prefix_tokens], tokens], 1)


def told() -> Guidance:
    """One finding at the top, one at the lower left."""
    region = torch.zeros(B, K, 21, 21)
    region[:, 0, :7] = region[:, 1, 14:, :9] = 1
    return Guidance(torch.randn(B, K, 4, D), region, torch.ones(B, K))


def open_modulator() -> Modulator:
    module = Modulator(C, D, 4)
    with torch.no_grad():
        for aspect in ("location", "texture", "shape"):
            getattr(module, f"{aspect}_gate").normal_()
    return module


def test_a_hook_modulates_every_cell_where_it_lies(spec):
    torch.manual_seed(0)
    module, maps, guidance, prefix = open_modulator(), torch.randn(B, C, H, W), told(), torch.randn(B, 3, C)
    block, context = nn.Identity(), HookContext()
    block.register_forward_hook(BlockHook(4, module, spec, context))
    output = of_host(maps, spec, prefix)
    assert torch.equal(block(output), output), "nothing is asked"
    context.current = GuidedPass(guidance)
    expected, logits = module(maps, guidance)
    torch.testing.assert_close(block(output), of_host(expected, spec, prefix))
    torch.testing.assert_close(context.current.location_logits[4], logits)
    assert (expected - maps).abs().max() > 0.1


def test_maps_come_back_as_they_were(spec):
    maps, prefix = torch.randn(B, C, H, W), torch.randn(B, 3, C)
    output = of_host(maps, spec, prefix)
    assert torch.equal(to_maps(output, spec), maps)
    assert torch.equal(from_maps(maps, output, spec), output)


def test_what_stands_beside_the_features_is_kept():
    context, module = HookContext(), open_modulator()
    context.current = GuidedPass(told())
    features, more = torch.randn(B, C, H, W), object()
    changed, *rest = BlockHook(0, module, SPECS["BCHW"], context)(nn.Identity(), (features,), (features, more))
    assert rest == [more] and not torch.equal(changed, features)


def test_tokens_fill_the_stated_grid_else_a_square():
    assert token_grid(21, SPECS["BNC"]) == (3, 7)
    assert token_grid(25, SPECS["BNC"]) == (5, 5)
    with pytest.raises(ConfigError, match="22 tokens, which fill no square"):
        token_grid(22, SPECS["BNC"])
