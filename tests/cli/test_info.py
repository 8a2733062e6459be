"""``medsegr info``: every extra of the package is listed, and whether it is there."""

import json
import re
import sys

from medsegr.cli.extras import EXTRAS, extras_here
from medsegr.cli.main import main
from tests.shared_data import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it to Python 3.10

OF_DEVELOPERS = {"test", "dev"}


def brought(extras: dict[str, list[str]], name: str) -> set[str]:
    """The packages of an extra, those of extras that it names among them."""
    found = set()
    for line in extras[name]:
        wanted, _, marker = line.partition(";")
        package, of_ours = re.match(r"([\w-]+)(?:\[(.*)\])?", wanted).groups()
        if package == "medsegr":
            found |= {each for part in of_ours.split(",") for each in brought(extras, part)}
        elif not marker or (">=" in marker) == (sys.version_info >= (3, 11)):
            found.add(package)
    return found


def test_extras_are_those_of_the_package():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert {name: set(packages) for name, packages in EXTRAS.items()} == {
        name: brought(told, name) for name in told if name not in OF_DEVELOPERS
    }


def test_what_is_there_and_what_is_not(monkeypatch, capsys):
    monkeypatch.setitem(EXTRAS, "pdf", ("numpy",))
    monkeypatch.setitem(EXTRAS, "nrrd", ("numpy", "no-such-package-of-medsegr"))
    here = extras_here()
    assert (here["pdf"], here["nrrd"]) == ("installed", "pip install 'medsegr[nrrd]'")
    assert main(["info", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["extras"] == here
