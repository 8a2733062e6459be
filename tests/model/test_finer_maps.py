"""What an adapter does with a host's finer maps, with large grids, and with a decoder of SAM 2's build."""

import json
from dataclasses import replace

import pytest
import torch

from medsegr.backbones.tiny import RUNNING
from medsegr.errors import ConfigError
from medsegr.model.adapter import AdapterConfig
from medsegr.model.attach import attach, build_model, enlarged
from medsegr.model.guided_pass import GuidedOutput
from medsegr.model.report_guided_sam import ReportGuidedSam
from tests.hosts import EFFUSION, HEART, HOSTS, NODULE, guided, open_gates
from tests.random_hosts import random_sam, random_sam2, random_tiny
from tests.views import view_of

CONFIG = AdapterConfig(token_dim=16, heads=2, bottleneck=8)
REPORT = [NODULE, EFFUSION, HEART]


def pixels(model: ReportGuidedSam) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(1, 3, model.image_size, model.image_size, generator=generator)


def ask(model: ReportGuidedSam, *findings) -> GuidedOutput:
    with torch.no_grad():
        return model(pixels(model), model.encode_findings([list(findings)], [view_of("chest_xray")]))


@pytest.mark.parametrize(
    ("host", "finer"),
    [
        ("sam2", True),
        ("sam3_tracker", True),
        ("sam2_meta", True),
        ("tiny", True),
        ("sam", False),
        ("sam_hq", False),
        ("conv_net", False),
    ],
)
def test_hosts_with_finer_maps_have_them_guided(host: str, finer: bool) -> None:
    model = guided(HOSTS[host], HOSTS[host].build(), CONFIG)
    assert model.adapter.config.fine is finer
    assert (model.adapter.fine is not None) is finer
    without = guided(HOSTS[host], HOSTS[host].build(), replace(CONFIG, late=False))
    assert without.adapter.fine is None


def test_the_finer_maps_alone_tell_findings_apart_at_their_own_grid() -> None:
    model = attach(random_sam2(), CONFIG)
    plain = ask(model, *REPORT)
    with torch.no_grad():
        for aspect in model.adapter.fine.aspects:
            model.adapter.fine.get_parameter(f"{aspect}_gate").fill_(2.0)
    output = ask(model, *REPORT)
    assert output.location_logits[-1].shape == output.logits.shape
    assert (plain.logits[:, 0] - plain.logits[:, 1]).abs().max() < 1e-5 * plain.logits.abs().max()
    assert (output.logits[:, 0] - output.logits[:, 1]).abs().max() > 0.01 * plain.logits.abs().max()


def test_gates_of_an_aspect_are_those_of_the_finer_maps_too() -> None:
    adapter = attach(random_sam2(), CONFIG).adapter
    assert any(gate is adapter.fine.texture_gate for gate in adapter.gates("texture"))
    adapter = attach(random_sam2(), replace(CONFIG, aspects=("location",))).adapter
    assert adapter.gates("texture") == [adapter.agreement.texture_gate]


def test_a_fresh_one_changes_nothing_on_a_host_that_is_trained_whole(tmp_path) -> None:
    model = attach(random_tiny(), CONFIG)
    plain = attach(random_tiny(), replace(CONFIG, fine=False))
    assert torch.equal(ask(model, NODULE).logits, ask(plain, NODULE).logits)
    expected = ask(open_gates(model), *REPORT).logits
    folder = model.save_pretrained(tmp_path / "adapter")
    assert torch.equal(ask(ReportGuidedSam.from_pretrained(folder), *REPORT).logits, expected)
    encoding = model.encode(pixels(model), model.encode_findings([REPORT], [view_of("chest_xray")]))
    for k in range(len(REPORT)):
        torch.testing.assert_close(model.outline(encoding.only(k)).logits[:, 0], expected[:, k], atol=1e-5, rtol=1e-4)


def test_files_from_before_load_without_them_and_without_a_limit(tmp_path) -> None:
    model = open_gates(attach(random_sam2(), replace(CONFIG, fine=False, early_grid=0)))
    folder = model.save_pretrained(tmp_path / "adapter")
    record = json.loads((folder / "adapter.json").read_text())
    assert (record["adapter"].pop("fine"), record["adapter"].pop("early_grid")) == (False, 0)
    (folder / "adapter.json").write_text(json.dumps(record))
    again = ReportGuidedSam.from_pretrained(folder, host=random_sam2())
    assert torch.equal(ask(again, *REPORT).logits, ask(model, *REPORT).logits)
    assert (again.adapter.config.fine, again.adapter.config.early_grid) == (False, 0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"fine": True, "late": False}, "'fine' refines what 'late' finds"), ({"early_grid": -1}, "early_grid is -1")],
)
def test_settings_that_cannot_be_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        AdapterConfig(**settings)


def test_finer_maps_of_a_host_without_any_are_refused() -> None:
    with pytest.raises(ConfigError, match="family 'sam' have no finer maps; leave 'fine' out"):
        attach(random_sam(), replace(CONFIG, fine=True))


def test_early_modulators_of_large_grids_work_at_smaller_ones(tmp_path) -> None:
    model = open_gates(attach(random_sam2(), replace(CONFIG, early_grid=4)))
    output = ask(model, *REPORT)
    assert [tuple(level.shape[-2:]) for level in output.location_logits[:2]] == [(4, 4), (4, 4)]
    whole = open_gates(attach(random_sam2(), replace(CONFIG, early_grid=0)))
    assert ask(whole, *REPORT).location_logits[0].shape[-1] == 16
    moved = ask(model, replace(NODULE, location=EFFUSION.location), *REPORT[1:])
    assert (moved.logits - output.logits).abs().max() > 0.003 * output.logits.abs().max()
    folder = model.save_pretrained(tmp_path / "adapter")
    again = ReportGuidedSam.from_pretrained(folder, host=random_sam2())
    assert torch.equal(ask(again, *REPORT).logits, output.logits)
    fresh = attach(random_sam2(), replace(CONFIG, early_grid=4))
    with torch.no_grad():
        encoding = fresh.encode(pixels(fresh), fresh.encode_findings([REPORT], [view_of("chest_xray")]))
        assert torch.equal(encoding.image.features, fresh.backbone.encode(pixels(fresh)).features)


@pytest.mark.parametrize("host", ["sam2", "sam3_tracker", "tiny"])
def test_a_trained_decoder_gives_the_mask_that_was_trained(host: str) -> None:
    """SAM 2's own decoder may answer with masks that no training touches, at test alone."""
    model = open_gates(guided(HOSTS[host], HOSTS[host].build(), replace(CONFIG, train_decoder=True)))
    answers = {}
    for training in (True, False):
        model.adapter.decoder.train(training)
        answers[training] = ask(model, *REPORT).logits
    assert torch.equal(answers[True], answers[False])
    if host != "tiny":
        assert model.backbone.mask_decoder().dynamic_multimask_via_stability, "the host keeps its own way"
        model.adapter.decoder.dynamic_multimask_via_stability = True
        assert not torch.equal(ask(model, *REPORT).logits, answers[False]), "else this test shows nothing"


def test_a_trained_model_without_them_can_be_given_them() -> None:
    model = open_gates(attach(random_tiny(), replace(CONFIG, fine=False)))
    grown = enlarged(model, {}, fine=True).eval()
    assert grown.adapter.config.fine and grown.adapter.fine is not None
    assert torch.equal(ask(grown, *REPORT).logits, ask(model, *REPORT).logits)
    with torch.no_grad():
        grown.adapter.fine.target_gate.fill_(2.0)
    assert not torch.equal(ask(grown, *REPORT).logits, ask(model, *REPORT).logits)


def test_a_model_with_batch_norms_can_go_on_with_instance_norms() -> None:
    sizes = {"widths": (8, 8, 16, 16, 16), "depths": (1, 1, 1, 1), "dim": 32}
    before = build_model("tiny", CONFIG, 64, {**sizes, "norm": "batch"})
    after = enlarged(before, {"norm": "instance"})
    state, kept = before.state_dict(), after.state_dict()
    assert set(state) - set(kept) == {name for name in state if name.endswith(RUNNING)} != set()
    assert all(torch.equal(state[name], kept[name]) for name in kept)
    assert after.backbone.model.config.norm == "instance"
    with pytest.raises(ConfigError, match=r"host_settings\.norm=instance"):
        enlarged(after, {"norm": "batch"})
    assert enlarged(after, {"refined": 4}).backbone.model.config.norm == "instance"


def test_a_checkpoint_from_before_norms_could_be_chosen_has_batch_norms(tmp_path) -> None:
    model = build_model("tiny", CONFIG, 64, {"norm": "batch"})
    folder = model.save_pretrained(tmp_path / "old")
    record = json.loads((folder / "adapter.json").read_text())
    assert record["host"]["config"].pop("norm") == "batch"
    (folder / "adapter.json").write_text(json.dumps(record))
    assert ReportGuidedSam.from_pretrained(folder).backbone.model.config.norm == "batch"
