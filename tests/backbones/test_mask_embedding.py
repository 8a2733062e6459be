"""The short way from prompt tokens to masks: its equation, and what it is to the tiny host."""

import json

import pytest
import torch
import torch.nn.functional as F

from medsegr.backbones.mask_embedding import MaskEmbedding
from medsegr.errors import ConfigError
from medsegr.model.adapter import AdapterConfig
from medsegr.model.attach import attach, build_model, enlarged
from medsegr.model.report_guided_sam import ReportGuidedSam
from tests.hosts import HEART, NODULE, open_gates
from tests.random_hosts import random_tiny
from tests.views import view_of

DIMS, GRIDS = (2, 3, 8), ((16, 12), (8, 6), (4, 3))
SIZES = {"widths": (8, 8, 16, 16, 16), "depths": (1, 1, 1, 1), "dim": 32}
CONFIG = AdapterConfig(token_dim=16, heads=2, bottleneck=8)


def ask(model: ReportGuidedSam, *findings) -> torch.Tensor:
    pixels = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        return model(pixels, model.encode_findings([list(findings)], [view_of("chest_xray")])).logits


def test_it_is_what_its_equations_say() -> None:
    torch.manual_seed(0)
    module = MaskEmbedding(6, DIMS)
    levels = [torch.randn(2, dim, *grid) for dim, grid in zip(DIMS, GRIDS, strict=True)]
    tokens = torch.randn(2, 4, 6)
    assert not module(levels, tokens).any()
    torch.nn.init.normal_(module.linear.weight)
    torch.nn.init.normal_(module.linear.bias)
    for n, added in enumerate(module(levels, tokens).detach()):
        mean = sum(tokens[n]) / 4
        embedding = module.linear((mean - mean.mean()) / (mean.var(unbiased=False) + 1e-5).sqrt()).detach()
        expected, begin = torch.full(GRIDS[0], float(embedding[-1])), 0
        for level in levels:
            product = sum(embedding[begin + c] * level[n, c] for c in range(level.shape[1])) / level.shape[1] ** 0.5
            expected += F.interpolate(product[None, None], GRIDS[0], mode="bilinear")[0, 0]
            begin += level.shape[1]
        torch.testing.assert_close(added, expected, atol=1e-5, rtol=1e-4)


def test_findings_of_an_image_may_share_a_map() -> None:
    torch.manual_seed(0)
    module = MaskEmbedding(6, (2,))
    torch.nn.init.normal_(module.linear.weight)
    shared, tokens = torch.randn(2, 2, 8, 6), torch.randn(6, 4, 6)
    torch.testing.assert_close(module([shared], tokens), module([shared.repeat_interleave(3, dim=0)], tokens))


def test_names_alone_move_masks_by_it() -> None:
    """A gate that is hardly open lets little of a name into the decoder, and this path still hears it."""
    model = attach(random_tiny(), AdapterConfig(token_dim=16, heads=2, bottleneck=8, blocks=(), late=False))
    heart, nodule = HEART.named_only(), NODULE.named_only()
    torch.nn.init.constant_(model.adapter.prompt_gate, 0.02)
    masks = ask(model, heart, nodule)[0]
    torch.nn.init.zeros_(model.backbone.model.mask_embedding.linear.weight)
    deaf = ask(model, heart, nodule)[0]
    assert (masks[0] - masks[1]).abs().max() > 10 * (deaf[0] - deaf[1]).abs().max() > 0


def test_behind_shut_gates_the_host_is_as_it_is_without_it() -> None:
    model, plain = random_tiny(), random_tiny()
    plain.mask_embedding = None
    fresh, without = attach(model, CONFIG).eval(), attach(plain, CONFIG).eval()
    without.load_state_dict(fresh.state_dict(), strict=False)
    assert torch.equal(ask(fresh, NODULE), ask(without, NODULE)), "gates are shut"
    assert not torch.equal(ask(open_gates(fresh), NODULE), ask(open_gates(without), NODULE))


def test_a_trained_model_without_it_can_be_given_it_and_not_lose_it(tmp_path) -> None:
    before = open_gates(build_model("tiny", CONFIG, 64, {**SIZES, "mask_embedding": False})).eval()
    grown = enlarged(before, {"mask_embedding": True}).eval()
    torch.testing.assert_close(ask(grown, NODULE, HEART), ask(before, NODULE, HEART))
    torch.nn.init.normal_(grown.backbone.model.mask_embedding.linear.weight)
    assert (ask(grown, NODULE) - ask(before, NODULE)).abs().max() > 0.1
    with pytest.raises(ConfigError, match="can add parts"):
        enlarged(grown, {"mask_embedding": False})
    again = ReportGuidedSam.from_pretrained(grown.save_pretrained(tmp_path / "grown"))
    assert torch.equal(ask(again, NODULE), ask(grown, NODULE))


def test_a_trained_model_can_be_given_a_map_at_the_pictures_grid(tmp_path) -> None:
    before = open_gates(build_model("tiny", CONFIG, 64, {**SIZES, "refined": 4})).eval()
    grown = enlarged(before, {"full_size": 6}).eval()
    masks, as_before = ask(grown, NODULE, HEART), ask(before, NODULE, HEART)
    assert masks.shape[-1] == 64 == 2 * as_before.shape[-1]
    up = F.interpolate(as_before, (64, 64), mode="bilinear")
    torch.testing.assert_close(masks, up)
    torch.nn.init.normal_(grown.backbone.model.full_size_embedding.linear.weight)
    assert (ask(grown, NODULE, HEART) - up).abs().amax((0, 2, 3)).min() > 0.1
    again = ReportGuidedSam.from_pretrained(grown.save_pretrained(tmp_path / "grown"))
    assert torch.equal(ask(again, NODULE), ask(grown, NODULE))


def test_files_from_before_have_none(tmp_path) -> None:
    model = open_gates(build_model("tiny", CONFIG, 64, {**SIZES, "mask_embedding": False})).eval()
    folder = model.save_pretrained(tmp_path / "old")
    record = json.loads((folder / "adapter.json").read_text())
    assert record["host"]["config"].pop("mask_embedding") is False
    (folder / "adapter.json").write_text(json.dumps(record))
    again = ReportGuidedSam.from_pretrained(folder)
    assert again.backbone.model.mask_embedding is None
    assert torch.equal(ask(again, NODULE), ask(model, NODULE))
