"""The arms of the grid: one training run per arm and seed, alike but for the arm's own settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsegr.errors import ConfigError
from medsegr.inference.builtin import builtin_models
from medsegr.training.config import TrainConfig
from medsegr.training.config_file import load_config
from medsegr.training.run_folder import MAY_CHANGE


@dataclass(frozen=True)
class Arm:
    """A model of the grid.

    Attributes:
        what: In words.
        settings: That the arm adds to, and puts above, those of the grid.
        plain_unet: MONAI's BasicUNet in place of host and adapter.
    """

    what: str
    settings: tuple[str, ...] = ()
    plain_unet: bool = False


UNGUIDED = ("adapter.blocks=[]", "adapter.late=no", "adapter.box=no", "adapter.mask_prompt=no")
"""No modulator, and nothing that a finding's own features would have to give."""

NAMES_ONLY = (
    *UNGUIDED, "adapter.aspects=[]", "sampling.report_dropout=0",
    "sampling.finding_dropout=1", "sampling.false_share=0", "sampling.counterfactual_share=0",
)  # fmt: skip
"""The same findings as for other arms, merely named, with all of that name as the truth; nothing but the name told at
test, as a prompt; no modulator. What only a description makes false is left out."""

ARMS = {
    "host": Arm("the host without a report", NAMES_ONLY),
    "late": Arm("report tokens as the decoder's prompts only", UNGUIDED),
    "full": Arm("the full model"),
    "no-location": Arm("less location", ("adapter.aspects=texture,shape",)),
    "no-texture": Arm("less texture", ("adapter.aspects=location,shape",)),
    "no-shape": Arm("less shape", ("adapter.aspects=location,texture",)),
    "no-per-finding": Arm("less the per-finding modulator", UNGUIDED[1:]),
    "no-box": Arm("less the box that a finding predicts", ("adapter.box=no",)),
    "no-fine": Arm("less guidance of the finer maps", ("adapter.fine=no",)),
    "no-fusion": Arm("less fusion", ("adapter.fusion_blocks=0",)),
    "bare-host": Arm(
        "the host without a report, less its mask embedding", (*NAMES_ONLY, "host_settings.mask_embedding=no")
    ),
    "unet": Arm("MONAI BasicUNet, no report", NAMES_ONLY, plain_unet=True),
}
SILENT = tuple(name for name, arm in ARMS.items() if set(NAMES_ONLY) <= set(arm.settings))
"""Arms that are told names alone, so that a report's words cannot change their answers."""

BASELINES = ("host", "late", "unet")
"""Arms that all others are compared with."""


@dataclass(frozen=True)
class Grid:
    """What all runs of a grid have in common.

    Attributes:
        out: Its folder; a run lies in ``out/ARM-SEED``.
        data: Data set folders to train on.
        steps: Of each run; the configuration's own when None.
        host: To build; the configuration's own when None.
        config: A YAML file or the name of a shipped configuration, or None.
        settings: ``key=value`` for all arms.
        init: An earlier grid, of which each run goes on with the best weights of its own arm and seed.
        init_seed: The seed of the earlier grid to go on from, whatever the run's own; its own when None.
    """

    out: Path
    data: tuple[str, ...]
    steps: int | None = None
    host: str | None = None
    config: str | None = None
    settings: tuple[str, ...] = ()
    init: Path | None = None
    init_seed: int | None = None


@dataclass(frozen=True)
class GridRun:
    """One arm with one seed."""

    name: str
    seed: int
    config: TrainConfig

    @property
    def arm(self) -> Arm:
        """What it is."""
        return ARMS[self.name]

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return Path(self.config.out)


def grid_runs(grid: Grid, arms: Sequence[str], seeds: Sequence[int]) -> list[GridRun]:
    """All runs of a grid, seed by seed, so that a grid that is cut short holds whole seeds.

    Raises:
        ConfigError: An unknown or repeated arm or seed, or a wrong setting.
    """
    unknown = [name for name in arms if name not in ARMS]
    if unknown or not arms or not seeds:
        raise ConfigError(
            f"Unknown arm '{(unknown or [''])[0]}' or no seed: expected arms among {', '.join(ARMS)}, "
            "and seeds as whole numbers, each list with commas."
        )
    if len(set(arms)) < len(arms) or len(set(seeds)) < len(seeds):
        raise ConfigError("An arm or a seed is named twice. Name each once.")
    return [GridRun(name, seed, run_config(grid, name, seed)) for seed in seeds for name in arms]


def require_start(run: GridRun) -> None:
    """Raise a ConfigError where a run goes on with weights of an earlier grid that are not there."""
    start = run.config.init
    if start and start not in builtin_models() and not Path(start).is_dir():
        raise ConfigError(
            f"'{start}' is not there; expected the best weights of an earlier grid for arm '{run.name}', seed "
            f"{run.seed}. Run that arm and seed there first, or leave --init out."
        )


def run_config(grid: Grid, name: str, seed: int) -> TrainConfig:
    """The configuration of one run: the grid's settings, then the arm's."""
    run, before = f"{name}-{seed}", seed if grid.init_seed is None else grid.init_seed
    start = None if grid.init is None else grid.init / f"{name}-{before}" / "best"
    config = load_config(
        grid.config,
        [*grid.settings, *ARMS[name].settings],
        data=list(grid.data),
        out=str(grid.out / run),
        host=grid.host,
        steps=grid.steps,
        seed=seed,
        init=None if start is None else str(start),
    )
    if start is None and config.init:
        raise ConfigError(
            f"'init' is '{config.init}': all arms would go on with the same model, whatever their own settings say. "
            "Name an earlier grid with --init, or leave it out."
        )
    if config.devices > 1:
        raise ConfigError(f"'devices' is {config.devices}; a run of the grid takes one. Share the arms out instead.")
    return config


def changed_settings(run: GridRun) -> list[str]:
    """Settings in which the run on disk is another one than is asked for; none where there is no run yet.

    Folders may lie elsewhere: they are compared by their names.
    """
    written = run.folder / "config.yaml"
    if not written.is_file():
        return []
    before, now = portable(load_config(written).to_dict()), portable(run.config.to_dict())
    return [key for key in now if key not in MAY_CHANGE and before[key] != now[key]]


def portable(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of a run with names in place of paths, of weights to start from with their run and grid.

    Data sets that are drawn alike come in the order of their names: theirs decides random numbers alone.
    """
    init, names = settings["init"], [Path(folder).name for folder in settings["data"]]
    return {
        **settings,
        "data": names if settings["data_weights"] else sorted(names),
        "out": Path(settings["out"]).name,
        "init": None if init is None else "/".join(Path(init).parts[-3:]),
        "host": Path(settings["host"]).name if Path(settings["host"]).exists() else settings["host"],
    }
