"""The house: directions of imports, sizes of files, names, and what the wheel holds."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared_data import ROOT

PACKAGE = ROOT / "src" / "medsegr"
FILES = sorted(path for room in ("src", "benchmarks", "tests") for path in (ROOT / room).rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION = 300, 40
"""Lines; of a function those of its body, without the docstring."""


def test_imports_fall_downstairs() -> None:
    command = "from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body, its docstring left out."""
    told = ast.get_docstring(function) is not None
    first = function.body[0].end_lineno + 1 if told else function.body[0].lineno
    return function.end_lineno - first + 1


@pytest.mark.parametrize("name", [path.relative_to(ROOT).as_posix() for path in FILES])
def test_files_and_functions_are_short(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {function.name for function in functions if lines_of(function) > LONGEST_FUNCTION}
    long |= {"the file"} if len(text.splitlines()) > LONGEST_FILE else set()
    assert not long


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_say_what_they_are(path: Path) -> None:
    assert path.name == "__init__.py" or path.read_text(encoding="utf-8").startswith('"""')
    assert path.stem not in ("utils", "util", "helpers", "misc", "common")


def test_nothing_of_a_workplace_is_in_the_project() -> None:
    told = re.compile("|".join([*(f"/{top}/" for top in ("work", "home", "root")), r"/tmp/\w"]))
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout: which files are tracked is not known")
    texts = [
        ROOT / name for name in listed.stdout.splitlines() if name.endswith((".py", ".md", ".yaml", ".toml", ".json"))
    ]
    assert texts
    own = Path(__file__)
    assert [str(p) for p in texts if p != own and p.is_file() and told.search(p.read_text(encoding="utf-8"))] == []
