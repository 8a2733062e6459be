"""A plain U-Net (MONAI BasicUNet) on breast_us_text: the same data and steps as tiny, no report.

    python -m benchmarks.basic_unet --steps 1140

Resumes where it stopped when ``--state`` names a file, and writes ``results/basic_unet.json``.
"""

import argparse
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from monai.losses import DiceCELoss
from monai.networks.nets import BasicUNet

from benchmarks.record import shared_data, write_record
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.evaluation.metrics import Overlap, dice_over_set, mean

FEATURES = (32, 48, 96, 160, 224, 32)
TARGET = "breast_lesion"


def build() -> BasicUNet:
    """About as many parameters as tiny."""
    return BasicUNet(spatial_dims=2, in_channels=1, out_channels=1, features=FEATURES, act="relu")


def pictures(folder: DatasetFolder, split: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Grey images 0..1 and lesion masks at their own size."""
    pairs = []
    for name in folder.images(split):
        case = folder.load(name)
        plane = case.image.plane()
        grey = plane.mean(-1) if plane.ndim == 3 else plane
        pairs.append((grey.astype(np.float32), case.structures[TARGET]))
    return pairs


def at_size(pairs: list[tuple[np.ndarray, np.ndarray]], size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """All images and masks as (N, 1, size, size)."""
    images = [
        F.interpolate(torch.from_numpy(i)[None, None], (size, size), mode="bilinear", antialias=True)[0]
        for i, _ in pairs
    ]
    masks = [F.interpolate(torch.from_numpy(m)[None, None].float(), (size, size), mode="area")[0] for _, m in pairs]
    return torch.stack(images), (torch.stack(masks) >= 0.5).float()


def augmented(
    images: torch.Tensor, masks: torch.Tensor, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Flips, small rotation and scale, brightness and contrast, alike for image and mask."""
    count = len(images)

    def uniform(low: float, high: float) -> torch.Tensor:
        return torch.rand(count, generator=generator) * (high - low) + low

    angle, scale, flip = uniform(-0.26, 0.26), uniform(0.85, 1.15), torch.sign(uniform(-1, 1))
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = flip * angle.cos() / scale, -angle.sin() / scale
    theta[:, 1, 0], theta[:, 1, 1] = flip * angle.sin() / scale, angle.cos() / scale
    theta[:, 0, 2], theta[:, 1, 2] = uniform(-0.1, 0.1), uniform(-0.1, 0.1)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    images = F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    masks = F.grid_sample(masks, grid, mode="nearest", align_corners=False)
    gain, offset = uniform(0.8, 1.2)[:, None, None, None], uniform(-0.1, 0.1)[:, None, None, None]
    return (images * gain + offset).clamp(0, 1), masks


@torch.inference_mode()
def score(model: torch.nn.Module, pairs: list[tuple[np.ndarray, np.ndarray]], size: int) -> dict[str, Any]:
    """Dice at the original size; images without a lesion count 1 when nothing is outlined, else 0."""
    model.eval()
    overlaps = []
    images, _ = at_size(pairs, size)
    for image, (_, truth) in zip(images, pairs, strict=True):
        logits = F.interpolate(model(image[None]), truth.shape, mode="bilinear")[0, 0]
        overlaps.append(Overlap.of((logits > 0).numpy(), truth))
    shown = [overlap for overlap in overlaps if overlap.true]
    return {
        "images": len(overlaps),
        "dice_per_image": mean([o.dice for o in overlaps]),
        "with_lesion": len(shown),
        "dice_with_lesion": mean([o.dice for o in shown]),
        "dice_over_set": dice_over_set(overlaps),
    }


@dataclass
class Progress:
    """Finished steps, the best Dice on the validation split, and the weights that had it."""

    step: int = 0
    best: float = -1.0
    kept: dict[str, torch.Tensor] | None = None


def train(folder: DatasetFolder, arguments: argparse.Namespace) -> tuple[torch.nn.Module, float]:
    """AdamW with one cycle, Dice + cross-entropy; the best weights on the validation split are kept."""
    torch.manual_seed(arguments.seed)
    model, size = build(), arguments.size
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    loss_of = DiceCELoss(sigmoid=True)
    images, masks = at_size(pictures(folder, "train"), size)
    held_out = pictures(folder, "val")
    progress = resumed(model, optimiser, arguments.state)
    started = time.monotonic()
    for step in range(progress.step, arguments.steps):
        generator = torch.Generator().manual_seed(arguments.seed * 1_000_003 + step)
        picked = torch.randint(len(images), (arguments.batch,), generator=generator)
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, arguments.steps)
        model.train()
        batch, truth = augmented(images[picked], masks[picked], generator)
        loss = loss_of(model(batch), truth)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        progress.step = step + 1
        if progress.step % arguments.every == 0 or progress.step == arguments.steps:
            value = score(model, held_out, size)["dice_per_image"]
            if value >= progress.best:
                progress.best = value
                progress.kept = {name: tensor.clone() for name, tensor in model.state_dict().items()}
            passed = time.monotonic() - started
            print(f"step {progress.step}: loss {loss.item():.3f}, validation {value:.3f}, {passed:.0f} s", flush=True)
            keep(model, optimiser, progress, arguments.state)
    if progress.kept is not None:
        model.load_state_dict(progress.kept)
    return model, progress.best


def rate_at(step: int, steps: int) -> float:
    """The learning rate of step ``step`` (from 0) of ``steps``: a rise over the first tenth, and a cosine."""
    rise = min(1.0, (step + 1) / (0.1 * steps))
    return 2e-3 * rise * 0.5 * (1 + math.cos(math.pi * step / steps))


def resumed(model: torch.nn.Module, optimiser: torch.optim.Optimizer, path: Path | None) -> Progress:
    """Bring model and optimiser to where :func:`keep` left them, if it did."""
    if path is None or not path.is_file():
        return Progress()
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    return Progress(state["step"], state["best"], state["kept"])


def keep(model: torch.nn.Module, optimiser: torch.optim.Optimizer, progress: Progress, path: Path | None) -> None:
    """Write where the training stands, if it is asked for."""
    if path is not None:
        torch.save({"model": model.state_dict(), "optimiser": optimiser.state_dict(), **vars(progress)}, path)


def main() -> None:
    """Parse the arguments, train, score the test split, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=shared_data("breast_us_text"))
    parser.add_argument("--steps", type=int, default=1140)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=int, default=100, help="steps between validations")
    parser.add_argument("--state", type=Path, help="file to resume from")
    parser.add_argument("--out", default="basic_unet", help="name of the results file")
    arguments = parser.parse_args()
    folder = DatasetFolder(arguments.data)
    model, best = train(folder, arguments)
    found = {
        "model": "MONAI BasicUNet",
        "parameters": sum(p.numel() for p in model.parameters()),
        "steps": arguments.steps,
        "batch": arguments.batch,
        "size": arguments.size,
        "validation": best,
        "test": score(model, pictures(folder, "test"), arguments.size),
    }
    write_record(arguments.out, arguments.seed, found)


if __name__ == "__main__":
    main()
