"""Nuclei by the measure of LViT's tables: Dice per image, as a mean over images."""

import numpy as np
import pytest
from benchmarks.monuseg import MODES, monuseg_section, nuclei, unet_section

from tests.evaluation.made import answer, disc

TRUE, HALF = disc(0.5, 0.3), disc(0.5, 0.3) & (np.arange(disc(0.5, 0.3).shape[1]) < disc(0.5, 0.3).shape[1] // 2)


def figures() -> dict:
    rest = {"target": "nucleus", "role": "described"}
    listed = [answer(TRUE, TRUE, case="a", report=mode, **rest) for mode in MODES]
    listed += [answer(HALF, TRUE, case="b", report=mode, **rest) for mode in MODES]
    listed += [answer(TRUE, TRUE, case="c", report="true", target="mass", role="foreign")]
    return nuclei(listed)


def test_dice_is_the_mean_over_images_of_nuclei_alone():
    found = figures()["true"]
    half = 2 * HALF.sum() / (HALF.sum() + TRUE.sum())
    assert found["images"] == 2
    assert found["dice_per_image"] == pytest.approx((1 + half) / 2)
    assert found["iou_per_image"] == pytest.approx((1 + HALF.sum() / TRUE.sum()) / 2)
    both = TRUE.sum() + HALF.sum()
    assert found["dice_over_set"] == pytest.approx(2 * both / (both + 2 * TRUE.sum()))


def test_the_section_stands_beside_the_papers_figures():
    model = {"image_size": 512, "training": {"steps": 7, "batch_size": 4}}
    section = monuseg_section({"model": model, "looks": {"plain": figures(), "flips": figures()}})
    assert "The sentence makes no difference (+0.0 points)" in section and "LViT-T (LViT's paper, 14 images)" in section
    assert len([line for line in section.splitlines() if line.startswith("| ")]) == 2 + 6 + 2


def test_the_u_net_has_a_section_of_its_own():
    unet = {"parameters": 2_000_000, "steps": 7, "step": 6, "batch_size": 2, "none": figures()["none"]}
    section = unet_section(unet)
    assert "7 steps of 2, the best on the validation split (step 6)" in section
    assert "| MONAI BasicUNet, 2.0 million parameters, no report | 2 | 0.8" in section
