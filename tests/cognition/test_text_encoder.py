"""The words of findings, and their vectors from a frozen encoder on disk."""

from dataclasses import replace

import pytest
import torch

from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.cognition.text_encoder import TextEncoder, words_of
from medsegr.errors import ConfigError
from tests.text_encoders import WIDTH, save_text_encoder

REPORT = "Two spiculated nodules in the left upper zone. No effusion."


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_text_encoder(tmp_path_factory.mktemp("encoders") / "small")


@pytest.fixture
def encoder(folder) -> TextEncoder:
    return TextEncoder.from_pretrained(str(folder))


@pytest.fixture(scope="module")
def nodules() -> Finding:
    return parse_report(REPORT, "chest_xray").findings[0]


def test_the_words_are_the_reports_own(nodules):
    assert words_of(nodules, REPORT) == ("nodules", "left upper zone", "", "Two spiculated")


def test_without_a_report_they_are_the_canonical_names(nodules):
    assert words_of(nodules) == ("nodule", "left upper zone", "", "2 spiculated")
    sized = Finding(
        "lung_cyst", shape=Shape(("thin_walled",), (12.0, 8.5), "multiple"), texture=Texture(("gas_containing",))
    )
    assert words_of(sized) == ("lung cyst", "", "gas containing", "multiple thin walled 12 mm 8.5 mm")


def test_what_is_no_longer_stated_has_no_words_even_if_the_report_holds_them(nodules):
    assert words_of(replace(nodules, location=Location(), shape=Shape()), REPORT) == ("nodules", "", "", "")


def test_vectors_have_unit_length_and_an_empty_text_has_none(encoder):
    vectors = encoder.encode(["solid", "", "cystic", "solid"])
    assert vectors.shape == (4, WIDTH)
    torch.testing.assert_close(vectors.norm(dim=1), torch.tensor([1.0, 0.0, 1.0, 1.0]))
    assert torch.equal(vectors[0], vectors[3])
    assert (vectors[0] - vectors[2]).norm() > 0.1
    assert encoder.encode([]).shape == (0, WIDTH)


def test_a_text_has_the_same_vector_whatever_was_encoded_with_it_or_before(folder):
    alone, beside = (TextEncoder.from_pretrained(str(folder)) for _ in range(2))
    beside.encode(["a much longer text about the left upper zone"])
    assert torch.equal(alone.encode(["solid"])[0], beside.encode(["spiculated margins", "solid"])[1])


def test_each_text_goes_through_the_encoder_once(encoder, monkeypatch):
    seen = []
    vector = encoder._vector
    monkeypatch.setattr(encoder, "_vector", lambda text: seen.append(text) or vector(text))
    for _ in range(3):
        encoder.encode(["solid", "cystic", "solid"])
    assert seen == ["solid", "cystic"]


def test_findings_are_padded_with_zeros(encoder, nodules):
    words = encoder.encode_findings([[nodules, Finding("mass")], []], [[REPORT, ""], []])
    assert words.shape == (2, 2, 4, WIDTH)
    assert torch.equal(words[0, 0], encoder.encode(words_of(nodules, REPORT)))
    assert torch.equal(words[0, 1], encoder.encode(["mass", "", "", ""]))
    assert not words[1].any()


def test_an_encoder_is_frozen(encoder):
    assert not any(parameter.requires_grad for parameter in encoder.model.parameters())
    assert not encoder.model.training


def test_an_encoder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot be loaded; expected a Hugging Face id or a folder"):
        TextEncoder.from_pretrained(str(tmp_path / "nothing"))
