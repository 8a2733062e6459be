"""Configurations inside the package. No torch, so that help can name them."""

from importlib import resources


def shipped_configs() -> list[str]:
    """Their names, as ``--config`` takes them."""
    folder = resources.files("medsegr.training") / "configs"
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml"))
