"""The loss: small findings count as large ones, padding counts nothing."""

import pytest
import torch

from medsegr.model.guided_pass import GuidedOutput
from medsegr.training.config import LossConfig
from medsegr.training.losses import (
    Truth,
    attribute_term,
    content_weights,
    cross_entropy,
    guided_loss,
    soft_dice_loss,
)

SIDE = 32


def truth_of(masks: torch.Tensor, valid=None, content=(1.0, 1.0)) -> Truth:
    shape = masks.shape[:2]
    valid = torch.ones(shape) if valid is None else valid
    return Truth(masks, valid, masks.flatten(2).any(-1).float(), torch.tensor([content] * shape[0]))


def square(side: int) -> torch.Tensor:
    mask = torch.zeros(SIDE, SIDE)
    mask[4 : 4 + side, 4 : 4 + side] = 1
    return mask


def output_of(logits: torch.Tensor, support: float = 0.0) -> GuidedOutput:
    return GuidedOutput(logits, torch.full(logits.shape[:2], support), (logits[..., ::4, ::4],))


def test_perfect_masks_cost_next_to_nothing():
    masks = torch.stack([square(12), square(3)])[None]
    terms = guided_loss(output_of((masks - 0.5) * 40, 20.0), truth_of(masks), LossConfig(location=0))
    assert float(terms.total) == pytest.approx(0, abs=1e-3)


def test_small_findings_weigh_as_much_as_large_ones():
    masks = torch.stack([square(24), square(4)])[None]
    logits = torch.stack([(square(24) - 0.5) * 40, torch.full((SIDE, SIDE), -20.0)])[None]
    missed_small = guided_loss(output_of(logits), truth_of(masks), LossConfig(cross_entropy=0)).mask
    logits = torch.stack([torch.full((SIDE, SIDE), -20.0), (square(4) - 0.5) * 40])[None]
    missed_large = guided_loss(output_of(logits), truth_of(masks), LossConfig(cross_entropy=0)).mask
    assert float(missed_small) == pytest.approx(float(missed_large), rel=0.1)


def test_small_findings_can_count_several_times():
    masks = torch.stack([square(24), square(2)])[None]  # 2 x 2 of 32 x 32 is below 1 %
    logits = torch.stack([(square(24) - 0.5) * 40, torch.full((SIDE, SIDE), -20.0)])[None]  # the small one is missed
    once, thrice = (guided_loss(output_of(logits), truth_of(masks), LossConfig(small=w)).mask for w in (1.0, 3.0))
    only = guided_loss(output_of(logits[:, 1:]), truth_of(masks[:, 1:]), LossConfig()).mask
    assert float(once) == pytest.approx(float(only) / 2, rel=1e-3)
    assert float(thrice) == pytest.approx(3 * float(only) / 4, rel=1e-3)


def test_small_is_what_is_small_in_the_picture_not_in_the_square():
    masks = torch.stack([square(10), square(3)])[None]  # 9 of 512 pixels are no small share, of 1024 they would be
    logits = torch.stack([(square(10) - 0.5) * 40, torch.full((SIDE, SIDE), -20.0)])[None]
    truth = truth_of(masks, content=(0.5, 1.0))
    once, thrice = (guided_loss(output_of(logits), truth, LossConfig(small=w)).mask for w in (1.0, 3.0))
    assert float(once) == float(thrice)


def test_padding_findings_count_nothing():
    masks = torch.stack([square(8), square(0)])[None]
    logits = torch.randn(1, 2, SIDE, SIDE)
    valid = torch.tensor([[1.0, 0.0]])
    first = guided_loss(output_of(logits), truth_of(masks, valid), LossConfig())
    logits[:, 1] = 50
    second = guided_loss(output_of(logits), truth_of(masks, valid), LossConfig())
    assert torch.equal(first.mask, second.mask)
    assert torch.equal(first.support, second.support)


def test_padding_of_the_square_counts_nothing():
    masks = square(8)[None, None]
    logits = torch.randn(1, 1, SIDE, SIDE)
    truth = truth_of(masks, content=(0.5, 1.0))
    first = guided_loss(output_of(logits), truth, LossConfig(location=0)).mask
    logits[..., SIDE // 2 :, :] = 50
    assert torch.equal(first, guided_loss(output_of(logits), truth, LossConfig(location=0)).mask)


def test_content_weights_mark_rows_and_columns():
    weights = content_weights(torch.tensor([[0.5, 0.25]]), (8, 8))
    assert weights.shape == (1, 1, 8, 8)
    assert weights[0, 0, :4, :2].all()
    assert float(weights.sum()) == 8


def test_empty_truth_pushes_the_mask_down_and_support_too():
    logits = torch.zeros(1, 1, SIDE, SIDE, requires_grad=True)
    support = torch.zeros(1, 1, requires_grad=True)
    terms = guided_loss(GuidedOutput(logits, support), truth_of(square(0)[None, None]), LossConfig())
    terms.total.backward()
    assert (logits.grad > 0).all()
    assert (support.grad > 0).all()


def test_no_valid_finding_gives_a_finite_zero():
    terms = guided_loss(
        output_of(torch.randn(2, 3, SIDE, SIDE)),
        truth_of(torch.zeros(2, 3, SIDE, SIDE), torch.zeros(2, 3)),
        LossConfig(),
    )
    assert float(terms.total) == 0


def test_masks_are_averaged_to_the_logits_resolution():
    masks = square(8)[None, None].to(torch.uint8)
    logits = torch.nn.functional.avg_pool2d((masks.float() - 0.5) * 40, 4)
    assert float(guided_loss(output_of(logits, 20.0), truth_of(masks), LossConfig(location=0)).total) < 0.02


def test_focal_gamma_spares_what_is_easy():
    truth, inside = square(8)[None, None], torch.ones(1, 1, SIDE, SIDE)
    logits = (truth - 0.5) * 4
    assert cross_entropy(logits, truth, inside, 2.0) < 0.1 * cross_entropy(logits, truth, inside, 0.0)
    assert soft_dice_loss(logits * 20, truth, inside) < 1e-3


def test_attributes_count_inside_the_masks_of_what_is_shown_and_stated():
    masks = torch.stack([square(8), square(0), square(8)])[None]
    agreement = torch.zeros(1, 3, 2, 8, 8)
    agreement[0, 0, 0] = -5.0
    agreement[0, 0, 0, 1:3, 1:3] = -1.5  # the square, at a quarter of the size
    agreement[0, 1, 0] = -3.0  # not shown
    shown = torch.tensor([[1.0, 0.0, 1.0]])  # the third states nothing
    assert float(attribute_term(agreement, masks, shown)) == pytest.approx(1.5)
    assert float(attribute_term(agreement, masks, shown * 0)) == 0
