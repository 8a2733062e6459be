"""The models inside the package."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

from medsegr.backbones.lite_medsam_weights import INSTALL, find_weights


def builtin_folder() -> Path:
    """Where the models inside the package lie."""
    return Path(str(resources.files("medsegr"))) / "weights"


def builtin_models() -> list[str]:
    """Names of the models inside the package."""
    return sorted(config.parent.name for config in builtin_folder().glob("*/adapter.json"))


def builtin_path(name: str) -> Path:
    """Folder of a model inside the package."""
    return builtin_folder() / name


def builtin_record(name: str) -> dict[str, Any]:
    """What the ``adapter.json`` of a model inside the package says."""
    record: dict[str, Any] = json.loads((builtin_path(name) / "adapter.json").read_text(encoding="utf-8"))
    return record


def host_missing(name: str) -> str | None:
    """The command that installs the host of a model inside the package; None where it is there."""
    return INSTALL if builtin_record(name)["host"]["family"] == "lite_medsam" and find_weights() is None else None
