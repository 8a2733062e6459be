"""Several files together: names unite, and what one alone cannot know is checked."""

import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.lexicon_file import read_text
from medsegr.cognition.lexicon_merge import MOST_TOLD, merge_files
from medsegr.errors import ConfigError

BASE = """\
region: any
regions: [any, chest]
modalities:
  film: {frame: patient, regions: [chest], view: frontal, words: [film]}
targets:
  nodule: {group: finding, words: [nodule]}
zones:
  apical: {frame: patient, words: [apex]}
textures:
  hazy: {group: density and pattern, words: [hazy]}
shapes:
  round: {group: form, words: [round]}
sides:
  left: [left]
triggers:
  neutral: [no change]
combined:
  LA: {side: left, zone: apical}
statements:
  - {find: all clear, absent: nodule}
views:
  frontal:
    apical: {rows: [0, 0.5]}
"""


def merged(own: str):
    return merge_files([read_text(BASE, "base.yaml"), read_text(own, "mine.yaml", own=True)])


def test_words_grow_and_new_names_come_last() -> None:
    both = merged("region: chest\ntargets:\n  spot: {group: finding, words: [spot]}\n  nodule: {words: [nodulus]}\n")
    assert both.tables["targets"] == {
        "nodule": {"region": "any", "group": "finding", "words": ("nodule", "nodulus")},
        "spot": {"region": "chest", "group": "finding", "words": ("spot",)},
    }


def test_regions_can_be_added() -> None:
    both = merged("regions: [foot]\nmodalities:\n  foot_film: {frame: patient, regions: [foot]}\n")
    assert both.tables["modalities"]["foot_film"]["regions"] == ("foot",) and "foot" in both.regions


def test_ones_own_statements_are_tried_first() -> None:
    both = merged("statements:\n  - {find: one, absent: nodule}\n  - {find: two, present: nodule}\n")
    assert [statement["find"] for statement in both.statements] == ["one", "two", "all clear"]


def test_the_same_said_again_is_no_conflict() -> None:
    assert merged("targets:\n  nodule: {group: finding, region: any}\ncombined:\n  LA: {side: left}\n")


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ("targets:\n  nodule: {group: device}", "line 2: targets, nodule: another group than in base.yaml, line 6"),
        ("targets:\n  nodule: {region: chest}", "line 2: targets, nodule: another region than in base.yaml, line 6"),
        (
            "combined:\n  LA: {zone: apical,\n   side: none}",
            "mine.yaml, line 3: combined, LA: another side than in base.yaml, line 18",
        ),
        (
            "targets:\n  nodul: {words: [a]}",
            "line 2: targets, nodul: this name is new and needs group .finding, .* device.. Did you mean 'nodule'",
        ),
        ("zones:\n  a: {frame: image}", "line 2: zones, a: this name is new and needs words"),
        ("modalities:\n  a: {words: [a]}", "needs frame .patient or image. and regions"),
        ("textures:\n  a: {words: [a]}", "line 2: textures, a: this name is new and needs group"),
        ("region: chst", "line 1: unknown region 'chst': expected any, chest. Did you mean 'chest'"),
        (
            "targets:\n  a: {group: finding,\n    region: chst}",
            "line 3: targets, a: unknown region 'chst'",
        ),
        ("modalities:\n  a: {frame: image, regions: [leg]}", "line 2: modalities, a: unknown region 'leg'"),
        ("statements:\n  - find: a\n    absent: [nodul]", "line 3: statements: unknown target 'nodul'"),
        ("combined:\n  AA: {zone: [apicl]}", "line 2: combined, AA: unknown zone 'apicl'.*Did you mean 'apical'"),
        ("targets:\n  nodule: {usual: {zones: [b]}}", "line 2: targets, nodule: unknown zone 'b'"),
        ("targets:\n  nodule: {usual: {shape: [hazy]}}", "line 2: targets, nodule: unknown shape 'hazy'"),
        ("triggers:\n  neutrl: [a]", "line 2: triggers: unknown name 'neutrl': expected neutral"),
        ("views:\n  frontal: {apical: {rows: [0, 1]}}", "line 2: views, frontal: not possible in a file of your own"),
        (
            "modalities:\n  film:\n    view: frontal",
            "line 3: modalities, film: view: not possible in a file of your own",
        ),
    ],
)
def test_what_does_not_fit_the_other_files(own: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^mine.yaml, {message}" if message[0] == "l" else message):
        merged(own)


def test_built_in_files_are_checked_as_well() -> None:
    wrong = BASE.replace("apical: {rows", "apcal: {rows").replace("view: frontal", "view: side")
    with pytest.raises(ConfigError) as caught:
        merge_files([read_text(wrong, "base.yaml")])
    assert str(caught.value).splitlines() == [
        "2 mistakes in the lexicon:",
        "  base.yaml, line 4: modalities, film: unknown view 'side': expected frontal.",
        "  base.yaml, line 23: views, frontal: unknown zone 'apcal': expected apical. Did you mean 'apical'?",
    ]


def test_a_long_list_of_mistakes_is_cut() -> None:
    own = "targets:\n" + "".join(f"  a{n}: {{words: [a]}}\n" for n in range(MOST_TOLD + 5))
    with pytest.raises(ConfigError, match=r"^35 mistakes(.|\n)*and 5 more$"):
        merged(own)


def test_a_side_that_would_be_no_place_is_refused(tmp_path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("modalities:\n  barium_meal:\n    frame: patient\n    regions: [abdomen]\n    sides: none\n")
    with pytest.raises(ConfigError, match=r"own.yaml, line 5: modalities, barium_meal: sides: none is for the frame"):
        load_lexicon([path])


def test_a_modality_that_is_refused_for_another_reason_is_told_so(tmp_path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("modalities:\n  film:\n    frame: patient\n    regions: [chest]\n    view: frontal\n")
    with pytest.raises(ConfigError, match=r"own.yaml, line 5: modalities, film: view: not possible"):
        load_lexicon([path])
