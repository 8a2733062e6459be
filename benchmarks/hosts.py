"""What the adapter adds to each host: parameters, time of an encoding, and how many contract tests pass.

    python -m benchmarks.hosts [--rounds 5] [--skip-tests]

Hosts have their real sizes and random weights; nothing is downloaded. Large ones are built on the
meta device and counted, not timed. Families whose package is not installed are left out of the
sizes; their layouts are in the contract suite as stand-ins. Time is that of one encoding with three
findings and open gates against a plain one, taken in turn, as the median of the rounds' ratios.
Writes ``results/hosts.json``; ``make results`` writes the table in ``docs/hosts.md``.
"""

import importlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import Sam2Config, Sam2Model, SamConfig, SamHQConfig, SamHQModel, SamModel, SamVisionConfig

from benchmarks.record import options, write_record
from benchmarks.turns import in_turn, medians, shares
from medsegr.backbones.lite_medsam import LiteMedSam
from medsegr.backbones.lite_medsam_weights import MOBILE_SAM
from medsegr.backbones.tiny import TinyConfig, TinySam
from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.model.attach import attach
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.view import View

REPORT = (
    "Small round nodule in the left upper zone. Large right pleural effusion. Patchy consolidation, right lower zone."
)
VIEW = View.of(load_lexicon().kind("chest_xray"))


@dataclass(frozen=True)
class Host:
    """A row: the family in the contract suite, how to build it, and whether to time it."""

    family: str
    build: Callable[[], nn.Module]
    timed: bool = True


def _sam(width: int, depth: int, heads: int, at: list[int]) -> nn.Module:
    vision = SamVisionConfig(
        hidden_size=width, num_hidden_layers=depth, num_attention_heads=heads, global_attn_indexes=at
    )
    return SamModel(SamConfig(vision_config=vision.to_dict()))


def _from_package(package: str, function: str) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        return getattr(importlib.import_module(package), function)()

    return build


def _sam3_tracker() -> nn.Module:
    from transformers import Sam3TrackerConfig, Sam3TrackerModel

    return Sam3TrackerModel(Sam3TrackerConfig())


HOSTS = {
    "tiny (trained whole)": Host("tiny", lambda: TinySam(TinyConfig(norm="batch"))),
    "HF Sam ViT-B": Host("sam", lambda: SamModel(SamConfig())),
    "HF Sam ViT-L": Host("sam", lambda: _sam(1024, 24, 16, [5, 11, 17, 23]), timed=False),
    "HF Sam ViT-H": Host("sam", lambda: _sam(1280, 32, 16, [7, 15, 23, 31]), timed=False),
    "HF SamHQ ViT-B": Host("sam_hq", lambda: SamHQModel(SamHQConfig()), timed=False),
    "LiteMedSAM": Host("lite_medsam", LiteMedSam),
    "HF Sam2 Hiera-T": Host("sam2", lambda: Sam2Model(Sam2Config())),
    "HF Sam3Tracker": Host("sam3_tracker", _sam3_tracker, timed=False),
    "segment_anything ViT-B": Host("segment_anything", _from_package("segment_anything", "build_sam_vit_b"), False),
    "MobileSAM": Host("mobile_sam", lambda: LiteMedSam(MOBILE_SAM)),
    "EfficientSAM-Ti": Host(
        "efficient_sam", _from_package("efficient_sam.build_efficient_sam", "build_efficient_sam_vitt")
    ),
}


def sizes(host: Host) -> dict[str, Any]:
    """Parameters of host and adapter, and where it is attached."""
    with torch.device("cpu" if host.timed else "meta"):
        model = attach(host.build().eval())
    own = sum(p.numel() for p in model.backbone.model.parameters())
    added = sum(p.numel() for p in model.adapter.parameters())
    found = {
        "family": host.family,
        "image_size": model.backbone.image_size,
        "blocks": len(model.backbone.blocks()),
        "attached": list(model.adapter.block_indices),
        "host": own,
        "adapter": added,
        "percent": round(100 * added / own, 2),
    }
    return {**found, "model": model}


def open_gates(model: ReportGuidedSam) -> None:
    """Gates at 0.1, so that nothing is skipped."""
    with torch.no_grad():
        for name, parameter in model.adapter.named_parameters():
            if name.endswith("_gate"):
                parameter.fill_(0.1)


@torch.no_grad()
def extra_time(model: ReportGuidedSam, rounds: int) -> dict[str, float]:
    """Seconds of a plain encoding, and the extra share of a guided one; both in turn, in one run."""
    open_gates(model)
    side = model.image_size
    pixels = torch.rand(1, 3, side, side)
    priors = model.encode_findings([list(parse_report(REPORT, "chest_xray"))], [VIEW])
    turns = in_turn(
        {"plain": lambda: model.backbone.encode(pixels), "guided": lambda: model.encode(pixels, priors)}, rounds
    )
    seconds, ratio = medians(turns).wall_s["plain"], shares(turns, "plain").wall_s["guided"]
    return {"seconds": round(seconds, 3), "extra_percent": round(100 * (ratio - 1), 1)}


def contract_tests() -> dict[str, dict[str, int]]:
    """Family -> outcomes of the contract suite."""
    with tempfile.TemporaryDirectory() as temporary:
        report = Path(temporary) / "contracts.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contracts"]
        subprocess.run([*command, f"--junitxml={report}"], check=False, capture_output=True)
        outcomes: dict[str, Counter] = {}
        for case in ET.parse(report).getroot().iter("testcase"):
            family = case.get("name", "").partition("[")[2].rstrip("]").split("-")[0]
            state = next((child.tag for child in case if child.tag in ("failure", "error", "skipped")), "passed")
            outcomes.setdefault(family, Counter())[state] += 1
    return {family: dict(counts) for family, counts in outcomes.items()}


def main() -> None:
    """Parse the arguments, measure, write."""
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--skip-tests", action="store_true")
    arguments = parser.parse_args()
    rows: dict[str, Any] = {}
    for name, host in HOSTS.items():
        try:
            row = sizes(host)
        except ImportError:
            rows[name] = {"family": host.family}
            continue
        model = row.pop("model")
        rows[name] = {**row, **(extra_time(model, arguments.rounds) if host.timed else {})}
        print(name, rows[name], flush=True)
    record = {"rounds": arguments.rounds, "hosts": rows, "tests": {} if arguments.skip_tests else contract_tests()}
    write_record("hosts", 0, record)


if __name__ == "__main__":
    main()
