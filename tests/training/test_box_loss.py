"""Boxes of masks, the loss of predicted ones, and those that findings are told."""

import numpy as np
import pytest
import torch

from medsegr.model.guided_pass import GuidedOutput
from medsegr.training.box_loss import box_term, boxes_of, generalised_iou
from medsegr.training.config import LossConfig
from medsegr.training.losses import Truth, guided_loss
from medsegr.training.told_boxes import JITTER, told_boxes

SIDE = 40


def masks_of(*boxes: tuple[int, int, int, int]) -> torch.Tensor:
    """One image whose findings fill boxes, first to last column and row; an empty mask for (0, 0, -1, -1)."""
    masks = torch.zeros(1, len(boxes), SIDE, SIDE, dtype=torch.uint8)
    for mask, (x1, y1, x2, y2) in zip(masks[0], boxes, strict=True):
        mask[y1 : y2 + 1, x1 : x2 + 1] = 1
    return masks


def truth_of(masks: torch.Tensor, valid: list[float] | None = None) -> Truth:
    known = torch.ones(masks.shape[:2]) if valid is None else torch.tensor([valid])
    return Truth(masks, known, masks.flatten(2).any(-1).float(), torch.ones(1, 2))


def test_boxes_run_from_the_first_to_the_last_column_and_row():
    masks = masks_of((3, 10, 30, 12), (5, 5, 5, 5), (0, 0, -1, -1))
    masks[0, 0, 10:13, 10:20] = 0  # a gap
    assert boxes_of(masks).tolist() == [[[3, 10, 30, 12], [5, 5, 5, 5], [0, 0, 0, 0]]]
    assert boxes_of(masks[..., :20, :]).tolist()[0][0] == [3, 10, 30, 12], "of pictures that are not square too"


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ((0.0, 0.0, 4.0, 2.0), 1.0),
        ((0.0, 0.0, 2.0, 2.0), 0.5),
        ((6.0, 0.0, 10.0, 2.0), -0.2),  # apart: 4 of the 20 around both are filled by neither
        ((1.0, 1.0, 1.0, 1.0), 0.0),
    ],
)
def test_generalised_iou(other, expected):
    one = torch.tensor([[[0.0, 0.0, 4.0, 2.0]]])
    assert float(generalised_iou(one, torch.tensor([[other]]))) == pytest.approx(expected)
    assert float(generalised_iou(torch.tensor([[other]]), one)) == pytest.approx(expected)


def test_the_term_is_that_of_findings_that_are_shown():
    masks = masks_of((10, 4, 29, 13), (0, 0, -1, -1), (1, 1, 8, 8))
    exact = boxes_of(masks)
    shown = torch.tensor([[1.0, 0.0, 0.0]])
    assert float(box_term(exact, masks, shown)) == pytest.approx(0, abs=1e-5)
    off = exact + torch.tensor([0.0, 0.0, 4.0, 0.0])
    # 4 of 40 columns off: a tenth of the square; 9 rows of 19 columns of 9 rows of 23
    assert float(box_term(off, masks, shown)) == pytest.approx((5 * 0.1 + 2 * (1 - 19 / 23)) / 7, rel=1e-5)
    off[:, 1:] = 37.0
    assert float(box_term(off, masks, shown)) == pytest.approx((5 * 0.1 + 2 * (1 - 19 / 23)) / 7, rel=1e-5)
    assert float(box_term(off, masks, 0 * shown)) == 0


def test_it_counts_with_its_weight_and_only_where_there_are_boxes():
    masks = masks_of((10, 4, 29, 13))
    logits, support = torch.zeros(1, 1, SIDE, SIDE), torch.zeros(1, 1)
    boxes = torch.tensor([[[0.0, 0.0, 39.0, 39.0]]], requires_grad=True)
    plain = guided_loss(GuidedOutput(logits, support), truth_of(masks), LossConfig())
    terms = guided_loss(GuidedOutput(logits, support, boxes=boxes), truth_of(masks), LossConfig(box=3.0))
    assert float(plain.box) == 0 and float(terms.box.detach()) > 0.3
    assert float(terms.total.detach()) == pytest.approx(float(plain.total + 3 * terms.box.detach()))
    terms.total.backward()
    assert (boxes.grad.sign() == torch.tensor([-1, -1, 1, 1])).all(), "all four sides move inwards"


def test_one_pixel_has_a_finite_box_and_gradient():
    boxes = torch.tensor([[[7.0, 7.0, 7.0, 7.0]]], requires_grad=True)
    loss = box_term(boxes, masks_of((7, 7, 7, 7)), torch.ones(1, 1))
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(boxes.grad).all()


def test_a_share_of_the_findings_that_are_there_is_told_its_box_roughly():
    masks = masks_of(*[(10, 4, 29, 13)] * 60, (0, 0, -1, -1), (10, 4, 29, 13))
    truth = truth_of(masks, [1.0] * 61 + [0.0])
    told = told_boxes(truth, 0.5, np.random.default_rng(3)).boxes[0]
    given = ~told.isnan().any(-1)
    assert (told.isnan().any(-1) == told.isnan().all(-1)).all()
    assert 18 < given[:60].sum() < 42 and not given[60:].any(), "neither what is not there nor padding"
    off = (told[given] - boxes_of(masks)[0, :1]).abs() / torch.tensor([19, 9, 19, 9])
    assert off.max() <= JITTER and (off.amax(0) > 0.6 * JITTER).all()
    assert told_boxes(truth, 0.0, np.random.default_rng(3)).boxes.isnan().all()
    assert not told_boxes(truth, 1.0, np.random.default_rng(3)).boxes[0, :60].isnan().any()


def test_told_boxes_stay_in_the_square():
    masks = masks_of(*[(0, 0, 39, 39)] * 20)
    told = told_boxes(truth_of(masks), 1.0, np.random.default_rng(0)).boxes
    assert told.min() == 0 and told.max() == SIDE - 1
