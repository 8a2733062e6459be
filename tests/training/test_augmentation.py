"""Augmentation keeps picture, masks and words true to each other."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.priors import Finding, Location
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.model.truth import on_side
from medsegr.square import Square
from medsegr.training.augmentation import Geometry, change_intensity, draw_geometry, move
from medsegr.training.config import AugmentationConfig, TrainConfig
from medsegr.training.dataset import make_sample
from medsegr.training.studies import TrainingQuestion, TrainingStudy
from medsegr.view import View
from tests.views import view_of

from .small_dataset import disc, make_dataset

FLIP_ONLY = TrainConfig(augmentation=AugmentationConfig(flip=1.0, affine=0.0, intensity=0.0, noise=0.0))


XRAY = view_of("chest_xray")


def study_of(masks: dict[str, np.ndarray], colour: bool = False, view: View = XRAY) -> TrainingStudy:
    picture = sum(mask.astype(np.uint8) * 90 for mask in masks.values())
    picture = np.stack([picture] * 3, axis=-1) if colour else picture
    return TrainingStudy(picture, view, load_lexicon(), {name: np.packbits(mask) for name, mask in masks.items()})


@pytest.mark.parametrize("colour", [False, True])
def test_a_flip_flips_picture_masks_and_sides(colour):
    left = disc(20, 48)  # the patient's left is on the picture's right
    study = study_of({"f1": left}, colour)
    finding = Finding("nodule", location=Location("left", ("upper_zone",)))
    sample = make_sample(study, [TrainingQuestion(finding, ("f1",))], FLIP_ONLY, np.random.default_rng(0))
    assert sample.findings[0].location == Location("right", ("upper_zone",))
    np.testing.assert_array_equal(sample.masks[0], left[:, ::-1])
    picture = sample.image[..., 0] if colour else sample.image
    np.testing.assert_array_equal(picture > 0.3, left[:, ::-1])
    # The flipped mask lies where the flipped words say.
    assert on_side(sample.masks[0].astype(bool), "right", XRAY) is not None
    assert on_side(sample.masks[0].astype(bool), "left", XRAY) is None


def test_a_flip_exchanges_the_lungs_but_no_heart_chambers():
    masks = {"a": disc(30, 48), "b": disc(30, 16)}
    asked = [TrainingQuestion(Finding(name), (mask,)) for name, mask in (("left_lung", "a"), ("left_ventricle", "b"))]
    sample = make_sample(study_of(masks), asked, FLIP_ONLY, np.random.default_rng(0))
    assert [finding.target for finding in sample.findings] == ["right_lung", "left_ventricle"]


def test_picture_zones_flip_too():
    finding = Finding("polyp", location=Location(zones=("top_left",)))
    sample = make_sample(
        study_of({"a": disc(15, 15)}, view=view_of("colonoscopy")),
        [TrainingQuestion(finding, ("a",))],
        FLIP_ONLY,
        np.random.default_rng(0),
    )
    assert sample.findings[0].location == Location(zones=("top_right",))
    assert sample.masks[0][:32, 32:].any()
    assert not sample.masks[0][:, :32].any()


@settings(max_examples=30, deadline=None)
@given(st.floats(-14, 14), st.floats(0.8, 1.25), st.floats(-0.1, 0.1), st.booleans())
def test_picture_and_mask_move_together(degrees, scale, shift, flip):
    mask = torch.from_numpy(disc(28, 40, 9)).float()
    moved = move(torch.stack([mask, mask]), Geometry(flip, degrees, scale, (shift, -shift)))
    assert torch.equal(moved[0], moved[1])
    assert moved[0].sum() == pytest.approx(float(mask.sum()) * scale**2, rel=0.15)


def test_rotation_keeps_shapes_in_oblong_pictures():
    mask = torch.zeros(1, 40, 120)
    mask[0, 16:24, 56:64] = 1
    moved = move(mask, Geometry(degrees=14.0))
    assert moved.sum() == pytest.approx(64, rel=0.05)
    rows, columns = torch.nonzero(moved[0] > 0.5, as_tuple=True)
    assert abs(int(rows.max() - rows.min()) - int(columns.max() - columns.min())) <= 1


def test_rotation_of_a_stretched_picture_is_that_of_the_picture():
    """Stretched back to its own shape, a turned box is what the picture's own box becomes when it is turned."""
    plain = torch.zeros(1, 40, 120)
    plain[0, 12:28, 50:70] = 1
    stretch = partial(torch.nn.functional.interpolate, mode="bilinear", align_corners=False)
    for geometry in (Geometry(degrees=14.0), Geometry(degrees=-14.0, scale=1.2, shift=(0.1, -0.05))):
        turned = move(plain, geometry)
        stretched = move(stretch(plain[None], (120, 120))[0], geometry, (40, 120))
        back = stretch(stretched[None], (40, 120))[0]
        both, either = (turned > 0.5) & (back > 0.5), (turned > 0.5) | (back > 0.5)
        assert both.sum() > 0.93 * either.sum()
        wrong = stretch(move(stretch(plain[None], (120, 120))[0], geometry)[None], (40, 120))[0] > 0.5
        assert (wrong & (turned > 0.5)).sum() < 0.85 * (wrong | (turned > 0.5)).sum()


def test_a_sample_of_a_stretched_picture_is_turned_as_the_picture():
    mask = np.zeros((40, 120), bool)
    mask[12:28, 50:70] = True
    square = Square.fit((40, 120), 120, "stretch")
    small = square.shrunk_mask(mask)
    view = XRAY.in_square(square)
    study = TrainingStudy(small.astype(np.uint8) * 200, view, load_lexicon(), {"a": np.packbits(small)})
    config = TrainConfig(augmentation=AugmentationConfig(flip=0.0, affine=1.0, intensity=0.0, noise=0.0))
    for seed in range(4):
        sample = make_sample(study, [TrainingQuestion(Finding("nodule"), ("a",))], config, np.random.default_rng(seed))
        geometry = draw_geometry(config.augmentation, np.random.default_rng(seed))
        meant = move(torch.from_numpy(small).float()[None], geometry, (40, 120))[0] >= 0.5
        np.testing.assert_array_equal(sample.masks[0], meant.numpy())
        assert geometry.degrees and not torch.equal(
            meant, move(torch.from_numpy(small).float()[None], geometry)[0] >= 0.5
        )


def test_a_shift_moves_down_and_right_by_its_share():
    mask = torch.from_numpy(disc(30, 30)).float()[None]
    rows, columns = torch.nonzero(move(mask, Geometry(shift=(0.125, 0.0625)))[0] > 0.5, as_tuple=True)
    assert float(rows.float().mean()) == pytest.approx(38, abs=0.5)
    assert float(columns.float().mean()) == pytest.approx(34, abs=0.5)


def test_a_mask_is_never_moved_out_of_the_picture():
    config = TrainConfig(augmentation=AugmentationConfig(affine=1.0, shift=0.14, flip=0.0))
    study = study_of({"edge": disc(1, 1, 3)})
    for seed in range(20):
        sample = make_sample(
            study, [TrainingQuestion(Finding("nodule"), ("edge",))], config, np.random.default_rng(seed)
        )
        assert sample.masks[0].sum() >= 0.5 * study.mask(("edge",)).sum()


def test_draws_stay_within_their_limits():
    config, rng = AugmentationConfig(), np.random.default_rng(0)
    drawn = [draw_geometry(config, rng) for _ in range(200)]
    assert max(abs(g.degrees) for g in drawn) <= config.rotate_degrees
    assert max(abs(g.scale - 1) for g in drawn) <= config.scale
    assert {g.flip for g in drawn} == {True, False}
    assert any(not g.moves for g in drawn)


def test_intensity_stays_in_range_and_is_reproducible():
    config = AugmentationConfig(intensity=1.0, noise=1.0)
    image = torch.rand(3, 16, 16)
    first, second = (change_intensity(image, config, np.random.default_rng(3)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, image)
    assert 0 <= float(first.min()) <= float(first.max()) <= 1


def test_colour_changes_pictures_in_colour_alone_and_keeps_white_white():
    config = AugmentationConfig(intensity=0.0, noise=0.0, colour=0.5)
    image = torch.rand(3, 16, 16)
    image[:, 0, 0] = 1.0
    changed = change_intensity(image, config, np.random.default_rng(3))
    powers = changed.log() / image.log()
    assert torch.equal(changed[:, 0, 0], torch.ones(3))
    for power in powers:  # one power for all of a channel
        assert 0.6 < float(power[1, 1]) < 1.65
        torch.testing.assert_close(power[1:], power[1, 1].expand(15, 16), rtol=1e-2, atol=1e-2)
    assert len({round(float(power[1, 1]), 3) for power in powers}) == 3
    for grey in (image[:1], image[:1].expand(3, 16, 16)):
        assert torch.equal(change_intensity(grey, config, np.random.default_rng(3)), grey)


def test_small_dataset_is_where_the_records_say(tmp_path: Path):
    folder = DatasetFolder(make_dataset(tmp_path / "discs"))
    for name in folder.images():
        case = folder.load(name)
        sides = {record.id: record.laterality for record in case.findings if record.mask_path}
        assert sides == {"f1": "left", "f2": "right"}
        for id, side in sides.items():
            assert np.array_equal(on_side(case.masks[id], side, XRAY), case.masks[id])
            assert on_side(case.masks[id], {"left": "right", "right": "left"}[side], XRAY) is None
