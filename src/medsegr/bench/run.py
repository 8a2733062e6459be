"""Measures: a guided case stage by stage, always in turn with the plain host on the same picture."""

import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from medsegr.backbones.decoder_input import Prompts
from medsegr.backbones.lite_medsam import LiteMedSamBackbone
from medsegr.bench.case import BenchCase
from medsegr.bench.cold import cold_start
from medsegr.bench.floor import Processor, Work, works
from medsegr.bench.peak_memory import forget_peak, peak_bytes
from medsegr.bench.spread import spread
from medsegr.bench.stage_clock import STAGES, StageClock, watched
from medsegr.data.image import load_image
from medsegr.errors import ConfigError
from medsegr.explain.figure import save_figures
from medsegr.inference.predictor import Predictor, load
from medsegr.inference.writer import write_case
from medsegr.model.report_guided_sam import ReportGuidedSam

PEER = "the plain host with a box"
LITE_PEER = "of LiteMedSAM the peer's own code needs timm, its weights and steps are these"


@dataclass(frozen=True)
class BenchSettings:
    """What is to be measured.

    Attributes:
        models: Names of models.
        backends: Name and precision, such as ``("torch", "f32")``.
        cases: Pictures and numbers of findings.
        rounds: Of each, after one that does not count.
        cold: Fresh processes for import and load; 0 for none.
    """

    models: Sequence[str] = ("lite",)
    backends: Sequence[tuple[str, str]] = (("torch", "f32"),)
    cases: Sequence[BenchCase] = field(default_factory=lambda: [BenchCase()])
    rounds: int = 7
    cold: int = 3

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.cold < 0:
            raise ConfigError(f"rounds is {self.rounds} and cold {self.cold}; expected at least 1, and at least 0.")


def measure(settings: BenchSettings, tell: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """All rows, and what they are held against.

    Args:
        settings: What to measure.
        tell: Hears how far it is.

    Returns:
        JSON-ready: ``processor``, ``peer``, and ``rows``, one for each model, backend and case.
    """
    processor = Processor.measured()
    rows, peers = [], [PEER]
    for model in settings.models:
        for backend, precision in settings.backends:
            tell(f"{model}, {backend} {precision}")
            fresh = [cold_start(model, backend, precision) for _ in range(settings.cold)]
            cold = {name: spread([each[name] for each in fresh]) for name in (fresh[0] if fresh else ())}
            predictor = load(model, backend=backend, precision=precision)
            if not isinstance(predictor, Predictor):
                raise ConfigError("'auto' takes one of several models. Name the one to measure.")
            if isinstance(predictor.model.backbone, LiteMedSamBackbone) and LITE_PEER not in peers:
                peers.append(LITE_PEER)
            for case in settings.cases:
                row = {"model": model, "backend": f"{backend} {precision}", **vars(case)}
                rows.append({**row, **_row(predictor, case, settings.rounds, processor), "cold": cold})
    return {"processor": vars(processor), "threads": torch.get_num_threads(), "peer": ": ".join(peers),
            "rows": rows}  # fmt: skip


def _row(predictor: Predictor, case: BenchCase, rounds: int, processor: Processor) -> dict[str, Any]:
    """Of one model and case: every stage with its floor, the whole, and the plain host's whole beside it."""
    clocks, plains = [], []
    forget_peak()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        image = case.written(folder)
        for number in range(rounds + 1):
            clock, plain = _guided(predictor, case, image, folder), _plain(predictor.model, image, folder)
            if number:
                clocks.append(clock)
                plains.append(plain)
    peak = peak_bytes()
    least = _least(predictor, case, processor)
    stages = {name: {**spread([clock.seconds[name] for clock in clocks]), "floor": least.get(name)} for name in STAGES}
    whole, alone = [_whole(clock) for clock in clocks], [_whole(clock) for clock in plains]
    return {
        "stages": stages,
        "whole": spread(whole),
        "plain": spread(alone),
        "ratio": statistics.median(one / other for one, other in zip(whole, alone, strict=True)),
        "peak": peak,
    }


def _guided(predictor: Predictor, case: BenchCase, image: Path | np.ndarray, folder: Path) -> StageClock:
    clock = StageClock()
    with clock.stage("read"):
        prepared = predictor.prepare(case.asked(image))
    assert len(prepared.sought) == case.findings, "two of its names mean the same"
    with clock.stage("postprocess"), watched(predictor.model, clock):
        (result,) = predictor.answer([prepared])
    with tempfile.TemporaryDirectory(dir=folder) as made:
        with clock.stage("write"):
            write_case(Path(made), result, case="picture", image="picture.png", model=predictor.name)
        with clock.stage("draw"):
            save_figures(Path(made), result, "picture")
    return clock


def _plain(model: ReportGuidedSam, image: Path | np.ndarray, folder: Path) -> StageClock:
    """The host by itself: one box, one mask, written as PNG; of a stack, plane by plane."""
    clock, backbone = StageClock(), model.backbone
    with clock.stage("read"):
        picture = load_image(image)
    for place in range(picture.planes):
        with torch.inference_mode():
            with clock.stage("preprocess"):
                pixels, (view,) = model.preprocess([picture.plane(place)], [picture.view])
                side = float(model.image_size)
                box = Prompts(boxes=torch.tensor([[[0.45 * side, 0.2 * side, 0.75 * side, 0.6 * side]]]))
            with clock.stage("encode"):
                embedding = backbone.encode(pixels)
            with clock.stage("decode"):
                logits = backbone.decode(embedding, None, box, backbone.mask_decoder())
        with clock.stage("postprocess"):
            assert view.square is not None
            mask = (view.square.logits_out(logits)[0] > 0).numpy()
        with clock.stage("write"):
            Image.fromarray(mask).save(folder / "plain.png")
    return clock


def _whole(clock: StageClock) -> float:
    """Seconds until the masks are written; pictures for people are drawn besides."""
    return sum(seconds for name, seconds in clock.seconds.items() if name != "draw")


def _least(predictor: Predictor, case: BenchCase, processor: Processor) -> dict[str, float]:
    """The floor of each stage in seconds, of all planes."""
    model, (planes, pixels) = predictor.model, (case.slices, case.size**2)
    picture = load_image(case.pixels())
    squares, views = model.preprocess([picture.plane()], [picture.view])
    asked = predictor.prepare(case.asked(case.pixels())).question
    counted = works(model, squares, model.encode_findings([asked.findings], views))
    square = 4.0 * 3 * model.image_size**2
    counted["preprocess"] = Work(bytes=pixels + square)
    counted["postprocess"] = Work(bytes=case.findings * (4.0 * model.image_size**2 / 16 + pixels))
    counted["read"] = counted["write"] = Work(bytes=float(pixels * 2))
    return {name: planes * work.seconds(processor) for name, work in counted.items()}
