"""What a step costs from kept trunks, against one from the pictures, and what filling the cache costs by what computes.

Same batches, taken in turn, in one process. Time is that of the CPU, so that what else a machine does counts little.
``fill`` is of the trunks alone: torch in float32, and in the run's precision each of torch and OpenVINO; ``off`` is the
mean difference from torch in float32, as a share of the mean value. ``step`` are the shares of a step from kept trunks
by what is done, as torch's profiler sees it: see :func:`kind_of`.

``python -m benchmarks.trunk_cache --host lite_medsam --edges 4,7 9,11 none``
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile, record_function

from benchmarks.record import shared_data, write_record
from medsegr.backbones.trunk import Trunk
from medsegr.inference.backends.trunk_session import can_compile_trunk
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.training.config import TrainConfig
from medsegr.training.config_file import load_config
from medsegr.training.dataset import TrainingBatches
from medsegr.training.devices import build_fabric, denormals_flushed, memory_kept
from medsegr.training.losses import guided_loss
from medsegr.training.optimiser import build_optimiser
from medsegr.training.starting_model import starting_model
from medsegr.training.studies import StudyStore
from medsegr.training.trunk_cache import TrunkCache


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each choice of guided blocks and write ``results/trunk_cache.json``."""
    options = _options(arguments)
    figures = {edge: measured(options, edge) for edge in options.edges}
    settings = {name: getattr(options, name) for name in ("data", "host", "batches", "batch_size", "precision")}
    write_record("trunk_cache", 0, {**settings, "threads": options.threads, "edges": figures})


def measured(options: argparse.Namespace, edge: str) -> dict[str, float]:
    """CPU seconds a picture with and without, their ratio, and the largest difference of a batch's loss."""
    with tempfile.TemporaryDirectory() as folder, denormals_flushed(), memory_kept():
        config = _config(options, edge, folder)
        torch.set_num_threads(options.threads)
        fabric = build_fabric(config)
        model = starting_model(config)
        store = StudyStore(config.data, "train", model.backbone.square, config.cache_mb).require_all()
        batches = TrainingBatches(store, config, model.vocabulary, model.preprocess)
        cache = TrunkCache(model, config, fabric.autocast)
        fill = filled(model, config, [batches[number].pixels for number in range(options.batches + 1)])
        step = _Step(model, config, fabric)
        seconds, difference = {"with": 0.0, "without": 0.0}, 0.0
        for number in range(options.batches + 1):
            cache(batches[number].pixels)
            losses = {}
            for way in ("without", "with"):
                started = time.process_time()
                batch = batches[number]
                losses[way] = step(batch, cache(batch.pixels) if way == "with" else None)
                seconds[way] += (time.process_time() - started) * (number > 0)  # the first one warms up
            difference = max(difference, abs(losses["with"] - losses["without"]))
        shares = shares_of(lambda: step(batch, cache(batch.pixels)))
        each = {way: total / options.batches / config.batch_size for way, total in seconds.items()}
        size = cache.store.bytes / len(list(cache.store.folder.iterdir()))
    return {
        "seconds_without": round(each["without"], 3),
        "seconds_with": round(each["with"], 3),
        "ratio": round(each["with"] / each["without"], 3),
        "bytes_per_picture": round(size),
        "loss_difference": round(difference, 5),
        "fill": fill,
        "step": shares,
    }


PRODUCTS = ("aten::mm", "aten::bmm", "aten::addmm", "aten::baddbmm", "aten::convolution_backward")
COPIES = ("copy_", "_to_copy", "clone", "cat", "stack", "fill_", "zero_", "empty", "empty_like", "empty_strided",
          "resize_", "index", "constant_pad_nd", "contiguous", "reshape", "repeat")  # fmt: skip


def kind_of(name: str) -> str:
    """Of an operation's name: ``products`` of matrices and convolutions, other ``arithmetic``, ``copies`` (layouts,
    types of number, fills, new memory), or ``rest``: Python and autograd's own."""
    if not name.startswith("aten::"):
        return "rest"
    if name in PRODUCTS or name.endswith("convolution"):
        return "products"
    return "copies" if name.removeprefix("aten::") in COPIES else "arithmetic"


def shares_of(step: Callable[[], object]) -> dict[str, float]:
    """Kind of what a step does -> its share of the step's time."""
    with profile(activities=[ProfilerActivity.CPU]) as seen, record_function("step"):
        step()
    spent = dict.fromkeys(("products", "arithmetic", "copies", "rest"), 0.0)
    for event in seen.key_averages():
        spent[kind_of(event.key)] += event.self_cpu_time_total
    return {kind: round(took / sum(spent.values()), 3) for kind, took in spent.items()}


def filled(model: ReportGuidedSam, config: TrainConfig, pictures: Sequence[Tensor]) -> dict[str, dict[str, float]]:
    """Way -> CPU seconds a picture for its trunk, the share of torch's in float32, and how far it is off."""
    ways, caches = {"torch 32": ("torch", "32"), "torch": ("torch", config.precision)}, {}
    if can_compile_trunk(model):
        ways["openvino"] = ("auto", config.precision)
    for name, (backend, precision) in ways.items():
        settings = replace(config.trunk_cache, backend=backend, dtype="float32")
        own = replace(config, precision=precision, trunk_cache=settings)
        caches[name] = TrunkCache(model.eval(), own, build_fabric(own).autocast)
    seconds, off, exact = dict.fromkeys(ways, 0.0), dict.fromkeys(ways, 0.0), [torch.zeros(())]
    for number, pixels in enumerate(pictures):
        for name, cache in caches.items():
            started = time.process_time()
            levels = cache.compute(pixels)
            seconds[name] += (time.process_time() - started) * (number > 0)
            exact = list(levels) if name == "torch 32" else exact
            off[name] = max(off[name], float((levels[0] - exact[0]).abs().mean() / exact[0].abs().mean()))
    count = sum(map(len, pictures[1:]))
    return {
        name: {
            "seconds": round(spent / count, 4),
            "ratio": round(spent / seconds["torch 32"], 3),
            "off": round(off[name], 6),
        }
        for name, spent in seconds.items()
    }


class _Step:
    """A step of training without a change of weights, so that both ways see the same model."""

    def __init__(self, model: ReportGuidedSam, config: TrainConfig, fabric) -> None:
        self.model, self.config = model.train(), config
        self.wrapped, self.optimiser = fabric.setup(
            model, build_optimiser(model, dict(model.trainable_parameters()), config.optimiser)
        )
        self.fabric = fabric
        for group in self.optimiser.param_groups:
            group["lr"] = 0.0

    def __call__(self, batch, trunk: Trunk | None) -> float:
        """One step; returns its loss."""
        self.optimiser.zero_grad(set_to_none=True)
        terms = guided_loss(self.wrapped(batch.pixels, batch.priors, trunk=trunk), batch.truth, self.config.loss)
        self.fabric.backward(terms.total)
        self.optimiser.step()
        return float(terms.total.detach())


def _config(options: argparse.Namespace, edge: str, folder: str) -> TrainConfig:
    overrides = [
        f"adapter.blocks={'[]' if edge == 'none' else edge}",
        "adapter.train_decoder=yes",
        f"sampling.max_findings={options.findings}",
        "trunk_cache.versions=1",
        f"threads={options.threads}",
        *options.set,
    ]
    data = tuple(str(shared_data(name)) for name in options.data)
    sizes = {"steps": options.batches + 1, "batch_size": options.batch_size, "precision": options.precision}
    return load_config(None, overrides, data=data, out=folder, host=options.host, device="cpu", **sizes)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--data", nargs="+", default=["breast_us_text"], help="names of data sets")
    parser.add_argument("--host", default="lite_medsam")
    parser.add_argument("--edges", nargs="+", default=["4,7", "9,11", "none"], help="guided blocks, or none")
    parser.add_argument("--batches", type=int, default=6)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--findings", type=int, default=3, help="most findings of a picture")
    parser.add_argument("--precision", default="bf16-mixed", choices=["32", "bf16-mixed"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="key=value", help="further settings")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
