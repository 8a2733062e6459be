"""``medsegr pacs listen``: a DICOM node that segments what is sent to it."""

import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medsegr.batch.job import Job
from medsegr.cli.console import messages
from medsegr.cli.folder_run import stop_signals
from medsegr.cli.options import LexiconOption, UntrainedOption
from medsegr.cognition.lexicon import canonical_target, load_lexicon
from medsegr.errors import ConfigError, OutputError

if TYPE_CHECKING:
    from medsegr.pacs.receiver import Ear

LOCAL = ("127.0.0.1", "::1", "localhost")


def listen(
    *,
    store_to: Annotated[str | None, typer.Option("--store-to", help="PACS that gets the results.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder in which results stay.")] = None,
    title: Annotated[str, typer.Option("--title", help="By which senders must call.")] = "MEDSEGR",
    host: Annotated[str, typer.Option("--host", help="Address to listen on; others than this machine's need --caller.")]
    = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 for any that is free.")] = 11112,
    caller: Annotated[list[str] | None, typer.Option("--caller", help="Title that may send; repeatable.")] = None,
    tls_cert: Annotated[Path | None, typer.Option("--tls-cert", help="Certificate (PEM): speak TLS alone.")] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="Its private key (PEM, no password).")] = None,
    tls_ca: Annotated[Path | None, typer.Option("--tls-ca", help="Senders show a certificate signed by these (PEM).")]
    = None,
    target: Annotated[list[str] | None, typer.Option("--target", help="A structure to outline; repeatable.")] = None,
    model: Annotated[str, typer.Option("--model", help="As of medsegr segment.")] = "auto",
    device: Annotated[str, typer.Option("--device", help="cpu, cuda, or auto.")] = "cpu",
    untrained: UntrainedOption = None,
    lexicon: LexiconOption = None,
    quiet_seconds: Annotated[float, typer.Option("--quiet", help="Seconds after which a study is complete.")] = 10.0,
    max_megabytes: Annotated[float, typer.Option("--max-megabytes", help="Of one study.")] = 4000.0,
    max_studies: Annotated[int, typer.Option("--max-studies", help="That come or wait.")] = 64,
    state: Annotated[Path | None, typer.Option("--state", help="Private folder; the user's own by default.")] = None,
) -> None:  # fmt: skip
    """Take studies by C-STORE, outline what their reports say, and store SEG and SR.

    Example: medsegr pacs listen --store-to dimse://ORTHANC@127.0.0.1:4242
    """
    from medsegr.model.trained_targets import policy_of
    from medsegr.pacs.connect import Manner, connect
    from medsegr.pacs.receiver import listening
    from medsegr.pacs.tls import tls_of
    from medsegr.pacs_studies.incoming import Bounds, Incoming
    from medsegr.pacs_studies.listener import Listener

    ear = replace(_ear(host, port, title, caller or []), tls=tls_of(tls_cert, tls_key, tls_ca))
    if store_to is None and out is None:
        raise ConfigError("Say where results go: --store-to PACS, or --out FOLDER.")
    policy = policy_of(untrained, {}) if untrained else None
    words = load_lexicon(lexicon or ())
    for name in target or []:
        canonical_target(name, words)
    archive = None if store_to is None else connect(store_to, Manner(title))
    private = _private(state or default_state(port))
    place = _private(private / "results") if out is None else out.resolve()
    place.mkdir(parents=True, exist_ok=True)
    incoming = Incoming(private, Bounds(int(max_megabytes * 1e6), max_studies, quiet_seconds))
    from medsegr.batch.worker import Worker

    asked = tuple(target or ())
    worker = Worker(Job(place, model, device=device, targets=asked, untrained=policy, lexicons=tuple(lexicon or ()),
                        pictures=out is not None))  # fmt: skip
    listener = Listener(incoming, worker, place, archive, bool(target), out is not None)
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # it may quote what was sent
    with listening(ear, incoming.take) as heard, stop_signals() as told:
        messages().print(f"Listening as {title} on {host}:{heard}. Ctrl-C ends it after the study at hand.")
        listener.run(lambda: bool(told))


def default_state(port: int) -> Path:
    """The private folder of a listener on this port, in the user's own."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "medsegr" / f"pacs-{port}"


def _ear(host: str, port: int, title: str, callers: list[str]) -> "Ear":
    """Where to listen.

    Raises:
        ConfigError: Anybody could send.
    """
    from medsegr.pacs.address import own_title
    from medsegr.pacs.receiver import Ear

    if host not in LOCAL and not callers:
        raise ConfigError(
            f"{host} can be reached from other machines: name who may send with --caller TITLE, or listen on "
            "127.0.0.1. A title is no password; docs/pacs.md says what to put before it."
        )
    return Ear(host, port, own_title(title), tuple(map(own_title, callers)))


def _private(folder: Path) -> Path:
    """A folder for nobody else's eyes.

    Raises:
        OutputError: It cannot be made, or is a link.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.is_symlink():
            raise OutputError("The listener's folder is a link. Name another with --state.")
        folder.chmod(0o700)
    except OSError as error:
        raise OutputError(f"The listener's folder cannot be made ({error.strerror}). Name one with --state.") from error
    return folder
