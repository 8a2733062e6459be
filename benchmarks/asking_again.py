"""What a further question on the same picture costs, as a share of the first: another report, an edited prior, a click.

In the library and through a service on this machine, in turn in one run; medians of the rounds. By the processor's
time, which a busy machine changes least, the library alone. And what of an edited prior must be computed again.

``python -m benchmarks.asking_again --model lite --rounds 7 [--clock processor --threads 1]``
"""

import io
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.record import options, write_record
from benchmarks.source_trees import MEDSEGR
from benchmarks.turns import Way, in_turn, medians, shares
from medsegr.backbones.fused_layers import layers_apart
from medsegr.client import Client, ServedJob
from medsegr.cognition.parser import parse_report
from medsegr.inference.predictor import load
from medsegr.inference.user_prompt import UserPrompt

FIRST, EDITED, SECOND = "Hypoechoic mass.", "Hypoechoic irregular mass.", "Irregular blurred mass."
ASKED: dict[str, Any] = {"modality": "breast_ultrasound", "untrained": "draw"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it and write ``results/asking_again.json``."""
    parser = options(__doc__)
    parser.add_argument("--model", default="lite")
    for name, count in (("--rounds", 7), ("--side", 512), ("--threads", 2)):
        parser.add_argument(name, type=int, default=count)
    parser.add_argument("--clock", choices=("wall", "processor"), default="wall")
    asked = parser.parse_args(arguments)
    torch.set_num_threads(asked.threads)
    pictures = [_picture(seed, asked.side) for seed in range(asked.rounds + 1)]
    figures = {"library": _told(_library(asked.model, pictures), asked.rounds, asked.clock),
               "edit": _edit(asked.model, pictures[0])}  # fmt: skip
    if asked.clock == "wall":
        with tempfile.TemporaryDirectory() as folder, _served(asked.model, f"{folder}/s") as client:
            figures["service"] = _told(_service(client, pictures), asked.rounds, "wall")
    write_record("asking_again", 0, {**vars(asked), **figures})


def _told(ways: dict[str, Way], rounds: int, clock: str) -> dict[str, float]:
    """Seconds of the first question, and all as shares of it."""
    turns = in_turn(ways, rounds)[f"{clock}_s"]
    return {"seconds": round(medians(turns)["first"], 3), **shares(turns, "first").round(3).to_dict()}


def _library(model: str, pictures: Sequence[np.ndarray]) -> dict[str, Way]:
    """Questions on one picture after another, each with the name of what it asks."""
    predictor, coming, shown = load(model, trunk_memory=512_000_000), iter(pictures), [pictures[0]]
    first, edited, second = (parse_report(text, ASKED["modality"]) for text in (FIRST, EDITED, SECOND))
    eight = replace(first, findings=((*first.findings, *edited.findings, *second.findings) * 3)[:8])
    click = {"breast_lesion": UserPrompt(points=((200, 220),))}

    def ask(priors: Any, prompts: Any = None) -> None:
        predictor.segment(shown[0], priors, prompts=prompts or {}, **ASKED)

    def ask_first() -> None:
        shown[0] = next(coming)
        ask(first)

    return {
        "first": ask_first, "the same once more": partial(ask, first), "click": partial(ask, first, click),
        "edited prior": partial(ask, edited), "second report": partial(ask, second),
        "eight findings at first": lambda: predictor.segment(shown[0][::-1].copy(), eight, **ASKED),
    }  # fmt: skip


def _edit(model: str, picture: np.ndarray) -> dict[str, float]:
    """What an edited prior changes: operations that come again, of all; how far the embedding's median cell moves."""
    guided = load(model, backend="torch").model.eval()
    pixels, views = guided.preprocess([picture.astype(np.float32) / 255])
    first, edited = (parse_report(text, ASKED["modality"]).findings for text in (FIRST, EDITED))
    with layers_apart():
        with FlopCounterMode(display=False) as before:
            trunk = guided.trunk(pixels)
        old = guided.encode(pixels, guided.encode_findings([first], views), trunk).image.features
        with FlopCounterMode(display=False) as again:
            encoding = guided.encode(pixels, guided.encode_findings([edited], views), trunk)
            guided.outline(encoding)
    moved = (encoding.image.features - old).detach().norm(dim=1) / old.detach().norm(dim=1).mean()
    share = again.get_total_flops() / (before.get_total_flops() + again.get_total_flops())
    return {"operations": round(share, 3), "embedding": round(float(moved.median()), 3)}


def _service(client: Client, pictures: Sequence[np.ndarray]) -> dict[str, Way]:
    """The same through a service, which keeps the picture of the first question."""
    first, edited = client.parse(FIRST, ASKED["modality"]), client.parse(FIRST, ASKED["modality"])
    edited["findings"][0]["shape"] = ["irregular"]
    coming, kept = iter([_png(picture) for picture in pictures]), list[ServedJob]()

    def ask_first() -> None:
        kept[:] = [client.segment(next(coming), priors=first, keep=True, **ASKED)]

    click = {"breast_lesion": {"points": [[200, 220]]}}
    return {
        "first": ask_first,
        "click": lambda: client.segment(kept[0], priors=first, prompts=click, **ASKED),
        "edited prior": lambda: client.segment(kept[0], priors=edited, **ASKED),
    }


@contextmanager
def _served(model: str, state: str) -> Iterator[Client]:
    """A service of its own; what it says is read, and dropped."""
    command = [sys.executable, "-c", MEDSEGR, "serve", "--port", "0", "--model", model, "--state", state]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as one:
        assert one.stderr is not None
        line = next((line for line in one.stderr if "http://" in line), None)
        if line is None:
            raise SystemExit("the service did not start")
        threading.Thread(target=one.stderr.read, daemon=True).start()
        with Client("http://" + line.split("http://")[1].split()[0]) as client:
            yield client
        one.send_signal(signal.SIGTERM)


def _picture(seed: int, side: int) -> np.ndarray:
    values = np.random.default_rng(seed).normal(90, 30, (side, side))
    values[side // 3 : side // 2, side // 4 : side // 2] -= 60
    return values.clip(0, 255).astype(np.uint8)


def _png(picture: np.ndarray) -> bytes:
    Image.fromarray(picture).save(stream := io.BytesIO(), "PNG")
    return stream.getvalue()


if __name__ == "__main__":
    main()
