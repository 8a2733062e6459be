"""``medsegr export``: a model as graphs for OpenVINO or ONNX Runtime."""

from pathlib import Path
from typing import Annotated

import typer

from medsegr.cli.console import messages
from medsegr.cli.inputs import model_places, one_model
from medsegr.cli.options import HostOption


def export(
    *,
    model: Annotated[
        str, typer.Option("--model", "-m", help="Built-in name (lite, tiny), folder, or Hugging Face id.")
    ] = "lite",
    host: HostOption = None,
    backend: Annotated[str, typer.Option("--backend", help="openvino or onnx.")] = "openvino",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Also write the graphs into this folder; new or empty.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is in --out.")] = False,
) -> None:
    """Export a model once for this machine; from then on --backend auto takes it. See docs/backends.md.

    Example: medsegr export --model lite
    """
    import torch

    from medsegr.data.outputs import check_output_folder, staged_folder
    from medsegr.errors import ConfigError
    from medsegr.inference.backends.choice import RUNTIMES
    from medsegr.inference.backends.compiled_engine import CompiledEngine
    from medsegr.inference.backends.graph_folder import copy_graphs
    from medsegr.inference.predictor import load

    if backend not in RUNTIMES:
        raise ConfigError(f"'{backend}' takes no exported model. Expected one of: {', '.join(RUNTIMES)}.")
    if out is not None:
        check_output_folder(out, overwrite, model_places(model, host))
    predictor = load(one_model(model), "cpu", host, backend=backend)
    engine = predictor.model.engine
    assert isinstance(engine, CompiledEngine)
    with torch.inference_mode():
        folders = engine.folders(predictor.model)
    messages().print(f"{predictor.name}: {len(folders)} graphs for {backend} {engine.runtime.version} are ready.")
    if out is not None:
        with staged_folder(out, overwrite) as stage:
            copy_graphs(folders, stage)
        typer.echo(f"{out}/graphs.json")
