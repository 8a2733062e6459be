"""``medsegr serve``: the library as a service on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from medsegr._optional import require
from medsegr.cli.options import BackendOption, LexiconOption, PrecisionOption


def serve(
    *,
    host: Annotated[str, typer.Option("--host", help="Address to listen on; others than this machine's need a token.")]
    = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port; 0 for any that is free.")] = 8000,
    model: Annotated[str, typer.Option("--model", "-m", help="auto, lite, tiny, a folder, or a Hugging Face id.")]
    = "auto",
    device: Annotated[str, typer.Option("--device", help="cpu, cuda, or auto.")] = "cpu",
    backend: BackendOption = "auto",
    precision: PrecisionOption = "f32",
    workers: Annotated[int, typer.Option("--workers", help="Processes, each with the model.")] = 1,
    state: Annotated[Path | None, typer.Option("--state", help="Private folder for jobs; the user's own by default.")]
    = None,
    name: Annotated[list[str] | None, typer.Option("--name", help="A name by which it is called; repeatable.")] = None,
    queue: Annotated[int, typer.Option("--queue", help="Jobs that may wait or run.")] = 64,
    per_token: Annotated[int, typer.Option("--per-token", help="The same of one token.")] = 32,
    max_megabytes: Annotated[float, typer.Option("--max-megabytes", help="Of one request.")] = 256.0,
    max_megapixels: Annotated[float, typer.Option("--max-megapixels", help="Of a picture or volume.")] = 160.0,
    job_seconds: Annotated[float, typer.Option("--job-seconds", help="That one job may run.")] = 300.0,
    keep_minutes: Annotated[float, typer.Option("--keep-minutes", help="That results are kept.")] = 60.0,
    trunk_megabytes: Annotated[
        float, typer.Option("--trunk-megabytes", help="In each worker, for pictures that come again; 0 for none.")
    ] = 512.0,
    lexicon: LexiconOption = None,
    pacs: Annotated[
        str | None, typer.Option("--pacs", help="DICOMweb service from which series are fetched: http://HOST/dicom-web.")
    ] = None,
) -> None:  # fmt: skip
    """Segment pictures for other programs, over HTTP. See docs/service.md.

    Example: medsegr serve --port 8000
    """
    for module in ("fastapi", "uvicorn", "prometheus_client", "python_multipart"):
        require(module, "medsegr serve", "'medsegr[serve]'")
    from medsegr.serve.config import Limits, ServeConfig, default_state, tokens_of
    from medsegr.serve.server import serve as listen

    if pacs is not None:
        from medsegr.pacs.address import web_address

        web_address(pacs)
    limits = Limits(
        body_bytes=int(max_megabytes * 1e6),
        pixels=int(max_megapixels * 1e6),
        queued=queue,
        per_token=per_token,
        job_seconds=job_seconds,
        keep_seconds=60.0 * keep_minutes,
    )
    listen(
        ServeConfig(
            state=state or default_state(port),
            host=host,
            port=port,
            model=model,
            device=device,
            workers=workers,
            backend=backend,
            precision=precision,
            trunk_bytes=int(trunk_megabytes * 1e6),
            tokens=tokens_of(),
            names=tuple(name or ()),
            limits=limits,
            lexicons=tuple(lexicon or ()),
            pacs=pacs,
        )
    )
