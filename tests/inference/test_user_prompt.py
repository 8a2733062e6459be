"""Clicks and boxes together with a report."""

import numpy as np
import pytest
import torch

import medsegr
from medsegr.errors import ConfigError
from medsegr.inference.predictor import Predictor
from medsegr.inference.user_prompt import UserPrompt
from medsegr.model.adapter import AdapterConfig
from medsegr.square import Square
from tests.hosts import HOSTS, guided, open_gates

REPORT = "Small nodule in the left upper zone. Large right pleural effusion. No pneumothorax."
CONFIG = AdapterConfig(token_dim=16, heads=2, bottleneck=8)


def predictor(name: str = "sam") -> Predictor:
    case = HOSTS[name]
    return Predictor(open_gates(guided(case, case.build(), CONFIG)))


def picture(height: int = 40, width: int = 80) -> np.ndarray:
    return np.random.default_rng(0).random((height, width)).astype(np.float32)


def probabilities(model: Predictor, **prompts):
    named = {key.replace("_left", "-left"): prompt for key, prompt in prompts.items()}
    result = model.segment(picture(), REPORT, modality="chest_xray", support_threshold=0.0, prompts=named)
    return {found.id: found.probability for found in result.findings if found.probability is not None}


def test_a_click_or_a_box_changes_its_finding_and_no_other():
    model = predictor()
    plain = probabilities(model)
    for prompt in (UserPrompt(points=((60, 10), (5, 5)), labels=(1, 0)), UserPrompt(box=(50, 5, 70, 20))):
        steered = probabilities(model, nodule_left=prompt)
        assert not np.array_equal(steered["nodule-left"], plain["nodule-left"])
        np.testing.assert_array_equal(steered["pleural_effusion-right"], plain["pleural_effusion-right"])


def test_the_image_is_encoded_once_however_many_prompts_there_are():
    model = predictor()
    calls = []
    model.model.backbone.blocks()[0].register_forward_hook(lambda *_: calls.append(1))
    probabilities(model, nodule_left=UserPrompt(points=((60, 10),)), pleural_effusion=UserPrompt(box=(1, 1, 9, 9)))
    assert len(calls) == 1


def test_pixels_of_the_picture_become_pixels_of_the_square():
    square = Square.fit((40, 80), 64)
    prompts = UserPrompt(points=((80, 40), (40, 10)), labels=(1, 0), box=(0, 20, 40, 40)).in_square(square)
    torch.testing.assert_close(prompts.points[0, 0], torch.tensor([[64.0, 32.0], [32.0, 8.0]]))
    assert prompts.labels.tolist() == [[[1, 0]]]
    torch.testing.assert_close(prompts.boxes[0, 0], torch.tensor([0.0, 16.0, 32.0, 32.0]))
    stretched = UserPrompt(points=((80, 40),)).in_square(Square.fit((40, 80), 64, "stretch"))
    torch.testing.assert_close(stretched.points[0, 0], torch.tensor([[64.0, 64.0]]))


@pytest.mark.parametrize(
    ("prompts", "message"),
    [
        ({"mass": UserPrompt(points=((1, 1),))}, "fits 0 findings; name one of: nodule-left"),
        ({"pneumothorax": UserPrompt(points=((1, 1),))}, "contradicts the report"),
        ({"nodule": UserPrompt(points=((90, 1),))}, "outside the picture of 80 x 40"),
    ],
)
def test_prompts_that_fit_nothing_are_refused(prompts, message):
    with pytest.raises(ConfigError, match=message):
        predictor().segment(picture(), REPORT, modality="chest_xray", prompts=prompts)


def test_hosts_without_clicks_refuse_them():
    prompts = {"nodule": UserPrompt(points=((1, 1),))}
    with pytest.raises(ConfigError, match="takes no clicks or boxes"):
        predictor("conv_net").segment(picture(), REPORT, modality="chest_xray", prompts=prompts)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"points": ((1, 1),)}, "every click names its plane .* 0 to 5"),
        ({"points": ((1, 1), (2, 2)), "planes": (0,)}, "2 clicks came with 1 planes"),
        ({"points": ((1, 1),), "planes": (6,)}, "has 0 to 5"),
        ({"points": ((1, 1),), "planes": (-1,)}, "has 0 to 5"),
        ({"points": ((1, 41),), "planes": (0,)}, "outside the picture of 80 x 40"),
        ({"box": (1, 1, 5, 5), "planes": (0,)}, "boxes are for"),
    ],
)
def test_clicks_in_a_volume_name_planes_of_it(fields, message):
    with pytest.raises(ConfigError, match=message):
        predictor().segment(
            np.stack([picture()] * 6), REPORT, modality="chest_ct", prompts={"nodule": UserPrompt(**fields)}
        )
    prompts = {"nodule": UserPrompt(points=((1, 1),), planes=(0,))}
    with pytest.raises(ConfigError, match="this is a picture"):
        predictor().segment(picture(), REPORT, modality="chest_xray", prompts=prompts)


@pytest.mark.parametrize(
    "fields",
    [{}, {"points": ((1, 1),), "labels": (1, 0)}, {"points": ((1, 1),), "labels": (2,)}, {"box": (5, 5, 1, 9)}],
)
def test_a_prompt_that_makes_no_sense_is_refused(fields):
    with pytest.raises(ConfigError, match="prompt"):
        medsegr.UserPrompt(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"points": (10, 20)}, {"points": ((1, 2, 3),)}, {"points": ((1, float("nan")),)}, {"points": (("a", 1),)},
        {"box": (1, 2, 30)}, {"box": 5},
    ],
)  # fmt: skip
def test_a_prompt_of_other_numbers_is_refused(fields):
    with pytest.raises(ConfigError, match="A prompt holds a .* that is not of"):
        medsegr.UserPrompt(**fields)


def test_a_prompt_may_come_as_arrays():
    prompt = UserPrompt(points=np.array([[10, 20]]), labels=np.array([1]), box=np.array([5, 6, 30, 30]))
    assert prompt == UserPrompt(points=((10.0, 20.0),), labels=(1,), box=(5.0, 6.0, 30.0, 30.0))
    assert prompt.mirrored(80).box == (50.0, 6.0, 75.0, 30.0)


def test_two_prompts_for_one_finding_are_refused():
    prompts = {"nodule-left": UserPrompt(points=((1, 1),)), "nodule": UserPrompt(points=((2, 2),))}
    with pytest.raises(ConfigError, match="Two prompts are for 'nodule-left'"):
        predictor().segment(picture(), REPORT, modality="chest_xray", prompts=prompts)
