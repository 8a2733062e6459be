"""Boxes of findings, from the model's square into results and files."""

import json

import numpy as np
import pytest
import torch

from medsegr.inference.predictor import Predictor
from medsegr.inference.user_prompt import UserPrompt
from medsegr.inference.writer import write_case
from medsegr.square import Square
from tests.inference.bright_model import BrightModel

SIDES = (8.0, 4.0, 40.0, 12.0)
"""In the square of 64."""


class Boxed(BrightModel):
    """Says the same box of every finding, further down by 8 for each of them."""

    def outline(self, encoding, prompts=None):
        output = super().outline(encoding, prompts)
        down = 8 * torch.arange(output.logits.shape[1])[:, None] * torch.tensor([0, 1, 0, 1])
        output.boxes = (torch.tensor(SIDES) + down).expand(len(output.logits), -1, -1).float()
        return output


def picture(height: int = 40, width: int = 80, left: int = 10) -> np.ndarray:
    pixels = np.zeros((height, width, 3), np.float32)
    pixels[5:15, left : left + 40] = 1.0
    return pixels


def found(model=None, image=None, report="Nodule. Effusion.", **options):
    prompts = options.pop("prompts", None)
    return Predictor(model or Boxed(), **options).segment(
        picture() if image is None else image, report, prompts=prompts
    )


def test_a_box_comes_back_in_pixels_of_the_picture():
    nodule, effusion = found().findings
    assert nodule.box == pytest.approx((10, 5, 50, 15)), "80 columns in 64"
    assert effusion.box == pytest.approx((10, 15, 50, 25))
    tall = found(image=picture(80, 40)).findings[0]
    assert tall.box == pytest.approx((10, 5, 40, 15)), "and none reaches into the padding"
    assert found(BrightModel()).findings[0].box is None, "of a model that predicts none"


def test_points_go_in_and_out_of_stretched_squares_too():
    square = Square.fit((40, 80), 64, "stretch")
    corners = torch.tensor([[10.0, 5.0], [80.0, 40.0]])
    torch.testing.assert_close(square.points_out(square.points_in(corners)), corners)


def test_a_users_box_is_the_findings_box():
    told = {"nodule": UserPrompt(box=(1.5, 2, 30, 20))}
    for model, other in ((Boxed(), pytest.approx((10, 15, 50, 25))), (BrightModel(), None)):
        nodule, effusion = found(model, prompts=told).findings
        assert nodule.box == (1.5, 2, 30, 20) and effusion.box == other
    clicked = found(prompts={"nodule": UserPrompt(points=((12, 7),))}).findings[0]
    assert clicked.box == pytest.approx((10, 5, 50, 15))


def test_of_both_looks_of_a_flip_the_box_is_the_mean():
    """The model says the same in the mirror, where columns 10 to 50 are 30 to 70 of the picture."""
    assert found(flips=True).findings[0].box == pytest.approx((20, 5, 60, 15))
    told = found(flips=True, prompts={"nodule": UserPrompt(box=(1.5, 2, 30, 20))}).findings[0]
    assert told.box == pytest.approx((1.5, 2, 30, 20))


def test_a_second_look_leaves_the_box_of_the_first():
    small = np.zeros((200, 400, 3), np.float32)
    small[20:40, 50:80] = 1.0
    nodule = found(image=small, second_look=True).findings[0]
    assert nodule.looked_twice and nodule.box == pytest.approx((50, 25, 250, 75))


def test_groups_of_findings_keep_their_boxes(monkeypatch):
    monkeypatch.setattr("medsegr.inference.plane.FINDINGS_AT_ONCE", 1)
    monkeypatch.setattr("medsegr.inference.volume.FINDINGS_AT_ONCE", 1)
    told = {"pleural_effusion": UserPrompt(box=(1, 2, 3, 4))}
    assert [finding.box for finding in found(prompts=told).findings] == [pytest.approx((10, 5, 50, 15)), (1, 2, 3, 4)]


def test_findings_json_holds_the_box_of_pictures(tmp_path):
    label = {"case": "a", "image": "a.png", "model": "boxed"}
    result = found(report="Nodule. Effusion. No consolidation.")
    record = json.loads(write_case(tmp_path, result, **label).read_text())
    assert [entry["box"] for entry in record["findings"]] == [[10, 5, 50, 15], [10, 15, 50, 25], None]
    again = UserPrompt(box=record["findings"][0]["box"])
    assert found(BrightModel(), prompts={"nodule": again}).findings[0].box == (10, 5, 50, 15)
    volume = np.stack([picture()[..., 0]] * 3)
    result = found(image=volume)
    assert result.findings[0].box == pytest.approx((10, 5, 50, 15)), "of the key plane"
    record = json.loads(write_case(tmp_path, result, **label).read_text())
    assert record["findings"][0]["box"] is None
