"""Names, words, and what the lexicon knows."""

import json
from pathlib import Path

import pytest

from medsegr.cognition.lexicon import (
    DOMAINS,
    Usual,
    canonical_target,
    finding_for_target,
    load_lexicon,
    regions_of,
)
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding, Location
from medsegr.cognition.vocabulary import Vocabulary
from medsegr.data.phantoms.study import generate_study
from medsegr.errors import ConfigError
from tests.shared_data import shared

LEXICON = load_lexicon()


@pytest.mark.parametrize(
    ("word", "name"),
    [("GGO", "ground_glass_opacity"), ("left lung", "left_lung"), ("Liver-Lesion", "liver_lesion"), ("polyp", "polyp")],
)
def test_words_of_a_target(word: str, name: str) -> None:
    assert canonical_target(word) == name


def test_unknown_targets_name_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Unknown target, a text of 7 words: expected a name of the vocabulary"):
        canonical_target("Mrs Smith has a nodule. No effusion.")
    with pytest.raises(ConfigError, match="Unknown target 'pneumothorx'.*pneumothorax"):
        canonical_target("pneumothorx")
    with pytest.raises(ConfigError, match="for example"):
        canonical_target("qqqqqqqq")


def test_what_is_known_of_an_organ() -> None:
    assert finding_for_target("left lung", "chest_xray", LEXICON).location.laterality == "left"
    assert finding_for_target("liver", "abdomen_ct", LEXICON).location.laterality is None


def test_where_organs_usually_lie_and_what_they_look_like() -> None:
    gallbladder = finding_for_target("GB", "abdomen_ct", LEXICON)
    assert gallbladder.location == Location("right") and "oval" in gallbladder.shape.attributes
    cup = finding_for_target("optic cup", "fundus", LEXICON)
    assert (cup.location.zones, cup.texture.attributes, cup.shape.attributes) == (("on_disc",), ("pale",), ("round",))
    assert finding_for_target("nuclei", "histology_he", LEXICON).shape.attributes == ("round", "oval")
    assert finding_for_target("gallbladder", "endoscopy", LEXICON).location.laterality is None


def test_targets_that_weights_were_trained_with_take_nothing_but_their_side_for_granted() -> None:
    drawn = {lesion.target for index in range(60) for lesion in generate_study(1, index, size=64).lesions}
    organs = {"left_lung", "right_lung", "cardiomediastinum", "airways", "liver", "spleen", "kidney", "aorta"}
    for name in {*drawn, *organs, "breast_lesion"}:
        side = {"left_lung": "left", "right_lung": "right"}.get(name)
        assert finding_for_target(name, "chest_xray", LEXICON) == Finding(name, location=Location(side))
        assert load_lexicon().targets[name].usual == Usual()


def test_frames_and_regions() -> None:
    of_patients, of_pictures = (
        ("chest_xray", "abdomen_ct", "brain_mri", None, "unheard_of"),
        ("breast_ultrasound", "colonoscopy", "dermoscopy", "histology_he"),
    )
    assert {LEXICON.kind(name).frame for name in of_patients} == {"patient"}
    assert {LEXICON.kind(name).frame for name in of_pictures} == {"image"}
    assert regions_of("chest_ct", LEXICON) == ("chest",) and regions_of(None, LEXICON) == ()


def test_which_sides_pictures_show() -> None:
    sides = {name: LEXICON.kind(name).sides for name in LEXICON.modalities}
    both = {"chest_xray", "chest_ct", "abdomen_ct", "abdomen_mri", "brain_mri", "brain_ct"}
    both |= {"trunk_ct", "pet_ct", "neck_ct", "neck_mri"}
    none = {"colonoscopy", "endoscopy", "dermoscopy", "histology", "histology_he"}
    assert sides == {name: "both" if name in both else "none" if name in none else "one" for name in LEXICON.modalities}
    assert LEXICON.kind(None).sides == LEXICON.kind("unheard_of").sides == "one"


def test_zones_of_the_picture_itself_are_in_pictures_of_every_kind() -> None:
    for name in (*LEXICON.modalities, None, "unheard_of"):
        kind = LEXICON.kind(name)
        assert kind.modality == name and kind.zones == LEXICON.views["picture"]
    assert LEXICON.kind("chest_ct").laid_out == LEXICON.views["axial"] and LEXICON.kind("chest_ct").layout == "axial"
    assert not LEXICON.kind("knee_mri").laid_out and LEXICON.kind("chest_ct") is LEXICON.kind("chest_ct")


def test_a_modality_of_ones_own_says_which_sides_its_pictures_show(tmp_path: Path) -> None:
    text = """\
modalities:
  panoramic: {frame: patient, regions: [bone], sides: both}
  hysteroscopy: {frame: image, regions: [endoscopy]}
  wrist_film: {frame: patient, regions: [bone]}
  mirror_photo: {frame: image, regions: [skin], sides: one}
"""
    lexicon = load_lexicon([own(tmp_path, text)])
    told = {name: lexicon.kind(name).sides for name in ("panoramic", "hysteroscopy", "wrist_film", "mirror_photo")}
    assert told == {"panoramic": "both", "hysteroscopy": "none", "wrist_film": "one", "mirror_photo": "one"}
    with pytest.raises(ConfigError, match="sides: unknown 'two': expected both, one, none"):
        load_lexicon([own(tmp_path, "modalities:\n  pair: {frame: patient, regions: [bone], sides: two}\n")])


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


OWN = """\
region: abdomen
modalities:
  capsule: {frame: image, regions: [endoscopy], words: [capsule study]}
targets:
  liver_lesion: {words: [Leberherd]}
  duodenal_web:
    group: finding
    words: [duodenal web, windsock]
    usual: {side: right, shape: [thin_walled]}
triggers:
  absent_before: [kein]
statements:
  - {find: "windsock sign {be}seen", present: duodenal_web}
combined:
  RWW: {side: right, texture: hazy}
"""


def own(folder: Path, text: str = OWN, name: str = "own.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def told(text: str, modality: str | None, lexicon) -> list[tuple[str, str]]:
    return [(finding.target, finding.presence) for finding in parse_report(text, modality, lexicon=lexicon)]


def test_a_file_of_ones_own_adds_words_targets_triggers_and_statements(tmp_path: Path) -> None:
    lexicon = load_lexicon([own(tmp_path)])
    report = "Kein Leberherd. Small duodenal web."
    assert told(report, "abdomen_ct", lexicon) == [("liver_lesion", "absent"), ("duodenal_web", "present")]
    assert told("The windsock sign is seen.", "abdomen_ct", lexicon) == [("duodenal_web", "present")]
    assert told(report, "abdomen_ct", None) == []
    assert parse_report("Capsule study. Duodenal web.", lexicon=lexicon).modality == "capsule"
    (nodule,) = parse_report("RWW nodule.", "abdomen_ct", lexicon=lexicon)
    assert (nodule.location.laterality, nodule.texture.attributes) == ("right", ("hazy",))


def test_a_file_of_ones_own_adds_cues(tmp_path: Path) -> None:
    cue = "cues:\n  {name}: {{effect: {effect}, looks: {looks}, stops_at: {stops}, words: [{words}]}}\n"
    ahead = own(tmp_path, cue.format(name="misses", effect="absent", looks="ahead", stops="description", words="kein"))
    runs = own(
        tmp_path, cue.format(name="a", effect="absent", looks="ahead", stops="clause", words="kein"), "runs.yaml"
    )
    back = own(
        tmp_path, cue.format(name="b", effect="uncertain", looks="back", stops="clause", words="fraglich"), "b.yaml"
    )
    listed = "Kein pneumothorax, small effusion."
    assert told(listed, "chest_xray", None) == [("pneumothorax", "present"), ("pleural_effusion", "present")]
    assert told(listed, "chest_xray", load_lexicon([ahead])) == [
        ("pneumothorax", "absent"),
        ("pleural_effusion", "present"),
    ]
    assert told(listed, "chest_xray", load_lexicon([runs])) == [
        ("pneumothorax", "absent"),
        ("pleural_effusion", "absent"),
    ]
    assert told("Effusion fraglich.", "chest_xray", load_lexicon([back])) == [("pleural_effusion", "uncertain")]


def test_a_cue_of_ones_own_says_what_it_does(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"line 2: cues, kein: this name is new and needs effect"):
        load_lexicon([own(tmp_path, "cues:\n  kein: {words: [kein]}\n")])
    with pytest.raises(ConfigError, match=r"looks: unknown 'ahed': expected ahead.*Did you mean 'ahead'"):
        load_lexicon([own(tmp_path, "cues:\n  kein: {effect: absent, looks: ahed, words: [kein]}\n")])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("effect: uncertain,\n    looks: next", "looks: next is not for the effect uncertain: expected ahead"),
        ("effect: absent,\n    looks: between", "looks: between is not for the effect absent: expected ahead"),
        ("effect: uncertain,\n    stops_at: description", "stops_at: description is for the effect absent"),
        ("effect: absent, looks: back,\n    stops_at: description", "stops_at: description is for the effect absent"),
        ("effect: absent, looks: next,\n    stops_at: description", "stops_at: description is for the effect absent"),
        ("effect: nothing,\n    looks: back", "looks: the effect nothing has none: leave it out"),
        ("effect: ends,\n    stops_at: clause", "stops_at: the effect ends has none: leave it out"),
        ("effect: leaves_out,\n    looks: ahead", "looks: the effect leaves_out has none: leave it out"),
    ],
)
def test_a_cue_that_would_do_nothing_is_refused(tmp_path: Path, fields: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"own.yaml, line 3: cues, kein: {message}"):
        load_lexicon([own(tmp_path, f"cues:\n  kein: {{words: [kein], {fields}}}\n")])


def test_a_known_cue_is_given_no_reach_that_does_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="own.yaml, line 2: cues, neutral: looks: the effect nothing has none"):
        load_lexicon([own(tmp_path, "cues:\n  neutral: {words: [kein], looks: back}\n")])


def test_signs_in_words_of_ones_own_are_no_expressions(tmp_path: Path) -> None:
    verbs, adverbs, vertebrae = '["seem (still)", "sit.."]', '["(again)"]', '["S(1", "X.1"]'
    words = f"words_any_verbs: {verbs}, words_any_adverbs: {adverbs}, words_vertebrae: {vertebrae}"
    lexicon = load_lexicon([own(tmp_path, f"triggers: {{{words}}}\n")])
    for text in ("The lungs seem (still) clear.", "The lungs are (again) clear."):
        assert told(text, "chest_xray", lexicon) == [("airspace_opacity", "absent")]
        assert told(text, "chest_xray", None) == []
    assert told("The lungs sitxy clear.", "chest_xray", lexicon) == []
    vocabulary = Vocabulary(lexicon)
    assert vocabulary.wording_of("X.1").words[0] == "vertebra" != vocabulary.wording_of("Xa1").words[0]


def test_questions_take_the_lexicon_of_ones_own(tmp_path: Path) -> None:
    lexicon = load_lexicon([own(tmp_path)])
    assert canonical_target("Leberherd", lexicon) == "liver_lesion"
    web = finding_for_target("windsock", "abdomen_ct", lexicon)
    assert (web.target, web.location.laterality, web.shape.attributes) == ("duodenal_web", "right", ("thin_walled",))
    assert lexicon.kind("capsule").frame == "image" and regions_of("capsule", lexicon) == ("endoscopy",)
    with pytest.raises(ConfigError, match="Unknown target 'windsock'"):
        canonical_target("windsock")


def test_several_files_and_a_single_path(tmp_path: Path) -> None:
    more = own(tmp_path, "targets:\n  duodenal_web: {words: [web]}\n", "more.yaml")
    words = load_lexicon([own(tmp_path), more]).targets["duodenal_web"].words
    assert words == ("duodenal web", "windsock", "web")
    assert "duodenal_web" in load_lexicon(str(own(tmp_path))).targets
    assert load_lexicon() is load_lexicon([])


def test_mistakes_of_all_files_are_told_with_file_and_line(tmp_path: Path) -> None:
    first = own(tmp_path, "targets:\n  nodule:\n    word: [a]\n", "first.yaml")
    second = own(tmp_path, "region: chst\n", "second.yaml")
    with pytest.raises(ConfigError, match=r"(?s)^2 mistakes.*first.yaml, line 3: .*second.yaml, line 1: .*'chest'"):
        load_lexicon([first, second])
    with pytest.raises(ConfigError, match="does not exist"):
        load_lexicon([tmp_path / "none.yaml"])


def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "lexicon.md").read_text(encoding="utf-8")
    lexicon = load_lexicon([own(tmp_path, text.partition("```yaml\n")[2].partition("```")[0])])
    report = "Denies hepatic deposit. Pear shaped web at the DJ flexure. The gallbladder is bland."
    web = parse_report(report, "abdomen_ct", lexicon=lexicon).findings[1]
    assert (web.target, web.location.zones, web.shape.attributes) == (
        "duodenal_web",
        ("duodenojejunal_flexure",),
        ("pear_shaped",),
    )
    assert told(report, "abdomen_ct", lexicon) == [
        ("liver_lesion", "absent"), ("duodenal_web", "present"), ("gallstone", "absent"),
    ]  # fmt: skip
    assert parse_report("Barium meal. No web.", lexicon=lexicon).modality == "barium_meal"


def test_words_in_braces_stand_for_each_word_of_their_trigger(tmp_path: Path) -> None:
    lexicon = load_lexicon()
    assert {"no longer seen", "is not seen", "cannot be made out"} <= {*lexicon.cues["absent_after"].words}
    assert not any("{" in word for cue in lexicon.cues.values() for word in cue.words)
    more = load_lexicon(
        [own(tmp_path, "triggers: {words_any_seen: [spotted]}\ncues: {absent_after: {words: ['{unknown} web']}}\n")]
    )
    assert "no longer spotted" in more.cues["absent_after"].words
    assert "{unknown} web" in more.cues["absent_after"].words


def test_every_domain_has_its_file() -> None:
    from medsegr.cognition import lexicon

    folder = Path(lexicon.__file__).parent / "lexicon_data"
    assert sorted(path.stem for path in folder.iterdir()) == sorted(DOMAINS)
