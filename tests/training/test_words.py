"""A text encoder in training: what it reads is what it reads at inference, and what is made of it is trained."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding, Location
from medsegr.cognition.text_encoder import words_of
from medsegr.errors import ConfigError
from medsegr.inference.plane import PlaneQuestion, ask_model
from medsegr.model.attach import build_model
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.training.config import AugmentationConfig, TrainConfig
from medsegr.training.counterfactuals import misplaced
from medsegr.training.dataset import collate, make_sample, plain_sample
from medsegr.training.questions import mismatched, tell_less
from medsegr.training.starting_model import starting_model
from medsegr.training.studies import StudyStore, TrainingQuestion, TrainingStudy
from medsegr.training.train import train
from tests.text_encoders import WIDTH, save_text_encoder
from tests.views import view_of

from .small_dataset import SIDE, SMALL_ADAPTER, TINY_HOST, disc, make_dataset, small_config

REPORT = "There is a solid round nodule on the left. No pleural effusion."
LEFT = parse_report(REPORT, "chest_xray").findings[0]


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("sets") / "discs")


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    folder = save_text_encoder(tmp_path_factory.mktemp("encoders") / "small")
    return replace(SMALL_ADAPTER, text_encoder=str(folder), text_dim=WIDTH)


@pytest.fixture(scope="module")
def run(data, adapter, tmp_path_factory):
    config = small_config(data, tmp_path_factory.mktemp("runs") / "words", adapter=adapter)
    train(config, show_progress=False)
    return config


@pytest.fixture
def study() -> TrainingStudy:
    """A solid nodule on the left, of which the report speaks, and nothing else."""
    return TrainingStudy(
        image=np.zeros((SIDE, SIDE), np.uint8),
        view=view_of("chest_xray"),
        lexicon=load_lexicon(),
        packed={"a": np.packbits(disc(30, 48))},
        described=(TrainingQuestion(LEFT, ("a",), REPORT),),
        named={"nodule": ("a",)},
        absent=("mass",),
    )


def test_training_and_inference_read_the_same(data, adapter):
    model = build_model("tiny", adapter, host_config=TINY_HOST).eval()
    study = StudyStore([data], "val", model.backbone.square, 100).get(0, 0)
    question = study.described[0]
    batch = collate([plain_sample(study, [question])], model.vocabulary, model.preprocess, encoder=model.text_encoder())
    read = []
    outline = model.outline
    model.outline = lambda encoding: read.append(encoding.priors) or outline(encoding)
    finding = parse_report(REPORT, "chest_xray").findings[0]
    ask_model(model, [study.image / 255], [PlaneQuestion((finding,), view_of("chest_xray"), REPORT)])
    assert batch.priors.words.abs().sum() > 0
    for name, tensor in vars(batch.priors).items():
        assert torch.equal(tensor, getattr(read[0], name)), name


def test_a_fresh_projection_changes_nothing(adapter):
    model = build_model("tiny", adapter, host_config=TINY_HOST)
    priors = model.encode_findings([[LEFT]], [view_of("chest_xray")], [REPORT])
    assert priors.words.abs().sum() > 0
    tokens = model.adapter.embedding(priors)
    assert torch.equal(tokens, model.adapter.embedding(replace(priors, words=None)))
    torch.nn.init.normal_(model.adapter.embedding.words.weight)
    assert not torch.equal(tokens, model.adapter.embedding(priors))


def test_the_projection_is_trained_saved_and_read_again(run):
    fresh = starting_model(run).adapter.embedding.words.weight
    model = ReportGuidedSam.from_pretrained(f"{run.out}/best")
    assert not fresh.any()
    assert model.adapter.embedding.words.weight.abs().min() > 0
    assert model.adapter.config.text_encoder == run.adapter.text_encoder
    told, untold = (model.encode_findings([[LEFT]], [view_of("chest_xray")], [text]) for text in (REPORT, "x" * 99))
    assert not torch.equal(model.adapter.embedding(told), model.adapter.embedding(untold))


def test_stopped_and_resumed_is_the_same_run(run, data, tmp_path, monkeypatch):
    config = replace(run, out=str(tmp_path / "run"))
    with monkeypatch.context() as patch:
        patch.setattr("medsegr.training.train._Run._time_is_up", lambda self, _: self.progress.step == 3)
        assert train(config, show_progress=False).step == 3
    assert train(config, resume=True, show_progress=False).finished
    once, twice = (ReportGuidedSam.from_pretrained(f"{c.out}/best").state_dict() for c in (run, config))
    assert all(torch.equal(once[name], twice[name]) for name in once)


def test_processes_that_prepare_batches_read_too(run, tmp_path):
    config = replace(run, out=str(tmp_path / "run"), workers=1)
    train(config, show_progress=False)
    alone, helped = (list(csv.DictReader((Path(c.out) / "log.csv").read_text().splitlines())) for c in (run, config))
    assert [row["loss"] for row in alone] == [row["loss"] for row in helped]


def test_goes_on_with_the_models_own_encoder_and_no_other(run, data, adapter, tmp_path):
    start = f"{run.out}/best"
    config = small_config(data, tmp_path / "on", init=start, steps=1, adapter=adapter)
    assert train(config, show_progress=False).finished
    for init, own in ((start, "has .*small"), ("tiny", "has none")):
        other = small_config(data, tmp_path / "no", init=init, adapter=replace(adapter, text_encoder="other"))
        with pytest.raises(ConfigError, match=own):
            train(other, show_progress=False)
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    ("settings", "message"), [({"text_dim": 5}, "width 32"), ({"text_encoder": "./no/such/folder"}, "be loaded")]
)
def test_an_encoder_that_cannot_be_had_or_does_not_fit_leaves_nothing_behind(
    data, adapter, tmp_path, settings, message
):
    with pytest.raises(ConfigError, match=message):
        train(small_config(data, tmp_path / "run", adapter=replace(adapter, **settings)), show_progress=False)
    assert not (tmp_path / "run").exists()


def test_a_flipped_picture_is_not_told_the_side_that_the_report_names(study):
    flip = TrainConfig(augmentation=AugmentationConfig(flip=1.0, affine=0.0))
    sample = make_sample(study, study.described, flip, np.random.default_rng(0))
    assert words_of(sample.findings[0], sample.texts[0])[1] == "right"
    assert words_of(study.described[0].finding, REPORT)[1] == "left"


def test_a_changed_question_is_told_in_the_words_that_are_still_true_of_it(study):
    silent = TrainConfig().sampling
    asked = tell_less(study.described[0], study, replace(silent, aspect_dropout=1.0, finding_dropout=0), generator())
    assert words_of(asked.finding, asked.text) == ("nodule", "", "", "")
    drawn = [misplaced(study, lambda: study, generator(seed)) for seed in range(8)]
    told = {words_of(question.finding, question.text) for question in drawn if question}
    assert told == {("nodule", "right", "solid", "round")}


def test_another_cases_finding_is_told_in_that_cases_words(study):
    text = "Large masses on the right."
    mass = parse_report(text, "chest_xray").findings[0]
    guest = replace(study, described=(TrainingQuestion(mass, ("a",), text),))
    drawn = [mismatched(study, lambda: guest, generator(seed)) for seed in range(20)]
    assert {question.masks for question in drawn} == {()}
    assert ("masses", "right", "", "Large") in {words_of(question.finding, question.text) for question in drawn}
    assert Location("right") in {question.finding.location for question in drawn}


def test_what_is_printed_holds_no_report(study):
    assert "solid round" not in repr(study.described)
    assert "solid round" not in repr(plain_sample(study, study.described))


def test_without_an_encoder_nothing_is_read(data):
    model = build_model("tiny", SMALL_ADAPTER, host_config=TINY_HOST)
    assert model.text_encoder() is None
    assert model.encode_findings([[Finding("nodule")]], [view_of()], [REPORT]).words is None
