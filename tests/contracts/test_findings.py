"""Of every host: each finding of a report gets what is its own."""

from dataclasses import replace

import pytest
import torch

from medsegr.cognition.priors import Location, Shape, Texture
from medsegr.model.adapter import AdapterConfig
from tests.contracts.asking import REPORT, pixels, priors, run
from tests.hosts import EFFUSION, HEART, NODULE, guided, open_gates


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


def test_images_of_a_batch_are_as_if_alone(model):
    """Two images with two findings each: nobody gets the features, tokens or region of another."""
    reports, images = ([NODULE, EFFUSION], [HEART, NODULE]), pixels(model, 2)
    with torch.no_grad():
        together = model(images, priors(model, *reports))
        for i, report in enumerate(reports):
            alone = model(images[i : i + 1], priors(model, report))
            torch.testing.assert_close(together.logits[i : i + 1], alone.logits, atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(together.support_logits[i : i + 1], alone.support_logits, atol=1e-5, rtol=1e-4)
            for one, other in zip(together.location_logits, alone.location_logits, strict=True):
                torch.testing.assert_close(one[i : i + 1], other, atol=1e-5, rtol=1e-4)


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
