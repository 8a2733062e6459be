"""Sizes in millimetres."""

import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.sizes import SizeFinder


def sizes(text: str) -> list[tuple[float, ...]]:
    return [size.axes_mm for size in SizeFinder(load_lexicon()).find(text, text.lower())]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a 6 mm nodule", [(6.0,)]),
        ("1.2 x 0.8 x 0.5 cm", [(12.0, 8.0, 5.0)]),
        ("12 x 8 mm", [(12.0, 8.0)]),
        ("12x8mm", [(12.0, 8.0)]),
        ("1 cm x 8 mm", [(10.0, 8.0)]),
        ("2 by 3 cm", [(20.0, 30.0)]),
        ("2,5 cm", [(25.0,)]),
        ("12\u00a0x\u00a08\u202fmm", [(12.0, 8.0)]),
        ("a 4-mm nodule", [(4.0,)]),
        ("10 millimetres", [(10.0,)]),
        ("8 mm (previously 6 mm)", [(8.0,)]),
        ("increased from 8 mm to 10 mm", [(10.0,)]),
        ("13 x 9 mm in 2021", []),
        ("4 cm above the carina", []),
        ("4 cm from the nipple", []),
        ("with cortical thickening of 6 mm", []),
        ("7 mmol, 5 cmH2O", []),
        ("no number", []),
    ],
)
def test_sizes(text: str, expected: list[tuple[float, ...]]) -> None:
    assert sizes(text) == expected


def test_offsets_point_at_the_numbers() -> None:
    text = "mass, 12 x 8 mm, round"
    (size,) = SizeFinder(load_lexicon()).find(text, text)
    assert text[size.start : size.end] == "12 x 8 mm"


def test_letters_whose_lower_case_is_longer_move_no_words() -> None:
    for ahead in ("", "\u0130\u0130 "):
        former, now = (parse_report(f"{ahead}Nodule, {word} 12 mm.", "chest_xray") for word in ("previously", "now"))
        assert [f.shape.size_mm for f in (*former, *now)] == [(), (12.0,)]
