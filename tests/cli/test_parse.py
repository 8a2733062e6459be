import io
import json
import sys

import pytest

from medsegr.cli.main import main
from medsegr.cli.parse import coloured_report
from medsegr.cognition.parser import parse_report

TEXT = "Small calcified nodule in the left upper lobe. No pleural effusion. Possible pneumothorax."


def test_table_shows_report_findings_and_words(capsys):
    assert main(["parse", "--text", TEXT, "--modality", "chest_xray"]) == 0
    shown = capsys.readouterr().out
    for word in (TEXT[:40], "nodule", "absent", "uncertain", "upper_lobe", "calcified", "small"):
        assert word in shown


def test_words_are_coloured_by_aspect():
    priors = parse_report(TEXT)
    styles = {priors.text[span.start : span.end]: span.style for span in coloured_report(priors).spans}
    assert "cyan" in styles["nodule"]
    assert "green" in styles["calcified"]
    assert "yellow" in styles["left upper lobe"] if "left upper lobe" in styles else "yellow" in styles["left"]


def test_json(capsys):
    assert main(["parse", "--text", TEXT, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [(f["target"], f["presence"]) for f in record["findings"]] == [
        ("nodule", "present"), ("pleural_effusion", "absent"), ("pneumothorax", "uncertain"),
    ]  # fmt: skip


def test_files_and_standard_input_give_the_same(tmp_path, capsys, monkeypatch):
    (tmp_path / "report.txt").write_text(TEXT, encoding="utf-8-sig")
    main(["parse", "--text", TEXT, "--json"])
    expected = capsys.readouterr().out
    assert main(["parse", str(tmp_path / "report.txt"), "--json"]) == 0
    assert capsys.readouterr().out == expected
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    assert main(["parse", "-", "--json"]) == 0
    assert capsys.readouterr().out == expected


def test_a_report_without_findings_says_so(capsys):
    assert main(["parse", "--text", "Thank you for your letter [no markup]."]) == 0
    shown = capsys.readouterr().out
    assert "No finding" in shown
    assert "[no markup]" in shown


def test_jsonl(tmp_path, capsys):
    lines = [
        {"id": 1, "report": TEXT, "modality": "chest_xray"},
        {"id": "b", "report": "No mass.", "modality": None},
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    assert main(["parse", "--jsonl", str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl")]) == 0
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [record["id"] for record in records] == [1, "b"]
    assert "1 of 2 lines name no modality; by their words: none: 1." in " ".join(capsys.readouterr().err.split())
    assert records[0]["findings"][0]["target"] == "nodule"
    assert next(TEXT[a:b] for a, b in records[0]["findings"][0]["evidence"]) == "nodule"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"id": 1}\n', "line 1: expected an object"),
        (b'{"id": 1, "report": 3}\n', "line 1: 'report' is a int"),
        (b"\n[]\n", "line 2: expected an object"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_bad_jsonl_leaves_nothing(content, message, tmp_path, capsys):
    (tmp_path / "in.jsonl").write_bytes(content)
    assert main(["parse", "--jsonl", str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl")]) == 2
    assert message in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "in one way"),
        (["--text", "a", "b.txt"], "in one way"),
        (["--text", "  "], "report is empty"),
        (["--text", "Nodule.", "--modality", "chest_xry"], "Did you mean 'chest_xray'"),
        (["missing.txt"], "does not exist"),
    ],
)
def test_wrong_use(arguments, message, capsys):
    assert main(["parse", *arguments]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == ""


def test_binary_and_endless_standard_input(monkeypatch, capsys):
    for content, message in ((b"\0\1\2", "not a text file"), (b"a" * 2_000_001, "longer than")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert main(["parse", "-"]) == 2
        assert message in capsys.readouterr().err


def test_lines_of_a_modality_that_nobody_knows_are_read_all_the_same(tmp_path, capsys):
    record = {"id": 1, "report": "CT head.\u2028No haemorrhage.", "modality": "skull_scan"}
    (tmp_path / "in.jsonl").write_text(json.dumps(record, ensure_ascii=False) + "\n", encoding="utf-8")
    assert main(["parse", "--jsonl", str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl")]) == 0
    (line,) = (tmp_path / "out.jsonl").read_text().splitlines()
    assert [(f["target"], f["presence"]) for f in json.loads(line)["findings"]] == [("haemorrhage", "absent")]
    told = " ".join(capsys.readouterr().err.split())
    assert "does not know the modality 'skull_scan'; the report was read as one of brain_ct." in told


@pytest.mark.usefixtures("nothing_is_replaced")
def test_jsonl_to_standard_output(tmp_path, capfd):
    (tmp_path / "in.jsonl").write_text(json.dumps({"id": 1, "report": "No mass."}) + "\n")
    assert main(["parse", "--jsonl", str(tmp_path / "in.jsonl"), "/dev/stdout"]) == 0
    assert json.loads(capfd.readouterr().out)["findings"][0]["presence"] == "absent"


def test_a_line_that_is_nested_too_deep_is_unreadable(tmp_path, capsys):
    (tmp_path / "in.jsonl").write_text("[" * 100_000 + "\n")
    assert main(["parse", "--jsonl", str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl")]) == 2
    assert "line 1: expected an object" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]
