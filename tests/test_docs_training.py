"""The page about training: its commands are read without an error, and are those of the built-in model's card."""

import re
import shlex
from importlib import resources
from itertools import pairwise
from pathlib import Path

import pytest

from medsegr.cli.main import main
from medsegr.inference.builtin import builtin_folder
from medsegr.training.config_file import load_config
from medsegr.training.shipped_configs import shipped_configs

PAGE = (Path(__file__).parents[1] / "docs" / "training.md").read_text("utf-8")
COMMANDS = [line for block in re.findall(r"```\n(.*?)```", PAGE, re.S) for line in block.splitlines()]


def test_settings_of_every_command_are_known():
    trainings = [shlex.split(line) for line in COMMANDS if line.startswith("medsegr train")]
    assert len(trainings) >= 7
    for words in trainings:
        given = list(pairwise(words))
        data = [value for option, value in given if option in ("-d", "--data")]
        (config,) = [value for option, value in given if option in ("-c", "--config")]
        assert data and load_config(config, [value for option, value in given if option == "--set"], data=data)


@pytest.mark.parametrize(("name", "title"), [("tiny", "The built-in model"), ("lite", "A model on LiteMedSAM")])
def test_a_built_in_models_card_has_the_commands_of_the_page(name, title):
    card = (builtin_folder() / name / "README.md").read_text("utf-8")
    told = re.findall(r"^ +- ((?:medsegr|python) .*)$", card, re.M)
    section = PAGE.partition(f"## {title}")[2].partition("\n## ")[0]
    listed = [line for line in section.splitlines() if line.startswith(("medsegr ", "python "))]
    assert told == listed[: len(told)] and told[-1].startswith("python -m benchmarks.ship")


def test_every_shipped_configuration_is_on_the_page_and_the_page_alone_has_commands():
    for name in shipped_configs():
        assert f"`{name}`" in PAGE
        text = (resources.files("medsegr.training") / "configs" / f"{name}.yaml").read_text("utf-8")
        assert text.startswith("# ") and "medsegr " not in text


def test_an_unknown_configuration_is_refused_with_the_shipped_ones(tmp_path, capsys):
    assert main(["train", "-d", str(tmp_path), "-o", str(tmp_path / "run"), "-c", "tinny"]) == 2
    assert ", ".join(shipped_configs()) in capsys.readouterr().err.replace("\n", " ")
