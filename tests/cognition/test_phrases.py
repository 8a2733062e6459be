"""Words with offsets, and phrases among them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsegr.cognition.grammar import Grammar
from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.phrases import PhraseTable, phrases_at, tokenise
from medsegr.word_forms import fold


@given(st.text(max_size=60))
def test_offsets_point_at_the_words(text: str) -> None:
    tokens = tokenise(text)
    assert all(text[token.start : token.end] == token.text for token in tokens)
    assert all(one.end <= other.start for one, other in pairwise(tokens))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Haemorrhages", "hemorrhage"),
        ("oedema", "Edema"),
        ("opacities", "opacity"),
        ("masses", "mass"),
        ("nuclei", "nucleus"),
    ],
)
def test_spelling_and_number_do_not_matter(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_a_hyphen_inside_a_word_is_a_space() -> None:
    assert [t.word for t in tokenise("ground-glass")] == [t.word for t in tokenise("ground glass")]
    assert [t.word for t in tokenise("margin - indistinct")] == ["margin", "-", "indistinct"]


def table_of(*phrases: str) -> PhraseTable[str]:
    table: PhraseTable[str] = PhraseTable()
    for phrase in phrases:
        table.add(phrase, phrase)
    return table


def standing_at(table: PhraseTable[str], text: str, place: int = 0) -> list[tuple[int, list[str]]]:
    words = [token.word for token in tokenise(text)]
    begins = table.beginning.get(words[place])
    found = phrases_at(begins, words, place, Grammar(load_lexicon())["inserts"]) if begins is not None else ()
    return [(end, phrase.meanings) for end, phrase in found]


def test_all_phrases_at_a_place_the_longest_first() -> None:
    table = table_of("upper", "upper lobe", "upper lobe collapse", "left upper", "lobe")
    assert standing_at(table, "left upper lobe", 0) == [(2, ["left upper"])]
    assert standing_at(table, "left upper lobe", 1) == [(3, ["upper lobe"]), (2, ["upper"])]
    assert standing_at(table, "upper zone") == [(1, ["upper"])]
    assert standing_at(table, "zone") == []


def test_a_phrase_may_have_several_meanings_each_once() -> None:
    table: PhraseTable[str] = PhraseTable()
    for meaning in ("one", "two", "one"):
        table.add("left-sided", meaning)
    table.add("", "nothing")
    assert standing_at(table, "left sided") == [(2, ["one", "two"])]
    assert table.words() == {"left", "sided"}


def test_sides_may_stand_inside_a_phrase() -> None:
    table = table_of("blunting of the costophrenic angle", "blunting", "blunting of the left")
    assert standing_at(table, "Blunting of the left costophrenic angle") == [
        (6, ["blunting of the costophrenic angle"]), (4, ["blunting of the left"]), (1, ["blunting"]),
    ]  # fmt: skip
    assert standing_at(table_of("a b"), "a the left right both b") == [(6, ["a b"])]
    assert standing_at(table_of("a b"), "a the left right both the b") == []
