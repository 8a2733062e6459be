"""The expert's boxes: where they lie, and what a host that fills its box makes of them."""

import numpy as np
import pandas as pd
import pytest
import torch
from benchmarks.box_figures import boxes as read_boxes
from benchmarks.box_host import masks_in, see, see_as_package, united
from benchmarks.boxes import box_around, larger, part_boxes, shifted

from benchmarks import expert_box
from medsegr.backbones.decoder_input import ImageEmbedding
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.evaluation.evaluate import evaluate
from medsegr.inference.predictor import Predictor
from medsegr.model.adapter import AdapterConfig
from medsegr.model.attach import attach
from medsegr.square import Square
from medsegr.view import View
from tests.random_hosts import random_tiny

SIDE = 64


class FillsItsBox:
    """A host whose mask is the box that it is told."""

    image_size = SIDE

    def preprocess(self, pictures):
        squares = [Square.fit(picture.shape[:2], SIDE) for picture in pictures]
        return torch.zeros(len(pictures), 3, SIDE, SIDE), [View().in_square(square) for square in squares]

    def encode(self, pixels):
        self.pixels = pixels
        return ImageEmbedding(torch.zeros(1, 4, 8, 8))

    def mask_decoder(self):
        return None

    def decode(self, embedding, tokens, prompts, decoder):
        assert tokens is None and embedding.features.shape[0] == prompts.boxes.shape[1]
        at = torch.arange(SIDE)
        x1, y1, x2, y2 = prompts.boxes[0].round().T[..., None]
        inside = ((at >= y1) & (at <= y2))[:, :, None] & ((at >= x1) & (at <= x2))[:, None]
        return inside.float() * 2 - 1


@pytest.fixture
def truth() -> np.ndarray:
    """A bar and a speck in a picture twice as wide as high, which lies at half its size in the square."""
    mask = np.zeros((64, 128), bool)
    mask[8:16, 20:60] = mask[40:44, 100:104] = True
    return mask


def test_boxes_are_in_pixels_of_the_square_by_first_and_last_pixel(truth):
    square = Square.fit((64, 128), SIDE)
    assert box_around(truth, square).tolist() == [10, 4, 51, 21]
    assert [box.tolist() for box in part_boxes(truth, square)] == [[10, 4, 29, 7], [50, 20, 51, 21]]
    stretched = Square.fit((64, 128), SIDE, "stretch")
    assert box_around(truth, stretched).tolist() == [10, 8, 51, 43]
    with pytest.raises(ValueError, match="empty"):
        box_around(np.zeros((64, 128), bool), square)


def test_a_larger_box_keeps_its_centre_and_ends_at_the_picture():
    square = Square.fit((64, 128), SIDE)
    box = np.array([10, 4, 29, 13], np.float32)
    assert larger(box, 0.1, square).tolist() == [9, 3.5, 30, 13.5]
    assert larger(np.array([0, 0, 63, 31], np.float32), 0.1, square).tolist() == [0, 0, 63, 31]
    assert [each.tolist() for each in shifted(box, 0.1, square)] == [
        [8, 4, 27, 13], [12, 4, 31, 13], [10, 3, 29, 12], [10, 5, 29, 14],
    ]  # fmt: skip


def test_masks_are_of_the_pictures_size_and_parts_unite(truth):
    host, picture = FillsItsBox(), np.zeros((64, 128), np.float32)
    seen = see(host, picture)
    one = masks_in(host, seen, [box_around(truth, seen.square)])
    assert one.shape == (1, 64, 128) and one[0, 8:44, 20:104].all() and one.sum() == 36 * 84
    assert (united(host, seen, part_boxes(truth, seen.square)) == truth).all()
    many = united(host, seen, part_boxes(truth, seen.square) * 20)
    assert (many == truth).all()


def test_the_package_divides_by_255_alone_and_squashes():
    host, picture = FillsItsBox(), np.full((32, 128, 3), 0.25, np.float32)
    picture[..., 1] = 0.5
    seen = see_as_package(host, picture)
    assert seen.square.resized == (SIDE, SIDE)
    assert host.pixels.shape == (1, 3, SIDE, SIDE) and host.pixels.amin((0, 2, 3)).tolist() == [0.25, 0.5, 0.25]
    see_as_package(host, picture[..., 0])
    assert host.pixels.shape == (1, 3, SIDE, SIDE) and host.pixels.unique().tolist() == [0.25]


@pytest.fixture(scope="module")
def table(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("boxes") / "expert_box.csv.gz"
    rows = pd.DataFrame(list(expert_box.rows_of(FillsItsBox(), DatasetFolder(data), "test", None, 1)))
    expert_box.keep(rows.assign(data="another"), path)
    expert_box.keep(rows.assign(box=0.0), path)
    expert_box.keep(rows, path)
    found = read_boxes(path)
    assert len(found) == 2 * len(rows), "a set's rows take the place of those from before"
    return found[found.data == "discs"]


def test_findings_are_those_of_evaluate(data, table):
    predictor = Predictor(attach(random_tiny(), AdapterConfig()).eval(), name="made")
    asked = [a for a in evaluate(predictor, DatasetFolder(data), "test", ("true",)) if a.overlap.true]
    assert [(a.data, a.case, a.finding, a.target, a.measures.truth, a.patient, a.role) for a in asked] == [
        tuple(r) for r in table[["data", "case", "finding", "target", "truth", "patient", "role"]].to_numpy()
    ]
    assert (table.box == table.parts).all() and (table.box == table.box_image).all()
    assert (table.box > 0.85).all() and (table.shifted < table.box).all()  # a disc in its box
    assert (table.package.notna() == (table.case == table.case.iloc[0])).all()


def test_sets_that_were_asked_in_part_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(expert_box, "RESULTS", tmp_path)
    assert expert_box.limits_of({"films": 40, "discs": None}) == {"films": 40}
    (tmp_path / "expert_box.json").touch()
    monkeypatch.setattr(expert_box, "read_record", lambda name: {"limits": {"films": 40, "nuclei": 5}})
    assert expert_box.limits_of({"films": None, "discs": 3}) == {"nuclei": 5, "discs": 3}
