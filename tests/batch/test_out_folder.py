"""The folder of results: nothing half-written, nothing hidden, nothing of anybody else's lost."""

import pytest

from medsegr.batch.out_folder import Mode, results_folder, staged_case
from medsegr.batch.resume import CASE_FILE
from medsegr.errors import OutputError


def case(folder, name="scan", content="new"):
    with staged_case(folder, name) as stage:
        (stage / CASE_FILE).write_text(content)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_case_is_there_whole_or_not_at_all(tmp_path):
    case(tmp_path)
    with pytest.raises(ValueError, match="boom"), staged_case(tmp_path, "other") as stage:  # noqa: PT012
        (stage / "half").write_text("")
        raise ValueError("boom")
    assert names(tmp_path) == ["scan"]
    case(tmp_path, content="newer")
    assert names(tmp_path) == ["scan"] and (tmp_path / "scan" / CASE_FILE).read_text() == "newer"


def test_what_is_no_case_is_not_replaced(tmp_path):
    (tmp_path / "scan").mkdir()
    (tmp_path / "scan" / "thesis.txt").write_text("years")
    with pytest.raises(OutputError, match="is no case"):
        case(tmp_path)
    assert (tmp_path / "scan" / "thesis.txt").exists() and names(tmp_path) == ["scan"]


def test_a_new_folder_without_a_case_is_gone_again(tmp_path):
    with results_folder(tmp_path / "a" / "b", Mode.NEW):
        pass
    assert names(tmp_path) == []
    with results_folder(tmp_path / "a" / "b", Mode.NEW) as folder:
        case(folder.out)
    with pytest.raises(OutputError, match="not empty"), results_folder(tmp_path / "a" / "b", Mode.NEW):
        pass


def test_with_overwrite_the_old_goes_when_the_first_new_case_is_complete(tmp_path):
    out = tmp_path / "out"
    case(tmp_path / "out" if out.mkdir() is None else out, "old")
    with pytest.raises(ValueError, match="boom"), results_folder(out, Mode.OVERWRITE):
        raise ValueError("boom")
    assert names(out) == ["old"]
    with results_folder(out, Mode.OVERWRITE) as folder:
        case(out, "new")
        folder.first_is_done()
        assert names(out) == ["new"]
    assert names(out) == ["new"]


def test_resume_keeps_cases_and_sweeps_what_a_killed_run_left(tmp_path):
    case(tmp_path, "scan")
    (tmp_path / ".other.abc.part").mkdir()
    (tmp_path / ".other.abc.part" / "half").write_text("")
    (tmp_path / ".scan.abc.old").mkdir()
    (tmp_path / "run.json").write_text("{}")
    with results_folder(tmp_path, Mode.RESUME):
        assert names(tmp_path) == ["scan"]
    assert names(tmp_path) == ["scan"]


def test_resume_of_a_folder_that_holds_no_run_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("years")
    with pytest.raises(OutputError, match="no results of a run"), results_folder(tmp_path, Mode.RESUME):
        pass
    (tmp_path / "thesis.txt").unlink()
    with results_folder(tmp_path, Mode.RESUME), results_folder(tmp_path / "none", Mode.RESUME):
        pass
