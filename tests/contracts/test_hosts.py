"""Of every host: a fresh adapter changes nothing, a trained one leaves the host as it was."""

from dataclasses import replace

import pytest
import torch

from medsegr.backbones.decoder_input import Prompts
from medsegr.errors import ConfigError
from tests.contracts.asking import BOX, CONFIG, POINT, REPORT, everything, pixels, priors, run
from tests.hosts import NODULE, guided, open_gates


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
