"""The folder of a run: config.yaml, log.csv, curve.png, last.safetensors, best/."""

import csv
import shutil
from pathlib import Path
from typing import Any

import yaml

from medsegr.errors import ConfigError, OutputError
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.training.config import TrainConfig
from medsegr.training.config_file import load_config
from medsegr.training.resume import STATE_FILE, writing

COLUMNS = (
    "step", "learning_rate", "loss", "mask", "location", "support", "attributes", "box", "seconds", "data_share",
    "val_dice", "val_named", "val_kept", "val_rejected",
)  # fmt: skip
"""Of log.csv. Losses are means since the line before; ``seconds`` is per step."""

MAY_CHANGE = (
    "out",
    "max_seconds",
    "threads",
    "workers",
    "cache_mb",
    "device",
    "log_every",
    "checkpoint_every",
)
"""Settings that a resumed run may change without becoming another run."""


class RunFolder:
    """Writes what a run leaves behind.

    Args:
        config: With ``out``, the folder.
        resume: Go on in a folder that exists.

    Raises:
        OutputError: The folder is in use and ``resume`` is off, or it cannot be written.
        ConfigError: ``resume`` is on and the settings are those of another run.
    """

    def __init__(self, config: TrainConfig, resume: bool) -> None:
        if not config.out:
            raise ConfigError("No run folder was given; expected one, as --out RUN.")
        self.path = Path(config.out)
        self.config = config
        self.resumed = resume and (self.path / STATE_FILE).is_file()
        if self.resumed:
            _same_run(load_config(self.path / "config.yaml"), config)
        elif self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())) and not resume:
            raise OutputError(
                f"'{self.path}' exists and is not empty. Choose another --out, or --resume to go on with that run."
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            partial = self.path / ".config.yaml.partial"
            partial.write_text(yaml.safe_dump(config.to_dict(), sort_keys=False), "utf-8")
            partial.replace(self.path / "config.yaml")
        except OSError as error:
            raise OutputError(f"'{self.path}' cannot be written ({error.strerror}). Choose another --out.") from error

    def keep_log_until(self, step: int) -> None:
        """Drop the log's lines after ``step``; a resumed run writes them again."""
        rows = [row for row in self.read_log() if int(row["step"]) <= step]
        with writing(self.path), (self.path / "log.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)

    def log(self, row: dict[str, Any]) -> None:
        """Append a line; columns that are not given stay empty."""
        short = {key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()}
        with writing(self.path), (self.path / "log.csv").open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, COLUMNS).writerow(short)

    def read_log(self) -> list[dict[str, str]]:
        """All lines so far."""
        path = self.path / "log.csv"
        if not path.is_file():
            return []
        with path.open(newline="", encoding="utf-8") as file:
            return [row for row in csv.DictReader(file) if (row["step"] or "").isdigit()]

    def draw_curve(self) -> None:
        """Losses and validation over the steps, as ``curve.png``."""
        from matplotlib.figure import Figure

        rows = self.read_log()
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        for axis, names in ((left, COLUMNS[3:8]), (right, COLUMNS[10:])):
            for name in names:
                points = [(int(row["step"]), float(row[name])) for row in rows if row[name]]
                if points:
                    axis.plot(*zip(*points, strict=True), label=name.replace("_", " "), marker="." * (axis is right))
            axis.set_xlabel("step")
            axis.grid(alpha=0.3)
            if axis.lines:
                axis.legend(frameon=False, fontsize=8)
        left.set_title("loss")
        right.set(title="validation", ylim=(0, 1))
        with writing(self.path):
            figure.savefig(self.path / ".curve.partial.png", dpi=110)
            (self.path / ".curve.partial.png").replace(self.path / "curve.png")

    def save_best(self, model: ReportGuidedSam, metadata: dict[str, Any]) -> None:
        """Write ``best/`` by ``save_pretrained``; the old one stays until the new one is whole."""
        best, fresh, old = self.path / "best", self.path / ".best.partial", self.path / ".best.old"
        shutil.rmtree(fresh, ignore_errors=True)
        with writing(self.path):
            model.save_pretrained(fresh, metadata)
            shutil.rmtree(old, ignore_errors=True)
            if best.exists():
                best.replace(old)
            fresh.replace(best)
        shutil.rmtree(old, ignore_errors=True)


def _same_run(before: TrainConfig, now: TrainConfig) -> None:
    first, second = before.to_dict(), now.to_dict()
    kept = [record.pop("trunk_cache") for record in (first, second)]
    settled = "auto" not in (kept[0]["backend"], kept[1]["backend"])
    for name in ("versions", "dtype", *(["backend"] if settled else [])):
        first[f"trunk_cache.{name}"], second[f"trunk_cache.{name}"] = (each[name] for each in kept)
    changed = [key for key in first if key not in MAY_CHANGE and first[key] != second[key]]
    if changed:
        raise ConfigError(
            f"The run in '{now.out}' was started with other settings of: {', '.join(changed)}. "
            "Resume with the same ones (they are in its config.yaml), or start a new run."
        )
