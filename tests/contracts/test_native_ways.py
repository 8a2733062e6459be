"""Of every host that takes boxes: a finding's own box and map are the host's prompts, and a user's box replaces it."""

from dataclasses import replace

import pytest
import torch

from medsegr.backbones.decoder_input import Prompts
from tests.contracts.asking import BOX, CONFIG, POINT, REPORT, pixels, priors, run
from tests.hosts import NODULE, guided, open_gates

NONE = [float("nan")] * 4
SECOND = Prompts(boxes=torch.tensor([[NONE, [5.0, 6, 40, 50], NONE]]))


def same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """But for rounding."""
    return bool((one - other).abs().max() <= 2e-4 * other.abs().max())


def unlike(one: torch.Tensor, other: torch.Tensor) -> bool:
    return bool((one - other).abs().max() > 1e-3 * other.abs().max())


@pytest.fixture
def fresh(case, host):
    if not case.clicks:
        pytest.skip("this host takes no boxes: it has no prompt encoder")
    takes_masks = guided(case, case.build(), CONFIG).backbone.takes_masks
    return guided(case, host, replace(CONFIG, box=True, mask_prompt=takes_masks))


def test_a_fresh_head_changes_nothing(case, fresh):
    with torch.no_grad():
        own = case.own(case.build(), pixels(fresh), Prompts())
        boxed = case.own(case.build(), pixels(fresh), BOX)
    assert torch.equal(run(fresh, [NODULE]).logits[:, 0], own)
    assert torch.equal(run(fresh, [NODULE], prompts=BOX).logits[:, 0], boxed)


def test_each_finding_is_outlined_as_if_alone(model):
    with torch.no_grad():
        encoding = model.encode(pixels(model), priors(model, REPORT))
        together = model.outline(encoding)
        for k in range(len(REPORT)):
            alone = model.outline(encoding.only(k))
            assert same(alone.logits[:, 0], together.logits[:, k])
            assert same(alone.boxes[:, 0], together.boxes[:, k])


def test_padding_findings_change_nothing(model):
    alone = run(model, [NODULE])
    with torch.no_grad():
        images = pixels(model).expand(2, -1, -1, -1).contiguous()
        padded = model(images, priors(model, [NODULE], REPORT))
    assert same(padded.logits[:1, :1], alone.logits)
    assert same(padded.boxes[:1, :1], alone.boxes)


def test_a_users_box_replaces_the_findings_own_and_no_other(model):
    plain, told = run(model, REPORT), run(model, REPORT, prompts=SECOND)
    assert same(told.logits[:, [0, 2]], plain.logits[:, [0, 2]])
    assert unlike(told.logits[:, 1], plain.logits[:, 1])
    for sides in (model.adapter.box.across, model.adapter.box.down):
        torch.nn.init.constant_(sides.trust, -9.0)  # another box
    turned, told_again = run(model, REPORT), run(model, REPORT, prompts=SECOND)
    assert torch.equal(told_again.logits[:, 1], told.logits[:, 1])
    assert unlike(turned.logits[:, 0], plain.logits[:, 0])


def test_a_finding_without_a_box_beside_one_with_a_box_is_as_if_alone(case, host):
    """Adapters that predict no boxes: the decoder is then called once for those with, once for those without."""
    if not case.clicks:
        pytest.skip("this host takes no boxes: it has no prompt encoder")
    model = open_gates(guided(case, host, CONFIG))
    with torch.no_grad():
        encoding = model.encode(pixels(model, 2), priors(model, REPORT, REPORT[::-1]))
        prompts = Prompts(boxes=torch.cat([SECOND.boxes, SECOND.boxes.flip(1) + 3]))
        plain, told = model.outline(encoding), model.outline(encoding, prompts)
        assert same(told.logits[:, [0, 2]], plain.logits[:, [0, 2]])
        alone = model.outline(encoding.only(1), Prompts(boxes=prompts.boxes[:, 1:2]))
        assert same(told.logits[:, 1], alone.logits[:, 0])
        assert unlike(told.logits[:, 1], plain.logits[:, 1])
        nobody = Prompts(boxes=torch.full((2, 3, 4), float("nan")))
        assert torch.equal(model.outline(encoding, nobody).logits, plain.logits)


def test_a_click_goes_in_beside_the_box(model):
    plain, clicked = run(model, [NODULE]).logits, run(model, [NODULE], prompts=POINT).logits
    assert unlike(clicked, plain)


def test_the_location_map_goes_in_as_a_mask(model):
    adapter = model.adapter
    if not adapter.config.mask_prompt:
        pytest.skip("this host takes no masks")
    told = run(model, REPORT).logits
    adapter.config = replace(adapter.config, mask_prompt=False)
    assert unlike(told, run(model, REPORT).logits)


def test_in_training_and_on_another_device(model):
    output = model.train()(pixels(model), priors(model, REPORT), SECOND)
    (output.logits.pow(2).mean() + output.boxes.mean()).backward()
    assert model.adapter.box.across.trust.grad is not None
    meta = priors(model, REPORT)
    meta = type(meta)(**{n: v.to("meta") if isinstance(v, torch.Tensor) else v for n, v in vars(meta).items()})
    assert model.to("meta")(pixels(model).to("meta"), meta).boxes.device.type == "meta"
