"""When a case counts as complete."""

from dataclasses import replace

import pytest

from medsegr.batch.resume import CASE_FILE, CaseRecord, complete_case, hash_of, hashes, read_record


@pytest.fixture
def folder(tmp_path):
    case = tmp_path / "scan"
    case.mkdir()
    (case / "findings.json").write_text("{}")
    (case / "nodule.png").write_bytes(b"mask")
    CaseRecord("scan", "in/scan.png", 0.5, "tiny", None, "w", "by", "from", hashes(case)).write(case)
    return case


def test_a_whole_case_made_alike_is_complete(folder):
    record = complete_case(folder, "by", "from")
    assert record is not None and record == read_record(folder)
    assert record.entry() == {"case": "scan", "image": "in/scan.png", "seconds": 0.5}
    assert replace(record, model_chosen="why").entry()["model"] == "tiny"


HARM = {
    "other weights or settings": lambda f: ("other", "from"),
    "another picture or report": lambda f: ("by", "other"),
    "a mask cut short": lambda f: (f / "nodule.png").write_bytes(b"mas"),
    "a mask of other bytes": lambda f: (f / "nodule.png").write_bytes(b"kasm"),
    "a mask missing": lambda f: (f / "nodule.png").unlink(),
    "a file too many": lambda f: (f / "more.png").write_bytes(b""),
    "no record": lambda f: (f / CASE_FILE).unlink(),
    "half a record": lambda f: (f / CASE_FILE).write_bytes((f / CASE_FILE).read_bytes()[:40]),
    "a record of something else": lambda f: (f / CASE_FILE).write_text('{"schema": "x"}'),
    "a record that is a list": lambda f: (f / CASE_FILE).write_text("[]"),
    "a newer record": lambda f: (f / CASE_FILE).write_text('{"schema": "medsegr.case/1", "more": 1}'),
}


@pytest.mark.parametrize("harm", HARM)
def test_what_is_not_whole_or_not_made_alike_is_not(harm, folder):
    told = HARM[harm](folder)
    made = told if isinstance(told, tuple) else ("by", "from")
    assert complete_case(folder, *made) is None


def test_a_renamed_case_is_not_complete(folder):
    assert complete_case(folder.rename(folder.parent / "other"), "by", "from") is None
    assert complete_case(folder, "by", "from") is None, "and one that is not there neither"


def test_hashes_tell_parts_apart():
    assert hash_of(["ab", "c"]) != hash_of(["a", "bc"]) and hash_of([None]) != hash_of([""])
