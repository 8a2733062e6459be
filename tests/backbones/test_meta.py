"""Clicks and boxes as Meta's prompt encoders take them."""

import torch

from medsegr.backbones.decoder_input import Prompts
from medsegr.backbones.meta import flat_points, points_and_corners

FEATURES = torch.zeros(2, 8, 4, 4)
CLICKS = torch.tensor([[[[3.0, 7.0], [0.0, 0.0]], [[5.0, 1.0], [6.0, 2.0]]]])
LABELS = torch.tensor([[[1, -10], [0, 1]]])
BOXES = torch.tensor([[[1.0, 2.0, 30.0, 40.0], [5.0, 6.0, 7.0, 8.0]]])


def test_padding_of_clicks_is_no_point():
    points, labels = flat_points(Prompts(CLICKS, LABELS))
    assert torch.equal(points, CLICKS[0])
    assert labels.tolist() == [[1, -1], [0, 1]]
    assert flat_points(None) is None and flat_points(Prompts(boxes=BOXES)) is None


def test_corners_come_first_the_upper_left_as_two_and_the_lower_right_as_three():
    points, labels = points_and_corners(Prompts(CLICKS, LABELS, BOXES), FEATURES)
    assert points[0].tolist() == [[1, 2], [30, 40], [3, 7], [0, 0]]
    assert points[1].tolist() == [[5, 6], [7, 8], [5, 1], [6, 2]]
    assert labels.tolist() == [[2, 3, 1, -1], [2, 3, 0, 1]]


def test_without_a_prompt_there_is_one_that_is_no_point():
    for prompts in (None, Prompts()):
        points, labels = points_and_corners(prompts, FEATURES)
        assert points.shape == (2, 1, 2) and not points.any()
        assert labels.tolist() == [[-1], [-1]]
