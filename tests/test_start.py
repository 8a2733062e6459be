"""What a short command imports: no more than it uses."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medsegr.cli.commands import COMMANDS, command_named

ZOO = ("transformers", "torch.distributed.tensor", "torch._dynamo", "sympy", "lightning", "pandas", "sklearn", "peft")
"""What nothing that is built in needs."""

FORMATS = ("nibabel", "pydicom", "scipy", "SimpleITK", "highdicom")
"""What a PNG does not need."""

HEAVY = ("torch", "numpy", "PIL", "matplotlib", "jaxtyping", "rich", "yaml", *ZOO, *FORMATS)

ASKED = ["--text", "Nodule in the left upper lobe.", "--modality", "chest_xray"]


def imported(*arguments: str) -> set[str]:
    """Names of the modules that a command leaves imported."""
    code = (
        "import sys\n"
        "from medsegr.cli.main import main\n"
        "code = main(sys.argv[1:])\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)\n"
        "raise SystemExit(code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines())


def test_importing_the_package_imports_nothing_else():
    done = subprocess.run(
        [sys.executable, "-c", "import sys, medsegr; print('\\n'.join(sys.modules))"], capture_output=True, text=True
    )
    assert not {"numpy", "torch", "yaml", "typer"} & set(done.stdout.splitlines())


def test_help_imports_no_command():
    found = imported("--help")
    assert not set(HEAVY) & found
    assert not {f"medsegr.cli.{name.replace('-', '_')}" for name in COMMANDS} & found


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_of_a_command_what_it_says_of_itself(name):
    own = (command_named(name).help or "").split("\n\n")[0]
    assert COMMANDS[name] == " ".join(own.split())


def test_reading_a_report_imports_no_arrays():
    found = imported("parse", *ASKED)
    assert not (set(HEAVY) - {"rich", "yaml"}) & found


def test_segmenting_a_picture_imports_neither_the_zoo_nor_other_formats(tmp_path: Path):
    image = tmp_path / "film.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (70, 60), np.uint8)).save(image)
    plain = imported("segment", str(image), "--model", "tiny", "--no-pictures", *ASKED, "--out", str(tmp_path / "a"))
    assert not {*ZOO, *FORMATS, "matplotlib", "contourpy"} & plain
    drawn = imported("segment", str(image), "--model", "tiny", *ASKED, "--out", str(tmp_path / "b"))
    assert "contourpy" in drawn
    assert not {*ZOO, *FORMATS, "matplotlib"} & drawn


def test_the_service_leaves_models_and_formats_to_its_workers():
    """Its process is small, and there as soon as a worker is."""
    pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
    told = "import sys, medsegr.serve.server; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert not {"torch", *ZOO, *FORMATS, "matplotlib"} & set(done.stdout.splitlines())


ENDS = [("return 3", 3), ("raise RuntimeError('ours')", 1), ("raise SystemExit(5)", 5), ("raise SystemExit", 0)]


@pytest.mark.parametrize(("body", "code"), ENDS)
def test_the_command_ends_when_others_are_done_and_takes_nothing_apart(body, code):
    program = f"""
import atexit
from medsegr.cli import main as command

class Imported:
    def __del__(self):
        print("taken apart")

def main():
    command.kept = Imported()
    atexit.register(print, "closed")
    print("told", end=" ")
    {body}

command.main = main
command.run()
"""
    buffered = {**os.environ, "PYTHONUNBUFFERED": ""}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=buffered)
    assert (done.returncode, done.stdout) == (code, "told closed\n")
    assert ("RuntimeError: ours" in done.stderr) == (code == 1)


def ended(program: str, redirected: str) -> subprocess.CompletedProcess[str]:
    """A command in a shell, which tells its exit code in the last line of errors."""
    script = f"{{ '{sys.executable}' -c \"$PROGRAM\"; echo $? >&2; }} {redirected}"
    return subprocess.run(["sh", "-c", script], env={**os.environ, "PROGRAM": program}, capture_output=True, text=True)


LONG = "from medsegr.cli.main import run; import sys; sys.argv = ['medsegr', 'parse', '--text', {text!r}]; run()"


@pytest.mark.skipif(os.name != "posix", reason="needs sh")
@pytest.mark.parametrize("times", [1, 300])
def test_whoever_reads_may_have_enough(times):
    program = LONG.format(text="Nodule in the left upper lobe. " * times)
    done = ended(program, "| true")
    assert done.stderr.splitlines() == ["0"], done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("times", [1, 300])
def test_output_that_cannot_be_written_is_one_message(times):
    done = ended(LONG.format(text="Nodule in the left upper lobe. " * times), "> /dev/full")
    assert done.stderr.splitlines() == [
        "Error: The output cannot be written: No space left on device. Make room, or write it elsewhere.",
        "2",
    ]


@pytest.mark.skipif(os.name != "posix", reason="needs sh")
def test_output_may_be_closed():
    assert ended(LONG.format(text="Nodule."), ">&-").stderr.splitlines() == ["0"]
