"""One suite over every host: what an adapter promises."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch

from medsegr.backbones.backbone import Prompts
from medsegr.cognition.priors import Location, Shape, Texture
from medsegr.errors import CheckpointError, ConfigError
from medsegr.model.adapter import AdapterConfig
from medsegr.model.report_guided_sam import ReportGuidedSam
from tests.hosts import EFFUSION, HEART, HOSTS, NODULE, guided, open_gates

CONFIG = AdapterConfig(token_dim=16, heads=2, bottleneck=8)
REPORT = [NODULE, EFFUSION, HEART]
POINT = Prompts(torch.tensor([[[[20.0, 30.0]]]]), torch.tensor([[[1]]]))
BOX = Prompts(boxes=torch.tensor([[[5.0, 6.0, 40.0, 50.0]]]))


@pytest.fixture(params=HOSTS)
def case(request):
    return HOSTS[request.param]


@pytest.fixture
def host(case):
    return case.build()


@pytest.fixture
def fresh(case, host):
    return guided(case, host, CONFIG)


@pytest.fixture
def model(fresh):
    return open_gates(fresh)


def pixels(model: ReportGuidedSam, batch: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(batch, 3, model.image_size, model.image_size, generator=generator)


def priors(model: ReportGuidedSam, *reports):
    return model.encode_findings(reports, ["chest_xray"] * len(reports))


@torch.no_grad()
def run(model: ReportGuidedSam, *reports, prompts=None):
    return model(pixels(model, len(reports)), priors(model, *reports), prompts)


def test_fresh_adapter_leaves_encoder_and_masks_bit_identical(case, host):
    images = pixels(guided(case, host, CONFIG).eval())
    host = case.build()
    with torch.no_grad():
        masks = case.own(host, images, Prompts())
    model = guided(case, host, CONFIG)
    with torch.no_grad():
        plain, encoding = model.backbone.encode(images), model.encode(images, priors(model, REPORT))
    assert plain.features.abs().max() > 1e-3, "a host of zeros would pass any test"
    assert masks.abs().max() > 1e-4
    assert torch.equal(encoding.image.features, plain.features)
    assert torch.equal(run(model, [NODULE]).logits[:, 0], masks)
    torch.testing.assert_close(run(model, REPORT).logits[0], masks.expand(3, -1, -1), atol=1e-6, rtol=1e-4)


def test_fresh_adapter_keeps_the_masks_of_clicks_and_boxes(case, host, fresh):
    for prompts in (POINT, BOX):
        if not case.clicks:
            with pytest.raises(ConfigError, match="takes no clicks"):
                run(fresh, [NODULE], prompts=prompts)
            continue
        with torch.no_grad():
            own = case.own(host, pixels(fresh), prompts)
        assert torch.equal(run(fresh, [NODULE], prompts=prompts).logits[:, 0], own)
        assert not torch.equal(own, run(fresh, [NODULE]).logits[:, 0]), "the prompt must matter to the host"


def test_clicks_and_boxes_steer_a_guided_model_too(case, model):
    if not case.clicks:
        pytest.skip("this host takes no clicks: it has no prompt encoder")
    plain = run(model, [NODULE]).logits
    for prompts in (POINT, BOX):
        assert (run(model, [NODULE], prompts=prompts).logits - plain).abs().max() > 1e-4 * plain.abs().max()


def test_the_host_is_itself_while_attached_and_after(case, host):
    state = {name: tensor.clone() for name, tensor in host.state_dict().items()}
    modules = [name for name, _ in host.named_modules()]
    flags = [p.requires_grad for p in host.parameters()]
    prompts = POINT if case.clicks else Prompts()
    model = open_gates(guided(case, host, CONFIG))
    images = pixels(model)
    with torch.no_grad():
        before = case.own(case.build(), images, prompts)
        assert torch.equal(case.own(host, images, prompts), before), "without a report the host is itself"
        assert not torch.allclose(run(model, [NODULE], prompts=prompts).logits[:, 0], before)
        assert torch.equal(case.own(host, images, prompts), before), "and again afterwards"
        assert model.detach() is host
        assert torch.equal(case.own(host, images, prompts), before)
    assert all(torch.equal(state[name], tensor) for name, tensor in host.state_dict().items())
    assert list(host.state_dict()) == list(state)
    assert [name for name, _ in host.named_modules()] == modules
    assert [p.requires_grad for p in host.parameters()] == flags
    assert not any(module._forward_hooks for module in host.modules())


def everything(output):
    return output.logits.pow(2).mean() + output.support_logits.mean() + sum(m.mean() for m in output.location_logits)


def test_only_the_adapter_has_gradients_on_a_frozen_host(host, model):
    model.train()
    everything(model(pixels(model), priors(model, REPORT))).backward()
    if not model.backbone.whole:
        assert all(p.grad is None for p in host.parameters())
        assert not host.training
    used = [name for name, p in model.adapter.named_parameters() if p.grad is None]
    tells_tokens = "conv_net" not in model.backbone.spec.family  # its head takes no prompts
    assert used == [] or (not tells_tokens and all(name.startswith("prompt") for name in used))


def test_training_leaves_a_frozen_host_untouched_batch_statistics_included(host, model):
    if model.backbone.whole:
        pytest.skip("this host is trained whole: none of it is frozen")
    before = {name: tensor.clone() for name, tensor in host.state_dict().items()}
    optimiser = torch.optim.SGD([p for _, p in model.trainable_parameters()], 0.1)
    images, findings = pixels(model), priors(model, REPORT)
    first = model.train()(images, findings)
    everything(first).backward()
    optimiser.step()
    assert all(torch.equal(before[name], tensor) for name, tensor in host.state_dict().items())
    assert not torch.equal(model(images, findings).logits, first.logits), "but the adapter has learnt"
    assert not model.eval().adapter.training


def test_every_gate_learns_from_the_first_step(fresh):
    output = fresh.train()(pixels(fresh, 2), priors(fresh, REPORT, [NODULE]))
    (output.logits.pow(2).mean() + output.location_logits[-1].pow(2).mean()).backward()
    gates = {name: p for name, p in fresh.adapter.named_parameters() if name.endswith("_gate")}
    if fresh.backbone.spec.family == "conv_net":
        del gates["prompt_gate"]
    assert {name.rpartition(".")[2] for name in gates} >= {"location_gate", "texture_gate", "shape_gate"}
    for name, gate in gates.items():
        assert gate.grad is not None, name
        assert gate.grad.abs().sum() > 0, name


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
def test_each_aspect_reaches_the_masks_once_gates_are_open(model, changed):
    one, other = run(model, [NODULE]), run(model, [replace(NODULE, **changed)])
    assert (one.logits - other.logits).abs().max() > 0.003 * one.logits.abs().max()
    assert (one.support_logits - other.support_logits).abs().max() > 1e-6


def test_padding_findings_change_nothing(model):
    alone = run(model, [NODULE])
    images = pixels(model).expand(2, -1, -1, -1).contiguous()
    with torch.no_grad():
        padded = model(images, priors(model, [NODULE], REPORT))
    torch.testing.assert_close(padded.logits[:1, :1], alone.logits, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(padded.support_logits[:1, :1], alone.support_logits, atol=1e-5, rtol=1e-4)


def test_the_order_of_findings_does_not_matter(model):
    straight, back = run(model, REPORT), run(model, REPORT[::-1])
    torch.testing.assert_close(straight.logits.flip(1), back.logits, atol=1e-5, rtol=1e-4)


def test_given_one_encoding_each_finding_is_outlined_as_if_alone(model):
    """The part that the design promises: see ReportGuidedSam."""
    with torch.no_grad():
        encoding = model.encode(pixels(model), priors(model, REPORT))
        together = model.outline(encoding)
        for k in range(len(REPORT)):
            alone = model.outline(encoding.only(k))
            torch.testing.assert_close(alone.logits[:, 0], together.logits[:, k], atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(alone.support_logits[:, 0], together.support_logits[:, k], atol=1e-5, rtol=1e-4)


def test_with_nothing_shared_k_findings_are_k_single_passes(case, host):
    config = AdapterConfig(token_dim=16, heads=2, bottleneck=8, blocks=(), fusion_blocks=0)
    model = open_gates(guided(case, host, config))
    together = run(model, REPORT)
    for k, finding in enumerate(REPORT):
        torch.testing.assert_close(run(model, [finding]).logits[:, 0], together.logits[:, k], atol=1e-5, rtol=1e-4)


def test_k_findings_cost_one_image_encoding(fresh):
    calls = []
    handle = fresh.backbone.blocks()[0].register_forward_hook(lambda *_: calls.append(1))
    run(fresh, REPORT)
    handle.remove()
    assert len(calls) == 1


def test_masks_of_findings_are_independent_and_may_overlap(model):
    logits = run(model, [NODULE, NODULE]).logits
    torch.testing.assert_close(logits[:, 0], logits[:, 1])


def test_deepcopy_and_pickle_give_the_same_output_and_stand_alone(model):
    expected = run(model, REPORT).logits
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(run(twin, REPORT).logits, expected)
        with torch.no_grad():
            for gate in twin.adapter.gates("location"):
                gate.zero_()
        assert not torch.equal(run(twin, REPORT).logits, expected)
        assert torch.equal(run(model, REPORT).logits, expected)


def test_save_and_load_give_the_same_output(case, model, tmp_path):
    model.save_pretrained(tmp_path / "m")
    host = None if model.backbone.whole else wrapped(case)
    again = ReportGuidedSam.from_pretrained(tmp_path / "m", host=host)
    assert torch.equal(run(again, REPORT).logits, run(model, REPORT).logits)


def wrapped(case, change=None):
    from medsegr.backbones.catalogue import wrap_host

    host = case.build()
    if change is not None:
        change(host)
    return wrap_host(host, spec=case.spec)


def test_another_host_is_refused_unless_told(case, model, tmp_path):
    if model.backbone.whole:
        pytest.skip("this host ships with its adapter: no other can be given")
    model.save_pretrained(tmp_path / "m")

    @torch.no_grad()
    def change(host):
        for parameter in host.parameters():
            parameter.mul_(1.5)

    with pytest.raises(CheckpointError, match="other weights"):
        ReportGuidedSam.from_pretrained(tmp_path / "m", host=wrapped(case, change))
    ReportGuidedSam.from_pretrained(tmp_path / "m", host=wrapped(case, change), any_host=True)


def test_adapters_share_a_host_and_switch_by_name(case, fresh):
    one = open_gates(fresh)
    expected = run(one, REPORT).logits
    one.add_adapter("second", replace(CONFIG, blocks=(0,)))
    fresh_second = run(one, [NODULE]).logits
    with torch.no_grad():
        own = case.own(one.backbone.model, pixels(one), Prompts())
    assert torch.equal(fresh_second[:, 0], own), "a fresh further adapter leaves the host's masks"
    assert {name.split(".")[1] for name, _ in one.trainable_parameters() if name.startswith("adapters")} == {"second"}
    one.set_adapter("default")
    assert torch.equal(run(one, REPORT).logits, expected)
    with pytest.raises(ConfigError, match="there are: default, second"):
        one.set_adapter("third")


def test_autocast_stays_close(model):
    expected = run(model, REPORT).logits
    with torch.autocast("cpu", torch.bfloat16):
        half = run(model, REPORT).logits.float()
    assert torch.isfinite(half).all()
    assert (half - expected).abs().max() < 0.1 * expected.abs().max()


def test_everything_moves_to_another_device(model):
    """The meta device stands for any other: a tensor left behind on the CPU is an error there."""
    images, findings = pixels(model).to("meta"), priors(model, REPORT)
    findings = type(findings)(**{f: moved(getattr(findings, f)) for f in findings.__dataclass_fields__})
    output = model.to("meta").train()(images, findings)
    assert output.logits.device.type == output.support_logits.device.type == "meta"


def moved(value):
    return value.to("meta") if isinstance(value, torch.Tensor) else value


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_cuda_device_gives_the_same_masks(model):
    expected = run(model, REPORT).logits
    images, findings = pixels(model).cuda(), priors(model, REPORT)
    findings = type(findings)(**{f: v.cuda() if isinstance(v := getattr(findings, f), torch.Tensor) else v
                                 for f in findings.__dataclass_fields__})  # fmt: skip
    with torch.no_grad():
        output = model.cuda()(images, findings)
    torch.testing.assert_close(output.logits.cpu(), expected, atol=1e-3, rtol=1e-2)


def test_compiled_it_follows_a_changed_report(model):
    torch._dynamo.reset()
    compiled = torch.compile(model, backend="eager")
    for report in (REPORT, REPORT[::-1], [EFFUSION, HEART, NODULE]):
        expected = run(model, report)
        with torch.no_grad():
            output = compiled(pixels(model), priors(model, report))
        torch.testing.assert_close(output.logits, expected.logits, atol=1e-5, rtol=1e-4)


def test_threads_on_one_model_do_not_mix_their_reports(model):
    reports = [[NODULE], [EFFUSION], [HEART], REPORT] * 3
    expected = [run(model, report).logits for report in reports]
    plain = model.backbone.encode(pixels(model)).features.detach()

    def work(report):
        with torch.no_grad():
            return run(model, report).logits, model.backbone.encode(pixels(model)).features

    with ThreadPoolExecutor(4) as pool:
        for (logits, features), right in zip(pool.map(work, reports), expected, strict=True):
            torch.testing.assert_close(logits, right, atol=1e-6, rtol=1e-5)
            torch.testing.assert_close(features, plain, atol=1e-6, rtol=1e-5)


def gradients(model):
    model.zero_grad()
    output = model(pixels(model), priors(model, REPORT))
    everything(output).backward()
    return {name: p.grad.clone() for name, p in model.adapter.named_parameters() if p.grad is not None}


def test_gradient_checkpointing_gives_the_same_gradients(model):
    model.train()
    expected = gradients(model)
    if not getattr(model.backbone.model, "supports_gradient_checkpointing", False):
        with pytest.raises(ConfigError, match="no gradient checkpointing"):
            model.gradient_checkpointing_enable()
        return
    model.gradient_checkpointing_enable()
    calls = []
    inside = next(model.backbone.blocks()[1].children())
    handle = inside.register_forward_pre_hook(lambda *_: calls.append(1))
    found = gradients(model)
    handle.remove()
    assert len(calls) == 2, "the block must have run again in the backward pass"
    assert not model.backbone.model.vision_encoder.neck.training
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, atol=1e-6, rtol=1e-4, msg=name)


@pytest.mark.parametrize("name", ["segment_anything", "efficient_sam"])
def test_checkpoints_around_blocks_find_each_passs_own_report_again(name):
    """Then the hooks run in the backward pass too, after both passes are over."""
    case = HOSTS[name]
    model = open_gates(guided(case, case.build(), CONFIG)).train()
    reports = ([NODULE], [EFFUSION, HEART])

    def both():
        model.zero_grad()
        outputs = [model(pixels(model), priors(model, report)) for report in reports]
        sum(everything(output) for output in outputs).backward()
        return {n: p.grad.clone() for n, p in model.adapter.named_parameters() if p.grad is not None}

    expected = both()
    model.backbone.model.image_encoder.use_checkpoint = True
    found = both()
    assert found.keys() == expected.keys() and len(found) > 50
    for parameter, gradient in found.items():
        torch.testing.assert_close(gradient, expected[parameter], atol=1e-6, rtol=1e-4, msg=parameter)


def test_tuned_decoder_is_a_copy_and_the_host_keeps_its_own(case, host):
    before = {name: t.clone() for name, t in host.state_dict().items()}
    model = open_gates(guided(case, host, replace(CONFIG, train_decoder=True))).train()
    if model.backbone.whole:
        pytest.skip("this host is trained whole: it keeps no decoder of its own apart")
    optimiser = torch.optim.SGD([p for _, p in model.trainable_parameters()], 0.1)
    model(pixels(model), priors(model, REPORT)).logits.pow(2).mean().backward()
    optimiser.step()
    assert all(torch.equal(before[name], t) for name, t in host.state_dict().items())
    tuned = dict(model.adapter.decoder.state_dict())
    own = model.backbone.mask_decoder().state_dict()
    assert any(not torch.equal(tuned[name], own[name]) for name in own)
