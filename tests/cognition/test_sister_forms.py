"""Sentences of one meaning in many forms are read alike."""

from tests.cognition.reading_cases.cases import wrong
from tests.cognition.sister_forms import LINKS, by_place, sister_forms

LEAST_SHARE = 0.97
"""Read rightly today; to be raised, never lowered."""


def test_there_are_enough_forms_and_none_stands_twice() -> None:
    cases = sister_forms()
    assert len(cases) >= 600
    assert len({(case.modality, case.text) for case in cases}) == len(cases)
    assert {case.id.rsplit("/", 1)[1] for case in cases} == {*LINKS, ""}
    assert {by_place(case) for case in cases} == {"side", "zone", "side and zone"}


def test_forms_are_read_alike() -> None:
    cases = sister_forms()
    faults = [f"{case.text!r}: {fault}" for case in cases if (fault := wrong(case))]
    assert 1 - len(faults) / len(cases) >= LEAST_SHARE, "\n".join(faults[:20])
