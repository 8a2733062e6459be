"""The state of a run, in one file that is replaced in one go. No pickle.

Batches are a pure function of (seed, rank, number), the learning rate of the
step, and torch's generator is seeded anew at each step; so weights, AdamW's
moments, the running mean, the step and the sums of the log's next line are all
there is to keep.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from medsegr.errors import CheckpointError, OutputError
from medsegr.training.optimiser import Named, WeightMean

STATE_FILE = "last.safetensors"
MOMENTS = ("step", "exp_avg", "exp_avg_sq")


@dataclass
class Progress:
    """How far a run has come.

    Attributes:
        step: Finished optimiser steps.
        best: Best validation score so far.
        seconds: Time spent in training, over all sessions.
        targets: Modality -> names that were asked for and shown so far; see :class:`TrainedTargets`.
        words: Attributes that were told so far, and of which pictures; see :class:`Tally`.
        sums: Term of the loss -> its sum over the steps since the log's last line.
        summed: Number of these steps.
    """

    step: int = 0
    best: float = -1.0
    seconds: float = 0.0
    targets: dict[str, list[str]] = field(default_factory=dict)
    words: list[list[str]] = field(default_factory=list)
    sums: dict[str, float] = field(default_factory=dict)
    summed: int = 0


@dataclass
class Trained:
    """Everything that a step changes, and the fingerprint of a frozen host, which none does."""

    model: nn.Module
    named: Named
    optimiser: torch.optim.Optimizer
    mean: WeightMean | None
    host: str | None


def save_state(run: Path, trained: Trained, progress: Progress) -> None:
    """Write the state of a run; a kill at any moment leaves the old file or the new one.

    Raises:
        OutputError: The folder cannot be written.
    """
    target, partial = run / STATE_FILE, run / f".{STATE_FILE}.partial"
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in _tensors(trained).items()}
    with writing(run):
        try:
            save_file(tensors, partial, metadata={"progress": json.dumps(asdict(progress)), "host": trained.host or ""})
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def writing(run: Path) -> Iterator[None]:
    """Errors of writing into a run's folder, a full disk above all, in words.

    Raises:
        OutputError: Instead of them.
    """
    try:
        yield
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"The run cannot be written to '{run}' ({reason}). Make room there, and go on with --resume."
        ) from error


def load_state(run: Path, trained: Trained) -> Progress:
    """Bring model, optimiser and running mean to where the run stopped.

    Raises:
        CheckpointError: There is no state, it is damaged, or it is of another model or host.
    """
    path = run / STATE_FILE
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            progress = Progress(**json.loads(metadata["progress"]))
            stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"'{path}' is missing or damaged ({type(error).__name__}). Start a new run.") from error
    if metadata.get("host") and metadata["host"] != trained.host:
        raise CheckpointError(
            f"'{path}' was trained on a host with other weights than the one at hand. Resume with that host (a "
            "function of your own: with the same weights on each call), or start a new run."
        )
    for name, parameter in trained.named.items():
        moments = {key: stored[f"{key}/{name}"] for key in MOMENTS if f"{key}/{name}" in stored}
        if moments:
            state = {key: tensor.to(parameter.device) for key, tensor in moments.items()}
            trained.optimiser.state[parameter] = state
    with torch.no_grad():
        for name, tensor in _weights(trained).items():
            if name not in stored or stored[name].shape != tensor.shape:
                raise CheckpointError(f"'{path}' is of another model: '{name}' does not fit. Start a new run.")
            tensor.copy_(stored[name])
    return progress


def _tensors(trained: Trained) -> dict[str, Tensor]:
    tensors = _weights(trained)
    for name, parameter in trained.named.items():
        state = trained.optimiser.state.get(parameter, {})
        tensors |= {f"{key}/{name}": state[key] for key in MOMENTS if key in state}
    return tensors


def _weights(trained: Trained) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {f"model/{name}": p.data for name, p in trained.named.items()}
    kept = set(trained.model.state_dict())
    tensors |= {f"buffer/{name}": b for name, b in trained.model.named_buffers() if name in kept}
    if trained.mean is not None:
        tensors |= {f"mean/{name}": tensor for name, tensor in trained.mean.mean.items()}
    return tensors
