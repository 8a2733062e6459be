"""The box head: its sides are those of what it is shown, columns for x, rows for y."""

import pytest
import torch

from medsegr.perception.box_head import BoxHead
from medsegr.training.box_loss import box_term, boxes_of, generalised_iou

ROWS, COLUMNS = 12, 30
TOKENS = torch.zeros(1, 4, 6)


def head() -> BoxHead:
    torch.manual_seed(0)
    return BoxHead(8, 6, width=16)


def pointed(rows: slice, columns: slice, inside: float = 3.0, outside: float = -5.0) -> torch.Tensor:
    """Location logits that point to some cells."""
    logits = torch.full((1, 1, ROWS, COLUMNS), outside)
    logits[..., rows, columns] = inside
    return logits


def features(seed: int = 0, count: int = 1) -> torch.Tensor:
    return torch.randn(count, 8, ROWS, COLUMNS, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
@pytest.mark.parametrize("inside", [3.0, -1.5], ids=["sure", "unsure"])
def test_a_fresh_head_draws_the_box_around_what_the_attention_points_to(inside):
    found = head()(features(), pointed(slice(2, 5), slice(20, 29), inside), TOKENS)
    torch.testing.assert_close(found, torch.tensor([[20 / 30, 2 / 12, 29 / 30, 5 / 12]]), atol=0.006, rtol=0)


@torch.no_grad()
def test_a_side_may_lie_within_a_cell():
    """A cell that is half as sure as the surest is half inside."""
    logits = pointed(slice(2, 5), slice(10, 20))
    logits[..., 2:5, 9] = torch.logit(torch.sigmoid(torch.tensor(3.0)) / 2)
    assert float(head()(features(), logits, TOKENS)[0, 0]) * COLUMNS == pytest.approx(9.5, abs=0.05)


@torch.no_grad()
def test_attention_that_points_nowhere_gives_the_whole_square():
    found = head()(features(), torch.full((1, 1, ROWS, COLUMNS), -2.0), TOKENS)
    torch.testing.assert_close(found, torch.tensor([[0.0, 0.0, 1.0, 1.0]]), atol=0.006, rtol=0)


@torch.no_grad()
def test_in_the_mirror_a_fresh_box_is_the_mirror_image():
    logits = pointed(slice(1, 4), slice(3, 9)) + torch.randn(1, 1, ROWS, COLUMNS)
    x1, y1, x2, y2 = head()(features(), logits, TOKENS)[0]
    mirrored = head()(features(), logits.flip(-1), TOKENS)[0]
    torch.testing.assert_close(mirrored, torch.stack([1 - x2, y1, 1 - x1, y2]))
    upside_down = head()(features(), logits.flip(-2), TOKENS)[0]
    torch.testing.assert_close(upside_down, torch.stack([x1, 1 - y2, x2, 1 - y1]))


@torch.no_grad()
def test_sides_are_in_order_whatever_was_learnt():
    learnt = head()
    for part in learnt.modules():
        if isinstance(part, torch.nn.Conv1d):
            torch.nn.init.normal_(part.weight, std=0.5)
    found = learnt(features(count=40), torch.randn(40, 1, ROWS, COLUMNS), torch.randn(40, 4, 6))
    assert (found[:, :2] <= found[:, 2:]).all() and found.min() >= 0 and found.max() <= 1
    assert (found[:, :2] < found[:, 2:]).any()


@torch.no_grad()
def test_findings_are_read_one_by_one():
    learnt = head()
    torch.nn.init.normal_(learnt.across.read[-1].weight)
    seen, logits, tokens = features(count=3), torch.randn(3, 1, ROWS, COLUMNS), torch.randn(3, 4, 6)
    together = learnt(seen, logits, tokens)
    alone = torch.cat([learnt(seen[k : k + 1], logits[k : k + 1], tokens[k : k + 1]) for k in range(3)])
    torch.testing.assert_close(together, alone)
    assert not torch.allclose(learnt(seen, logits, tokens + 1), together), "the tokens have a say"


def test_it_learns_a_box_that_the_attention_does_not_know():
    torch.manual_seed(0)
    learnt, colours = head(), torch.randn(2, 8)
    optimiser = torch.optim.AdamW(learnt.parameters(), 4e-3)
    flat = torch.full((8, 1, ROWS, COLUMNS), -2.0)
    for _ in range(80):
        masks = torch.zeros(2, 8, 1, ROWS, COLUMNS)
        for mask in masks.flatten(0, 2):
            top, left = (int(torch.randint(0, most, ())) for most in (7, 20))
            mask[top : top + int(torch.randint(2, 6, ())), left : left + int(torch.randint(3, 11, ()))] = 1
        meant, other = masks
        seen = meant * colours[0][:, None, None] + other * (1 - meant) * colours[1][:, None, None]
        # In this test a side of the square is that of the grid, so that rows and columns count alike.
        shares = learnt(seen, flat, TOKENS.expand(8, -1, -1))
        sides = torch.tensor([COLUMNS, ROWS, COLUMNS, ROWS])
        true = (boxes_of(meant) + torch.tensor([0, 0, 1, 1])) / sides
        loss = (shares[:, None] - true).abs().sum(-1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(generalised_iou(shares[:, None], true).mean().detach()) > 0.6


def test_every_part_of_it_hears_of_the_loss():
    learnt = head()
    for sides in (learnt.across, learnt.down):
        torch.nn.init.normal_(sides.read[-1].weight, std=0.1)
    seen, logits = features().requires_grad_(), pointed(slice(2, 5), slice(20, 29)).requires_grad_()
    masks = torch.zeros(1, 1, 64, 64)
    masks[..., 5:20, 30:50] = 1
    box_term(64 * learnt(seen, logits, TOKENS + 1)[:, None], masks, torch.ones(1, 1)).backward()
    given = {name: p.grad for name, p in learnt.named_parameters()} | {"seen": seen.grad, "logits": logits.grad}
    assert [name for name, grad in given.items() if grad is None or not grad.any()] == []
