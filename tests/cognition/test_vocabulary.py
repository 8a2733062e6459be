"""What is known of words as they are written."""

from hypothesis import example, given
from hypothesis import strategies as st

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.phrases import tokenise
from medsegr.cognition.vocabulary import Vocabulary, lower

VOCABULARY = Vocabulary(load_lexicon())


@given(st.text(max_size=60))
@example("Wedging of L1 and T12")
def test_the_words_are_those_of_the_tokeniser(text: str) -> None:
    """But for the letter of a vertebra's name, which is no side."""
    for _ in ("new", "met before"):
        wording = VOCABULARY.wording_of(text)
        ends = wording.ends
        read = [
            (token.text.lower() if token.word == "vertebra" and len(token.text) == 1 else token.word, token.text)
            for token in wording.tokens
        ]
        assert list(zip(read, wording.starts, ends, strict=True)) == [
            ((token.word, token.text), token.start, token.end) for token in tokenise(text)
        ]


def test_a_word_is_mended_and_knows_its_phrases_and_statements() -> None:
    (word,) = VOCABULARY.wording_of("Efusions").tokens
    assert (word.word, word.text, word.meant) == ("efusion", "Efusions", "effusion")
    assert word.begins is not None and word.begins.meanings and not word.states
    normal, unknown = VOCABULARY.wording_of("normal xyz").tokens
    assert normal.states and unknown.begins is None and unknown.states == ()


def test_capital_letters_alone_are_sides() -> None:
    assert VOCABULARY.wording_of("L R l").words == ["left", "right", "l"]


@given(st.text(max_size=40))
def test_lower_case_keeps_the_length(text: str) -> None:
    assert len(lower(text)) == len(text)
    assert lower("\u0130A") == "\u0130a"
