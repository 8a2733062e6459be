"""Quotes are found where they stand, and nowhere else."""

import pytest

from medsegr.cognition.quotes import QuotedReport

TEXT = "No nodules. A 2.5 cm mass\nin the “upper” lobe – left-sided. The mass is round; 12 mm, then 5 cm?"


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("mass", ["mass", "mass"]),
        ("No", ["No"]),
        ("no", ["No"]),
        ("nodule", ["nodules"]),
        ("A 2.5 cm mass in the", ["A 2.5 cm mass\nin the"]),
        ('"upper" LOBE - left', ["“upper” lobe – left"]),
        ("5 cm", ["5 cm"]),
        ("2 mm", []),
        ("ass", []),
        ("mas", []),
        ("effusion", []),
        ("?", ["?"]),
        ("", []),
        ("  ", []),
        ("(.*)", []),
        ("mass " * 400, []),
    ],
)
def test_places(quote: str, found: list[str]) -> None:
    assert [TEXT[a:b] for a, b in QuotedReport(TEXT).places(quote)] == found


def test_which_of_several_places() -> None:
    report = QuotedReport("Mass left. Mass right. No mass.")
    assert report.following("Mass", 1) == (11, 15)
    assert report.following("Mass", 99) == (11, 15)
    assert report.following("effusion", 0) is None
    assert QuotedReport("no a, no b").nearest("no", [(8, 9)], None) == (6, 8)
    assert QuotedReport("no a. b, no c").nearest("no", [(6, 7)], None) == (9, 11)
    assert QuotedReport("no a. b, no c").nearest("no", [(6, 7)], (0, 5)) == (0, 2)


def test_long_reports_and_quotes() -> None:
    report = QuotedReport("the left lung is clear " * 9000)
    assert len(report.places("the left lung")) == 9000
    for number in range(5):
        assert report.places(f"the left lung {number}") == ()
        assert report.places("the left " * 150 + str(number)) == ()
