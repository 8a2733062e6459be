"""The house: directions of imports, sizes of files, names, and what the wheel holds."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared_data import ROOT

PACKAGE = ROOT / "src" / "medsegr"
FILES = sorted(PACKAGE.rglob("*.py"))
LONGEST_FILE = 310


def test_imports_fall_downstairs() -> None:
    command = "from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_are_short_and_say_what_they_are(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LONGEST_FILE
    assert path.name == "__init__.py" or lines[0].startswith('"""')
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
