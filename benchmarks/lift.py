"""What lifts a small host on few images: variants of the recipe, each with one change, scored on validation splits.

    python -m benchmarks.lift --data DIR... --out FOLDER [--init GRID_OR_MODEL] --steps N

A run lies in ``FOLDER/VARIANT``; repeat the command after a stop. Validation splits are small (6 to 32 images), and
there is one seed: differences below about 3 points say nothing. Writes ``results/NAME.json``.
"""

import argparse
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from benchmarks.grid.arms import Grid, GridRun, grid_runs
from benchmarks.grid.scores import Asking, scores_of
from benchmarks.record import write_record
from benchmarks.reproduce import run_grid
from medsegr.cli.measurement import open_data
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.errors import ConfigError, MedsegrError
from medsegr.inference.builtin import builtin_models
from medsegr.inference.looks import Looks


@dataclass(frozen=True)
class Variant:
    """One change.

    Attributes:
        what: In words.
        settings: Beside those of the recipe.
        scratch: Start from fresh weights instead of those of phantoms.
        beside: The variant that it is compared with.
        looks: How its pictures are looked at.
        trained_as: The variant whose run is asked, in a copy; its own when empty.
        only: The one data set that it is trained on, and compared on; all when empty.
    """

    what: str
    settings: tuple[str, ...] = ()
    scratch: bool = False
    beside: str = "recipe"
    looks: Looks = field(default_factory=Looks)
    trained_as: str = ""
    only: str = ""


VARIANTS = {
    "recipe": Variant("the recipe: running mean of the weights, questions with no answer"),
    "flips": Variant("asked with a test-time flip", looks=Looks(flips=True), trained_as="recipe"),
    "second-look": Variant("asked with a second look", looks=Looks(second_look=True), trained_as="recipe"),
    "scratch": Variant("without phantoms", scratch=True),
    "no-mean": Variant("without a running mean of the weights", ("optimiser.ema_decay=0",)),
    "no-false": Variant(
        "without names from elsewhere and places where nothing is",
        ("sampling.foreign_share=0", "sampling.counterfactual_share=0"),
    ),
    "small-3": Variant("findings below 1 % of the picture count three times", ("loss.small=3",)),
    "focal": Variant("focal cross-entropy (gamma 2)", ("loss.focal_gamma=2",)),
    "refined": Variant("the neck refines its finer maps", ("host_settings.refined=16",)),
    "three": Variant("mostly three findings in a pass", ("sampling.fewer_findings=0.25",)),
    "instance": Variant("instance norms from here on", ("host_settings.norm=instance",)),
    "fewer-misplaced": Variant(
        "instance norms, and a quarter of the places where nothing is",
        ("host_settings.norm=instance", "sampling.counterfactual_share=0.1"), beside="instance",
    ),
    "batch": Variant("batch norms, without phantoms", ("host_settings.norm=batch",), scratch=True, beside="scratch"),
    "coarse": Variant(
        "findings do not guide the finer maps, without phantoms", ("adapter.fine=no",), scratch=True, beside="scratch",
    ),
    "wide": Variant(
        "stages half as wide again, without phantoms", ("host_settings.widths=[32,64,128,224,320]",), scratch=True,
        beside="scratch",
    ),
    "wider": Variant("stages half as wide again", ("host_settings.widths=[32,64,128,224,320]",)),
    "deeper": Variant("three residual layers a stage for two", ("host_settings.depths=[3,3,3,3]",)),
    "convnext": Variant("stages of ConvNeXt blocks", ("host=benchmarks.small_hosts:tiny_convnext",)),
    "bare": Variant("without the mask embedding", ("host_settings.mask_embedding=no",)),
    "batch-norms": Variant("batch norms", ("host_settings.norm=batch",)),
    "way-up": Variant("the neck refines its finer maps", ("host_settings.refined=32",)),
    "full-size": Variant(
        "the neck's way up ends at the picture's own grid", ("host_settings.refined=32", "host_settings.full_size=32"),
        beside="way-up",
    ),
    **{
        f"only-{name}": Variant(f"{name} alone, for as many steps", ("data_weights=[]",), only=name)
        for name in ("breast_us_text", "cxr_covid_multi", "polyp_cvc_text")
    },
}  # fmt: skip
"""Each with one change of what it is compared with, the recipe for most."""


def runs_of(grid: Grid, names: Sequence[str]) -> dict[str, GridRun]:
    """Variant -> its run.

    Raises:
        ConfigError: an unknown variant or a wrong setting.
    """
    if unknown := [name for name in names if name not in VARIANTS]:
        raise ConfigError(f"Unknown variant '{unknown[0]}': expected some of {', '.join(VARIANTS)}.")
    found = {}
    for name in names:
        variant = VARIANTS[name]
        settings, init = (*grid.settings, *variant.settings), None if variant.scratch else grid.init
        data = tuple(path for path in grid.data if variant.only in {"", Path(path).name})
        if not data:
            raise ConfigError(f"Variant '{name}' is trained on '{variant.only}' alone: name it among --data.")
        model = str(init) if init is not None and str(init) in builtin_models() else None
        own = replace(
            grid, data=data, out=grid.out / name, settings=(*settings, "init=null"), init=None if model else init
        )
        run = grid_runs(own, ["full"], [0])[0]
        found[name] = replace(run, config=replace(run.config, init=model)) if model else run
    return found


def copy_run(run: GridRun, trained: Path) -> None:
    """Let a run be a copy of another one, less what that scored.

    Raises:
        ConfigError: The other one is not finished.
    """
    if run.folder.exists():
        return
    if not (trained / "best").is_dir():
        raise ConfigError(f"'{trained}' is not there or not finished: let its variant go first.")
    shutil.copytree(trained, run.folder, ignore=shutil.ignore_patterns("scores"))


def figures(run: GridRun, folders: Sequence[DatasetFolder], asking: Asking) -> dict[str, Any] | None:
    """Dice per finding that the image shows, as a mean over data sets of their means; None where not all is scored."""
    scored = [scores_of(run, folder.name, asking) for folder in folders]
    if any(each is None for each in scored):
        return None
    rows = [row for each in scored if each is not None for row in each.rows if int(row["true_px"] or 0)]
    told = [row for row in rows if row["report"] == "true"]
    sets = {folder.name: _dice([row for row in told if row["data"] == folder.name]) for folder in folders}
    known = [value for value in sets.values() if value is not None]
    return {
        "parameters": _parameters(run.folder / "best"),
        "dice": round(float(np.mean(known)), 4) if known else None,
        "without_a_report": _mean_of_sets([row for row in rows if row["report"] == "none"]),
        "small": _dice([row for row in told if row["size"] == "< 1 %"]),
        "findings": len(told),
        "of_sets": sets,
    }


def _parameters(model: Path) -> int:
    """Of host and adapter, as they were saved."""
    found = 0
    for path in model.glob("*.safetensors"):
        with safe_open(path, "numpy") as file:
            found += sum(int(np.prod(file.get_slice(name).get_shape())) for name in file.keys())  # noqa: SIM118
    return found


def _dice(rows: Sequence[Mapping[str, str]]) -> float | None:
    return round(float(np.mean([float(row["dice"]) for row in rows])), 4) if rows else None


def _mean_of_sets(rows: Sequence[Mapping[str, str]]) -> float | None:
    means = [_dice([row for row in rows if row["data"] == name]) for name in sorted({row["data"] for row in rows})]
    return round(float(np.mean([mean for mean in means if mean is not None])), 4) if means else None


def arguments_of(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.lift",
        description=__doc__,
        epilog="variants: " + "; ".join(f"{name} = {variant.what}" for name, variant in VARIANTS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--data", nargs="+", required=True, help="data set folders, or folders that hold several")
    add("--out", type=Path, required=True, help="folder of the runs")
    add("--init", type=Path, help="a grid that was trained on phantoms, or a built-in model; fresh weights by default")
    add("--variants", default=",".join(VARIANTS), help="with commas; all by default")
    add("--steps", type=int, default=1000, help="of each run")
    add("--config", default="tiny_full_size", help="YAML file, or a shipped name")
    add("--name", default="lift", help="of the results file")
    add("--set", action="append", default=[], dest="settings", metavar="KEY=VALUE", help="for all; repeatable")
    return parser.parse_args(given)


def lift(given: argparse.Namespace) -> dict[str, Any]:
    """Train and ask what is not finished; a run that is told to stop leaves the rest for the next call.

    Returns:
        Variant -> figures, of what is finished.

    Raises:
        MedsegrError: Of any kind; what is finished stays.
    """
    folders = open_data(given.data)
    paths = tuple(str(folder.path) for folder in folders)
    grid = Grid(given.out, paths, given.steps, None, given.config, tuple(given.settings), given.init, 0)
    found: dict[str, Any] = {}
    for name, run in runs_of(grid, [name.strip() for name in given.variants.split(",")]).items():
        variant = VARIANTS[name]
        if variant.trained_as:
            copy_run(run, given.out / variant.trained_as / run.folder.name)
        asking = Asking("val", looks=variant.looks)
        if not run_grid([run], folders, asking):
            break
        if (scored := figures(run, folders, asking)) is not None:
            told = {"what": variant.what, "settings": list(variant.settings), "beside": variant.beside}
            told |= {"only": variant.only} if variant.only else {}
            found[name] = {**told, **scored}
    return found


def main() -> None:
    """Parse the arguments and run; 2 for what the caller can mend, 3 where something is left to do."""
    try:
        given = arguments_of()
        found = lift(given)
        data = [folder.name for folder in open_data(given.data)]
        figures_of = {"steps": given.steps, "split": "val", "data": data, "init": given.init and given.init.name}
        write_record(given.name, 0, {**figures_of, "variants": found})
    except MedsegrError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(2) from error
    if len(found) < len(given.variants.split(",")):
        raise SystemExit(3)


if __name__ == "__main__":
    main()
