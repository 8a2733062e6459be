"""What the parts of a model are handed: each finding's own region, evidence and prompts."""

from dataclasses import replace

import pytest
import torch

from medsegr.backbones.decoder_input import Prompts
from medsegr.cognition.priors import Finding
from medsegr.model import report_guided_sam
from medsegr.model.attach import attach
from medsegr.model.report_guided_sam import ReportGuidedSam
from tests.contracts.asking import CONFIG, pixels
from tests.hosts import HEART, NODULE, open_gates
from tests.random_hosts import random_tiny
from tests.views import view_of

REPORT = [NODULE, HEART, replace(NODULE, target="mass")]


@pytest.fixture
def model() -> ReportGuidedSam:
    model = open_gates(attach(random_tiny(), CONFIG))
    with torch.no_grad():
        model.adapter.agreement.texture_gate.fill_(2.0)
        model.adapter.agreement.shape_gate.fill_(0.5)
    return model


def told(model: ReportGuidedSam, *reports: list[Finding]):
    """Priors with a lopsided region for the first finding and none for the second."""
    asked = model.encode_findings(reports, [view_of("chest_xray")] * len(reports))
    side = asked.region.shape[-1]
    asked.region = torch.zeros_like(asked.region)
    asked.region[:, 0, : side // 4, : side // 2] = 1
    asked.region[:, 2, side // 2 :] = 0.5
    return asked


def seen(module: torch.nn.Module) -> list[tuple]:
    given: list[tuple] = []
    module.register_forward_hook(lambda _, args, output: given.append((args, output)))
    return given


@torch.no_grad()
def test_the_support_head_hears_where_the_covered_places_lie_in_the_stated_region(model):
    given = seen(model.adapter.support)
    output = model(pixels(model), told(model, REPORT))
    (_, _, tokens, logits, agreement), _ = given[0]
    height, width = agreement.shape[-2:]
    inside = torch.full((height, width), -1.0)
    inside[: height // 4, : width // 2] = 0
    torch.testing.assert_close(agreement[0, 0], inside)
    assert not agreement[1, 0].any(), "no place is stated"
    assert agreement[2, 0, : height // 2].eq(-0.5).all() and not agreement[2, 0, height // 2 :].any()
    scale = torch.tensor([2.0, 0.5])[:, None, None]
    torch.testing.assert_close(agreement[:, 1:], output.agreement[0] * scale)
    torch.testing.assert_close(logits, output.logits[0])
    assert tokens.shape[0] == 3


@torch.no_grad()
def test_looks_speak_for_a_place_in_the_late_guidance(model):
    given = seen(model.adapter.late)
    output = model(pixels(model), told(model, REPORT))
    (_, guidance), _ = given[0]
    expected = 2.0 * output.agreement[0, :, 0] + 0.5 * output.agreement[0, :, 1]
    torch.testing.assert_close(guidance.evidence[:, 0], expected)
    assert guidance.evidence[0].abs().max() > 0.1 and not guidance.evidence[1].any()
    assert guidance.region.shape[:2] == (3, 1) and guidance.region[0].any() and not guidance.region[1].any()


@torch.no_grad()
def test_agreement_is_with_the_words_of_texture_and_of_shape(model):
    asked = told(model, REPORT)
    image = model.encode(pixels(model), asked).image.features
    tables = model.adapter.embedding.tables
    expected = model.adapter.agreement(image, (tables["texture"], tables["shape"]), (asked.texture, asked.shape))
    torch.testing.assert_close(model(pixels(model), asked).agreement, expected)
    assert not expected[0, 1].any() and expected[0, 0].flatten(1).any(1).all()


@torch.no_grad()
@pytest.mark.parametrize("k", [0, 1, 2])
def test_one_finding_alone_keeps_its_own_tensors(model, k):
    encoding = model.encode(pixels(model), told(model, REPORT))
    alone = encoding.only(k)
    for part, whole in ((alone.priors, encoding.priors), (alone.guidance, encoding.guidance)):
        assert torch.equal(part.region[:, 0], whole.region[:, k]) and torch.equal(part.valid[:, 0], whole.valid[:, k])
    assert torch.equal(alone.guidance.tokens[:, 0], encoding.guidance.tokens[:, k])
    click = Prompts(torch.tensor([[[[20.0, 30.0]]]]), torch.tensor([[[1]]]))
    clicked = model.outline(alone, click).logits[:, 0]
    every = Prompts(click.points.expand(-1, 3, -1, -1), click.labels.expand(-1, 3, -1))
    torch.testing.assert_close(clicked, model.outline(encoding, every).logits[:, k], atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_findings_outlined_a_few_at_a_time_keep_their_order_and_prompts(model, monkeypatch):
    encoding, calls = model.encode(pixels(model), told(model, REPORT)), seen(model.adapter.support)
    boxes = torch.tensor([[[5.0, 8.0, 30.0, 20.0], [9.0, 30.0, 50.0, 60.0], [30.0, 4.0, 60.0, 40.0]]])
    expected = model.outline(encoding, Prompts(boxes=boxes))
    monkeypatch.setattr(report_guided_sam, "BAND", 2 * 2 * encoding.image.features.numel())
    found = model.outline(encoding, Prompts(boxes=boxes))
    assert [len(output) for _, output in calls] == [3, 2, 1]
    torch.testing.assert_close(vars(found), vars(expected), atol=1e-5, rtol=1e-4)
    with torch.enable_grad():
        model.outline(encoding, Prompts(boxes=boxes))
    assert len(calls[3][1]) == 3, "in training in one call"


@torch.no_grad()
def test_one_open_channel_lets_the_prompts_in(model):
    tokens = model.encode(pixels(model), told(model, REPORT)).guidance.tokens
    model.adapter.prompt_gate.zero_()
    assert model.adapter.prompts(tokens) is None
    model.adapter.prompt_gate[3] = 1
    prompts = model.adapter.prompts(tokens)
    assert prompts.shape[:2] == (3, 4) and prompts[..., 3].any() and not prompts[..., :3].any()
