"""What every results file says of itself, and where it lies."""

import argparse
import json
import os
import platform
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from medsegr.cli.run_record import versions
from medsegr.data.outputs import atomic_write

RESULTS = Path(__file__).parent / "results"


def options(told: str | None, **settings: Any) -> argparse.ArgumentParser:
    """A parser of a benchmark's options, which shows its module's docstring as it is written."""
    shown = argparse.RawDescriptionHelpFormatter
    return argparse.ArgumentParser(description=told, formatter_class=shown, **settings)


def shared_data(name: str) -> Path:
    """Folder of a real data set, or with "" of all: under MEDSEGR_SHARED, or ``../shared`` beside the repository."""
    root = Path(os.environ.get("MEDSEGR_SHARED", Path(__file__).parents[2] / "shared"))
    return root / "data" / name


def read_record(name: str) -> dict[str, Any]:
    """What ``results/NAME.json`` says."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def write_record(name: str, seed: int, figures: dict[str, Any]) -> Path:
    """Write ``results/NAME.json`` with the command, versions, date and machine."""
    RESULTS.mkdir(exist_ok=True)
    record = {
        "command": "python -m benchmarks." + " ".join([Path(sys.argv[0]).stem, *map(without_folders, sys.argv[1:])]),
        "date": datetime.now(timezone.utc).date().isoformat(),
        "seed": seed,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, CPU",
        "versions": versions(),
        **figures,
    }
    path = RESULTS / f"{name}.json"
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))
    return path


def run_name(model: str) -> str | None:
    """Grid and run of a model in ``GRID/RUN/best``; None for models that lie elsewhere."""
    path = Path(model)
    return "/".join(path.parts[-3:-1]) if path.name == "best" else None


def without_folders(argument: str) -> str:
    """An argument as others may read it: a path's name, after its run's where all runs name it so."""
    path = Path(argument)
    return "/".join(path.parts[-2:]) if path.name == "best" else path.name if "/" in argument else argument
