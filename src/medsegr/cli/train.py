"""``medsegr train``: fine-tune on one or several data sets."""

from pathlib import Path
from typing import Annotated

import typer

from medsegr.training.shipped_configs import shipped_configs


def train(
    data: Annotated[list[Path], typer.Option("--data", "-d", help="A data set folder; repeatable.")],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the run.")],
    config: Annotated[
        str | None,
        typer.Option("--config", "-c", help=f"YAML file, or a shipped name: {', '.join(shipped_configs())}."),
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", help="tiny, lite_medsam, id or folder of a SAM, or module:function.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on exactly where the run stopped.")] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, for example steps=500; repeatable.")
    ] = None,
) -> None:
    """Train an adapter on images with reports and masks.

    Example: medsegr train --data phantoms --out run --set steps=200
    """
    from medsegr.cli.console import plain_warnings
    from medsegr.data.dataset_folder import holds_several
    from medsegr.training.config_file import load_config
    from medsegr.training.train import train as run_training

    sets = [str(folder) for path in data for folder in (holds_several(path) or [path])]
    given = load_config(config, settings or [], data=sets, out=str(out), host=host)
    with plain_warnings():
        result = run_training(given, resume=resume)
    state = "Finished" if result.finished else "Stopped (go on with --resume)"
    score = f"; best validation score {result.best:.3f}" if result.best >= 0 else ""
    typer.echo(f"{state} at step {result.step}{score}.")
    best = result.run / "best"
    typer.echo(f"The model is in {best}" if best.is_dir() else "There is no model yet: none was validated so far.")
