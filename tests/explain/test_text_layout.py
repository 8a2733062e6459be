import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsegr.explain.text_layout import (
    coloured_words,
    evidence_spans,
    excerpt,
    fit_excerpt,
    wrap,
)
from medsegr.explain.typeface import Letters
from tests.explain.made_result import FINDINGS, TEXT


def joined(words):
    return "".join(("" if word.joined else " ") + word.text for word in words).strip()


def test_words_carry_the_colour_of_their_aspect():
    words = {word.text: word.kind for word in coloured_words(TEXT, evidence_spans(FINDINGS[0]))}
    assert words["nodule"] == "target"
    assert words["lobe"] == "location"
    assert words["calcified"] == "texture"
    assert words["round"] == "shape"
    assert words["in"] is None


def test_a_word_is_cut_where_its_colour_changes():
    words = coloured_words("hydropneumothorax.", [(5, 17, "target")])
    assert [(w.text, w.kind, w.joined) for w in words] == [
        ("hydro", None, False), ("pneumothorax", "target", True), (".", None, True),
    ]  # fmt: skip


def test_long_reports_are_cut_around_the_evidence():
    text = "word " * 400 + "a nodule here " + "word " * 400
    start = text.index("nodule")
    words = excerpt(text, [(start, start + 6, "target")], 20)
    assert words[0].text == "…"
    assert words[-1].text == "…"
    assert joined(words) == "… word word word a nodule here word word word …"


def test_evidence_survives_any_shortage_of_room():
    spans = evidence_spans(FINDINGS[0])
    lines = fit_excerpt(TEXT, spans, 200.0, 10.0, 4, keep_text=True)
    assert len(lines) <= 4
    assert "nodule" in [word.text for line in lines for _, word in line]
    for keep_text in (True, False):
        assert len(fit_excerpt(TEXT, spans, 40.0, 10.0, 2, keep_text=keep_text)) == 2


@pytest.mark.parametrize("behind", ["", " Thank you." * 40])
def test_without_the_text_nothing_but_evidence_is_laid_out(behind):
    report = f"Mr John Miller, MRN 4471123. Mr Li has a nodule, left\nupper of Li lobe.{behind}"
    spans = [(report.index(words), report.index(words) + len(words), kind) for words, kind in
             (("nodule", "target"), ("left", "location"), ("upper", "location"), ("lobe", "location"))]  # fmt: skip
    shown = [word for line in fit_excerpt(report, spans, 200.0, 10.0, 9) for _, word in line]
    assert joined(shown) == "… nodule, left upper … lobe …"
    kept = joined(word for line in fit_excerpt(report, spans, 200.0, 10.0, 9, keep_text=True) for _, word in line)
    assert "MRN 4471123" in kept and "of Li lobe" in kept


@given(st.text(max_size=300), st.integers(0, 300), st.integers(0, 60), st.integers(0, 120))
def test_an_excerpt_holds_its_evidence_and_nothing_foreign(text, start, length, context):
    spans = [(min(start, len(text)), min(start + length, len(text)), "target")]
    words = [word for word in excerpt(text, spans, context) if word.text != "…"]
    marked = "".join(word.text for word in words if word.kind)
    assert "".join(text[slice(*spans[0][:2])].split()) == marked
    assert all(word.text in text for word in words)


@given(st.lists(st.text("abcdefghij", min_size=1, max_size=40), max_size=40), st.floats(60, 400))
def test_no_line_is_wider_than_its_column_unless_one_word_is(texts, width):
    lines = wrap(coloured_words(" ".join(texts), []), width, 10.0)
    for line in lines:
        for x, word in line:
            assert x == 0.0 or x + Letters(10.0).width(word.text) <= width + 1e-6
    assert [word.text for line in lines for _, word in line] == [w.text for w in coloured_words(" ".join(texts), [])]


def test_shortened_ends_in_dots_and_fits():
    letters = Letters(10.0)
    cut = letters.shortened("a very long name of a finding", 60.0)
    assert cut.endswith("…")
    assert letters.width(cut) <= 60.0
    assert letters.shortened("short", 60.0) == "short"


def test_bold_letters_are_wider_and_letters_that_the_font_lacks_have_a_width():
    assert Letters(10, bold=True).width("nodule") > Letters(10).width("nodule") > Letters(8).width("nodule")
    assert Letters(10).width("左肺") == Letters(10).width("\udce9\t") > 0
