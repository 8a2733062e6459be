"""The grid: baselines and ablations on the same data, steps, augmentation and seeds, trained, scored, compared.

    python -m benchmarks.reproduce --data DIR... --out FOLDER --arms full,late,host --seeds 0,1,2 --steps N --name NAME

A run lies in ``FOLDER/ARM-SEED``. What is finished is skipped, what was stopped or killed goes on from its last
checkpoint: repeat the command. Keeps the answers in ``results/answers/NAME.csv.gz`` and how they came to be in
``results/NAME.json``; ``make results`` makes their page. See docs/reproduce.md.
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

import pandas as pd

from benchmarks.answers import answers_of, data_of, keep
from benchmarks.grid.arms import ARMS, Grid, GridRun, changed_settings, grid_runs, require_start
from benchmarks.grid.scores import Asking, score, scores_of
from benchmarks.grid.unet import starting_unet
from benchmarks.record import RESULTS
from medsegr.backbones.tiny import TinyConfig
from medsegr.cli.measurement import open_data
from medsegr.cli.run_record import versions
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.outputs import atomic_write
from medsegr.errors import ConfigError, MedsegrError
from medsegr.evaluation.run_files import Run
from medsegr.inference.looks import Looks
from medsegr.training.train import TrainResult, train

Scores = dict[tuple[str, int], list[Run]]
"""Arm and seed -> what the run scored on each data set."""


def run_grid(
    runs: Sequence[GridRun],
    folders: Sequence[DatasetFolder],
    asking: Asking,
    only: Literal["train", "score"] | None = None,
) -> bool:
    """Train and score what is not finished, with a line for each run.

    Args:
        runs: In their order.
        folders: To score on.
        asking: How.
        only: ``train`` leaves the scoring to another call, or machine; ``score`` takes each run's best model as it
            lies there.

    Returns:
        False when a run was stopped before its end; the rest is left for the next call.

    Raises:
        ConfigError: A run is there with other settings, has no best model to score, or none to start from.
    """
    open_runs = [run for run in runs if not all(scores_of(run, folder.name, asking) for folder in folders)]
    for run in open_runs if only != "score" else ():
        require_start(run)
    for number, run in enumerate(runs, 1):
        line, started = f"[{number}/{len(runs)}] {run.name}, seed {run.seed}:", time.monotonic()
        if changed := changed_settings(run):
            raise ConfigError(
                f"The run in '{run.folder}' was started with other settings of: {', '.join(changed)}. "
                "Take another --out, or the same settings."
            )
        if run not in open_runs:
            print(line, "done before", flush=True)
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
        if only != "train":
            asked = score(run, folders, asking)
            print(line, f"scored on {asked} data sets, {time.monotonic() - started:.0f} s", flush=True)
    return True


def _require_best(run: GridRun) -> None:
    if not ((run.folder / "best").is_dir() and (run.folder / "config.yaml").is_file()):
        raise ConfigError(
            f"'{run.folder}' holds no trained run; expected its 'best' and 'config.yaml'. "
            "Bring them here, or leave --only-score out to train it."
        )


def _train(run: GridRun) -> TrainResult:
    own = {"build": starting_unet} if run.arm.plain_unet else {}
    return train(run.config, resume=True, show_progress=sys.stderr.isatty(), **own)  # type: ignore[arg-type]


def finished_scores(runs: Sequence[GridRun], folders: Sequence[DatasetFolder], asking: Asking) -> Scores:
    """Of the runs that are scored on all data sets; what is left out is said."""
    found: Scores = {}
    for run in runs:
        if changed := changed_settings(run):
            print(f"{run.name}, seed {run.seed}: left out, it has other settings of {', '.join(changed)}", flush=True)
            continue
        scored = [each for folder in folders if (each := scores_of(run, folder.name, asking)) is not None]
        if len(scored) == len(folders):
            found[run.name, run.seed] = scored
    return found


def grid_record(name: str, runs: Sequence[GridRun], scores: Scores, note: str = "") -> dict[str, Any]:
    """How the answers came to be. A note goes with them wherever they are shown.

    Raises:
        InputError: Two runs were scored on data of other contents.
    """
    config = runs[0].config.to_dict()
    config["host"] = Path(config["host"]).name if Path(config["host"]).exists() else config["host"]
    norm = config["host_settings"].get("norm", TinyConfig().norm) if config["host"] == "tiny" else None
    kept = {key: value for key, value in config.items() if key not in ("data", "out", "init", "seed", "adapter")}
    models = {own: scored[0].record["model"] for own, scored in scores.items()}
    arms = {
        arm: {
            "what": ARMS[arm].what,
            "settings": list(ARMS[arm].settings),
            "parameters": next(model["parameters"] for (of, _), model in models.items() if of == arm),
            "weights": {str(seed): model["weights"] for (of, seed), model in models.items() if of == arm},
        }
        for arm in dict.fromkeys(arm for arm, _ in scores)
    }
    return {
        "command": _command(),
        "date": datetime.now(timezone.utc).date().isoformat(),
        "seeds": sorted({seed for _, seed in scores}),
        "machine": _machine(runs[0].config.device),
        "versions": versions(),
        "grid": {"name": name, "host": config["host"], "norm": norm,
                 "steps": config["steps"], "batch_size": config["batch_size"],
                 "trained_on": [Path(folder).name for folder in runs[0].config.data],
                 "goes_on_from_a_grid": runs[0].config.init is not None, "note": note, "arms": arms,
                 "settings": kept},
        "data": data_of([run for scored in scores.values() for run in scored]),
    }  # fmt: skip


def _command() -> str:
    shown = [Path(argument).name if "/" in argument else argument for argument in sys.argv[1:]]
    return " ".join(["python -m benchmarks.reproduce", *shown])


def _machine(device: str) -> str:
    import torch

    used = "CPU" if device == "cpu" or not torch.cuda.is_available() else torch.cuda.get_device_name()
    return f"{platform.machine()}, {os.cpu_count()} cores, {used}"


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
    add("--name", help="of the record; the name of --out by default")
    add("--note", default="", help="what a reader of its page has to know besides")
    add("--results", type=Path, default=RESULTS, help="folder of the records")
    only = parser.add_mutually_exclusive_group().add_argument
    only("--only-train", action="store_true", help="score nothing, here")
    only("--only-score", action="store_true", help="train nothing: runs from elsewhere, their 'best' and 'config.yaml'")
    only("--only-keep", action="store_true", help="train and score nothing: keep the answers of what is finished")
    return parser.parse_args(given)


def reproduce(given: argparse.Namespace) -> bool:
    """Run the grid as far as it goes, and keep the answers of what is finished.

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
    if not given.only_keep:
        only = "train" if given.only_train else "score" if given.only_score else None
        all_trained = run_grid(runs, folders, asking, only)
        if given.only_train:
            return all_trained
    scores, name = finished_scores(runs, folders, asking), given.name or given.out.resolve().name
    if scores:
        record = grid_record(name, runs, scores, given.note)
        rows = [answers_of(arm, seed, scored) for (arm, seed), scored in scores.items()]
        keep(pd.concat(rows), given.results / "answers" / f"{name}.csv.gz")
        with atomic_write(given.results / f"{name}.json") as temporary:
            temporary.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return len(scores) == len(runs)


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
