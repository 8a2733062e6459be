"""Forms: drawn ones are recognised, and what lies between two is not named."""

import numpy as np
import pytest

from medsegr.data.phantoms.forms import FORMS, draw_form
from medsegr.describe.form import form_of, measure_outline
from tests.describe.cases import ellipse


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("area", "least"), [(200, 8), (1500, 16)])
def test_drawn_forms(form: str, area: float, least: int) -> None:
    rng = np.random.default_rng(3)
    named = [form_of(draw_form(rng, 128, (64, 64), area, form) > 0.5) for _ in range(20)]
    assert set(named) <= {form, None}
    assert named.count(form) >= (least if form != "lobulated" else least // 2)


def test_between_two_forms_and_too_small() -> None:
    assert form_of(ellipse(height=0.2, width=0.25)) is None, "neither round nor oval"
    assert form_of(ellipse(height=0.02, width=0.02)) is None
    assert form_of(np.eye(1, 200, dtype=bool)) is None


def test_rings_and_holes() -> None:
    disc = ellipse(height=0.3, width=0.3)
    assert form_of(disc & ~ellipse(height=0.2, width=0.2)) == "ring_shaped"
    assert form_of(disc & ~ellipse(height=0.06, width=0.06)) is None
    assert form_of(disc) == "round"


def test_pixels_that_are_not_square() -> None:
    disc = ellipse(height=0.3, width=0.3)
    assert form_of(disc, (1.0, 2.0)) == "oval"
    assert form_of(ellipse(height=0.3, width=0.15), (1.0, 2.0)) == "round"


def test_measures_of_an_ellipse() -> None:
    outline = measure_outline(ellipse(height=0.2, width=0.4))
    assert outline is not None
    assert outline.ratio == pytest.approx(0.5, abs=0.01)
    assert outline.ellipse == pytest.approx(1.0, abs=0.01)
    assert outline.solidity > 0.95
    assert (outline.hole, outline.rough) == pytest.approx((0.0, 0.0), abs=0.02)
