"""A model before and after further training -> one between the two, which may keep what either is good at.

    python -m benchmarks.average_weights --before fine/best --after sized/best --out between

Source: Wortsman et al., Robust fine-tuning of zero-shot models (WiSE-FT), CVPR 2022.
"""

import argparse
import sys
from pathlib import Path

import torch

from medsegr.data.outputs import check_output_folder
from medsegr.errors import ConfigError, MedsegrError
from medsegr.inference.predictor import load
from medsegr.model.report_guided_sam import ReportGuidedSam


@torch.no_grad()
def average(before: ReportGuidedSam, after: ReportGuidedSam, share: float = 0.5) -> ReportGuidedSam:
    """Weights between those of two models, in the later one, in place.

    Parts that the later model alone has were added without effect, and are taken as they are.

    Args:
        before: Whose training went on.
        after: What became of it; hosts that are trained whole are averaged too.
        share: Of the later model, 0..1.

    Raises:
        ConfigError: The later model lacks a part of the earlier one, or has it in another size; a share outside 0..1.
    """
    if not 0 <= share <= 1:
        raise ConfigError(f"The share is {share}; expected a number from 0 to 1.")
    for old, new in ((before.backbone.model, after.backbone.model), (before.adapter, after.adapter)):
        weights = new.state_dict()
        for name, value in old.state_dict().items():
            if name not in weights or weights[name].shape != value.shape:
                raise ConfigError(f"'{name}' is not the same part in both models. Name two of one training.")
            if value.is_floating_point():
                weights[name].lerp_(value.to(weights[name].dtype), 1 - share)
    return after


def main() -> None:
    """Parse the arguments, average, write; 2 for what the caller can mend."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", required=True, help="model folder, or a built-in name")
    parser.add_argument("--after", required=True, help="model folder")
    parser.add_argument("--share", type=float, default=0.5, help="of the later model, 0 to 1")
    parser.add_argument("--out", type=Path, required=True, help="folder of the new model")
    given = parser.parse_args()
    try:
        check_output_folder(given.out)
        before, after = (load(name, "cpu").model for name in (given.before, given.after))
        print(average(before, after, given.share).save_pretrained(given.out))
    except MedsegrError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
