"""Words misspelt by one letter."""

import pytest

from medsegr.cognition.spelling import Spelling

KNOWN = Spelling(["pneumothorax", "consolidation", "cardiomegaly", "effusion", "nodule"])


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("pnuemothorax", "pneumothorax"),
        ("consolidaton", "consolidation"),
        ("cardiomegally", "cardiomegaly"),
        ("effuzion", "effusion"),
        ("effusion", "effusion"),
        ("nodul", "nodul"),
        ("infusion", "infusion"),
        ("effusoins", "effusoins"),
        ("", ""),
        ("x" * 5000, "x" * 5000),
    ],
)
def test_one_slip_is_mended(word: str, meant: str) -> None:
    assert KNOWN.mend(word) == meant
    assert KNOWN.mend(word) == meant, "remembered"
