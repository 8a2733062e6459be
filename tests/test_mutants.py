"""The list of mutants does not rot: each still fits its file, and names tests that are there."""

import ast
import json
from pathlib import Path

import pytest

from tests.mutants.run import RECORD, ROOT, Mutant, mutants

KNOWN = mutants()


def test_there_are_enough_and_each_has_a_name_of_its_own():
    assert len(KNOWN) >= 80 and sum(mutant.must for mutant in KNOWN) >= 12
    assert len({mutant.id for mutant in KNOWN}) == len(KNOWN)


@pytest.mark.parametrize("mutant", KNOWN, ids=lambda mutant: mutant.id)
def test_it_still_changes_its_file_in_one_place_and_leaves_python(mutant: Mutant):
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert text.count(mutant.before) == 1, f"what '{mutant.id}' replaces does not stand once in {mutant.file}"
    assert ast.dump(ast.parse(mutant.applied(ROOT))) != ast.dump(ast.parse(text))
    assert mutant.why and all(Path(ROOT, test).is_file() for test in mutant.tests)


def test_the_record_says_when_each_was_judged_and_by_which_of_its_tests():
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    known = {mutant.id: mutant for mutant in KNOWN}
    assert len(record) > 0.7 * len(known)
    for name, of in record.items():
        assert of["verdict"] in ("killed", "survived") and len(of["commit"]) >= 7
        assert not of["by"] or name not in known or of["by"].startswith(known[name].tests)
