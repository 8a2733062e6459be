"""What a model was trained to find, and what it says of anything else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsegr.cognition.taught_words import TaughtWords
from medsegr.errors import CheckpointError, ConfigError
from medsegr.inference.predictor import Predictor, load
from medsegr.inference.user_prompt import UserPrompt
from medsegr.model.trained_targets import TrainedTargets
from tests.inference.test_predictor import disks, picture

NAMES = st.sampled_from(["nodule", "mass", "liver", "left_lung"])
PAIRS = st.sets(st.tuples(st.sampled_from(["chest_xray", "abdomen_ct", "unknown"]), NAMES))


@given(PAIRS, PAIRS)
def test_metadata_bring_back_what_was_shown(first, second):
    targets = TrainedTargets().with_pairs(first).with_pairs(second)
    assert targets == TrainedTargets().with_pairs(first | second)
    assert TrainedTargets.from_metadata(targets.metadata()) == targets
    for modality, target in first | second:
        assert targets.knows(target, modality)
        assert targets.knows(target, None)
        assert targets.knows_pictures(modality)


def test_nothing_is_claimed_where_the_checkpoint_says_nothing():
    unsaid = TrainedTargets.from_metadata({})
    assert unsaid.knows("nodule", "chest_xray")
    assert unsaid.knows_pictures("brain_mri")
    assert unsaid.metadata() == {}


def test_looks_that_the_model_never_met_are_named_and_not_told():
    words = frozenset({("chest_xray", "texture", "solid"), ("chest_xray", "shape", "round")})
    model = disks()
    report = "Solid calcified round small nodule in the left lung. No cavitary mass."
    assert not Predictor(model).segment(picture(), report, modality="chest_xray").warnings
    model.vocabulary = replace(model.vocabulary, taught=TaughtWords(words))
    result = Predictor(model).segment(picture(), report, modality="chest_xray")
    met = "This model never met calcified, small in pictures of 'chest_xray': taken as not stated."
    assert result.warnings == (met,)
    assert result.findings[0].finding.texture.attributes == ("solid", "calcified"), "the report still says so"


def test_names_belong_to_the_pictures_they_were_shown_in():
    targets = TrainedTargets.from_metadata({"trained_targets": {"chest_xray": ["nodule"], "abdomen_ct": ["mass"]}})
    assert targets.knows("nodule", "chest_xray")
    assert not targets.knows("mass", "chest_xray")
    assert targets.knows("mass", None)
    assert not targets.knows("liver", None)
    assert targets.knows_pictures(None)
    assert not targets.knows_pictures("brain_mri")


@pytest.mark.parametrize("record", [["nodule"], {"chest_xray": "nodule"}, {"chest_xray": [1]}])
def test_damaged_metadata_are_refused(record):
    with pytest.raises(CheckpointError, match="trained_targets"):
        TrainedTargets.from_metadata({"trained_targets": record})


def trained(modality="chest_xray", **changes) -> Predictor:
    model = disks(**changes)
    model.metadata = {"trained_targets": {modality: ["nodule"]}}
    return Predictor(model)


def test_a_name_it_was_not_trained_for_is_no_contradiction():
    predictor = trained(pleural_effusion=(0.3, 0.5, 0.15, -2.0))
    result = predictor.segment(picture(), "Nodule in the left lung. Pleural effusion.", modality="chest_xray")
    assert [found.outcome for found in result.findings] == ["outlined", "untrained"]
    assert not result.findings[1].mask.any()
    assert "not trained for it" in result.findings[1].reason
    (warning,) = result.warnings
    assert "not trained to find 'pleural_effusion'" in warning
    assert "no mask was made" in warning


def test_what_it_was_trained_for_may_still_be_contradicted():
    predictor = trained(nodule=(0.7, 0.2, 0.1, -2.0))
    result = predictor.segment(picture(), "Nodule in the left lung.", modality="chest_xray")
    assert result.findings[0].outcome == "unsupported"
    assert "contradict" in result.warnings[0]


def test_a_mask_of_an_untrained_name_is_given_with_a_caution():
    result = trained().segment(picture(), "Pleural effusion.", modality="chest_xray")
    assert result.findings[0].outcome == "outlined"
    assert result.findings[0].mask.any()
    assert len(result.warnings) == 1
    assert "with care" in result.warnings[0]


def test_pictures_it_was_not_trained_on_are_named_once():
    predictor = trained("abdomen_ct", nodule=(0.7, 0.2, 0.1, -2.0))
    result = predictor.segment(picture(), "Nodule. Pleural effusion.", modality="chest_xray")
    assert [found.outcome for found in result.findings] == ["untrained", "outlined"]
    assert len(result.warnings) == 1
    assert "not trained on pictures of 'chest_xray'" in result.warnings[0]
    assert "absent by the report" in predictor.segment(picture(), "No nodule.", modality="chest_xray").warnings[0]


def test_an_unknown_modality_is_said_where_the_model_knows_modalities():
    (warning,) = trained().segment(picture(), "Nodule.").warnings
    assert "modality is not known" in warning
    assert "not known" not in trained().segment(picture(), "No nodule.").warnings[0]
    assert trained("unknown").segment(picture(), "Nodule.").warnings == ()
    assert trained().segment(picture(), "Chest radiograph: nodule.").warnings == ()


def refusing(modality="chest_xray", **changes) -> Predictor:
    predictor = trained(modality, **changes)
    predictor.model.metadata["untrained_findings"] = "refuse"
    return predictor


def test_what_a_model_refuses_by_its_card_is_not_asked_for():
    predictor = refusing()
    result = predictor.segment(picture(), "Nodule. Pleural effusion. No pneumothorax.", modality="chest_xray")
    assert [found.outcome for found in result.findings] == ["outlined", "untrained", "absent"]
    refused = result.findings[1]
    assert refused.refused and refused.support is None and not refused.mask.any()
    assert refused.reason == "the model was not trained to find 'pleural_effusion' in pictures of 'chest_xray'"
    assert [found.refused for found in result.findings] == [False, True, False]
    assert "no mask was made" in result.warnings[0] and "--untrained draw" in result.warnings[1]
    predictor.segment(picture(), "Pleural effusion.", modality="chest_xray")
    assert predictor.model.passes == 1


def test_pictures_that_it_does_not_know_are_refused_whole_and_said_once():
    result = refusing().segment(picture(), "Nodule. Pleural effusion.", modality="brain_mri")
    assert {found.outcome for found in result.findings} == {"untrained"}
    (warning,) = result.warnings
    assert "not trained on pictures of 'brain_mri': no mask was made" in warning and "untrained='draw'" in warning


def test_without_a_modality_names_that_it_learnt_anywhere_are_drawn():
    result = refusing().segment(picture(), "Nodule. Pleural effusion.")
    assert [found.outcome for found in result.findings] == ["outlined", "untrained"]
    assert result.findings[1].reason.endswith("in any pictures")


def test_the_caller_decides_otherwise():
    asked = {"report": "Nodule. Pleural effusion.", "modality": "chest_xray"}
    for predictor, untrained, outcome in ((refusing(), "draw", "outlined"), (trained(), "refuse", "untrained")):
        assert predictor.segment(picture(), **asked, untrained=untrained).findings[1].outcome == outcome
    assert trained().segment(picture(), **asked).findings[1].outcome == "outlined"
    with pytest.raises(ConfigError, match="untrained is 'no'; expected 'refuse' or 'draw'"):
        trained().segment(picture(), **asked, untrained="no")


def test_a_finding_that_somebody_points_at_is_looked_for():
    pointed = {"brain_tumour": UserPrompt(points=((40, 40),))}
    model, asked = load("tiny"), {"report": "Glioma.", "modality": "brain_mri", "support_threshold": 0.0}
    (found,) = model.segment(picture(), **asked, prompts=pointed).findings
    assert not found.refused and found.support is not None
    assert model.segment(picture(), **asked).findings[0].refused


def test_models_without_a_record_of_names_refuse_nothing():
    model = disks()
    model.metadata = {"untrained_findings": "refuse"}
    result = Predictor(model).segment(picture(), "Nodule. Pleural effusion.", modality="chest_xray")
    assert {found.outcome for found in result.findings} == {"outlined"}
    model.metadata = {"untrained_findings": "sometimes"}
    with pytest.raises(CheckpointError, match="Mend its adapter.json"):
        Predictor(model).segment(picture(), "Nodule.")


def test_the_built_in_model_refuses_other_pictures():
    (found,) = load("tiny").segment(picture(), "Glioma.", modality="brain_mri").findings
    assert found.refused


def test_the_built_in_model_says_what_it_knows():
    targets = load("tiny").trained_targets
    assert targets.knows("nodule", "chest_xray")
    assert targets.knows("breast_lesion", "breast_ultrasound")
    assert not targets.knows("surgical_clips", "chest_xray")
    assert not targets.knows_pictures("brain_mri")
