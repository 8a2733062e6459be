"""Aspects that an adapter leaves out: neither told, nor modulating; older files have all three."""

import json

import pytest
import torch

import medsegr
from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.prior_embedding import PriorVocabulary
from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.errors import ConfigError
from medsegr.model.adapter import AdapterConfig
from medsegr.model.attach import attach
from medsegr.model.guided_pass import GuidedOutput
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.training.config import LossConfig
from medsegr.training.losses import Truth, guided_loss
from tests.hosts import NODULE, open_gates
from tests.random_hosts import random_tiny
from tests.views import view_of

ALL = ("location", "texture", "shape")
OTHERWISE = {
    "location": Location("right", ("lower_zone",)),
    "texture": Texture(("cystic",)),
    "shape": Shape(("irregular",)),
}


def small(**settings) -> AdapterConfig:
    return AdapterConfig(token_dim=16, heads=2, bottleneck=8, **settings)


def ask(model: ReportGuidedSam, finding: Finding) -> GuidedOutput:
    pixels = torch.randn(1, 3, model.image_size, model.image_size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return model(pixels, model.encode_findings([[finding]], [view_of("chest_xray")]))


@pytest.mark.parametrize("left_out", ALL)
def test_an_aspect_that_is_left_out_changes_nothing_and_the_others_do(left_out: str) -> None:
    model = open_gates(attach(random_tiny(), small(aspects=tuple(a for a in ALL if a != left_out))))
    plain = ask(model, NODULE)
    for aspect, other in OTHERWISE.items():
        changed = ask(model, Finding(**{**vars(NODULE), aspect: other}))
        same = torch.equal(changed.logits, plain.logits) and torch.equal(changed.support_logits, plain.support_logits)
        assert same == (aspect == left_out)


def test_with_no_aspect_the_name_alone_counts() -> None:
    model = open_gates(attach(random_tiny(), small(aspects=(), blocks=(), late=False)))
    assert torch.equal(ask(model, NODULE).logits, ask(model, NODULE.named_only()).logits)
    assert not torch.equal(ask(model, NODULE).logits, ask(model, Finding("mass")).logits)


def test_the_words_of_an_aspect_that_is_left_out_are_not_read() -> None:
    model = open_gates(attach(random_tiny(), small(aspects=("texture", "shape"), text_encoder="unread", text_dim=5)))
    torch.nn.init.normal_(model.adapter.embedding.words.weight)
    priors = model.vocabulary.encode([[NODULE]], [view_of("chest_xray")])
    pixels = torch.randn(1, 3, model.image_size, model.image_size)
    words = torch.randn(1, 1, 4, 5)
    for place, heard in enumerate((True, False, True, True)):
        other = words.clone()
        other[:, :, place] += 1
        tokens = []
        for said in (words, other):
            priors.words = said
            tokens.append(model.adapter.tokens(priors, pixels))
        assert torch.equal(*tokens) != heard


@pytest.mark.parametrize("half", [{"text_encoder": "some/encoder"}, {"text_dim": 32}, {"text_dim": -1}])
def test_a_text_encoder_without_its_width_or_the_other_way_round_is_refused(half) -> None:
    with pytest.raises(ConfigError, match="expected an encoder and the width of its vectors, or neither"):
        small(**half)


def test_files_from_before_the_width_was_asked_for_are_read_as_without_a_text_encoder() -> None:
    record = {**small().to_dict(), "text_encoder": "some/encoder"}
    assert AdapterConfig.from_dict(record) == small()


def test_training_copes_with_no_maps_of_places_and_with_no_fusion() -> None:
    model = attach(random_tiny(), small(blocks=(), late=False, fusion_blocks=0)).train()
    output = model(torch.randn(1, 3, 64, 64), model.encode_findings([[NODULE]], [view_of("chest_xray")]))
    assert output.location_logits == ()
    masks = torch.zeros(1, 1, 64, 64)
    masks[..., 20:40, 20:40] = 1
    truth = Truth(masks, torch.ones(1, 1), torch.ones(1, 1), torch.ones(1, 2))
    terms = guided_loss(output, truth, LossConfig())
    terms.total.backward()
    assert terms.location == 0 and torch.isfinite(terms.total)
    assert model.adapter.prompt_gate.grad.abs().max() > 0


def test_saved_and_read_again_the_same_is_left_out(tmp_path) -> None:
    model = open_gates(attach(random_tiny(), small(aspects=("shape",))))
    folder = model.save_pretrained(tmp_path / "adapter")
    again = ReportGuidedSam.from_pretrained(folder)
    assert again.adapter.config.aspects == ("shape",)
    assert again.vocabulary.to_dict() == PriorVocabulary.of_lexicon(load_lexicon()).to_dict()
    assert torch.equal(ask(again, NODULE).logits, ask(model, NODULE).logits)
    assert not model.adapter.late.state_dict().keys() & {"texture_gate", "location_gate"}


def test_files_from_before_have_all_aspects(tmp_path) -> None:
    model = open_gates(attach(random_tiny(), small()))
    folder = model.save_pretrained(tmp_path / "adapter")
    record = json.loads((folder / "adapter.json").read_text())
    assert record["adapter"].pop("aspects") == list(ALL)
    (folder / "adapter.json").write_text(json.dumps(record))
    assert torch.equal(ask(ReportGuidedSam.from_pretrained(folder), NODULE).logits, ask(model, NODULE).logits)


def test_the_built_in_model_has_all_aspects() -> None:
    adapter = medsegr.load("tiny").model.adapter
    assert adapter.config.aspects == ALL and adapter.unsaid == ()
    assert all(len(adapter.gates(aspect)) >= len(adapter.modulators) + 1 for aspect in ALL)


@pytest.mark.parametrize("aspects", [("place",), ("shape", "shape")])
def test_unknown_and_repeated_aspects_are_refused(aspects: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="expected some of location, texture, shape, each once"):
        small(aspects=aspects)
