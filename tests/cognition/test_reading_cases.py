"""Reports that were once read wrongly, by kind: what is right stays right, and the list of the others shrinks."""

import pytest

from tests.cognition.reading_cases.cases import Case, load_cases, not_yet, wrong

CASES = load_cases()
NOT_YET = not_yet()


def test_ids_are_unique_and_the_list_names_cases() -> None:
    names = [case.id for case in CASES]
    assert len(set(names)) == len(names)
    assert {*names} >= NOT_YET


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_cases(case: Case) -> None:
    fault = wrong(case)
    if case.id in NOT_YET:
        assert fault, f"{case.id} is read rightly now: take it out of {'not_yet.txt'}"
    else:
        assert not fault, f"{case.text!r}: {fault}"
