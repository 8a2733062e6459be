"""Texture: brightness against a ring, evenness, and silence where it is not clear."""

import numpy as np
import pytest

from medsegr.describe.grey_values import core_of, ring_around, texture_of
from tests.describe.cases import ellipse, picture

MASK = ellipse(0.5, 0.6, 0.12, 0.12)


def grey(value: float) -> np.ndarray:
    return picture({value: MASK}).astype(np.float32) / 255


@pytest.mark.parametrize(
    ("modality", "dark", "bright"),
    [
        ("brain_mri", "hypointense", "hyperintense"),
        ("abdomen_ct", "hypodense", "hyperdense"),
        ("breast_ultrasound", "hypoechoic", "hyperechoic"),
    ],
)
def test_brightness_in_the_words_of_the_modality(modality: str, dark: str, bright: str) -> None:
    assert dark in texture_of(MASK, grey(50), modality)
    assert bright in texture_of(MASK, grey(180), modality)
    assert not {dark, bright} & set(texture_of(MASK, grey(104), modality))


def test_an_echo_free_lesion() -> None:
    assert texture_of(MASK, grey(4), "breast_ultrasound") == ("anechoic",)


def test_evenness() -> None:
    halves = picture({170.0: MASK}).astype(np.float32)
    halves[MASK & (np.indices(MASK.shape)[0] < 64)] = 240
    assert "homogeneous" in texture_of(MASK, grey(170), "abdomen_ct")
    assert "heterogeneous" in texture_of(MASK, halves / 255, "abdomen_ct")
    assert set(texture_of(MASK, halves / 255, "breast_ultrasound")) <= {"hyperechoic"}, "speckle is not told apart"


def test_what_is_not_told() -> None:
    assert texture_of(MASK, grey(200), "chest_xray") == ()
    assert texture_of(MASK, grey(200), "colonoscopy") == ()
    assert texture_of(MASK, grey(200), None) == ()
    assert texture_of(ellipse(height=0.01, width=0.01), grey(200), "brain_mri") == ()
    assert texture_of(MASK, grey(200), "chest_ct", told_by_name=True) == ("homogeneous",)


def test_sequences_that_disagree_say_nothing_of_brightness() -> None:
    sequences = np.stack([grey(30), grey(180), grey(101)], axis=-1)
    assert not {"hypointense", "hyperintense"} & set(texture_of(MASK, sequences, "brain_mri"))
    agreeing = np.stack([grey(101), grey(180), grey(180)], axis=-1)
    assert "hyperintense" in texture_of(MASK, agreeing, "brain_mri")


def test_core_and_ring_keep_off_the_edge() -> None:
    core, ring = core_of(MASK), ring_around(MASK)
    assert core.sum() < MASK.sum()
    assert not (core & ~MASK).any()
    assert not (ring & MASK).any()
    assert ring.sum() > MASK.sum() / 2
