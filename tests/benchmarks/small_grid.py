"""A grid that takes a second: settings and arguments for it."""

from pathlib import Path

from benchmarks.grid.arms import Grid

from benchmarks import reproduce
from tests.training.small_dataset import TINY_HOST

SETTINGS = (
    *(f"host_settings.{name}={value}" for name, value in TINY_HOST.items()),
    "adapter.token_dim=16", "adapter.heads=2", "adapter.bottleneck=8", "batch_size=2", "validate_every=2",
    "validate_cases=2", "checkpoint_every=1", "log_every=1", "device=cpu", "optimiser.ema_decay=0.9",
)  # fmt: skip


def arguments(data: Path, out: Path, arms: str, *more: str):
    sets = [part for setting in SETTINGS for part in ("--set", setting)]
    given = ["--data", str(data), "--out", str(out), "--arms", arms, "--steps", "2", "--results", str(out), *sets]
    return reproduce.arguments_of([*given, *more])


def grid(data: Path, out: Path, *settings: str) -> Grid:
    return Grid(out, (str(data),), 2, settings=(*SETTINGS, *settings))
