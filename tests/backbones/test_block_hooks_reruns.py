"""Hooks on a block that takes the picture itself, so that a guided and a plain pass have one input in common."""

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from medsegr.backbones.block_hooks import BlockHook, GuidedPass, HookContext
from medsegr.backbones.host_spec import HostSpec

SPEC = HostSpec("one_block", "blocks", "BCHW")


class Scale(nn.Module):
    """Block and modulator: both multiply, by a weight or by the guidance."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0))
        self.seen: list[float] = []

    def forward(self, maps: Tensor, guidance: float | None = None):
        if guidance is None:
            return (maps * self.weight).exp().log()
        self.seen.append(guidance)
        return maps * guidance * self.weight, maps[:, :1]


@pytest.fixture
def hooked():
    block, modulator, context = Scale(), Scale(), HookContext()
    block.register_forward_hook(BlockHook(0, modulator, SPEC, context))
    return block, modulator, context


def guided(hooked, run, picture: Tensor, guidance: float) -> Tensor:
    block, _, context = hooked
    context.current = GuidedPass(guidance)
    try:
        return run(block, picture)
    finally:
        context.current = None


def again(block: nn.Module, picture: Tensor) -> Tensor:
    return checkpoint(block, picture, use_reentrant=False)


def test_a_plain_pass_over_the_same_input_stays_plain_before_and_after_the_backward_pass(hooked):
    block, modulator, _ = hooked
    picture = torch.linspace(0.1, 1, 12).view(1, 1, 3, 4)
    plain = block(picture).detach()
    output = guided(hooked, nn.Module.__call__, picture, 5.0)
    torch.testing.assert_close(output.detach(), plain * 10)
    torch.testing.assert_close(block(picture).detach(), plain)
    guided(hooked, again, picture, 7.0).sum().backward()
    assert modulator.seen == [5.0, 7.0, 7.0], "once in each pass, and again in the backward pass"
    torch.testing.assert_close(block(picture).detach(), plain)


def test_two_checkpointed_passes_over_one_input_each_find_their_own_guidance_again(hooked):
    picture = torch.ones(1, 1, 2, 3)
    (guided(hooked, again, picture, 5.0).sum() + guided(hooked, again, picture, 7.0).sum()).backward()
    assert sorted(hooked[1].seen) == [5.0, 5.0, 7.0, 7.0]
    assert hooked[0].weight.grad.item() == pytest.approx(6 * 2 * 12)
