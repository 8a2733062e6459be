"""``medsegr data describe``: what it prints and writes, and what it refuses."""

import csv
from pathlib import Path

import pytest

from medsegr.cli.main import main
from tests.data import dataset_maker as make
from tests.describe.test_dataset_reports import dataset


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    code = main(["data", "describe", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert "Example: medsegr data describe" in out


def test_writes_beside_the_data_and_only_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = dataset(tmp_path / "set")
    code, out, err = run(capsys, folder)
    table = folder / "reports_derived.csv"
    assert (code, out, err) == (0, f"{table}: 3 reports with 3 findings\n", "")
    first = table.read_bytes()
    code, _, err = run(capsys, folder)
    assert code == 2
    assert "--overwrite" in err
    assert run(capsys, folder, "--overwrite")[0] == 0
    assert table.read_bytes() == first
    assert run(capsys, folder, "--overwrite", "--seed", 1)[0] == 0
    assert table.read_bytes() != first


def test_splits_and_another_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = dataset(tmp_path / "set", incomplete=["liver_lesion"])
    real = "image,report\na.png,Real words.\n"
    (folder / "reports.csv").write_text(real)
    out = tmp_path / "new" / "derived.csv"
    assert run(capsys, folder, "--out", out, "--split", "train")[0] == 0
    assert [row["image"] for row in csv.DictReader(out.open(newline=""))] == ["a.png", "b.png"]
    assert (folder / "reports.csv").read_text() == real
    assert not (folder / "reports_derived.csv").exists()
    code, printed, err = run(capsys, folder, "--out", out, "--overwrite")
    assert code == 0
    assert "2 reports" in printed
    assert "1 images have no report" in err


REFUSED = {
    "no folder": (lambda f: [f / "nowhere"], "is not a folder"),
    "no data set": (lambda f: [f], "dataset.json is missing"),
    "real reports": (lambda f: [real(f)], "has reports.csv already"),
    "onto real reports": (lambda f: [real(f), "--out", f / "set" / "reports.csv", "--overwrite"], "never written"),
    "unknown split": (lambda f: [dataset(f / "set"), "--split", "tset"], "no split 'tset'"),
    "empty split": (lambda f: [dataset(f / "set"), "--split", "val"], "no image in its split 'val'"),
    "unknown target": (lambda f: [strange(f)], "target 'lesion' is not in the vocabulary"),
    "unknown modality": (lambda f: [dataset(f / "set", modality="xray")], "modality 'xray'"),
    "damaged mask": (lambda f: [damaged(f)], "b.png"),
    "a folder as file": (lambda f: [dataset(f / "set"), "--out", f], "is a folder"),
    "negative seed": (lambda f: [dataset(f / "set"), "--seed", "-1"], "--seed"),
}


def real(folder: Path) -> Path:
    made = dataset(folder / "set")
    (made / "reports.csv").write_text("image,report\na.png,Real words.\n")
    return made


def strange(folder: Path) -> Path:
    made = make.labelled(folder / "set")
    (made / "reports.csv").unlink()
    return made


def damaged(folder: Path) -> Path:
    made = dataset(folder / "set")
    (made / "masks" / "b.png").write_bytes(b"")
    return made


@pytest.mark.parametrize("kind", REFUSED)
def test_bad_input_is_one_line_and_leaves_nothing(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_arguments, message = REFUSED[kind]
    arguments = make_arguments(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert "Real words" not in err
    assert sorted(tmp_path.rglob("*")) == before
