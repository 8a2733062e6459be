"""Planes gathered into volumes: what a volume says is what its best plane says, wherever that lies."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from medsegr.data.geometry import displayed_geometry
from medsegr.data.image import MedicalImage
from medsegr.inference.predictor import Predictor
from medsegr.inference.user_prompt import UserPrompt
from medsegr.model.adapter import AdapterConfig
from tests.inference.bright_model import BrightModel

HEIGHT, WIDTH = 40, 64
EDGE = 0.6
"""Brightness at which this model's support is a half."""


class SurerOfTheBright(BrightModel):
    """Its support grows with what is brightest in the plane; where it looked is what it outlines."""

    def outline(self, encoding, prompts=None):
        output = super().outline(encoding, prompts)
        brightest = encoding.pixels.flatten(1).amax(1)
        output.support_logits = (20 * (brightest - EDGE))[:, None].expand(output.support_logits.shape).clone()
        output.location_logits = (output.logits[..., ::4, ::4],)
        return output


def blob(rows: slice, columns: slice, value: float) -> np.ndarray:
    plane = np.zeros((HEIGHT, WIDTH), np.float32)
    plane[rows, columns] = value
    return plane


SMALL = blob(slice(8, 16), slice(40, 56), 1.0)
AGAIN = blob(slice(24, 32), slice(8, 24), 1.0)
LARGE_BUT_DIM = blob(slice(4, 36), slice(4, 36), 0.55)
EMPTY = np.zeros((HEIGHT, WIDTH), np.float32)


def found(*planes: np.ndarray):
    """The one finding in a volume of these planes."""
    (finding,) = Predictor(SurerOfTheBright(WIDTH), "bright").segment(np.stack(planes), "Nodule.").findings
    return finding


def sigmoid(x: float) -> float:
    return float(torch.sigmoid(torch.tensor(x)))


@pytest.mark.parametrize("place", [0, 2, 5])
def test_support_is_that_of_the_best_plane_wherever_it_lies(place):
    planes = [EMPTY] * 6
    planes[place] = SMALL
    finding = found(*planes)
    assert finding.support == pytest.approx(sigmoid(20 * (1 - EDGE)), abs=1e-3)
    assert finding.key_plane == place
    assert [bool(plane.any()) for plane in finding.mask] == [n == place for n in range(6)]
    np.testing.assert_array_equal(finding.mask[place], SMALL > 0.5)


def test_of_planes_alike_the_first_is_shown():
    finding = found(EMPTY, SMALL, EMPTY, AGAIN, EMPTY)
    assert finding.key_plane == 1
    np.testing.assert_array_equal(finding.mask[3], AGAIN > 0.5)
    np.testing.assert_array_equal(finding.probability >= 0.5, SMALL > 0.5)
    assert finding.location_map[10, 48] > 0.9 and finding.location_map[28, 16] < 0.1


def test_the_plane_with_the_largest_mask_is_shown():
    wider = blob(slice(24, 32), slice(8, 40), 0.9)
    assert found(SMALL, wider, SMALL).key_plane == 1
    assert found(wider, SMALL, SMALL).key_plane == 0


def test_a_plane_without_support_adds_nothing_however_large_its_mask():
    finding = found(LARGE_BUT_DIM, SMALL, LARGE_BUT_DIM)
    assert [bool(plane.any()) for plane in finding.mask] == [False, True, False]
    assert finding.key_plane == 1


def clicked(planes, *places: int, labels: tuple[int, ...] = ()):
    """The one finding, with a click in each of these planes; and what each call of the model was told of clicks."""
    model = SurerOfTheBright(WIDTH)
    prompt = UserPrompt(points=tuple((20 + place, 9) for place in places), labels=labels, planes=places)
    found = Predictor(model).segment(np.stack(planes), "Nodule.", prompts={"nodule": prompt}).findings[0]
    return found, [prompts.points[0, 0].tolist() for prompts in model.prompted]


def test_a_click_says_that_it_is_there_in_its_plane_alone():
    planes = [EMPTY, LARGE_BUT_DIM, EMPTY, LARGE_BUT_DIM]
    assert found(*planes).outcome == "unsupported"
    once, told = clicked(planes, 1)
    assert (once.outcome, once.reason, once.key_plane) == ("outlined", None, 1) and once.support < 0.5
    assert [plane.any() for plane in once.planes] == [False, True, False, False]
    assert told == [[[21.0, 9.0]]]
    twice, told = clicked(planes, 1, 3)
    assert [plane.any() for plane in twice.planes] == [False, True, False, True]
    assert told == [[[21.0, 9.0]], [[23.0, 9.0]]], "each plane has its own click"
    assert clicked(planes, 1, labels=(0,))[0].outcome == "unsupported", "what is not there says nothing of the rest"


def test_the_plane_that_was_clicked_last_is_shown():
    planes = [EMPTY, EMPTY, SMALL, EMPTY, AGAIN, EMPTY]
    shown, told = clicked(planes, 4, 2, 4)
    assert shown.key_plane == 4 and len(told) == 2, "each plane is asked once"
    np.testing.assert_array_equal(shown.probability >= 0.5, AGAIN > 0.5)


def test_each_finding_shows_the_plane_of_its_own_last_click():
    model = SurerOfTheBright(WIDTH)
    prompts = {
        name: UserPrompt(points=((20, 9), (21, 9)), planes=planes)
        for name, planes in (("nodule", (3, 1)), ("pleural_effusion", (1, 3)))
    }
    found = Predictor(model).segment(np.stack([SMALL] * 4), "Nodule. Effusion.", prompts=prompts).findings
    assert [finding.key_plane for finding in found] == [1, 3]


def test_a_speck_stays_where_it_was_clicked():
    speck = blob(slice(30, 32), slice(50, 53), 1.0)
    planes = [blob(slice(4, 36), slice(4, 36), 1.0)] * 3 + [EMPTY, speck, EMPTY, EMPTY]
    assert not found(*planes).mask[4].any()
    kept = clicked(planes, 4, 5)[0]
    assert kept.mask[4].sum() == 6 and kept.key_plane == 5


DIM = blob(slice(4, 36), slice(4, 30), 0.57)
"""Of a support that falls short, and that neighbours may lift."""

DIM_SIZE = 32 * 26
DOT = blob(slice(20, 23), slice(50, 53), 1.0)


def sizes(finding) -> list[int]:
    return [int(plane.sum()) for plane in finding.planes]


def test_a_click_takes_no_speck_from_another_plane_and_lifts_no_weak_one():
    assert sizes(found(DOT, EMPTY, EMPTY, DIM)) == [9, 0, 0, 0]
    assert sizes(clicked([DOT, EMPTY, EMPTY, DIM], 3)[0]) == [9, 0, 0, DIM_SIZE]
    assert sizes(found(DIM, DIM, DIM, EMPTY)) == [0, 0, 0, 0]
    assert sizes(clicked([DIM, DIM, DIM, EMPTY], 1)[0]) == [0, DIM_SIZE, 0, 0]


def fading(monkeypatch, to: float) -> None:
    """Where this model is told by a click that nothing is there, its support falls."""

    def outline(self, encoding, prompts=None, real=SurerOfTheBright.outline):
        output = real(self, encoding, prompts)
        if prompts is not None:
            output.support_logits = torch.full_like(output.support_logits, float(np.log(to / (1 - to))))
        return output

    monkeypatch.setattr(SurerOfTheBright, "outline", outline)


def test_a_click_outside_changes_its_plane_alone_and_the_support_is_of_what_is_left(monkeypatch):
    bright = blob(slice(4, 36), slice(4, 30), 1.0)
    planes = [DIM, bright, DIM, EMPTY]
    before = found(*planes)
    assert sizes(before) == [DIM_SIZE, DIM_SIZE, DIM_SIZE, 0]
    fading(monkeypatch, 0.02)
    after, _ = clicked(planes, 1, labels=(0,))
    assert sizes(after) == [DIM_SIZE, 0, DIM_SIZE, 0], "what hung together with it stays"
    assert (after.outcome, after.reason) == ("outlined", None)
    assert after.support == pytest.approx(sigmoid(20 * (0.57 - EDGE)), abs=1e-3)
    assert clicked([EMPTY, bright, EMPTY], 1, labels=(0,))[0].outcome == "unsupported"


def test_what_a_click_outside_leaves_does_not_hang_on_clicks_in_other_planes(monkeypatch):
    fading(monkeypatch, 0.3)
    assert sizes(clicked([DIM, DIM, EMPTY], 0, labels=(0,))[0]) == [0, 0, 0]
    for places, labels in (((0, 1), (0, 1)), ((1, 0), (1, 0))):
        assert sizes(clicked([DIM, DIM, EMPTY], *places, labels=labels)[0]) == [0, DIM_SIZE, 0]
    bright = blob(slice(4, 36), slice(4, 30), 1.0)
    for places in ((0,), (0, 1), (1, 0)):
        after = clicked([DIM, bright, DIM], *places, labels=(0,) * len(places))[0]
        assert sizes(after) == [DIM_SIZE] * 3


def test_where_nothing_is_outlined_the_likeliest_plane_is_shown():
    dim = [blob(slice(8, 16), slice(8, 24), value) for value in (0.1, 0.3, 0.2)]
    finding = found(blob(slice(0, 2), slice(0, 2), 0.0), *dim)
    assert finding.outcome == "unsupported" and not finding.mask.any()
    top = finding.key_plane
    assert top == 2 and finding.support < 0.5


def chest(planes: int, step: float, bright: dict[int, np.ndarray]) -> MedicalImage:
    """A chest in axial planes, from the feet upwards, dark but for some."""
    voxels = np.stack([bright.get(place, EMPTY) for place in range(planes)])
    affine = np.diag([-1.0, -1.0, step, 1.0])
    return MedicalImage(voxels, displayed_geometry(affine, (WIDTH, HEIGHT, planes)), "chest_ct")


@pytest.mark.parametrize("report", ["Nodule in the upper lobe.", "Nodule in the lower lobe."])
def test_words_along_the_body_choose_between_planes_alike(report):
    twice = {5: SMALL, 26: SMALL}
    finding = Predictor(SurerOfTheBright(WIDTH), "bright").segment(chest(32, 9.0, twice), report).findings[0]
    upper = "upper" in report
    assert finding.key_plane == (26 if upper else 5)
    assert [bool(plane.any()) for plane in finding.planes] == [place in twice for place in range(32)], (
        "none is excluded"
    )
    short = Predictor(SurerOfTheBright(WIDTH), "bright").segment(chest(32, 4.0, twice), report).findings[0]
    assert short.key_plane == 5, "13 cm are no whole chest, and the first of planes alike is shown"


def test_a_doubtful_plane_far_from_the_stated_place_adds_nothing():
    doubtful = blob(slice(8, 16), slice(40, 56), 0.62)
    for report, shows in (("Nodule in the upper lobe.", False), ("Nodule in the lower lobe.", True), ("Nodule.", True)):
        model = SurerOfTheBright(WIDTH)
        finding = Predictor(model, "bright").segment(chest(32, 9.0, {3: doubtful}), report).findings[0]
        assert (finding.outcome == "outlined") == shows


def test_planes_come_in_order():
    planes = [blob(slice(n, n + 4), slice(2 * n, 2 * n + 4), 1.0) for n in range(9)]
    for mask, plane in zip(found(*planes).mask, planes, strict=True):
        np.testing.assert_array_equal(mask, plane > 0.5)


def test_findings_that_are_asked_for_in_groups_keep_their_own_answers(monkeypatch):
    monkeypatch.setattr("medsegr.inference.plane.FINDINGS_AT_ONCE", 2)
    monkeypatch.setattr("medsegr.inference.volume.FINDINGS_AT_ONCE", 2)
    colours = [blob(slice(9 * n, 9 * n + 5), slice(20 * n, 20 * n + 9), 1.0) for n in range(3)]
    model = SurerOfTheBright(WIDTH)
    result = Predictor(model, "bright").segment(np.stack(colours, -1), "Nodule. Effusion. Consolidation.")
    assert [len(listed) for batch in model.asked for listed in batch] == [2, 1]
    for finding, colour in zip(result.findings, colours, strict=True):
        np.testing.assert_array_equal(finding.mask, colour > 0.5)


def test_planes_are_asked_in_batches():
    model = SurerOfTheBright(WIDTH)
    Predictor(model, "bright").segment(np.stack([EMPTY, SMALL] * 5), "Nodule.")
    assert sum(map(len, model.shown)) == 10 and max(map(len, model.shown)) <= 4


def test_a_model_with_neighbours_is_shown_the_planes_below_and_above():
    model = SurerOfTheBright(WIDTH)
    model.adapter.config = replace(model.adapter.config, neighbours=True)
    volume = np.stack([SMALL, AGAIN, EMPTY, LARGE_BUT_DIM, SMALL])
    Predictor(model, "bright").segment(volume, "Nodule.")
    shown = [plane for planes in model.shown for plane in planes]
    below, above = volume[[0, 0, 1, 2, 3]], volume[[1, 2, 3, 4, 4]]
    np.testing.assert_array_equal(np.stack(shown), np.stack([below, volume, above], axis=-1))
    model.shown.clear()
    Predictor(model, "bright").segment(SMALL, "Nodule.")
    assert model.shown[0][0].shape == SMALL.shape, "a picture has no neighbours"


def test_the_setting_is_kept_with_the_adapter_and_off_by_default(tmp_path):
    assert not AdapterConfig().neighbours and not AdapterConfig.from_dict({}).neighbours
    assert AdapterConfig.from_dict(AdapterConfig(neighbours=True).to_dict()).neighbours
