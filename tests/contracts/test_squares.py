"""An object drawn at a known place is there in what the host sees, in the training truth, and in what comes back.

Over all families and pictures that are not square; the places are worked out here, by arithmetic of its own.
"""

import numpy as np
import pytest
import torch

from medsegr.backbones.catalogue import CATALOGUE
from medsegr.backbones.preprocess import to_pixels
from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.priors import Finding, Location
from medsegr.data.case import Case
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.image import load_image
from medsegr.inference.predictor import Predictor
from medsegr.inference.user_prompt import UserPrompt
from medsegr.model.guided_pass import GuidedOutput
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.square import Square
from medsegr.training.config import AugmentationConfig, TrainConfig
from medsegr.training.dataset import collate, make_sample, plain_sample
from medsegr.training.studies import TrainingQuestion, prepare_study
from tests.data import dataset_maker as make
from tests.hosts import HOSTS

STRETCHED = ("sam2", "sam3_tracker", "edgetam", "sam2_meta", "efficient_sam")
SIZES = ((128, 256), (256, 128), (97, 301))
LEAST = 0.97
ROW, COLUMN, TALL, WIDE = 0.4, 0.6, 0.33, 0.27
"""Centre and half axes of the object, as shares of the picture's sides: off the middle both ways."""


def ellipse(height: float, width: float, shape: tuple[int, int]) -> np.ndarray:
    """The object in a picture of height x width at the top left of an array."""
    y, x = (np.arange(side) + 0.5 for side in shape)
    return ((y[:, None] / height - ROW) / TALL) ** 2 + ((x[None] / width - COLUMN) / WIDE) ** 2 <= 1


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2 * (one & other).sum() / (one.sum() + other.sum())


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def drawn(request) -> np.ndarray:
    return ellipse(*request.param, request.param)


def in_square(name: str, size: tuple[int, int], side: int) -> np.ndarray:
    """Where the object should lie in the host's square."""
    scale = side / max(size)
    return ellipse(*((side, side) if name in STRETCHED else (size[0] * scale, size[1] * scale)), (side, side))


def bright(model: ReportGuidedSam, pixels: torch.Tensor) -> np.ndarray:
    """What is brighter than half in the host's first picture, its normalisation undone; padding is not."""
    spec = model.backbone.spec
    value = pixels[0, 0] * spec.std[0] + spec.mean[0]
    return ((value > 0.5) & (pixels[0] != 0).any(0)).numpy()


@pytest.fixture
def name(case) -> str:
    return next(name for name, known in HOSTS.items() if known is case)


def test_the_table_knows_who_stretches(name: str, model: ReportGuidedSam) -> None:
    assert (model.backbone.spec.fit == "stretch") == (name in STRETCHED)


@pytest.mark.parametrize("family", CATALOGUE)
def test_every_family_of_the_catalogue(family: str, drawn: np.ndarray) -> None:
    spec = CATALOGUE[family].spec
    assert (spec.fit == "stretch") == (family in STRETCHED)
    square = Square.fit(drawn.shape, 160, spec.fit)
    expected = in_square(family, drawn.shape, 160)
    pixels = to_pixels(drawn.astype(np.float32), square, spec)[0] * spec.std[0] + spec.mean[0] > 0.5
    truth = square.padded(torch.from_numpy(square.shrunk_mask(drawn)))
    back = square.logits_out(torch.from_numpy(expected[None] * 8.0 - 4.0))[0] > 0
    inside = square.padded(torch.ones(square.resized)).bool()
    assert min(dice((pixels & inside).numpy(), expected), dice(truth.numpy(), expected)) >= LEAST
    assert dice(back.numpy(), drawn) >= LEAST


@pytest.fixture
def study(tmp_path, model: ReportGuidedSam, drawn: np.ndarray):
    make.manifest(tmp_path, modality="chest_xray", structures={"nodule": "nodule"})
    make.picture(tmp_path / "images" / "a.png")
    lexicon = load_lexicon()
    image = load_image(drawn.astype(np.uint8) * 200 + 20).seen(lexicon, "chest_xray")
    case = Case(image, structures={"nodule": drawn}, name="a.png")
    return prepare_study(case, DatasetFolder(tmp_path), model.backbone.square, lexicon)


def test_pixels_and_training_truth(name: str, model: ReportGuidedSam, drawn: np.ndarray, study) -> None:
    expected = in_square(name, drawn.shape, model.image_size)
    pixels, (view,) = model.preprocess([drawn.astype(np.float32)])
    assert dice(bright(model, pixels), expected) >= LEAST
    question = TrainingQuestion(Finding("nodule", location=Location("left")), study.named["nodule"])
    batch = collate([plain_sample(study, [question])], model.vocabulary, model.preprocess)
    truth = batch.truth.masks[0, 0].bool().numpy()
    assert dice(truth, expected) >= LEAST
    assert dice(bright(model, batch.pixels), expected) >= LEAST
    assert batch.truth.content[0].tolist() == pytest.approx(view.square.content)
    half = batch.priors.region[0, 0].numpy()  # the patient's left: the right half of the picture, and no padding
    rows, columns = (round(64 * share) for share in view.square.content)
    assert half[: rows - 2, columns // 2 + 4 : columns - 2].min() > 0.9
    assert half[:, : columns // 2 - 4].max(initial=0) < 0.1 and half[rows:].max(initial=0) == 0


def test_augmented_truth_moves_with_the_pixels(model: ReportGuidedSam, study) -> None:
    config = TrainConfig(data=("x",), out="y", augmentation=AugmentationConfig(flip=0.5, affine=1.0, intensity=0.0))
    question = TrainingQuestion(Finding("nodule"), study.named["nodule"])
    for seed in range(3):
        sample = make_sample(study, [question], config, np.random.default_rng(seed))
        batch = collate([sample], model.vocabulary, model.preprocess)
        assert dice(batch.truth.masks[0, 0].bool().numpy(), bright(model, batch.pixels)) >= 0.93


def test_a_turn_is_one_of_the_picture_and_not_of_its_stretched_likeness() -> None:
    from medsegr.training.augmentation import Geometry, move

    size, side = (128, 256), 160
    y, x = (torch.arange(n) + 0.5 for n in size)
    disc = (((y[:, None] - 64) ** 2 + (x[None] - 128) ** 2) <= 40**2).float()[None]
    stretched = torch.nn.functional.interpolate(disc[None], (side, side), mode="bilinear", antialias=True)[0]
    turned = move(stretched, Geometry(degrees=30), size)
    assert dice((turned[0] > 0.5).numpy(), (stretched[0] > 0.5).numpy()) > 0.97, "a disc turned is the same disc"
    assert dice((move(stretched, Geometry(degrees=30))[0] > 0.5).numpy(), (stretched[0] > 0.5).numpy()) < 0.95


def test_the_mask_that_comes_back(name: str, model: ReportGuidedSam, drawn: np.ndarray, monkeypatch) -> None:
    """A model that outlines what is bright, behind the host's own square."""
    seen: list[torch.Tensor] = []

    def encode(pixels, priors):
        seen.append(pixels)
        return pixels

    def outline(pixels, prompts=None):
        value = pixels[:, :1] * model.backbone.spec.std[0] + model.backbone.spec.mean[0]
        return GuidedOutput((value - 0.5) * 40, torch.full((len(pixels), 1), 4.0))

    monkeypatch.setattr(model, "encode", encode)
    monkeypatch.setattr(model, "outline", outline)
    picture = load_image(drawn.astype(np.uint8) * 255)
    for flips in (False, True):
        found = Predictor(model, flips=flips).segment(picture, targets=["nodule"], modality="chest_xray").findings[0]
        assert found.mask.shape == drawn.shape
        assert dice(found.mask, drawn) >= LEAST
    assert dice(bright(model, seen[0]), in_square(name, drawn.shape, model.image_size)) >= LEAST


def test_clicks_and_boxes(name: str, model: ReportGuidedSam, drawn: np.ndarray) -> None:
    height, width = drawn.shape
    square = model.backbone.square(drawn.shape)
    click, box = (COLUMN * width, ROW * height), np.array([COLUMN - WIDE, ROW - TALL, COLUMN + WIDE, ROW + TALL])
    prompt = UserPrompt((click,), box=tuple(box * [width, height, width, height])).in_square(square)
    x, y = prompt.points[0, 0, 0].tolist()
    side = model.image_size
    scale = side / max(drawn.shape)
    across, down = (side, side) if name in STRETCHED else (width * scale, height * scale)
    assert (x, y) == (pytest.approx(COLUMN * across, abs=0.5), pytest.approx(ROW * down, abs=0.5))
    expected = box * [across, down, across, down]
    np.testing.assert_allclose(prompt.boxes[0, 0].numpy(), expected, atol=0.6)
    assert in_square(name, drawn.shape, side)[int(y), int(x)]
