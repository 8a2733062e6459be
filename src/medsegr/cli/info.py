"""``medsegr info``: versions, devices, hosts, models, extras."""

import json
from typing import Annotated, Any

import typer
from rich.table import Table

from medsegr.cli.console import results
from medsegr.cli.extras import extras_here
from medsegr.cli.run_record import versions


def info(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show versions, devices, hosts, models, and which extras are installed.

    Example: medsegr info --json
    """
    record = collect_info()
    if as_json:
        typer.echo(json.dumps(record, indent=2))
        return
    table = Table("what", "which", show_lines=False)
    for group, entries in record.items():
        for number, (name, value) in enumerate(entries.items()):
            table.add_row(group if number == 0 else "", f"{name}: {value}")
    results().print(table)


def collect_info() -> dict[str, dict[str, Any]]:
    """Everything ``medsegr info`` shows, JSON-ready."""
    return {
        "versions": versions(),
        "devices": _devices(),
        "hosts": _hosts(),
        "models": _models(),
        "extras": extras_here(),
    }


def _devices() -> dict[str, Any]:
    import torch

    from medsegr.inference.device import kinds_here

    found: dict[str, Any] = {"cpu": f"{torch.get_num_threads()} threads"}
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        found[f"cuda:{index}"] = torch.cuda.get_device_name(index)
    if "mps" in kinds_here():
        found["mps"] = "Apple's graphics processor"
    return found


def _hosts() -> dict[str, str]:
    from medsegr.backbones.catalogue import CATALOGUE
    from medsegr.backbones.lite_medsam_weights import INSTALL, NAME, find_weights

    found = {family: f"{row.model_class}, for example {row.example}" for family, row in CATALOGUE.items()}
    weights = find_weights()
    return found | {NAME: f"{found[NAME]}; weights: {f'missing, {INSTALL}' if weights is None else weights}"}


def _models() -> dict[str, Any]:
    from medsegr.inference.builtin import builtin_models, builtin_path, builtin_record, host_missing

    found = {}
    for name in builtin_models():
        size = sum(entry.stat().st_size for entry in builtin_path(name).iterdir() if entry.is_file())
        host, install = builtin_record(name)["host"], host_missing(name)
        missing = f"; its host is missing: {install}" if install else ""
        known = ", ".join(builtin_record(name)["metadata"].get("trained_targets", {}))
        found[name] = f"host {host['name']}, {host['image_size']} px, {size / 1e6:.1f} MB; knows {known}{missing}"
    return found
