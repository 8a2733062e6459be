"""What a further question on the same picture costs, as a share of the first: another report, an edited prior, a click.

In the library and through a service on this machine, in turn in one run; medians of the rounds. By the processor's
time, which a busy machine changes least, the library alone. And what of an edited prior must be computed again.

``python -m benchmarks.asking_again --model lite --rounds 7 [--clock processor --threads 1]``
"""

import argparse
import io
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.record import write_record
from benchmarks.serve_load import served
from medsegr.backbones.fused_layers import layers_apart
from medsegr.client import Client
from medsegr.cognition.parser import parse_report
from medsegr.inference.predictor import load
from medsegr.inference.user_prompt import UserPrompt

FIRST, EDITED, SECOND = "Hypoechoic mass.", "Hypoechoic irregular mass.", "Irregular blurred mass."
ASKED: dict[str, Any] = {"modality": "breast_ultrasound", "untrained": "draw"}
Times = dict[str, list[float]]
Clock = Callable[[], float]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it and write ``results/asking_again.json``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="lite")
    for name, count in (("--rounds", 7), ("--side", 512), ("--threads", 2)):
        parser.add_argument(name, type=int, default=count)
    parser.add_argument("--clock", choices=("wall", "processor"), default="wall")
    asked = parser.parse_args(arguments)
    torch.set_num_threads(asked.threads)
    pictures, wall = [_picture(seed, asked.side) for seed in range(asked.rounds + 1)], asked.clock == "wall"
    clock = time.perf_counter if wall else time.process_time
    figures = {"library": _shares(_library(asked.model, pictures, clock)), "edit": _edit(asked.model, pictures[0])}
    if wall:
        figures["service"] = _shares(_service(asked.model, pictures))
    write_record("asking_again", 0, {**vars(asked), **figures})


def _library(model: str, pictures: Sequence[np.ndarray], clock: Clock) -> Times:
    predictor, times = load(model, trunk_memory=512_000_000), _times()
    first, edited, second = (parse_report(text, ASKED["modality"]) for text in (FIRST, EDITED, SECOND))
    eight = replace(first, findings=((*first.findings, *edited.findings, *second.findings) * 3)[:8])
    click = {"breast_lesion": UserPrompt(points=((200, 220),))}
    for picture in pictures:
        for name, priors, prompts in (("first", first, {}), ("the same once more", first, {}), ("click", first, click),
                                      ("edited prior", edited, {}), ("second report", second, {})):  # fmt: skip
            with _timed(times, name, clock):
                predictor.segment(picture, priors, prompts=prompts, **ASKED)
        with _timed(times, "eight findings at first", clock):
            predictor.segment(picture[::-1].copy(), eight, **ASKED)
    return times


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


def _service(model: str, pictures: Sequence[np.ndarray]) -> Times:
    times = _times()
    with (
        tempfile.TemporaryDirectory() as folder,
        served(["--port", "0", "--model", model, "--state", f"{folder}/s"]) as (address, _),
        Client(address) as client,
    ):
        for picture in pictures:
            Image.fromarray(picture).save(stream := io.BytesIO(), "PNG")
            priors = client.parse(FIRST, ASKED["modality"])
            with _timed(times, "first", time.perf_counter):
                job = client.segment(stream.getvalue(), priors=priors, keep=True, **ASKED)
            with _timed(times, "click", time.perf_counter):
                client.segment(job, priors=priors, prompts={"breast_lesion": {"points": [[200, 220]]}}, **ASKED)
            priors["findings"][0]["shape"] = ["irregular"]
            with _timed(times, "edited prior", time.perf_counter):
                client.segment(job, priors=priors, **ASKED)
    return times


def _picture(seed: int, side: int) -> np.ndarray:
    values = np.random.default_rng(seed).normal(90, 30, (side, side))
    values[side // 3 : side // 2, side // 4 : side // 2] -= 60
    return values.clip(0, 255).astype(np.uint8)


def _times() -> Times:
    return defaultdict(list)


@contextmanager
def _timed(times: Times, name: str, clock: Clock) -> Iterator[None]:
    started = clock()
    yield
    times[name].append(clock() - started)


def _shares(times: Times) -> dict[str, float]:
    """Medians of all rounds but the first, and each as a share of the first question's."""
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    return {"seconds": round(medians["first"], 3)} | {n: round(m / medians["first"], 3) for n, m in medians.items()}


if __name__ == "__main__":
    main()
