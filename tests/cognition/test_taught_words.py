"""Attributes that a model never met count as not stated; what it met, and where a finding lies, stays."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.prior_embedding import PriorVocabulary
from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.cognition.taught_words import ENOUGH, Tally, TaughtWords
from medsegr.model.adapter import PartialVocabulary
from tests.views import view_of

VOCABULARY = PriorVocabulary.of_lexicon(load_lexicon())
NODULE = Finding("nodule", "present", Location("left", ("upper_zone",)), Texture(("solid",)), Shape(("round", "small")))
XRAY = view_of("chest_xray")
WORDS = st.sets(
    st.tuples(
        st.sampled_from(["chest_xray", "colonoscopy", "unknown"]),
        st.sampled_from(["location", "texture", "shape"]),
        st.sampled_from(["laterality:left", "upper_zone", "solid", "round", "small"]),
    )
)


def knowing(*words: tuple[str, str, str]) -> PriorVocabulary:
    return replace(VOCABULARY, taught=TaughtWords(frozenset(words)))


@given(WORDS, WORDS)
def test_they_come_back_as_they_were(first, second):
    words = TaughtWords().joined(first).joined(second)
    assert words == TaughtWords(frozenset(first | second))
    assert TaughtWords.from_dict(words.to_dict()) == words
    for modality, aspect, name in first:
        assert words.of(aspect, [name], modality) == words.of(aspect, [name], None) == [name]


def test_what_was_never_met_is_as_if_it_were_not_stated():
    told = knowing(("chest_xray", "shape", "round")).encode([[NODULE]], [XRAY])
    less = replace(NODULE, texture=Texture(), shape=Shape(("round",)))
    expected = VOCABULARY.encode([[less]], [XRAY])
    assert (told.texture == expected.texture).all() and not told.texture.any()
    assert (told.shape == expected.shape).all() and told.shape.sum() == 1
    assert not told.location.any() and (told.target == expected.target).all()


def test_a_place_has_its_region_also_where_its_words_are_new():
    told, all_known = knowing().encode([[NODULE]], [XRAY]), VOCABULARY.encode([[NODULE]], [XRAY])
    assert (told.region == all_known.region).all() and told.region.max() > 0.9


def test_words_belong_to_the_pictures_they_were_met_in():
    there, unnamed = knowing(("colonoscopy", "texture", "solid")), knowing(("unknown", "texture", "solid"))
    assert not there.encode([[NODULE]], [XRAY]).texture.any()
    assert there.encode([[NODULE]], [view_of()]).texture.sum() == 1, "nobody knows what picture it is"
    assert unnamed.encode([[NODULE]], [XRAY]).texture.sum() == 1, "such pictures may have been among the others"


def test_a_word_is_known_once_enough_pictures_had_it_and_a_tally_goes_on_where_it_was():
    small, round_ = ("colonoscopy", "shape", "small"), ("colonoscopy", "shape", "round")
    tally = Tally()
    tally.add((*small, "one picture") for _ in range(50))
    tally.add((*round_, f"picture {k}") for k in range(ENOUGH - 1))
    assert tally.known() == frozenset()
    on = Tally(json.loads(json.dumps(tally.told())))
    on.add([(*round_, "picture 0")])
    assert on.known() == frozenset()
    on.add((*round_, f"picture {k}") for k in range(100))
    assert on.known() == frozenset({round_})
    assert len(on.told()) == 1 + ENOUGH


def test_a_vocabulary_that_leaves_aspects_unsaid_knows_as_much():
    words = knowing(("chest_xray", "texture", "solid"))
    partial = PartialVocabulary.of(words, ("location",))
    assert partial.taught == words.taught
    assert not partial.encode([[NODULE]], [XRAY]).region.any()


def test_it_travels_with_the_weights_and_old_files_claim_nothing():
    words = knowing(("chest_xray", "texture", "solid"))
    assert PriorVocabulary.from_dict(words.to_dict()) == words
    assert PriorVocabulary.from_dict(VOCABULARY.to_dict()).taught is None
