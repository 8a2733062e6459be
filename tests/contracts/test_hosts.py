"""One suite over every host: what an adapter promises."""

import copy
import pickle
from dataclasses import replace

import pytest
import torch

from medsegr.backbones.backbone import Prompts
from medsegr.cognition.priors import Location, Shape, Texture
from medsegr.model.adapter import AdapterConfig
from medsegr.model.report_guided_sam import ReportGuidedSam, attach
from tests.hosts import EFFUSION, HEART, HOSTS, NODULE, open_gates, random_sam

CONFIG = AdapterConfig(token_dim=16, heads=2, bottleneck=8)
REPORT = [NODULE, EFFUSION, HEART]


@pytest.fixture(params=HOSTS)
def host(request):
    return HOSTS[request.param]()


def pixels(model: ReportGuidedSam, batch: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(batch, 3, model.image_size, model.image_size, generator=generator)


def priors(model: ReportGuidedSam, *reports):
    return model.encode_findings(reports, ["chest_xray"] * len(reports))


@torch.no_grad()
def run(model: ReportGuidedSam, *reports, prompts=None):
    return model(pixels(model, len(reports)), priors(model, *reports), prompts)


@torch.no_grad()
def host_masks(model: ReportGuidedSam, prompts=None, count=1):
    """The host's own embedding and masks, asked for ``count`` findings at once: kernels round by batch size."""
    backbone = model.backbone
    embedding = backbone.encode(pixels(model))
    assert embedding.features.abs().max() > 1e-3, "a host of zeros would pass any test"
    repeated = replace(embedding, features=embedding.features.repeat_interleave(count, dim=0))
    return embedding.features, backbone.decode(repeated, None, prompts, backbone.mask_decoder())


def test_fresh_adapter_leaves_encoder_and_masks_bit_identical(host):
    model = attach(host, CONFIG)
    features, masks = host_masks(model)
    with torch.no_grad(), model.backbone.guided(guidance_of(model, REPORT)):
        guided = model.backbone.encode(pixels(model)).features
    assert torch.equal(guided, features)
    assert torch.equal(run(model, [NODULE]).logits[:, 0], masks)
    assert torch.equal(run(model, REPORT).logits[0], host_masks(model, count=len(REPORT))[1])


def guidance_of(model, report):
    from medsegr.perception.modulator import Guidance

    batch = priors(model, report)
    return Guidance(model.adapter.tokens(batch, pixels(model)), batch.region, batch.valid)


def test_fresh_adapter_keeps_the_masks_of_clicks_and_boxes(host):
    model = attach(host, CONFIG)
    points = Prompts(torch.tensor([[[[20.0, 30.0]]]]), torch.tensor([[[1]]]))
    boxes = Prompts(boxes=torch.tensor([[[5.0, 6.0, 40.0, 50.0]]]))
    for prompts in (points, boxes):
        assert torch.equal(run(model, [NODULE], prompts=prompts).logits[:, 0], host_masks(model, prompts)[1])


def test_sam_forward_is_the_same_before_during_and_after():
    sam = random_sam()
    call = {
        "pixel_values": torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(5)),
        "input_points": torch.tensor([[[[20.0, 30.0]]]]),
        "input_labels": torch.tensor([[[1]]]),
        "multimask_output": False,
    }
    keys, modules = list(sam.state_dict()), [name for name, _ in sam.named_modules()]
    flags = [p.requires_grad for p in sam.parameters()]
    with torch.no_grad():
        before = sam(**call).pred_masks
        model = open_gates(attach(sam, CONFIG))
        assert torch.equal(sam(**call).pred_masks, before), "without a report the host is itself"
        guided = model(
            call["pixel_values"], priors(model, [NODULE]), Prompts(call["input_points"], call["input_labels"])
        )
        assert not torch.allclose(guided.logits, before[:, 0])
        back = model.detach()
        assert back is sam
        assert torch.equal(sam(**call).pred_masks, before)
    assert list(sam.state_dict()) == keys
    assert [name for name, _ in sam.named_modules()] == modules
    assert [p.requires_grad for p in sam.parameters()] == flags
    assert not any(module._forward_hooks for module in sam.modules())


def test_fresh_masks_equal_the_host_called_by_its_own_forward():
    sam = random_sam()
    model = attach(sam, CONFIG)
    points, labels = torch.tensor([[[[20.0, 30.0]]]]), torch.tensor([[[1]]])
    with torch.no_grad():
        own = sam(pixel_values=pixels(model), input_points=points, input_labels=labels, multimask_output=False)
    guided = run(model, [NODULE], prompts=Prompts(points, labels))
    assert torch.equal(guided.logits, own.pred_masks[:, :, 0])


def test_only_the_adapter_has_gradients_on_a_frozen_host():
    sam = random_sam()
    model = open_gates(attach(sam, CONFIG)).train()
    output = model(pixels(model), priors(model, REPORT))
    (output.logits.mean() + output.support_logits.mean() + sum(m.mean() for m in output.location_logits)).backward()
    assert all(p.grad is None for p in sam.parameters())
    without = [name for name, p in model.adapter.named_parameters() if p.grad is None]
    assert without == []
    assert not sam.training


def test_every_gate_learns_from_the_first_step(host):
    model = attach(host, CONFIG).train()
    output = model(pixels(model, 2), priors(model, REPORT, [NODULE]))
    (output.logits.pow(2).mean() + output.location_logits[-1].pow(2).mean()).backward()
    for name, parameter in model.adapter.named_parameters():
        if name.endswith("_gate"):
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize(
    "changed",
    [
        {"target": "mass"},
        {"location": Location("right", ("lower_zone",))},
        {"texture": Texture(("cavitary",))},
        {"shape": Shape(("irregular",))},
    ],
    ids=["target", "location", "texture", "shape"],
)
def test_each_aspect_reaches_the_masks_once_gates_are_open(host, changed):
    model = open_gates(attach(host, CONFIG))
    one, other = run(model, [NODULE]), run(model, [replace(NODULE, **changed)])
    assert (one.logits - other.logits).abs().max() > 0.01 * one.logits.abs().max()
    assert (one.support_logits - other.support_logits).abs().max() > 1e-6


def test_padding_findings_change_nothing(host):
    model = open_gates(attach(host, CONFIG))
    alone = run(model, [NODULE])
    padded = model_on_first(model, [NODULE], REPORT)
    torch.testing.assert_close(padded.logits[:1, :1], alone.logits, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(padded.support_logits[:1, :1], alone.support_logits, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def model_on_first(model, *reports):
    images = pixels(model).expand(len(reports), -1, -1, -1).contiguous()
    return model(images, priors(model, *reports))


def test_the_order_of_findings_does_not_matter(host):
    model = open_gates(attach(host, CONFIG))
    straight, back = run(model, REPORT), run(model, REPORT[::-1])
    torch.testing.assert_close(straight.logits.flip(1), back.logits, atol=1e-5, rtol=1e-4)


def test_k_findings_cost_one_image_encoding(host):
    model = attach(host, CONFIG)
    calls = []
    handle = model.backbone.blocks()[0].register_forward_hook(lambda *_: calls.append(1))
    run(model, REPORT)
    handle.remove()
    assert len(calls) == 1


def test_masks_of_findings_are_independent_and_may_overlap(host):
    model = open_gates(attach(host, CONFIG))
    logits = run(model, [NODULE, NODULE]).logits
    torch.testing.assert_close(logits[:, 0], logits[:, 1])


def test_deepcopy_and_pickle_give_the_same_output_and_stand_alone(host):
    model = open_gates(attach(host, CONFIG))
    expected = run(model, REPORT).logits
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(run(twin, REPORT).logits, expected)
        with torch.no_grad():
            for gate in twin.adapter.gates("location"):
                gate.zero_()
        assert not torch.equal(run(twin, REPORT).logits, expected)
        assert torch.equal(run(model, REPORT).logits, expected)


def test_save_and_load_give_the_same_output(host, tmp_path):
    model = open_gates(attach(host, CONFIG))
    model.save_pretrained(tmp_path / "m")
    again = ReportGuidedSam.from_pretrained(tmp_path / "m", host=None if model.backbone.whole else host)
    assert torch.equal(run(again, REPORT).logits, run(model, REPORT).logits)


def test_tuned_decoder_is_a_copy_and_the_host_keeps_its_own():
    sam = random_sam()
    before = {name: t.clone() for name, t in sam.state_dict().items()}
    model = open_gates(attach(sam, AdapterConfig(token_dim=16, heads=2, bottleneck=8, train_decoder=True))).train()
    optimiser = torch.optim.SGD([p for _, p in model.trainable_parameters()], 0.1)
    model(pixels(model), priors(model, REPORT)).logits.pow(2).mean().backward()
    optimiser.step()
    assert all(torch.equal(before[name], t) for name, t in sam.state_dict().items())
    assert any(name.startswith("decoder.") for name in model.adapter.state_dict())
