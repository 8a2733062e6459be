"""Of every host: the same masks on other devices, in half precision, compiled, in threads, with checkpointing."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from medsegr.errors import ConfigError
from medsegr.inference.plane import PlaneQuestion, ask_model
from medsegr.inference.user_prompt import UserPrompt
from tests.contracts.asking import CONFIG, REPORT, everything, pixels, priors, run
from tests.hosts import EFFUSION, HEART, HOSTS, NODULE, guided, open_gates
from tests.shapes import leave_unchecked
from tests.views import view_of


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


def test_another_default_type_changes_no_answer(case, model):
    """Hosts make tensors without a word about their type."""
    picture = np.random.default_rng(0).random((48, 64)).astype(np.float32)
    prompts = {0: UserPrompt(points=((20, 30),))} if case.clicks else {}
    question = PlaneQuestion(tuple(REPORT), view_of("chest_xray"), prompts=prompts)
    expected = ask_model(model.eval(), [picture], [question])[0].probability
    torch.set_default_dtype(torch.float64)
    try:
        found = ask_model(model, [picture], [question])[0].probability
    finally:
        torch.set_default_dtype(torch.float32)
    assert found.dtype == np.float32 and (found == expected).all()


def test_compiled_it_follows_a_changed_report(model, monkeypatch):
    leave_unchecked(monkeypatch)
    torch._dynamo.reset()
    compiled = torch.compile(model, backend="eager")
    for report in (REPORT, REPORT[::-1], [EFFUSION, HEART, NODULE]):
        expected = run(model, report)
        with torch.no_grad():
            output = compiled(pixels(model), priors(model, report))
        torch.testing.assert_close(output.logits, expected.logits, atol=3e-5, rtol=1e-4)


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
