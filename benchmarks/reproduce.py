"""The grid: baselines and ablations on the same data, steps, augmentation and seeds, trained, scored, compared.

    python -m benchmarks.reproduce --data DIR... --out FOLDER --arms full,late,host --seeds 0,1,2 --steps N

A run lies in ``FOLDER/ARM-SEED``. What is finished is skipped, what was stopped or killed goes on from its last
checkpoint: repeat the command. Writes ``results/grid_NAME.json`` and ``grid_NAME.md``; see docs/reproduce.md.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from benchmarks.grid.archive import archive_of, check_contents, keep, restore
from benchmarks.grid.arms import ARMS, Grid, GridRun, changed_settings, grid_runs, require_start
from benchmarks.grid.figures import grid_figures, joined
from benchmarks.grid.page import grid_page
from benchmarks.grid.scores import Asking, score, scores_of
from benchmarks.grid.unet_training import train_unet
from benchmarks.record import RESULTS
from medsegr.backbones.tiny import TinyConfig
from medsegr.cli.measurement import open_data
from medsegr.cli.run_record import versions
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.outputs import atomic_write
from medsegr.errors import ConfigError, InputError, MedsegrError
from medsegr.evaluation.run_files import Run
from medsegr.inference.looks import Looks
from medsegr.training.train import TrainResult, train


def run_grid(
    runs: Sequence[GridRun],
    folders: Sequence[DatasetFolder],
    asking: Asking,
    kept: Path | None = None,
    only: Literal["train", "score"] | None = None,
) -> bool:
    """Train and score what is not finished, with a line for each run, and keep the answers in ``kept``.

    Args:
        runs: In their order.
        folders: To score on.
        asking: How.
        kept: Folder for the answers.
        only: ``train`` leaves the scoring to another call, or machine; ``score`` takes each run's best model as it
            lies there.

    Returns:
        False when a run was stopped before its end; the rest is left for the next call.

    Raises:
        ConfigError: A run is there with other settings, has no best model to score, or none to start from.
    """
    for run in runs:
        if only != "score" and not all(scores_of(run, folder.name, asking) for folder in folders):
            require_start(run)
    for number, run in enumerate(runs, 1):
        line, started = f"[{number}/{len(runs)}] {run.name}, seed {run.seed}:", time.monotonic()
        changed = changed_settings(run)
        if changed:
            raise ConfigError(
                f"The run in '{run.folder}' was started with other settings of: {', '.join(changed)}. "
                "Take another --out, or the same settings."
            )
        if all(scores_of(run, folder.name, asking) for folder in folders):
            print(line, "done before", flush=True)
            if kept is not None and not archive_of(run, kept).exists():
                keep(run, kept)
            continue
        if only == "score":
            _require_best(run)
        else:
            print(line, f"training to step {run.config.steps}", flush=True)
            result = _train(run)
            if not result.finished:
                print(line, f"stopped at step {result.step}; repeat the command to go on", flush=True)
                return False
            print(line, f"trained, best validation {result.best:.3f}", flush=True)
        if only == "train":
            continue
        print(line, "scoring", flush=True)
        asked = score(run, folders, asking)
        if kept is not None:
            keep(run, kept)
        print(line, f"scored on {asked} of {len(folders)} data sets, {time.monotonic() - started:.0f} s", flush=True)
    return True


def _require_best(run: GridRun) -> None:
    if not ((run.folder / "best").is_dir() and (run.folder / "config.yaml").is_file()):
        raise ConfigError(
            f"'{run.folder}' holds no trained run; expected its 'best' and 'config.yaml'. "
            "Bring them here, or leave --only-score out to train it."
        )


def _train(run: GridRun) -> TrainResult:
    if run.arm.plain_unet:
        return train_unet(run.config, resume=True)
    return train(run.config, resume=True, show_progress=sys.stderr.isatty())


def finished_scores(
    runs: Sequence[GridRun], folders: Sequence[DatasetFolder], asking: Asking
) -> dict[str, dict[int, Run]]:
    """Arm -> seed -> scores, of the runs that are scored on all data sets; what is left out is said."""
    found: dict[str, dict[int, Run]] = {}
    for run in runs:
        changed = changed_settings(run)
        if changed:
            print(f"{run.name}, seed {run.seed}: left out, it has other settings of {', '.join(changed)}", flush=True)
            continue
        scored = [scores_of(run, folder.name, asking) for folder in folders]
        whole = [each for each in scored if each is not None]
        if len(whole) == len(folders):
            found.setdefault(run.name, {})[run.seed] = joined(f"{run.name}-{run.seed}", whole)
    return found


def grid_record(
    name: str, runs: Sequence[GridRun], scores: dict[str, dict[int, Run]], note: str = ""
) -> dict[str, Any]:
    """How the figures came to be, and the figures. A note goes with them wherever they are shown.

    Raises:
        InputError: Two runs were scored on data of other contents.
    """
    config = runs[0].config.to_dict()
    config["host"] = Path(config["host"]).name if Path(config["host"]).exists() else config["host"]
    kept = {key: value for key, value in config.items() if key not in ("data", "out", "init", "seed", "adapter")}
    arms = {
        arm: {
            "what": ARMS[arm].what,
            "settings": list(ARMS[arm].settings),
            "parameters": next(iter(of_arm.values())).record["data"][0]["model"]["parameters"],
            "weights": {
                seed: scored.record["data"][0]["model"]["weights"] for seed, scored in of_arm.items()
            },
        }
        for arm, of_arm in scores.items()
    }  # fmt: skip
    return {
        "command": _command(),
        "date": datetime.now(timezone.utc).date().isoformat(),
        "seeds": sorted({seed for of_arm in scores.values() for seed in of_arm}),
        "machine": _machine(runs[0].config.device),
        "versions": versions(),
        "grid": {"name": name, "host": config["host"], "norm": _norm_of(config),
                 "steps": config["steps"], "batch_size": config["batch_size"],
                 "trained_on": [Path(folder).name for folder in runs[0].config.data],
                 "goes_on_from_a_grid": runs[0].config.init is not None, "note": note, "arms": arms,
                 "settings": kept},
        "data": _data(scores),
        "origins": grid_figures(scores),
    }  # fmt: skip


def _norm_of(config: dict[str, Any]) -> str | None:
    """How the tiny host is normed; None for other hosts, whose norms are their own."""
    return config["host_settings"].get("norm", TinyConfig().norm) if config["host"] == "tiny" else None


def _data(scores: dict[str, dict[int, Run]]) -> list[dict[str, Any]]:
    """What was scored on, with the hash of its contents, which is the same for all runs."""
    found: dict[str, dict[str, Any]] = {}
    for record in (r for of_arm in scores.values() for run in of_arm.values() for r in run.record["data"]):
        data = {**record["data"][0], "split": record["split"]}
        known = found.setdefault(data["name"], data)
        if known["content_sha256"] != data["content_sha256"]:
            raise InputError(
                f"The runs were scored on other contents of '{data['name']}': its images, masks or reports "
                "have changed meanwhile. Delete the folder 'scores' of every run, and repeat the command."
            )
    return list(found.values())


def _command() -> str:
    shown = [Path(argument).name if "/" in argument else argument for argument in sys.argv[1:]]
    return " ".join(["python -m benchmarks.reproduce", *shown])


def _machine(device: str) -> str:
    import torch

    used = "CPU" if device == "cpu" or not torch.cuda.is_available() else torch.cuda.get_device_name()
    return f"{platform.machine()}, {os.cpu_count()} cores, {used}"


def write_tables(folder: Path, record: dict[str, Any]) -> list[Path]:
    """Write ``grid_NAME.json`` and ``grid_NAME.md``."""
    texts = {"json": json.dumps(record, indent=1, allow_nan=False) + "\n", "md": grid_page(record)}
    paths = []
    for suffix, text in texts.items():
        paths.append(folder / f"grid_{record['grid']['name']}.{suffix}")
        with atomic_write(paths[-1]) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return paths


def arguments_of(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reproduce",
        description=__doc__,
        epilog="arms: " + "; ".join(f"{name} = {arm.what}" for name, arm in ARMS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--data", nargs="+", required=True, help="data set folders, or folders that hold several")
    add("--test-data", nargs="+", help="score on these instead of --data")
    add("--out", type=Path, required=True, help="folder of the runs")
    add("--arms", default=",".join(ARMS), help="with commas; all by default")
    add("--seeds", default="0", help="whole numbers with commas")
    add("--steps", type=int, help="of each run; the configuration's own by default")
    add("--host", help="tiny, id or folder of a SAM, or module:function")
    add("--config", help="YAML file, or a shipped name: tiny")
    add("--set", action="append", default=[], dest="settings", metavar="KEY=VALUE", help="for all arms; repeatable")
    add("--init", type=Path, help="an earlier grid: each run goes on with the weights of its own arm and seed")
    add("--init-seed", type=int, help="seed of the earlier grid that all seeds go on from; each its own by default")
    add("--split", default="test", choices=("train", "val", "test"), help="to score on")
    add("--limit", type=int, help="cases of each data set to score on, at most")
    add("--flips", action="store_true", help="score with a look at the mirrored picture too")
    add("--second-look", action="store_true", help="score with a second, closer look at small findings")
    add("--name", help="of the tables: grid_NAME; the name of --out by default")
    add("--note", default="", help="what a reader of the tables has to know besides")
    add("--results", type=Path, default=RESULTS, help="folder of the tables")
    add("--kept", action="store_true", help="take kept answers of runs whose folder is not there, and train the rest")
    only = parser.add_mutually_exclusive_group().add_argument
    only("--only-train", action="store_true", help="score nothing, here")
    only("--only-score", action="store_true", help="train nothing: runs from elsewhere, their 'best' and 'config.yaml'")
    only("--only-tables", action="store_true", help="train and score nothing: tables of what is finished or kept")
    return parser.parse_args(given)


def reproduce(given: argparse.Namespace) -> bool:
    """Run the grid as far as it goes, and write the tables of what is finished.

    Returns:
        Whether all runs are finished.

    Raises:
        MedsegrError: Of any kind; what is finished stays.
    """
    seeds = [int(part) if part.strip().isdigit() else -1 for part in given.seeds.split(",")]
    if min(seeds) < 0:
        raise ConfigError(f"--seeds is '{given.seeds}'; expected whole numbers with commas, for example 0,1,2.")
    paths = tuple(str(folder.path) for folder in open_data(given.data))
    folders = open_data(given.test_data or given.data)
    start = given.init, given.init_seed
    grid = Grid(given.out, paths, given.steps, given.host, given.config, tuple(given.settings), *start)
    runs = grid_runs(grid, [part.strip() for part in given.arms.split(",")], seeds)
    asking = Asking(given.split, given.limit, looks=Looks(given.flips, given.second_look))
    kept = given.results / "scores" / (given.name or given.out.resolve().name)
    if given.only_tables or given.kept:
        check_contents([run for run in runs if restore(run, kept)], folders, asking)
    if not given.only_tables:
        only = "train" if given.only_train else "score" if given.only_score else None
        all_trained = run_grid(runs, folders, asking, kept, only)
        if given.only_train:
            return all_trained
    scores = finished_scores(runs, folders, asking)
    if scores:
        record = grid_record(given.name or given.out.resolve().name, runs, scores, given.note)
        print(*write_tables(given.results, record), sep="\n", flush=True)
    return sum(map(len, scores.values())) == len(runs)


def main() -> None:
    """Parse the arguments and run; 3 when something is left to do, 2 for what the caller can mend."""
    try:
        finished = reproduce(arguments_of())
    except MedsegrError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(2) from error
    except KeyboardInterrupt as error:
        print("Stopped; repeat the command to go on.", file=sys.stderr)
        raise SystemExit(3) from error
    raise SystemExit(0 if finished else 3)


if __name__ == "__main__":
    main()
