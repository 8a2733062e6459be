"""Our LiteMedSAM against the package's own code, with the same weights: encoder, and decoder given a box.

    python -m benchmarks.lite_medsam_parity [--data DIR...]

Takes the first test picture of each data set (three by default) as our own preprocessing lays it into the square, and
the box of its truth, and lets both encode and decode it. Fails where they differ by more than 1e-4. Besides, the
mask's Dice with the truth, and that of the mask of the package's ``predict_array``, whose preprocessing is another one
(divides by 255, stretches to a square). Writes ``results/lite_medsam_parity.json``.
"""

import argparse
import importlib
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.record import shared_data, write_record
from medsegr.backbones.backbone import Backbone
from medsegr.backbones.catalogue import build_host
from medsegr.backbones.decoder_input import Prompts
from medsegr.backbones.lite_medsam_weights import INSTALL, PACKAGE, find_checkpoint
from medsegr.data.case import Case, one_plane
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.errors import ConfigError
from medsegr.inference.user_prompt import UserPrompt

SETS = ("breast_us_text", "polyp_cvc_text", "skin_ph2_text")
MOST = 1e-4


class _Identity(nn.Module):
    """timm's DropPath where nothing is dropped."""

    def __init__(self, drop_prob: float = 0.0) -> None:
        super().__init__()
        self.drop_prob = drop_prob

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features


@contextmanager
def without_timm() -> Iterator[None]:
    """The four names of timm that the package imports, made here: timm would pull torchvision."""
    names = ("timm", "timm.models", "timm.models.layers", "timm.models.registry")
    before = {name: sys.modules.get(name) for name in names}
    timm, models, layers, registry = (types.ModuleType(name) for name in names)
    contents: dict[str, Any] = {
        "DropPath": _Identity, "to_2tuple": lambda side: (side, side), "trunc_normal_": nn.init.trunc_normal_
    }  # fmt: skip
    vars(layers).update(contents)
    vars(registry).update(register_model=lambda function: function)
    sys.modules.update(zip(names, (timm, models, layers, registry), strict=True))
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def their_model() -> tuple[Any, Any]:
    """The package's model with its weights, and its ``predict_array``.

    Raises:
        ConfigError: The package is missing.
    """
    checkpoint = find_checkpoint()
    if checkpoint is None:
        raise ConfigError(f"The package {PACKAGE} is missing. Install: {INSTALL}")
    with without_timm():
        package = importlib.import_module(PACKAGE.replace("-", "_"))
    model = package.build_lite_medsam()
    model.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True))
    return model.eval(), package.predict_array


def box_of(mask: np.ndarray) -> tuple[float, float, float, float]:
    """(x1, y1, x2, y2) around a mask (H, W), in pixels."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def dice(one: np.ndarray, other: np.ndarray) -> float:
    """Dice of two masks (H, W), to three digits."""
    return round(float(2 * (one & other).sum() / max(1, one.sum() + other.sum())), 3)


@torch.no_grad()
def compared(case: Case, ours: Backbone, theirs: Any, predict_array: Any) -> dict[str, Any]:
    """Differences on one picture, in the embedding's and the logits' own units."""
    truth = np.any(list(case.structures.values()), axis=0)
    box = box_of(truth)
    picture = case.image.plane()
    pixels, (view,) = ours.preprocess([picture])
    placed = UserPrompt(box=box).in_square(view.square)
    embedding, own = ours.encode(pixels), theirs.image_encoder(pixels)
    logits = ours.decode(embedding, None, Prompts(boxes=placed.boxes), ours.mask_decoder())
    own_logits = theirs(pixels, placed.boxes[0].numpy())[:, 0]
    scale = np.array([256 / truth.shape[1], 256 / truth.shape[0]] * 2)
    squashed = predict_array(theirs, (255 * picture).astype(np.uint8), box=np.array(box) * scale)
    predicted = F.interpolate(torch.from_numpy(squashed)[None, None].float(), truth.shape, mode="bilinear")[0, 0]
    return {
        "encoder": {"difference": float((embedding.features - own).abs().max()), "largest": float(own.abs().max())},
        "decoder": {"difference": float((logits - own_logits).abs().max()), "largest": float(own_logits.abs().max())},
        "dice": dice(view.square.logits_out(logits)[0].numpy() > 0, truth),
        "dice_of_predict_array": dice(predicted.numpy() > 0.5, truth),
    }


def main() -> None:
    """Parse the arguments, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", type=Path, default=[shared_data(name) for name in SETS])
    arguments = parser.parse_args()
    ours, (theirs, predict_array) = build_host("lite_medsam"), their_model()
    pictures = {}
    for folder in map(DatasetFolder, arguments.data):
        name = folder.images("test")[0]
        pictures[f"{folder.name}/{name}"] = compared(one_plane(folder.load(name)), ours, theirs, predict_array)
    worst = max(each[part]["difference"] for each in pictures.values() for part in ("encoder", "decoder"))
    write_record("lite_medsam_parity", 0, {"most": MOST, "worst": worst, "pictures": pictures})
    if worst > MOST:
        sys.exit(f"They differ by {worst:.1e}; at most {MOST:.0e} is expected.")


if __name__ == "__main__":
    main()
