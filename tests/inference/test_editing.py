"""A picture that is asked again: what is answered is what a fresh question gets, and only what must is computed."""

import numpy as np
import pytest
import torch

from medsegr import Evidence, Finding, Location, ReportPriors, Shape, Texture, UserPrompt
from medsegr.data.image import load_image
from medsegr.errors import ConfigError, MedsegrError
from medsegr.inference.auto import AutoPredictor
from medsegr.inference.looks import Looks
from medsegr.inference.picture_memory import PictureMemory
from medsegr.inference.predictor import Predictor
from medsegr.model.adapter import AdapterConfig
from medsegr.model.attach import attach
from tests.random_hosts import random_sam

REPORT = "Nodule in the left lung. Right pleural effusion. No cardiomegaly."
LEFT, EFFUSION, ABSENT = "nodule-left", "pleural_effusion-right", "cardiomegaly"


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = attach(random_sam(64), AdapterConfig(token_dim=16, heads=2, bottleneck=8, blocks=(1, 2), box=True)).eval()
    with torch.no_grad():
        for name, parameter in model.adapter.named_parameters():
            if "gate" in name:
                parameter.fill_(0.5)
    model.metadata = {"support_threshold": 0.0}
    return model


@pytest.fixture
def counts(model, monkeypatch):
    """How often the parts of the model worked; of the decoder, for how many findings."""
    seen = {"trunk": 0, "encode": 0, "decode": 0}

    def count(name, owner, size=lambda *_: 1):
        real = getattr(owner, name)

        def counted(*given, **more):
            seen[name] += size(*given)
            return real(*given, **more)

        monkeypatch.setattr(owner, name, counted)

    count("trunk", model)
    count("encode", model)
    count("decode", model.backbone, lambda embedding, *_: len(embedding.features))
    return seen


def picture(seed=0):
    return np.random.default_rng(seed).integers(0, 255, (70, 90), np.uint8)


def open_one(model, **how):
    return Predictor(model).open(picture(), modality="chest_xray", **how)


def taken(counts):
    told = dict(counts)
    counts.update(dict.fromkeys(counts, 0))
    return told


def assert_same(result, fresh):
    assert [found.id for found in result.findings] == [found.id for found in fresh.findings]
    for found, other in zip(result.findings, fresh.findings, strict=True):
        assert (found.outcome, found.finding) == (other.outcome, other.finding)
        if found.probability is not None:
            torch.testing.assert_close(
                torch.tensor(found.probability), torch.tensor(other.probability), rtol=1e-4, atol=1e-5
            )
            assert found.support == pytest.approx(other.support, abs=1e-5)


def test_each_question_costs_what_it_must(model, counts):
    editing = open_one(model)
    assert taken(counts) == {"trunk": 1, "encode": 0, "decode": 0}, "the host's work is done at once"
    first = editing.segment(REPORT)
    assert taken(counts) == {"trunk": 0, "encode": 1, "decode": 2}, "absent findings cost nothing"
    clicked = editing.click(LEFT, 60, 10)
    assert taken(counts) == {"trunk": 0, "encode": 0, "decode": 1}
    assert not np.array_equal(clicked[LEFT].probability, first[LEFT].probability)
    np.testing.assert_array_equal(clicked[EFFUSION].probability, first[EFFUSION].probability)
    editing.box(EFFUSION, 5, 5, 40, 30)
    assert taken(counts) == {"trunk": 0, "encode": 0, "decode": 1}, "the click of the other finding is drawn already"
    editing.clear(EFFUSION)
    undone = editing.clear(LEFT)
    assert taken(counts) == {"trunk": 0, "encode": 0, "decode": 0}
    np.testing.assert_array_equal(undone[LEFT].probability, first[LEFT].probability)
    editing.edit(LEFT, location=Location("right"))
    assert taken(counts) == {"trunk": 0, "encode": 1, "decode": 2}


def test_answers_are_those_of_a_fresh_question(model):
    editing, fresh = open_one(model), Predictor(model)

    def ask(report, **prompts):
        told = {id.replace("_effusion_", "_effusion-").replace("nodule_", "nodule-"): p for id, p in prompts.items()}
        return fresh.segment(picture(), report, modality="chest_xray", prompts=told)

    assert_same(editing.segment(REPORT), ask(REPORT))
    editing.click(LEFT, 60, 10)
    clicked = editing.click(LEFT, 5, 5, inside=False)
    assert_same(clicked, ask(REPORT, nodule_left=UserPrompt(points=((60, 10), (5, 5)), labels=(1, 0))))
    boxed = editing.box(LEFT, 50, 5, 70, 20)
    both = UserPrompt(points=((60, 10), (5, 5)), labels=(1, 0), box=(50, 5, 70, 20))
    assert_same(boxed, ask(REPORT, nodule_left=both))
    assert boxed[LEFT].box == (50, 5, 70, 20)
    editing.clear(LEFT)
    turned = editing.edit(LEFT, location=Location("right"))
    assert turned.findings[0].finding.evidence.location == () and turned.findings[0].id == "nodule-right"
    other = ask("Nodule in the right lung. Right pleural effusion. No cardiomegaly.")
    np.testing.assert_allclose(turned.findings[0].probability, other.findings[0].probability, atol=1e-5)
    assert_same(editing.segment("Nodule.", ["mass"]), fresh.segment(picture(), "Nodule.", targets=["mass"],
                                                                   modality="chest_xray"))  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "id", "stays"),
    [
        ({"target": "consolidation"}, "consolidation-left", True),
        ({"texture": Texture(("cavitary",))}, LEFT, True),
        ({"location": Location("right")}, "nodule-right", False),
        ({"location": Location("left", ("upper_lobe",))}, LEFT, False),
        ({"presence": "uncertain"}, LEFT, False),
        ({"presence": "absent"}, LEFT, False),
    ],
)
def test_a_prompt_is_dropped_with_the_place_that_it_was_made_for(model, changes, id, stays):
    editing = open_one(model)
    editing.segment(REPORT)
    editing.box(LEFT, 50, 5, 70, 20)
    editing.box(EFFUSION, 5, 5, 40, 30)
    changed = editing.edit(LEFT, **changes)
    assert changed[id].box != changed[EFFUSION].box == (5, 5, 40, 30)
    assert (changed[id].box == (50, 5, 70, 20)) is stays


def test_an_edited_target_means_what_it_means_among_targets(model):
    model.metadata["trained_targets"] = {"breast_ultrasound": ["breast_lesion"]}
    editing = Predictor(model).open(picture(), modality="breast_ultrasound")
    asked = editing.segment(targets=["mass"]).findings[0].finding.target
    editing.segment("Cyst on the left.")
    (edited,) = editing.edit(editing.result.findings[0].id, target="Mass").findings
    assert edited.finding.target == asked == "breast_lesion"


WRONG = [
    ({"presence": "Absent"}, "Unknown presence 'Absent'. Did you mean 'absent'"),
    ({"presence": None}, "presence is a name; got None.*absent, present, uncertain"),
    ({"location": Location("up")}, "Unknown laterality 'up'"),
    ({"location": Location("left", ("upper_lob",))}, "Unknown zone 'upper_lob'. Did you mean 'upper_lobe'"),
    ({"location": Location("left", "apex")}, "tuple"),
    ({"location": "right"}, "location is the text 'right'; expected a Location"),
    ({"texture": "hypoechoic"}, "expected a Texture"),
    ({"texture": Texture(("sparkly",))}, "Unknown texture 'sparkly'"),
    ({"shape": None}, "shape is None; expected a Shape"),
    ({"shape": Shape(("roundd",))}, "Did you mean 'round'"),
    ({"shape": Shape(size_mm=(float("nan"),))}, "size_mm"),
    ({"shape": Shape(count=-1)}, "count is -1"),
    ({"target": "../../x"}, "Unknown target"),
    ({"target": "noduel"}, "Did you mean nodule"),
    ({"target": 3}, "target is a name"),
]


@pytest.mark.parametrize(("changes", "told"), WRONG)
def test_what_the_lexicon_does_not_know_is_refused_before_anything_is_kept(model, changes, told):
    editing = open_one(model)
    before = editing.segment(REPORT)
    with pytest.raises(ConfigError, match=told):
        editing.edit(LEFT, **changes)
    given = {"target": "nodule", **changes}
    with pytest.raises(ConfigError, match=told):
        Predictor(model).segment(picture(), ReportPriors((Finding(**given),)), modality="chest_xray")
    assert editing.result is before
    assert_same(editing.edit(LEFT, presence="present"), before)


def test_priors_that_are_no_findings_are_refused_and_words_of_targets_taken(model):
    predictor = Predictor(model)
    for findings, told in (
        ([Finding("nodule")], "tuple of Finding"),
        (("nodule",), "medsegr.Finding"),
        ((Finding("nodule", evidence=((0, 3),)),), "Evidence"),
    ):
        with pytest.raises(ConfigError, match=told):
            predictor.segment(picture(), ReportPriors(findings), modality="chest_xray")
    priors = ReportPriors((Finding("Pleural effusion", evidence=Evidence()),))
    assert predictor.segment(picture(), priors, modality="chest_xray").findings[0].id == "pleural_effusion"


def test_after_an_error_all_is_as_it_was(model):
    editing = open_one(model)
    with pytest.raises(ConfigError, match="Nothing was asked"):
        editing.click(LEFT, 1, 1)
    before = editing.segment(REPORT)
    for wrong in (
        lambda: editing.click("mass", 1, 1),
        lambda: editing.click(LEFT, 900, 1),
        lambda: editing.click(ABSENT, 1, 1),
        lambda: editing.edit(LEFT, side="right"),
        lambda: editing.segment("   "),
    ):
        with pytest.raises(MedsegrError):
            wrong()
        assert editing.result is before
    assert editing.edit(EFFUSION, presence="absent")[EFFUSION].outcome == "absent"


def test_memory_is_bounded_and_knows_the_weights(model, counts):
    predictor = Predictor(model, trunk_memory=10_000_000)
    reports = ["Nodule in the left lung.", "Mass in the left lung.", "Nodule in the left lung."]
    for report in reports:
        predictor.segment(picture(), report, modality="chest_xray")
    assert (predictor.memory.computed, predictor.memory.found, len(predictor.memory)) == (2, 1, 2)
    with torch.no_grad():
        for gate in model.adapter.gates("location"):
            gate.mul_(2)
    predictor.segment(picture(), reports[0], modality="chest_xray")
    assert predictor.memory.computed == 3
    small = Predictor(model, trunk_memory=1000)
    for _ in range(2):
        small.segment(picture(), reports[0], modality="chest_xray")
    assert (len(small.memory), small.memory.computed) == (0, 2)
    with pytest.raises(ConfigError, match="-1 bytes"):
        PictureMemory(-1)


def test_many_findings_are_drawn_in_groups_and_each_is_its_own(model, counts, monkeypatch):
    report = "Nodule in the left lung. Right pleural effusion. Mass in the right lung. Consolidation. Cyst."
    grouped = Predictor(model).segment(picture(), report, modality="chest_xray")
    assert taken(counts)["decode"] == len(grouped.findings) == 5
    monkeypatch.setattr("medsegr.model.report_guided_sam.BAND", 1)
    assert_same(grouped, Predictor(model).segment(picture(), report, modality="chest_xray"))


def test_a_click_in_a_volume_asks_its_own_plane_again_and_no_other(model, counts):
    volume = np.stack([picture(seed) for seed in range(6)])
    editing = Predictor(model).open(volume, modality="chest_ct")
    before = editing.segment(REPORT)
    taken(counts)
    with pytest.raises(ConfigError, match="names its plane"):
        editing.click(LEFT, 3, 3)
    clicked = editing.click(LEFT, 60, 10, plane=4)
    assert taken(counts)["encode"] == 1 and clicked[LEFT].key_plane == 4
    for found, was in zip(clicked.findings, before.findings, strict=True):
        changed = [
            k for k, (one, other) in enumerate(zip(found.planes, was.planes, strict=True)) if (one != other).any()
        ]
        assert changed == ([4] if found.id == LEFT else []), "clicks reach no other plane and no other finding"
    assert_same(editing.clear(LEFT), before)
    assert taken(counts)["encode"] == 0
    assert_same(editing.click(LEFT, 60, 10, plane=4), clicked)


def test_a_volume_that_was_written_to_is_asked_anew(model, counts):
    image = load_image(np.stack([picture(seed) for seed in range(3)]))
    predictor = Predictor(model, trunk_memory=100_000_000)
    before = predictor.segment(image, REPORT, modality="chest_ct")
    taken(counts)
    predictor.segment(image, REPORT, modality="chest_ct")
    assert taken(counts)["encode"] == 0
    image.voxels[1:] = image.voxels[:-1].copy()
    after = predictor.segment(image, REPORT, modality="chest_ct")
    fresh = Predictor(model).segment(image, REPORT, modality="chest_ct")
    assert not np.array_equal(after[LEFT].mask, before[LEFT].mask)
    np.testing.assert_array_equal(after[LEFT].mask, fresh[LEFT].mask)
    assert after[LEFT].support == fresh[LEFT].support


def test_a_click_reaches_no_other_plane_where_mirrored_ones_are_looked_at(model):
    volume = np.random.default_rng(0).integers(0, 255, (4, 48, 60), np.uint8)
    editing = Predictor(model, flips=True).open(volume, modality="chest_ct")
    before = editing.segment(REPORT)
    for place in range(4):
        clicked = editing.click(LEFT, 30, 20, plane=place)
        for found, was in zip(clicked.findings, before.findings, strict=True):
            same = [np.array_equal(one, other) for one, other in zip(found.planes, was.planes, strict=True)]
            assert all(same[n] for n in range(4) if n != place or found.id != LEFT)
        editing.clear(LEFT)


def test_auto_remembers_with_the_model_that_it_takes(model):
    auto = AutoPredictor(lambda name: Predictor(model, name), Looks())
    editing = auto.open(picture(), modality="chest_xray")
    editing.segment(REPORT)
    clicked = editing.click(LEFT, 60, 10)
    memory = auto.taken[clicked.model].memory
    assert (memory.computed, memory.found) == (1, 1)
