"""The demo leaves inputs that give its masks again."""

import json
from pathlib import Path

import pytest

from medsegr.cli import demo_cases
from medsegr.cli.main import main


@pytest.mark.parametrize("number", [0, 4], ids=["report without a modality", "report with one"])
def test_the_command_it_names_makes_its_masks_again(number: int, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(demo_cases, "SHOWN", demo_cases.SHOWN[number : number + 1])
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--out", str(tmp_path / "shown")]) == 0
    command = capsys.readouterr().out.partition("To try one yourself: medsegr ")[2].split()
    assert main([*command, "--no-pictures"]) == 0
    (first,), (second,) = (list(tmp_path.glob(f"{place}/**/findings.json")) for place in ("shown", "again-*"))
    records = [json.loads(path.read_text(encoding="utf-8"))["findings"] for path in (first, second)]
    assert [found["mask"] for found in records[0]] == [found["mask"] for found in records[1]]
    masks = [found["mask"] for found in records[0] if found["mask"]]
    assert masks
    for mask in masks:
        assert (first.parent / mask).read_bytes() == (second.parent / mask).read_bytes()


def test_a_report_that_names_its_modality_needs_no_option(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(demo_cases, "SHOWN", demo_cases.SHOWN[4:5])
    assert main(["demo", "--out", str(tmp_path / "shown")]) == 0
    (folder,) = (path.parent for path in (tmp_path / "shown").glob("*/report.txt"))
    inputs = [str(folder / "image.png"), "--report", str(folder / "report.txt"), "--no-pictures"]
    assert main(["segment", *inputs, "--out", str(tmp_path / "again")]) == 0
    (mask,) = (path for path in folder.glob("liver_lesion*.png"))
    (again,) = (tmp_path / "again").glob("*/liver_lesion*.png")
    assert mask.read_bytes() == again.read_bytes()
