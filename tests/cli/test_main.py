import io
import json
import subprocess
import sys
import warnings

import pytest

import medsegr
from medsegr.backbones.lite_medsam_weights import INSTALL
from medsegr.cli import main as cli
from medsegr.cli.console import plain_warnings
from medsegr.errors import ConfigError

COMMANDS = ["demo", "parse", "segment", "train", "evaluate", "compare", "report-card", "data", "info", "serve"]


def in_a_process(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)


def test_reading_reports_imports_no_torch():
    done = in_a_process(
        "import sys, medsegr\n"
        "priors = medsegr.parse_report('Nodule in the left upper lobe.')\n"
        "assert priors.findings[0].target == 'nodule'\n"
        "from medsegr.cli.main import main\n"
        "assert main(['parse', '--text', 'Nodule.']) == 0\n"
        "assert main(['--help']) == 0\n"
        "assert main(['segment', '--help']) == 0\n"
        "heavy = {'torch', 'transformers', 'matplotlib', 'lightning'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_public_names_are_what_is_visible():
    assert sorted(medsegr.__all__) == dir(medsegr)
    for name in medsegr.__all__:
        assert getattr(medsegr, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'sam'"):
        _ = medsegr.sam


def test_help_lists_the_commands_and_each_has_an_example(capsys):
    assert cli.main([]) == 0
    shown = capsys.readouterr().out
    for command in COMMANDS:
        assert command in shown
        assert cli.main([command, "--help"]) == 0
        text = capsys.readouterr().out
        if command != "data":
            assert f"Example: medsegr {command}" in text
    for command in ("check", "phantoms"):
        assert cli.main(["data", command, "--help"]) == 0
        assert f"Example: medsegr data {command}" in capsys.readouterr().out


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"medsegr {medsegr.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sgment"], "No such command 'sgment'"),
        (["segment", "--out", "x"], "Missing argument"),
        (["parse", "--colour"], "No such option"),
        (["info", "--json=3"], "Help: medsegr info --help"),
        (["data", "check", "--bogus"], "Help: medsegr data check --help"),
        (["data", "chekc"], "Help: medsegr data --help"),
        (["report-card", "--data"], "Help: medsegr report-card --help"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_two(arguments, message, capsys):
    assert cli.main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert message in printed.err
    assert "--help" in printed.err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (ConfigError("That is wrong."), 2, "Error: That is wrong."),
        (KeyboardInterrupt(), 130, "Interrupted."),
        (ZeroDivisionError("ours"), None, ""),
    ],
)
def test_errors_become_messages_and_codes(error, code, message, monkeypatch, capsys):
    def fail(*args, **settings):
        raise error

    monkeypatch.setattr("medsegr.cli.parse.parse_report", fail)
    if code is None:
        with pytest.raises(ZeroDivisionError):
            cli.main(["parse", "--text", "Nodule."])
        return
    assert cli.main(["parse", "--text", "Nodule."]) == code
    assert message in capsys.readouterr().err


def test_run_exits_with_the_code(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["medsegr", "parse"])
    with pytest.raises(SystemExit) as stop:
        cli.run()
    assert stop.value.code == 2


def test_letters_that_the_terminal_cannot_show_are_escaped(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii", write_through=True))
    monkeypatch.setattr(sys, "argv", ["medsegr", "parse", "--text", "Nodule \udce9 ≥ 3 mm."])
    with pytest.raises(SystemExit) as stop:
        cli.run()
    assert stop.value.code == 0 and b"Nodule \\udce9 \\u2265 3 mm." in written.getvalue()


def test_warnings_of_the_library_are_shown_as_notes(capsys):
    with plain_warnings():
        warnings.warn("this is slow", stacklevel=1)
    assert capsys.readouterr().err == "Note: this is slow\n"


def test_info_says_where_the_weights_of_lite_medsam_are_or_how_to_get_them(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("MEDSEGR_CACHE", str(tmp_path))
    for found, told in ((None, INSTALL), (tmp_path / "lite_medsam.pth", str(tmp_path / "lite_medsam.pth"))):
        monkeypatch.setattr("medsegr.backbones.lite_medsam_weights.find_checkpoint", lambda found=found: found)
        assert cli.main(["info", "--json"]) == 0
        assert told in json.loads(capsys.readouterr().out)["hosts"]["lite_medsam"]
