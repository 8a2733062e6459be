"""Reports read by a language model, from the command line."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medsegr.cli.main import main
from tests.cognition.llm_server import Server, fails, said, says, serving

KEY = "sk-very-secret"
TEXT = "Zebra-striped nodule in the left lung. No pleural effusion."
NODULE = said("nodule", "nodule", laterality=[("left", "left")])
EFFUSION = said("pleural_effusion", "pleural effusion", "absent", presence_quotes=["No"])
GOOD = says({"findings": [NODULE, EFFUSION, said("mass", "mass")]})


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MEDSEGR_LLM_URL", "MEDSEGR_LLM_MODEL", "OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MEDSEGR_LLM_KEY", KEY)


def model(server: Server) -> list[str]:
    return ["--parser", "llm", "--llm-url", server.url, "--llm-model", "m"]


def image(folder: Path, name: str = "scan.png") -> str:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)).save(folder / name)
    return str(folder / name)


def test_parse_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(GOOD) as server:
        assert main(["parse", "--text", TEXT, "--json", "-m", "chest_xray", *model(server)]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [(f["target"], f["presence"]) for f in record["findings"]] == [
        ("nodule", "present"), ("pleural_effusion", "absent"),
    ]  # fmt: skip
    assert TEXT[slice(*record["findings"][0]["evidence"][0])] == "nodule"
    assert any("finding 3: dropped" in warning for warning in record["warnings"])
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_parse_as_a_table_with_warnings_even_without_findings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(GOOD, says({"findings": [said("mass", "mass")]})) as server:
        monkeypatch.setenv("MEDSEGR_LLM_URL", server.url)
        monkeypatch.setenv("MEDSEGR_LLM_MODEL", "m")
        assert main(["parse", "--text", TEXT, "--parser", "llm"]) == 0
        shown = capsys.readouterr().out
        assert "nodule" in shown and "finding 3: dropped" in shown
        assert main(["parse", "--text", TEXT, "--parser", "llm"]) == 0
    shown = capsys.readouterr().out
    assert "No finding" in shown and "finding 1: dropped" in shown


def test_jsonl(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps({"id": 1, "report": TEXT, "modality": "chest_xray"}) + "\n")
    with serving(GOOD) as server:
        files = [str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl")]
        assert main(["parse", "--jsonl", *files, *model(server)]) == 0
    (line,) = (tmp_path / "out.jsonl").read_text().splitlines()
    assert [finding["target"] for finding in json.loads(line)["findings"]] == ["nodule", "pleural_effusion"]
    assert "line 1: Language model, finding 3: dropped" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--parser", "oracle"], "Unknown parser 'oracle'"),
        (["--parser", "llm"], "MEDSEGR_LLM_URL"),
        (["--parser", "llm", "--llm-url", "http://192.0.2.1/v1", "--llm-model", "m"], "--allow-remote"),
        (["--parser", "llm", "--llm-url", "http://localhost:9/v1"], "MEDSEGR_LLM_MODEL"),
        (["--parser", "llm", "--llm-url", f"http://u:{KEY}@localhost/v1", "--llm-model", "m"], "cannot be used"),
        (["--parser", "llm", "--llm-url", "http://localhost:9/v1", "--llm-key-env", KEY], "not the key"),
        (
            ["--parser", "llm", "--llm-url", "http://localhost:9/v1", "--llm-model", "m", "--llm-timeout", "0"],
            "timeout_s",
        ),
        (["--llm-url", "http://localhost:9/v1"], "need --parser llm"),
        (["--allow-remote"], "need --parser llm"),
    ],
)
@pytest.mark.parametrize("command", ["parse", "segment"])
def test_wrong_use(
    command: str, options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rest = [image(tmp_path), "--out", str(tmp_path / "out")] if command == "segment" else []
    assert main([command, *rest, "--text", TEXT, *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert "Zebra" not in printed.err and KEY not in printed.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("answer", "message"),
    [(fails(401, {"message": TEXT + KEY}), "refused the key"), (says("Zebra!"), "no JSON"), (fails(404), "HTTP 404")],
)
def test_a_server_that_is_of_no_use(answer, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(answer) as server:
        assert main(["parse", "--text", TEXT, *model(server)]) == 2
    printed = capsys.readouterr()
    assert message in printed.err and printed.out == ""
    assert "Zebra" not in printed.err and KEY not in printed.err


def test_segment(random_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    with serving(GOOD) as server:
        arguments = [
            image(tmp_path),
            "--text",
            TEXT,
            "--out",
            str(out),
            "--model",
            str(random_model),
            "-m",
            "chest_xray",
        ]
        assert main(["segment", *arguments, *model(server)]) == 0
    record = json.loads((out / "scan" / "findings.json").read_text())
    assert [finding["target"] for finding in record["findings"]] == ["nodule", "pleural_effusion"]
    assert any("finding 3: dropped" in warning for warning in record["warnings"])
    run = json.loads((out / "run.json").read_text())
    assert run["parser"] == {"name": "llm", "model": "m", "address": server.url[len("http://") : -len("/v1")]}
    written = [path.read_bytes() for path in out.rglob("*") if path.is_file()]
    assert not any(KEY.encode() in content or b"Zebra" in content for content in written)
    assert KEY not in "".join(capsys.readouterr())


def test_a_study_that_is_not_read_does_not_stop_the_others(
    random_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = [image(tmp_path, "a.png"), image(tmp_path, "b.png")]
    with serving(says("no JSON"), GOOD) as server:
        arguments = ["--text", TEXT, "--out", str(tmp_path / "out"), "--model", str(random_model), *model(server)]
        assert main(["segment", *images, *arguments]) == 1
    failed = re.search(r"Failed: ([ab]): The language model's answer holds no JSON", capsys.readouterr().err)
    assert failed, "the first report that was asked for; reports are read ahead, so either may be"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a", "b", "run.json"} - {failed[1]}
