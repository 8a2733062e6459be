"""A finding's own box and map as the host's prompts: a user's come first, and old files have none."""

import json
from dataclasses import replace

import pytest
import torch

from medsegr.backbones.decoder_input import Prompts
from medsegr.errors import ConfigError
from medsegr.model.adapter import AdapterConfig
from medsegr.model.attach import attach
from medsegr.model.native_prompts import native_prompts
from medsegr.model.report_guided_sam import ReportGuidedSam
from tests.contracts.asking import CONFIG, REPORT, pixels, priors
from tests.hosts import HOSTS, guided, open_gates
from tests.random_hosts import random_sam, random_tiny

WAYS = replace(CONFIG, box=True, mask_prompt=True)
NONE = [float("nan")] * 4
OWN = torch.tensor([[[1.0, 2, 3, 4], [5, 6, 7, 8]]])


def test_a_users_box_stands_and_the_others_are_the_findings_own():
    given = Prompts(boxes=torch.tensor([[NONE, [9.0, 9, 10, 10]]]), points=torch.zeros(1, 2, 1, 2))
    found = native_prompts(given, OWN, None)
    assert found.boxes.tolist() == [[[1, 2, 3, 4], [9, 9, 10, 10]]]
    assert found.points is given.points and found.masks is None
    assert given.boxes[0, 0].isnan().all(), "what was handed in stays"


def test_without_a_users_prompts_there_are_the_findings_own():
    assert native_prompts(None, None, None) is None
    maps = torch.zeros(1, 2, 4, 4)
    found = native_prompts(None, OWN, maps)
    assert torch.equal(found.boxes, OWN) and found.masks is maps and found.points is None
    given = Prompts(boxes=torch.tensor([[NONE, NONE]]))
    assert native_prompts(given, None, maps).boxes is given.boxes


def test_masks_do_not_pull_at_the_box():
    boxes = OWN.clone().requires_grad_()
    assert not native_prompts(None, boxes, None).boxes.requires_grad
    assert not native_prompts(Prompts(boxes=torch.tensor([[NONE, NONE]])), boxes, None).boxes.requires_grad


def test_the_box_head_learns_from_its_boxes_alone():
    model = open_gates(attach(random_sam(), WAYS)).train()
    output = model(pixels(model), priors(model, REPORT))
    output.logits.sum().backward()
    assert all(p.grad is None for p in model.adapter.box.parameters())
    model(pixels(model), priors(model, REPORT)).boxes.sum().backward()
    # its last layers start at zero, so that what lies before them waits for a step
    assert all(model.adapter.box.get_submodule(n).read[-1].weight.grad.any() for n in ("across", "down"))


def test_the_location_map_learns_from_the_masks_that_it_prompts():
    model = attach(random_sam(), replace(CONFIG, mask_prompt=True, blocks=())).train()
    model(pixels(model), priors(model, REPORT)).logits.pow(2).sum().backward()
    assert model.adapter.late.location.query.weight.grad.any()


@torch.no_grad()
def test_a_box_goes_in_as_the_head_says_it_and_the_map_at_four_times_the_grid():
    model = open_gates(attach(random_sam(), WAYS))
    seen, decode = [], model.backbone.decode
    model.backbone.decode = lambda embedding, tokens, prompts, decoder: (
        seen.append(prompts),
        decode(embedding, tokens, prompts, decoder),
    )[1]
    output = model(pixels(model), priors(model, REPORT))
    (prompts,) = seen
    assert torch.equal(prompts.boxes, output.boxes) and output.boxes.shape == (1, 3, 4)
    assert torch.equal(prompts.masks, output.location_logits[-1])
    assert prompts.mask_input(torch.zeros(3, 32, 4, 4)).shape == (3, 1, 16, 16)


@torch.no_grad()
@pytest.mark.parametrize("way", ["box", "mask_prompt"])
def test_saved_and_read_again_they_answer_alike(way, tmp_path):
    model = open_gates(attach(random_tiny(), replace(CONFIG, **{way: True})))
    again = ReportGuidedSam.from_pretrained(model.save_pretrained(tmp_path / "model"))
    assert getattr(again.adapter.config, way)
    one, other = (m(pixels(m), priors(m, REPORT)) for m in (model, again))
    assert torch.equal(one.logits, other.logits)
    plain = open_gates(attach(random_tiny(), CONFIG))
    assert not torch.equal(plain(pixels(plain), priors(plain, REPORT)).logits, one.logits)


def test_files_from_before_have_neither(tmp_path):
    folder = attach(random_tiny(), CONFIG).save_pretrained(tmp_path / "model")
    record = json.loads((folder / "adapter.json").read_text())
    for way in ("box", "mask_prompt"):
        del record["adapter"][way]
    (folder / "adapter.json").write_text(json.dumps(record))
    again = ReportGuidedSam.from_pretrained(folder)
    assert again.adapter.box is None and not again.adapter.config.mask_prompt


@pytest.mark.parametrize(
    ("host", "settings", "message"),
    [
        ("tiny", {"box": True, "late": False}, "where 'late' looks"),
        ("tiny", {"mask_prompt": True, "late": False}, "where 'late' looks"),
        ("conv_net", {"box": True}, "Hosts of family 'conv_net' take no boxes; leave 'box' out"),
        ("conv_net", {"mask_prompt": True}, "take no masks; leave 'mask_prompt' out"),
        ("efficient_sam", {"mask_prompt": True}, "take no masks; leave 'mask_prompt' out"),
    ],
)
def test_what_cannot_be_is_refused(host, settings, message):
    case = HOSTS[host]
    with pytest.raises(ConfigError, match=message):
        guided(case, case.build(), AdapterConfig(token_dim=16, heads=2, bottleneck=8, **settings))
