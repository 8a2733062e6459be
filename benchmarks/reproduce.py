"""The grid: baselines and ablations, trained alike by ``medsegr train``, asked alike by ``medsegr evaluate``.

    python -m benchmarks.reproduce --data DIR... --out FOLDER --arms full,late,host --seeds 0,1,2 --name NAME

A run lies in ``FOLDER/ARM-SEED``. What is finished is skipped, what was stopped or killed goes on from its last
checkpoint: repeat the command. Options that are not listed here are handed to ``medsegr train``, for all arms alike.
Keeps the answers in ``results/answers/NAME.csv.gz`` and how they came to be in ``results/NAME.json``; ``make results``
makes their page. Ends with 3 when something is left to do. See docs/reproduce.md.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from benchmarks.answers import FOLDER, answers_of, data_of, keep, runs_in
from benchmarks.arms import ARMS
from benchmarks.record import options, write_record
from medsegr.backbones.tiny import TinyConfig
from medsegr.cli.main import main as medsegr
from medsegr.evaluation.run_files import RESULTS_FILE, Run, read_run
from medsegr.inference.predictor import load

OWN = ("data", "out", "init", "seed", "adapter")
"""Settings that tell runs of a grid apart, or where they lie."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the grid as far as it goes, and keep the answers of what is finished."""
    given, further = arguments_of(arguments)
    runs = {(arm, seed): given.out / f"{arm}-{seed}" for seed in given.seeds for arm in given.arms}
    for (arm, seed), run in runs.items():
        if given.only != "score":
            start = [f"init={given.init / run.name / 'best'}"] if given.init else []
            told = [*given.settings, *start, *ARMS[arm].settings, f"seed={seed}"]
            sets = [*pairs("--data", given.data), *pairs("--set", told)]
            _done(medsegr(["train", *sets, "--out", str(run), "--resume", *further]))
            if not trained(run):  # it was stopped, and so is the grid
                raise SystemExit(3)
        if given.only != "train" and not asked(run, given):
            ask(run, given)
    if given.only != "train":
        store(given, runs)


def trained(run: Path) -> bool:
    """Whether its log has come to its last step."""
    if not (run / "log.csv").is_file() or not (run / "best").is_dir():
        return False
    return [*pd.read_csv(run / "log.csv").step[-1:]] == [settings_of(run)["steps"]]


def settings_of(run: Path) -> dict[str, Any]:
    """Of its training."""
    return yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))


def asked(run: Path, given: argparse.Namespace) -> bool:
    """Whether its scores are there; other ones than are asked for end the program."""
    place = run / "scores" / given.split
    if not (place / RESULTS_FILE).is_file():
        return False
    settings = read_run(place).record["settings"]
    looks = ["--" + name.replace("_", "-") for name in ("flips", "second_look") if settings[name]]
    if (settings["limit"], looks) != (given.limit, sorted(given.looks)):
        raise SystemExit(f"'{place}' was scored with another limit, or other looks. Ask as before, or delete it.")
    return True


def ask(run: Path, given: argparse.Namespace) -> None:
    """Ask its best model for all data sets, in all ways."""
    where = ["--out", str(run / "scores" / given.split), "--split", given.split, "--no-pictures"]
    more = [*(["--limit", str(given.limit)] if given.limit else []), *pairs("--host", host_code(run)), *given.looks]
    sets = pairs("--data", given.test_data or given.data)
    _done(medsegr(["evaluate", "--model", str(run / "best"), *sets, *where, *more]))


def host_code(run: Path) -> list[str]:
    """The function that builds the host, where its name does not say it."""
    host = settings_of(run)["host"]
    return [host] if ":" in host else []


def store(given: argparse.Namespace, runs: dict[tuple[str, int], Path]) -> None:
    """Keep the answers of the runs, and how they came to be."""
    scored = {own: runs_in(run) for own, run in runs.items()}
    keep(pd.concat([answers_of(*own, found) for own, found in scored.items()]), FOLDER / f"{given.name}.csv.gz")
    every = [run for found in scored.values() for run in found]
    write_record(given.name, given.seeds[0], {
        "seeds": given.seeds, "grid": grid_record(given, runs, scored), "data": data_of(every),
    })  # fmt: skip


def grid_record(
    given: argparse.Namespace, runs: dict[tuple[str, int], Path], scored: dict[tuple[str, int], list[Run]]
) -> dict[str, Any]:
    """What the runs have in common, and the arms."""
    config = settings_of(next(iter(runs.values())))
    norm = config["host_settings"].get("norm", TinyConfig().norm) if config["host"] == "tiny" else None
    weights = {own: found[0].record["model"]["weights"] for own, found in scored.items()}
    arms = {
        arm: {
            "what": ARMS[arm].what, "settings": list(ARMS[arm].settings),
            "parameters": parameters(next(run for (of, _), run in runs.items() if of == arm)),
            "weights": {str(seed): known for (of, seed), known in weights.items() if of == arm},
        } for arm in given.arms
    }  # fmt: skip
    return {
        "name": given.name, "host": config["host"], "norm": norm, "steps": config["steps"],
        "batch_size": config["batch_size"], "trained_on": [Path(folder).name for folder in config["data"]],
        "goes_on_from_a_grid": config["init"] is not None, "note": given.note, "arms": arms,
        "settings": {key: value for key, value in config.items() if key not in OWN},
    }  # fmt: skip


def parameters(run: Path) -> int:
    """Of the whole model, the host's with them."""
    return sum(each.numel() for each in load(run / "best", "cpu", *host_code(run)).model.parameters())


def pairs(option: str, values: Sequence[object]) -> list[str]:
    """An option before each value."""
    return [word for value in values for word in (option, str(value))]


def _done(code: int) -> None:
    if code:
        raise SystemExit(code)


def arguments_of(arguments: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
    """The command line, and what of it is for ``medsegr train``."""
    parser = options(__doc__, allow_abbrev=False)
    parser.epilog = "arms: " + "; ".join(f"{name} = {arm.what}" for name, arm in ARMS.items())
    add = parser.add_argument
    add("--data", nargs="+", required=True, help="data set folders, or folders that hold several")
    add("--test-data", nargs="+", help="score on these instead of --data")
    add("--out", type=Path, required=True, help="folder of the runs")
    add("--arms", type=lambda told: told.split(","), default=list(ARMS), help="with commas; all by default")
    add("--seeds", type=lambda told: [int(part) for part in told.split(",")], default=[0], help="with commas")
    add("--set", action="append", default=[], dest="settings", metavar="KEY=VALUE", help="for all arms; repeatable")
    add("--init", type=Path, help="an earlier grid: each run goes on with the weights of its own arm and seed")
    add("--split", default="test", choices=("train", "val", "test"), help="to score on")
    add("--limit", type=int, help="cases of each data set to score on, at most")
    for look in ("--flips", "--second-look"):
        add(look, action="append_const", const=look, default=[], dest="looks", help="as medsegr evaluate has it")
    add("--name", help="of the record; the name of --out by default")
    add("--note", default="", help="what a reader of its page has to know besides")
    add("--only", choices=("train", "score"), help="leave the other half to another call, or machine")
    given, further = parser.parse_known_args(arguments)
    if unknown := [arm for arm in given.arms if arm not in ARMS]:
        parser.error(f"unknown arm '{unknown[0]}': expected some of {', '.join(ARMS)}, with commas")
    given.name = given.name or given.out.resolve().name
    return given, further


if __name__ == "__main__":
    main()
