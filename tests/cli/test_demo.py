"""The demo leaves inputs that give its masks again."""

import json
from pathlib import Path

import pytest

from medsegr.cli import demo_cases, demo_real
from medsegr.cli.main import main
from tests.built_in import put_lite_beside


@pytest.fixture
def without_lite(monkeypatch):
    """Nothing but generated studies is shown."""
    monkeypatch.setattr("medsegr.inference.auto.builtin_models", lambda: ["tiny"])


@pytest.mark.usefixtures("without_lite")
@pytest.mark.parametrize("number", [0, 4], ids=["report without a modality", "report with one"])
def test_the_command_it_names_makes_its_masks_again(number: int, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(demo_cases, "SHOWN", demo_cases.SHOWN[number : number + 1])
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--out", str(tmp_path / "shown")]) == 0
    command = capsys.readouterr().out.partition("To try one yourself: medsegr ")[2].partition("\n")[0].split()
    assert main([*command, "--no-pictures"]) == 0
    (first,), (second,) = (list(tmp_path.glob(f"{place}/**/findings.json")) for place in ("shown", "again-*"))
    records = [json.loads(path.read_text(encoding="utf-8"))["findings"] for path in (first, second)]
    assert [found["mask"] for found in records[0]] == [found["mask"] for found in records[1]]
    masks = [found["mask"] for found in records[0] if found["mask"]]
    assert masks
    for mask in masks:
        assert (first.parent / mask).read_bytes() == (second.parent / mask).read_bytes()


@pytest.mark.usefixtures("without_lite")
def test_a_report_that_names_its_modality_needs_no_option(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(demo_cases, "SHOWN", demo_cases.SHOWN[4:5])
    assert main(["demo", "--out", str(tmp_path / "shown")]) == 0
    (folder,) = (path.parent for path in (tmp_path / "shown").glob("*/report.txt"))
    inputs = [str(folder / "image.png"), "--report", str(folder / "report.txt"), "--no-pictures"]
    assert main(["segment", *inputs, "--model", "tiny", "--out", str(tmp_path / "again")]) == 0
    (mask,) = (path for path in folder.glob("liver_lesion*.png"))
    (again,) = (tmp_path / "again").glob("*/liver_lesion*.png")
    assert mask.read_bytes() == again.read_bytes()


def test_a_real_picture_is_outlined_by_lite_where_both_are_there(tmp_path: Path, random_model, monkeypatch, capsys):
    monkeypatch.setattr(demo_cases, "SHOWN", demo_cases.SHOWN[:1])
    put_lite_beside(tmp_path / "weights", random_model, monkeypatch)
    assert main(["demo", "--out", str(tmp_path / "shown")]) == 0
    told = capsys.readouterr().out
    assert "CC0" in told and "outlined by 'lite'" in told and "On a picture of your own" in told
    folder = tmp_path / "shown" / "real_retina"
    record = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    assert (record["model"], record["modality"]) == ("lite", "fundus")
    assert [found["presence"] for found in record["findings"]] == ["present", "absent", "absent"]
    assert record["findings"][0]["target"] == "optic_disc" and (folder / "explanation.png").is_file()
    again = [str(folder / "image.png"), "--report", str(folder / "report.txt"), "--no-pictures"]
    assert main(["segment", *again, "--out", str(tmp_path / "again")]) == 0
    assert json.loads((tmp_path / "again" / "image" / "findings.json").read_text())["model"] == "lite"


@pytest.mark.parametrize("missing", ["lite", "picture", "trained name"])
def test_without_them_the_demo_is_of_generated_studies(missing: str, tmp_path: Path, random_model, monkeypatch):
    if missing != "lite":
        put_lite_beside(tmp_path / "weights", random_model, monkeypatch)
    if missing == "picture":
        monkeypatch.setattr(demo_real, "find_spec", lambda name: None)
    if missing == "trained name":
        monkeypatch.setattr(demo_real, "TARGET", "macula")
    if missing == "lite":
        monkeypatch.setattr("medsegr.inference.auto.builtin_models", lambda: ["tiny"])
    assert demo_real.real_study() is None
