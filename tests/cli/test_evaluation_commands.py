"""``evaluate``, ``compare`` and ``report-card`` from the command line to their files."""

import csv
import json
import re
from pathlib import Path

import pytest

from medsegr.cli.main import main
from medsegr.data.phantoms.writer import write_phantoms
from medsegr.evaluation.reports import MODES
from tests.evaluation.made import described_set
from tests.evaluation.test_pages import assert_stands_alone


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantoms(tmp_path_factory.mktemp("p") / "phantoms", 12, 9, size=64, split="test")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two data sets: one with real reports, one with derived ones."""
    root = tmp_path_factory.mktemp("films")
    described_set(root / "read", 6)
    described_set(root / "drawn", 4, "derived")
    return root


@pytest.fixture(scope="module")
def scores(films: Path, random_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("scores") / "scores"
    assert main(["evaluate", "--model", str(random_model), "--data", str(films), "--out", str(out)]) == 0
    return out


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("evaluate", "compare", "report-card"):
        assert main([command, "--help"]) == 0
        assert f"Example: medsegr {command}" in capsys.readouterr().out
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out
    assert "compare" in listed and "report-card" in listed


def test_help_of_evaluate_names_every_way_of_asking(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--help"]) == 0
    shown = re.sub(r"[\s│]", "", capsys.readouterr().out)
    assert f"{','.join(MODES)}." in shown


def test_the_record_says_how_it_came_to_be(scores: Path) -> None:
    record = json.loads((scores / "results.json").read_text())
    assert (
        record["schema"] == "medsegr.results/3"
        and record["command"][:3] == ["medsegr", "evaluate", "--model"]
        and record["versions"]["torch"]
    )
    assert record["seed"] == 0 and record["split"] == "test" and len(record["model"]["weights"]) == 64
    assert record["settings"]["tolerance"] == {"mm": 2.0, "px": 2.0}
    assert record["settings"]["bootstrap"]["of"] == "patients"
    drawn, read = record["data"]
    assert (drawn["name"], drawn["cases"], drawn["reports"]) == ("drawn", 4, {"derived": 4})
    assert (read["name"], read["cases"], read["reports"], read["resampled_by"]) == ("read", 6, {"real": 6}, "patient")
    assert len(read["content_sha256"]) == 64 != drawn["content_sha256"]


def test_real_and_derived_reports_stand_apart(scores: Path) -> None:
    origins = json.loads((scores / "results.json").read_text())["origins"]
    assert list(origins) == ["real", "derived"]
    assert set(origins["real"]["reports"]) == {"true", "none", "other"}
    assert origins["real"]["reports"]["true"]["all"]["cases"] == 6
    assert origins["derived"]["reports"]["true"]["all"]["cases"] == 4
    assert origins["real"]["denied"] == {"findings": 6, "empty": 6}
    assert origins["real"]["false_queries"]["kinds"]["foreign"]["asked"] == 6


def test_lines_of_the_table_agree_with_the_figures(scores: Path) -> None:
    rows = list(csv.DictReader((scores / "per_case.csv").open()))
    figures = json.loads((scores / "results.json").read_text())["origins"]["real"]["reports"]["none"]["all"]
    dice = [float(r["dice"]) for r in rows if r["report"] == "none" and r["origin"] == "real" and int(r["true_px"])]
    assert len(dice) == figures["shown"] == 6
    assert figures["dice_per_finding"] == pytest.approx(sum(dice) / 6, abs=1e-4)


def test_no_report_text_in_any_file_and_pages_stand_alone(scores: Path) -> None:
    for name in ("results.json", "per_case.csv", "results.html"):
        assert "SECRETWORD" not in (scores / name).read_text()
    assert sorted(path.name for path in scores.iterdir()) == ["per_case.csv", "results.html", "results.json"]
    text = (scores / "results.html").read_text()
    assert_stands_alone(text)
    assert "Reports as the data set has them (real)" in text and "Derived reports" in text
    assert text.count("data:image/png;base64,") == 9 and "Dice by TransUNet" in text


def test_the_built_in_model_on_phantoms(phantoms: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--data", str(phantoms / "xray"), "--limit", "2", "--out"]
    assert main(["evaluate", *arguments, str(tmp_path / "scores"), "--report", "true", "--report", "none"]) == 0
    printed = capsys.readouterr().out
    assert "Dice per image" in printed
    assert {len(digits) for digits in re.findall(r"(?<![\d.])[01]\.(\d+)\b(?! mm| px)", printed)} == {3}
    record = json.loads((tmp_path / "scores" / "results.json").read_text())
    assert record["model"]["name"] == "tiny" and record["data"][0]["cases"] == 2
    assert main(["report-card", *arguments, str(tmp_path / "card")]) == 0
    assert "side swapped" in capsys.readouterr().out


def test_options_of_looking_are_in_the_settings(films: Path, scores: Path, random_model: Path, tmp_path: Path) -> None:
    record = json.loads((scores / "results.json").read_text())
    assert record["settings"]["flips"] is record["settings"]["second_look"] is False
    arguments = ["--model", str(random_model), "--data", str(films / "read"), "--limit", "2"]
    out = tmp_path / "flipped"
    assert main(["evaluate", *arguments, "--out", str(out), "--report", "true", "--no-pictures", "--flips"]) == 0
    flipped = json.loads((out / "results.json").read_text())["settings"]
    assert (flipped["flips"], flipped["second_look"]) == (True, False)
    plain, mirrored = (list(csv.DictReader((folder / "per_case.csv").open())) for folder in (scores, out))
    key = ("data", "case", "finding", "report")
    before = {tuple(row[k] for k in key): row["support"] for row in plain}
    assert any(row["support"] != before[tuple(row[k] for k in key)] for row in mirrored)
    out = tmp_path / "card"
    assert main(["report-card", *arguments, "--out", str(out), "--second-look"]) == 0
    settings = json.loads((out / "report_card.json").read_text())["settings"]
    assert (settings["flips"], settings["second_look"]) == (False, True)


def test_an_existing_folder_is_kept(films: Path, scores: Path, random_model: Path, tmp_path: Path, capsys) -> None:
    before = (scores / "results.json").read_bytes()
    arguments = ["evaluate", "--model", str(random_model), "--data", str(films)]
    assert main([*arguments, "--out", str(scores)]) == 2
    assert "not empty" in capsys.readouterr().err and (scores / "results.json").read_bytes() == before
    assert main([*arguments, "--out", str(tmp_path / "more"), "--split", "train"]) == 2
    assert not (tmp_path / "more").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--report", "false"], "Unknown report 'false'"),
        (["--tolerance-mm", "-1"], "tolerance in mm is -1.0"),
        (["--limit", "0"], "limit is 0"),
    ],
)
def test_wrong_options_are_one_line(
    options: list[str], message: str, films: Path, random_model: Path, tmp_path, capsys
):
    out = ["--out", str(tmp_path / "out")]
    assert main(["evaluate", "--model", str(random_model), "--data", str(films), *out, *options]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and not (tmp_path / "out").exists()


def test_two_sets_of_one_name_are_refused(tmp_path: Path, random_model: Path, capsys) -> None:
    described_set(tmp_path / "a" / "films", 2)
    described_set(tmp_path / "b" / "films", 2)
    data = ["--data", str(tmp_path / "a"), "--data", str(tmp_path / "b")]
    assert main(["evaluate", "--model", str(random_model), *data, "--out", str(tmp_path / "out")]) == 2
    assert "Two data sets are called 'films'" in capsys.readouterr().err


def test_nothing_to_ask_is_said(tmp_path: Path, random_model: Path, capsys) -> None:
    folder = described_set(tmp_path / "set", 2)
    (folder / "reports.csv").unlink()
    card = ["report-card", "--model", str(random_model), "--data", str(folder), "--out", str(tmp_path / "card")]
    assert main(card) == 2
    assert "medsegr data describe" in capsys.readouterr().err and not (tmp_path / "card").exists()


def test_compare_prints_writes_and_answers_in_json(scores: Path, tmp_path: Path, capsys) -> None:
    ways = ["--report-a", "none", "--report-b", "true"]
    assert main(["compare", str(scores), str(scores), *ways, "--out", str(tmp_path / "cmp")]) == 0
    printed = capsys.readouterr().out
    assert "Wilcoxon p" in printed and "reports: derived" in printed
    assert "differences are scores (true) minus scores (none)" in printed
    record = json.loads((tmp_path / "cmp" / "comparison.json").read_text())
    page = (tmp_path / "cmp" / "comparison.html").read_text()
    assert_stands_alone(page)
    assert set(re.findall("<figcaption>(.*?)</figcaption>", page)) == {
        "Differences of Dice with 95 % intervals; right of 0 the second run is better."
    }
    assert main(["compare", str(scores), str(scores), *ways, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == record
    assert set(record["origins"]) == {"real", "derived"}
    assert record["origins"]["real"]["none -> true"]["measures"]["dice"]["findings"] == 6
    assert main(["compare", str(scores), str(scores), "--json"]) == 0
    itself = json.loads(capsys.readouterr().out)["origins"]["real"]
    assert set(itself) == {"true", "none", "other"} and itself["other"]["measures"]["dice"]["difference"] == 0.0


def test_compare_refuses_in_one_line(scores: Path, films: Path, random_model: Path, tmp_path: Path, capsys) -> None:
    assert main(["compare", str(scores), str(tmp_path), "--out", str(tmp_path / "cmp")]) == 2
    assert "cannot be read as a run" in capsys.readouterr().err
    other = ["evaluate", "--model", str(random_model), "--data", str(films), "--limit", "1", "--report", "true"]
    assert main([*other, "--out", str(tmp_path / "near"), "--tolerance-px", "1", "--no-pictures"]) == 0
    capsys.readouterr()
    assert main(["compare", str(scores), str(tmp_path / "near"), "--out", str(tmp_path / "cmp")]) == 2
    error = capsys.readouterr().err
    assert "another tolerance" in error and error.count("\n") == 1 and not (tmp_path / "cmp").exists()


def test_the_report_card_has_a_line_for_each_aspect(films: Path, random_model: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "card"
    assert main(["report-card", "--model", str(random_model), "--data", str(films), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert all(words in printed for words in ("another patient's report", "texture swapped", "masks that change"))
    record = json.loads((out / "report_card.json").read_text())
    assert record["schema"] == "medsegr.report-card/1" and record["settings"]["a_mask_changes_below_dice"] == 0.9
    ways = record["origins"]["real"]["ways"]
    assert list(ways) == ["true", "none", "other", "side", "texture", "shape", "negated"]
    assert all(figures["verdict"] for figures in ways.values()) and ways["negated"]["dice"] == 0.0
    assert list(record["origins"]) == ["real", "derived"]
    for name in ("report_card.json", "report_card.html"):
        assert "SECRETWORD" not in (out / name).read_text()
    assert_stands_alone((out / "report_card.html").read_text())
