"""The pages: all are named by the README, and their examples are such that the built-in models answer them."""

import re
from pathlib import Path

import pytest

from medsegr.cli.main import main
from medsegr.cognition.parser import parse_report
from medsegr.inference.builtin import builtin_record
from medsegr.model.trained_targets import TrainedTargets

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = {path.name: path.read_text("utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}


def test_the_readme_names_every_page_at_its_end():
    more = README.partition("## More")[2]
    assert not [name for name in PAGES if f"(docs/{name})" not in more]


def test_every_extra_is_named_with_its_command():
    text = "".join([README, (ROOT / "CONTRIBUTING.md").read_text("utf-8"), *PAGES.values()])
    extras = (ROOT / "pyproject.toml").read_text("utf-8").partition("[project.optional-dependencies]")[2]
    names = re.findall(r"^(\w+) = \[", extras.partition("\n[")[0], re.M)
    assert len(names) > 10
    assert not [name for name in names if f"medsegr[{name}]" not in text and f'".[{name}]"' not in text]


def answered(report: str, modality: str) -> bool:
    """Whether ``lite``, which ``auto`` takes for its kinds of pictures, was trained to find all that is stated."""
    trained = TrainedTargets.from_metadata(builtin_record("lite")["metadata"])
    stated = [found for found in parse_report(report, modality).findings if found.presence != "absent"]
    return bool(stated) and all(trained.knows(found.target, modality) for found in stated)


def test_examples_of_the_service_are_answered_with_a_mask() -> None:
    told = re.findall(r'report="([^"]+)" -F modality=(\w+)|parse\("([^"]+)", "(\w+)"\)', PAGES["service.md"])
    assert len(told) == 2
    assert all(answered(one or other, kind or another) for one, kind, other, another in told)


@pytest.mark.parametrize("command", [["--help"], ["segment", "--help"]])
def test_the_example_of_the_help_is_answered_with_a_mask(command, capsys) -> None:
    assert main(command) == 0
    said = " ".join(capsys.readouterr().out.split())
    (report, modality) = re.findall(r"""--text ['"]([^'"]+)['"] --modality (\w+)""", said)[0]
    assert answered(report, modality)
