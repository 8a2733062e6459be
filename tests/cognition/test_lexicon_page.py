"""The page on the lexicon names every cue and every kind of trigger, each with an example of its words."""

import re
from fnmatch import fnmatch
from pathlib import Path

from medsegr.cognition.grammar import WORD_SETS
from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.lexicon_schema import EFFECTS, LOOKS, STOPS
from medsegr.word_forms import fold

PAGE = (Path(__file__).parents[2] / "docs" / "lexicon.md").read_text(encoding="utf-8")
CUES = PAGE.partition("\n## Cues")[2].partition("The built-in cues")[2].partition("\n## ")[0]
SECTION = PAGE.partition("\n## The kinds of triggers")[2].partition("\n## ")[0]
ROWS = [
    (re.findall(r"`([a-z_*]+)`", cells[1]), re.findall(r"\*\*(.+?)\*\*", cells[3]))
    for cells in (line.split("|") for line in (CUES + SECTION).splitlines() if line.startswith("| `"))
]
"""Kinds of a row, and the bold words of its example."""


def form(words: str) -> str:
    return " ".join(fold(word) for word in words.strip(":").split())


def test_every_kind_is_documented_and_no_other() -> None:
    kinds = {*load_lexicon().triggers, *load_lexicon().cues}
    patterns = [pattern for names, _ in ROWS for pattern in names]
    assert not [kind for kind in kinds if not any(fnmatch(kind, pattern) for pattern in patterns)]
    assert not [pattern for pattern in patterns if not any(fnmatch(kind, pattern) for kind in kinds)]
    assert len(patterns) == len(set(patterns))


def test_every_example_shows_words_of_its_kind() -> None:
    lexicon = load_lexicon()
    triggers = {**lexicon.triggers, **{cue.name: cue.words for cue in lexicon.cues.values()}}
    for patterns, examples in ROWS:
        kinds = [kind for kind in triggers if any(fnmatch(kind, pattern) for pattern in patterns)]
        words = {form(word) for kind in kinds for word in triggers[kind]}
        assert examples, patterns
        assert {form(example) for example in examples} <= words, patterns


def test_every_effect_and_reach_is_documented() -> None:
    told = PAGE.partition("\n## Cues")[2].partition("The built-in cues")[0]
    assert all(f"`{value}`" in told for value in (*EFFECTS, *LOOKS, *STOPS))


def test_sets_of_single_words_are_told_apart_from_phrases() -> None:
    sets = SECTION.partition("sets of single words")[2]
    assert all(f"`{name}`" in sets for name in WORD_SETS if name != "image_heads")
