"""Where sentences begin and end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsegr.cognition.document import LONGEST_SENTENCE, Layout
from medsegr.cognition.lexicon import load_lexicon


def cut(text: str) -> list[str]:
    return [" ".join(text[start:end].split()) for start, end, *_ in Layout(load_lexicon()).split(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No effusion. A nodule.", ["No effusion", "A nodule"]),
        ("Nodule of 1.2 cm.", ["Nodule of 1.2 cm"]),
        ("Nodule of approx. 12 mm.", ["Nodule of approx. 12 mm"]),
        ("lungs clear\nno effusion\nheart normal", ["lungs clear", "no effusion", "heart normal"]),
        ("There is a nodule with a spiculated margin in the\nleft upper lobe.",
         ["There is a nodule with a spiculated margin in the left upper lobe"]),
        ("There is a large consolidation with air bronchograms\nand a small effusion.",
         ["There is a large consolidation with air bronchograms and a small effusion"]),
        ("Findings:\n\n- nodule\n- effusion", ["Findings:", "nodule", "effusion"]),
        ("\n \n", []),
        ("Opacity ? consolidation. Effusion?", ["Opacity ? consolidation", "Effusion"]),
        ("Pneumonia ? No effusion.", ["Pneumonia", "No effusion"]),
        ("Effusion? No. Nodule? Yes.", ["Effusion? No", "Nodule? Yes"]),
        ("Pneumothorax: No\nPleural effusion: Yes", ["Pneumothorax: No", "Pleural effusion: Yes"]),
        ("Rt. effusion, lt. basal nodule.", ["Rt. effusion, lt. basal nodule"]),
        ("R. lung clear. L. effusion.", ["R. lung clear", "L. effusion"]),
        ("Effusion on the rt. No nodule.", ["Effusion on the rt", "No nodule"]),
    ],
)  # fmt: skip
def test_sentences(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_a_stretch_without_an_end_is_cut_at_spaces() -> None:
    text = "nodule " * 1000
    spans = [unit[:2] for unit in Layout(load_lexicon()).split(text)]
    assert all(end - start <= LONGEST_SENTENCE for start, end in spans)
    assert "".join(text[start:end] for start, end in spans).split() == text.split()


@given(st.text(alphabet="ab. ,\n\r\t?!é", max_size=80))
def test_no_letter_is_lost_and_spans_do_not_overlap(text: str) -> None:
    spans = [unit[:2] for unit in Layout(load_lexicon()).split(text)]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    kept = "".join(text[start:end] for start, end in spans)
    assert [c for c in kept if c.isalpha()] == [c for c in text if c.isalpha()]
