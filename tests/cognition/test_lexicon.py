"""Names, words, and what the lexicon knows."""

import json

import pytest

from medsegr.cognition.lexicon import canonical_target, finding_for_target, frame_of, load_lexicon, regions_of
from medsegr.errors import ConfigError
from tests.shared_data import shared


@pytest.mark.parametrize(
    ("word", "name"),
    [("GGO", "ground_glass_opacity"), ("left lung", "left_lung"), ("Liver-Lesion", "liver_lesion"), ("polyp", "polyp")],
)
def test_words_of_a_target(word: str, name: str) -> None:
    assert canonical_target(word) == name


def test_unknown_targets_name_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Unknown target 'pneumothorx'.*pneumothorax"):
        canonical_target("pneumothorx")
    with pytest.raises(ConfigError, match="for example"):
        canonical_target("qqqqqqqq")


def test_what_is_known_of_an_organ() -> None:
    assert finding_for_target("left lung", "chest_xray").location.laterality == "left"
    assert finding_for_target("liver", "abdomen_ct").location.laterality is None
    assert finding_for_target("polyp", "colonoscopy").location.frame == "image"


def test_frames_and_regions() -> None:
    assert {frame_of(name) for name in ("chest_xray", "abdomen_ct", "brain_mri", None, "unheard_of")} == {"patient"}
    assert {frame_of(name) for name in ("breast_ultrasound", "colonoscopy", "dermoscopy", "histology_he")} == {"image"}
    assert regions_of("chest_ct") == ("chest",) and regions_of(None) == ()


def test_every_statement_names_known_targets() -> None:
    lexicon = load_lexicon()
    assert {name for statement in lexicon.statements for name in statement.targets} <= set(lexicon.targets)
    for parts in lexicon.combined.values():
        for kind, name in parts:
            tables = {
                "target": lexicon.targets, "zone": lexicon.zones, "texture": lexicon.textures,
                "shape": lexicon.shapes, "side": lexicon.sides,
            }  # fmt: skip
            assert name in tables[kind]


def test_all_agreed_names_are_there() -> None:
    agreed = json.loads(shared("vocabulary.json").read_text(encoding="utf-8"))
    lexicon = load_lexicon()
    assert set(agreed["targets"]) == set(lexicon.targets)
    assert set(agreed["location"]["zones"]) == set(lexicon.zones)
    assert set(agreed["texture"]) == set(lexicon.textures)
    assert set(agreed["shape"]) == set(lexicon.shapes)
    for name, entry in agreed["targets"].items():
        assert (lexicon.targets[name].group, lexicon.targets[name].region) == (entry["group"], entry["region"])
