"""Words with offsets, and phrases among them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsegr.cognition.phrases import PhraseTable, fold, tokenise


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


def find(table: PhraseTable, text: str, refused: str | None = None) -> list[tuple[int, int, str]]:
    words = [token.word for token in tokenise(text)]
    return list(table.find(words, lambda a, b, meanings: [(a, b, m) for m in meanings if m != refused]))


def test_the_longest_phrase_wins_unless_it_means_nothing_here() -> None:
    table: PhraseTable[str] = PhraseTable()
    for phrase in ("lobe", "upper lobe", "left upper"):
        table.add(phrase, phrase)
    assert find(table, "left upper lobe") == [(0, 2, "left upper"), (2, 3, "lobe")]
    assert find(table, "left upper lobe", refused="left upper") == [(1, 3, "upper lobe")]


def test_sides_may_stand_inside_a_phrase() -> None:
    table: PhraseTable[str] = PhraseTable()
    table.add("blunting of the costophrenic angle", "blunting")
    assert find(table, "Blunting of the left costophrenic angle") == [(0, 6, "blunting")]
