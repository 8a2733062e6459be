"""``medsegr data check``: one data set, or a folder that holds several."""

from medsegr.cli.main import main
from tests.evaluation.made import described_set


def test_a_folder_that_holds_several_sets_is_checked_set_by_set(tmp_path, capsys):
    for name in ("first", "second"):
        (described_set(tmp_path / "sets" / name, cases=2) / "masks" / "pneumothorax").mkdir()
    assert main(["data", "check", str(tmp_path / "sets")]) == 0
    assert capsys.readouterr().out.count("no complaints") == 2
    (tmp_path / "sets" / "second" / "images" / "case1.png").unlink()
    assert main(["data", "check", str(tmp_path / "sets")]) == 2
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].endswith("first: no complaints")
    assert len(lines) > 1 and all(line.startswith("second: ") for line in lines[1:])
    assert f"{len(lines) - 1} complaints about" in said.err


def test_a_folder_without_any_is_named(tmp_path, capsys):
    assert main(["data", "check", str(tmp_path)]) == 2
    assert "dataset.json" in capsys.readouterr().out
