"""What is known of words as they are written."""

from hypothesis import given
from hypothesis import strategies as st

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.phrases import tokenise
from medsegr.cognition.vocabulary import Vocabulary, lower

VOCABULARY = Vocabulary(load_lexicon())


@given(st.text(max_size=60))
def test_the_words_are_those_of_the_tokeniser(text: str) -> None:
    tokens, forms = VOCABULARY.words_of(text)
    assert tokens == tokenise(text) and len(forms) == len(tokens)
    assert VOCABULARY.words_of(text) == (tokens, forms), "words that were met before are the same"


def test_a_word_is_mended_and_knows_its_phrases_and_statements() -> None:
    (token,), (form,) = VOCABULARY.words_of("Efusions")
    assert (token.word, token.text, form.word) == ("efusion", "Efusions", "effusion")
    assert form.begins is not None and form.begins.meanings and not form.states
    _, (heart, unknown) = VOCABULARY.words_of("heart xyz")
    assert heart.states and unknown.begins is None and unknown.states == ()


def test_capital_letters_alone_are_sides() -> None:
    assert [form.word for form in VOCABULARY.words_of("L R l")[1]] == ["left", "right", "l"]


@given(st.text(max_size=40))
def test_lower_case_keeps_the_length(text: str) -> None:
    assert len(lower(text)) == len(text)
    assert lower("\u0130A") == "\u0130a"
