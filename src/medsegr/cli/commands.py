"""The commands by name: each is imported when it is called, so that no command waits for the others' imports."""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

COMMANDS = {
    "demo": "Show the main job on generated studies: reports become masks, scores and pictures.",
    "parse": "Show what a report says: findings, their presence, place, texture and shape.",
    "segment": "Outline every finding of a report in its image.",
    "train": "Train an adapter on images with reports and masks.",
    "evaluate": "Measure a model on the cases of one or several data sets.",
    "compare": "Compare two evaluations finding by finding: differences are RUN_B minus RUN_A.",
    "report-card": "Ask a model with the true report, none, another patient's, and with side, texture or shape "
    "swapped, or negated.",
    "serve": "Segment pictures for other programs, over HTTP. See docs/service.md.",
    "pacs": "A hospital's archive: find, fetch, segment, store. See docs/pacs.md.",
    "export": "Export a model once for this machine; from then on --backend auto takes it. See docs/backends.md.",
    "bench": "Time a guided case stage by stage, in turn with the plain host, next to the least the processor needs.",
    "info": "Show versions, devices, hosts, models, and which extras are installed.",
    "data": "Check, make or convert data sets, derive reports from masks, build the referring suite.",
}
"""Name -> what help says of it: the first line of its own help. It lies in the module of that name."""

HELP: dict[str, Any] = {"help_option_names": ["-h", "--help"]}


class _Imported(Mapping[str, Any]):
    """Name -> the command, imported when it is asked for."""

    def __getitem__(self, name: str) -> Any:
        if name not in COMMANDS:
            raise KeyError(name)
        return command_named(name)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Commands(TyperGroup):
    """A group whose commands are those of :data:`COMMANDS`."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**settings, "commands": _Imported()})

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Names and what they do, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def command_named(name: str) -> Any:
    """Import a command of :data:`COMMANDS`: the module's function of that name, or its group, called ``app``."""
    module = import_module(f"medsegr.cli.{name.replace('-', '_')}")
    app: typer.Typer | None = getattr(module, "app", None)
    if app is None:
        called: Callable[..., Any] = getattr(module, name.replace("-", "_"))
        app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=HELP)
        app.command(name)(called)
    command = typer.main.get_command(app)
    command.name = name
    return command
