"""What `import medsegr` gives, without torch where reading reports is all that is asked for."""

import ast
import importlib.metadata
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

import medsegr
from medsegr._optional import require
from medsegr.errors import MissingExtraError
from tests.shared_data import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it to Python 3.10

NO_TORCH = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "transformers", "lightning"):
            raise ImportError(f"{name} must not be imported here")
sys.meta_path.insert(0, Refuse())
"""


def run(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", NO_TORCH + code], capture_output=True, text=True)


@pytest.mark.parametrize("name", medsegr.__all__)
def test_public_names_are_there_and_explained(name: str) -> None:
    assert getattr(medsegr, name).__doc__
    assert name in dir(medsegr)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = medsegr.nonsense


def test_reports_are_read_without_torch() -> None:
    done = run(
        "import medsegr; print([f.presence for f in medsegr.parse_report('Nodule. No effusion.', 'chest_xray')])"
    )
    assert done.stdout.strip() == "['present', 'absent']", done.stderr


def test_the_parse_command_needs_no_torch() -> None:
    done = run("from medsegr.cli.main import main; sys.exit(main(['parse', '--text', 'Nodule in the left lung.']))")
    assert done.returncode == 0, done.stderr
    assert "nodule" in done.stdout


def test_a_missing_extra_names_the_installation() -> None:
    with pytest.raises(
        MissingExtraError, match="Drawing needs the package 'no_such_package.part'.*pip install pencils"
    ):
        require("no_such_package.part", "Drawing", "pencils")
    assert require("json", "Reading") is sys.modules["json"]


def test_data_files_lie_inside_the_package() -> None:
    inside = Path(str(resources.files("medsegr")))
    assert (inside / "cognition" / "lexicon_data" / "chest.yaml").is_file()
    assert (inside / "training" / "configs" / "tiny.yaml").is_file()
    assert {"index.html", "main.js", "page.css"} <= {part.name for part in (inside / "serve" / "static").iterdir()}
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["src/medsegr"]
    for model in (inside / "weights").iterdir():
        assert sum(path.stat().st_size for path in model.rglob("*") if path.is_file()) < 12_000_000, model.name


def test_what_the_package_imports_is_what_it_asks_for() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {re.split(r"[^\w-]", line)[0] for line in settings["dependencies"]}
    sources = [path.read_text(encoding="utf-8") for path in Path(str(resources.files("medsegr"))).rglob("*.py")]
    nodes = [node for text in sources for node in ast.walk(ast.parse(text))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    packages = importlib.metadata.packages_distributions()
    imported = {d.lower().replace("_", "-") for name in names for d in packages.get(name.partition(".")[0], ())}
    assert not asked - imported


def test_type_checkers_see_the_types() -> None:
    assert resources.files("medsegr").joinpath("py.typed").is_file()
