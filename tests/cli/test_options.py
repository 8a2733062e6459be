"""Options that several commands share: a lexicon of one's own."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from medsegr.cli.main import main
from medsegr.cli.options import check_modality
from medsegr.cognition.lexicon import load_lexicon
from medsegr.errors import ConfigError
from tests.evaluation.made import described_set

OWN = """\
regions: [foot]
modalities:
  foot_photo: {frame: image, regions: [foot], words: [photograph of the foot]}
targets:
  blister: {group: finding, region: foot, words: [blister], here: [bubble]}
triggers:
  absent_before: [kein]
"""
BAD = "targets:\n  blister:\n    words: [blister]\n  nodule: {word: [nodulus]}\n"


@pytest.fixture
def lexicon(tmp_path):
    (tmp_path / "own.yaml").write_text(OWN, encoding="utf-8")
    return str(tmp_path / "own.yaml")


@pytest.fixture
def bad(tmp_path):
    (tmp_path / "bad.yaml").write_text(BAD, encoding="utf-8")
    return str(tmp_path / "bad.yaml")


@pytest.fixture
def picture(tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80), np.uint8)).save(tmp_path / "foot.png")
    return str(tmp_path / "foot.png")


def test_modalities_of_the_lexicon_and_no_others():
    assert check_modality("chest_xray", load_lexicon()) == "chest_xray"
    assert check_modality("CT of the abdomen and pelvis", load_lexicon()) == "abdomen_ct"
    assert check_modality(None, load_lexicon()) is None
    with pytest.raises(ConfigError, match="Did you mean 'chest_ct'"):
        check_modality("chest_cct", load_lexicon())


def test_modalities_of_a_lexicon_of_ones_own(lexicon):
    check_modality("foot_photo", load_lexicon(lexicon))
    with pytest.raises(ConfigError, match="Unknown modality 'foot_photo'"):
        check_modality("foot_photo", load_lexicon())


def test_parse_reads_with_ones_own_words(lexicon, capsys):
    report = ["parse", "--text", "Kein blister. A small bubble at the top.", "--json", "-m", "foot_photo"]
    assert main([*report, "--lexicon", lexicon]) == 0
    absent, bubble = json.loads(capsys.readouterr().out)["findings"]
    assert (absent["target"], absent["presence"]) == ("blister", "absent")
    assert (bubble["target"], bubble["presence"], bubble["zones"]) == ("blister", "present", ["top"])
    assert main(report) == 2
    assert "Unknown modality 'foot_photo'" in capsys.readouterr().err


def test_parse_many_reports_with_ones_own_words(lexicon, tmp_path):
    (tmp_path / "in.jsonl").write_text(json.dumps({"id": 1, "report": "Blister.", "modality": "foot_photo"}) + "\n")
    lines = ["parse", "--jsonl", str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl")]
    assert main([*lines, "--lexicon", lexicon]) == 0
    assert json.loads((tmp_path / "out.jsonl").read_text())["findings"][0]["target"] == "blister"


def test_several_lexicons(lexicon, tmp_path, capsys):
    (tmp_path / "more.yaml").write_text("targets:\n  blister: {words: [Blase]}\n", encoding="utf-8")
    more = ["--lexicon", str(tmp_path / "more.yaml")]
    assert main(["parse", "--text", "Kein Blase.", "--json", "--lexicon", lexicon, *more]) == 0
    assert json.loads(capsys.readouterr().out)["findings"][0]["target"] == "blister"


def test_segment_outlines_ones_own_targets_and_says_that_the_model_does_not_know_them(
    lexicon, picture, random_model, tmp_path, capsys
):
    out = tmp_path / "out"
    asked = ["segment", picture, "--model", str(random_model), "--out", str(out), "--modality", "foot_photo"]
    assert main([*asked, "--lexicon", lexicon, "--text", "Bubble at the top.", "--target", "aorta"]) == 0
    record = json.loads((out / "foot" / "findings.json").read_text())
    assert [entry["target"] for entry in record["findings"]] == ["blister", "aorta"]
    told = " ".join(capsys.readouterr().err.split())
    assert "no row for 'blister'" in told and "no row for pictures of 'foot_photo'" in told
    assert "no row for 'aorta'" not in told


def test_segment_takes_a_target_of_ones_own_by_any_of_its_words(lexicon, picture, random_model, tmp_path, capsys):
    out = tmp_path / "out"
    asked = [
        "segment",
        picture,
        "--model",
        str(random_model),
        "--out",
        str(out),
        "--target",
        "blister",
        "--no-pictures",
    ]
    assert main(asked) == 2
    assert "Unknown target 'blister'" in capsys.readouterr().err
    assert main([*asked, "--lexicon", lexicon]) == 0
    assert (out / "foot" / "findings.json").is_file()


@pytest.mark.parametrize("command", ["parse", "segment"])
def test_a_bad_lexicon_is_one_message_and_code_2(command, bad, picture, tmp_path, capsys):
    arguments = ["parse"] if command == "parse" else ["segment", picture, "--out", str(tmp_path / "out")]
    assert main([*arguments, "--text", "Blister.", "--lexicon", bad]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    first, *rest = printed.err.splitlines()
    assert first == "Error: 2 mistakes in the lexicon:"
    assert [line.partition("bad.yaml, ")[2][:6] for line in rest] == ["line 2", "line 4"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["parse", "segment"])
def test_a_missing_lexicon(command, picture, tmp_path, capsys):
    arguments = ["parse"] if command == "parse" else ["segment", picture, "--out", str(tmp_path / "out")]
    assert main([*arguments, "--text", "Blister.", "--lexicon", str(tmp_path / "none.yaml")]) == 2
    assert "does not exist: expected a YAML file" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--modality", "--parser"])
@pytest.mark.parametrize(
    ("given", "told"), [("Nodule of Mr Miller", False), ("Miller-" * 6, False), ("Millerly", True)]
)
def test_what_may_be_a_report_is_not_repeated(option, given, told, capsys):
    assert main(["parse", "--text", "Nodule.", option, given]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"Error: Unknown {option[2:]}") and ("Miller" in printed) == told


@pytest.mark.parametrize(
    "command",
    [
        "evaluate --data set --out out", "report-card --data set --out out", "data check set",
        "data describe set --out new.csv",
        "data referring set out", "data convert set out --from lvit --modality chest_xray --target nodule",
        "serve --port 0 --state state", "pacs listen --out out --state state --port 0",
    ],
)  # fmt: skip
def test_every_command_that_reads_reports_or_names_takes_a_lexicon(command, bad, tmp_path, monkeypatch, capsys):
    described_set(tmp_path / "set", 3)
    monkeypatch.chdir(tmp_path)
    assert main([*command.split(), "--lexicon", bad]) == 2
    assert "bad.yaml" in capsys.readouterr().err


def test_evaluate_asks_for_what_ones_own_words_mean(tmp_path, random_model, capsys):
    data = described_set(tmp_path / "set", 3)
    reports, own = data / "reports.csv", tmp_path / "own.yaml"
    reports.write_text(reports.read_text().replace("nodule", "Herd"))
    own.write_text("targets:\n  nodule: {words: [Herd]}\n", encoding="utf-8")
    asked = ["evaluate", "--model", str(random_model), "--data", str(data), "--report", "true", "--no-pictures"]
    roles = []
    for name, more in (("without", []), ("with", ["--lexicon", str(own)])):
        assert main([*asked, "--out", str(tmp_path / name), *more]) == 0
        rows = list(csv.DictReader((tmp_path / name / "per_case.csv").open()))
        roles.append({row["role"] for row in rows if row["target"] == "nodule"})
    assert roles == [{"named"}, {"described"}]
