"""``medsegr data referring``: what it prints, writes and refuses."""

from pathlib import Path

import pytest

from medsegr.cli.main import main
from medsegr.data.dataset_folder import DatasetFolder
from tests.describe.test_referring_suite import source


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    code = main(["data", "referring", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert "Example: medsegr data referring" in out


def test_several_sources(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source(tmp_path / "sets" / "one", "one")
    source(tmp_path / "sets" / "two", "two", modality="chest_xray")
    code, out, err = run(capsys, tmp_path / "sets", tmp_path / "out", "--seed", 3, "--size", 96, "--most", 1)
    assert code == 0
    assert [folder.name for folder in sorted((tmp_path / "out").iterdir())] == [
        "referring.json", "referring_one", "referring_two",
    ]  # fmt: skip
    rows = [line.split("│")[1:3] for line in out.splitlines() if "train" in line or "test" in line]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["one", "test"], ["one", "train"], ["two", "test"], ["two", "train"],
    ]  # fmt: skip
    assert "one: 1 images have no split and were left out" in err
    data = DatasetFolder(tmp_path / "out" / "referring_one")
    assert data.load(data.images()[0]).image.size == (96, 96)
    code, _, err = run(capsys, tmp_path / "sets" / "one", tmp_path / "out")
    assert code == 2
    assert "--overwrite" in err
    assert run(capsys, tmp_path / "sets" / "one", tmp_path / "out", "--overwrite")[0] == 0
    assert not (tmp_path / "out" / "referring_two").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere", "out"), "holds no dataset.json"),
        (("one", "out", "--size", "10"), "at least 64 px"),
        (("one", "out", "--most", "0"), "at least 1 case"),
        (("one", "one/images"), "not empty"),
        (("one",), "Missing argument"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    arguments: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source(tmp_path / "one", "one")
    before = sorted(tmp_path.rglob("*"))
    code, out, err = run(capsys, *(tmp_path / a if a[0] != "-" and not a.isdigit() else a for a in arguments))
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before
