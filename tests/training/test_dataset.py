"""From folders to batches: the truth of each question, and batches that depend on (seed, number) alone."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

from medsegr.backbones.preprocess import to_pixels
from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.priors import Finding, Location
from medsegr.data.case import Case
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.image import load_image
from medsegr.errors import ConfigError
from medsegr.model.attach import build_model
from medsegr.square import Square
from medsegr.training.config import AugmentationConfig
from medsegr.training.dataset import TrainingBatches, collate, make_sample, plain_sample, validation_keys
from medsegr.training.questions import validation_questions
from medsegr.training.studies import StudyStore, TrainingQuestion, one_plane, prepare_study
from tests.views import seen

from .small_dataset import SMALL_ADAPTER, TINY_HOST, make_dataset, small_config

RNG = np.random.default_rng(0)
LEXICON = load_lexicon()
SQUARE_64 = partial(Square.fit, size=64)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("sets") / "discs")


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return build_model("tiny", SMALL_ADAPTER, host_config=TINY_HOST)


def batches_of(data, model, tmp_path, seed=0, rank=0) -> TrainingBatches:
    store = StudyStore([data], "train", model.backbone.square, 100)
    config = small_config(data, tmp_path / "run", seed=seed)
    return TrainingBatches(store, config, model.vocabulary, model.preprocess, rank)


def test_a_study_knows_the_truth_of_its_findings(data):
    folder = DatasetFolder(data)
    study = prepare_study(folder.load("p0.png", LEXICON), folder, SQUARE_64, LEXICON)
    assert [q.masks for q in study.described] == [("f1",)]
    assert study.described[0].finding.location.laterality == "left"
    assert [q.masks for q in study.distractors] == [("f2",)]
    assert [finding.texture.attributes for finding in study.false] == [("cystic",)]
    assert study.named == {"nodule": ("f1", "f2")}
    assert study.mask(("f1",))[:, 32:].any()
    assert study.nbytes < 64 * 64 * 2


def test_without_records_the_side_decides(tmp_path):
    folder = DatasetFolder(make_dataset(tmp_path / "set", records=False))
    study = prepare_study(folder.load("p0.png", LEXICON), folder, SQUARE_64, LEXICON)
    (question,) = study.described
    assert study.mask(question.masks)[:, 32:].any()
    assert not study.mask(question.masks)[:, :32].any()
    assert study.mask(study.named["nodule"])[:, :32].any()


def test_the_same_number_gives_the_same_batch(data, model, tmp_path):
    first, second = (batches_of(data, model, tmp_path)[5] for _ in range(2))
    assert torch.equal(first.pixels, second.pixels)
    assert torch.equal(first.truth.masks, second.truth.masks)
    assert torch.equal(first.priors.texture, second.priors.texture)


@pytest.mark.parametrize("change", [{"seed": 1}, {"rank": 1}])
def test_seed_and_rank_give_other_batches(data, model, tmp_path, change):
    first, other = batches_of(data, model, tmp_path)[5], batches_of(data, model, tmp_path, **change)[5]
    assert first.pixels.shape != other.pixels.shape or not torch.equal(first.pixels, other.pixels)


def test_batches_fit_the_model(data, model, tmp_path):
    batches = batches_of(data, model, tmp_path)
    assert len(batches) == 6
    batch = batches[0].to(torch.device("cpu"))
    count, slots = batch.priors.valid.shape
    assert (count, batch.pixels.shape[-1]) == (2, 64)
    assert batch.truth.masks.shape == (count, slots, 64, 64)
    assert ((batch.truth.present == 0) | (batch.truth.valid == 1)).all()
    output = model(batch.pixels, batch.priors)
    assert output.support_logits.shape == (count, slots)


def test_an_oblong_picture_lies_at_the_top_left(model):
    picture = np.zeros((32, 64), np.float32)
    picture[4:12, 4:12] = 1
    case = Case(seen(load_image(picture, "chest_xray")), None, {"nodule": picture > 0})
    study = prepare_study(case, _Folder(), SQUARE_64, LEXICON)
    (question,) = validation_questions(study, 1)
    batch = collate([plain_sample(study, [question])], model.vocabulary, model.preprocess)
    assert batch.truth.content.tolist() == [[0.5, 1.0]]
    assert batch.truth.masks[0, 0, 4:12, 4:12].all()
    assert int(batch.truth.masks.sum()) == 64
    assert batch.shown == {("chest_xray", "nodule")}


@pytest.mark.parametrize("fit", ["pad", "stretch"])
@pytest.mark.parametrize("size", [(128, 256), (256, 128), (97, 301)])
def test_the_truth_lies_where_the_picture_lies(model, size, fit):
    """For hosts that stretch as for those that pad, as it is and moved about."""
    spec = replace(model.backbone.spec, fit=fit)
    square = partial(Square.fit, size=64, fit=fit)
    picture = np.zeros(size, np.float32)
    picture[size[0] // 5 : size[0] // 2, size[1] // 8 : size[1] // 3] = 1
    study = prepare_study(
        Case(seen(load_image(picture, "chest_xray")), None, {"nodule": picture > 0}), _Folder(), square, LEXICON
    )
    assert study.size == square(size).resized and study.view.square == square(size)
    (question,) = validation_questions(study, 1)

    def preprocess(images, views):
        squares = [square(image.shape[:2]) for image in images]
        pixels = torch.stack([to_pixels(image, one, spec) for image, one in zip(images, squares, strict=True)])
        return pixels, [view.in_square(one) for view, one in zip(views, squares, strict=True)]

    config = small_config(Path("data"), Path("out"), steps=1)
    config = replace(config, augmentation=AugmentationConfig(flip=1.0, affine=1.0, intensity=0.0, noise=0.0))
    shifted = make_sample(study, [question], config, np.random.default_rng(3))
    for sample in (plain_sample(study, [question]), shifted):
        batch = collate([sample], model.vocabulary, preprocess)
        bright, truth = batch.pixels[0, 0] > (0.5 - spec.mean[0]) / spec.std[0], batch.truth.masks[0, 0] > 0
        assert truth.any() and (bright & truth).sum() > 0.9 * (bright | truth).sum()
        assert batch.truth.content.tolist() == [list(square(size).content)]


def test_where_a_place_lies_in_the_square_is_where_the_truth_lies(model):
    """The region map of what is said, and the mask of what is there, of an oblong picture on hosts of both kinds."""
    picture = np.zeros((128, 256), np.float32)
    picture[10:40, 180:240] = 1
    told = Finding("nodule", location=Location("left", ("upper_zone",)))
    for fit in ("pad", "stretch"):
        square = partial(Square.fit, size=64, fit=fit)
        study = prepare_study(
            Case(seen(load_image(picture, "chest_xray")), None, {"nodule": picture > 0}), _Folder(), square, LEXICON
        )
        region = model.vocabulary.encode([[told]], [study.view]).region[0, 0]
        truth = square((128, 256)).padded(torch.from_numpy(study.mask(study.named["nodule"]))).bool()
        assert region[truth].min() > 0.9 and region.sum() < 64 * 64 * (0.15 if fit == "pad" else 0.3)


def test_the_data_sets_frame_decides_the_truth_of_a_side(tmp_path):
    truths = []
    for frame in ("patient", "image"):
        path = make_dataset(tmp_path / frame, records=False)
        manifest = json.loads((path / "dataset.json").read_text())
        (path / "dataset.json").write_text(json.dumps({**manifest, "frame": frame}))
        study = StudyStore([path], "train", SQUARE_64, 100).get(0, 0)
        assert study.view.frame == frame
        (question,) = study.described
        truths.append(study.mask(question.masks))
    assert truths[0][:, 32:].any() and not truths[0][:, :32].any()
    assert truths[1][:, :32].any() and not truths[1][:, 32:].any()


def test_what_is_asked_for_and_not_there_was_not_shown(model):
    picture = np.random.default_rng(0).random((32, 64)).astype(np.float32)
    study = prepare_study(Case(seen(load_image(picture, "chest_xray")), None, {}), _Folder(), SQUARE_64, LEXICON)
    batch = collate([plain_sample(study, [TrainingQuestion(Finding("mass"))])], model.vocabulary, model.preprocess)
    assert batch.shown == frozenset()


class _Folder:
    targets = ("nodule",)


def test_a_volume_gives_the_plane_that_shows_most():
    voxels = np.random.default_rng(0).random((5, 16, 16), dtype=np.float32)
    mask = np.zeros(voxels.shape, bool)
    mask[3, 2:9, 2:9] = True
    case = one_plane(Case(load_image(voxels, "chest_ct"), None, {"nodule": mask}, masks={"f": mask}))
    assert not case.image.is_volume
    assert int(case.structures["nodule"].sum()) == int(case.masks["f"].sum()) == 49
    nothing = one_plane(Case(load_image(voxels, "chest_ct")))
    assert nothing.image.voxels.shape == (16, 16)


def test_a_volume_s_study_has_its_neighbours_as_channels_where_the_adapter_says_so():
    voxels = np.random.default_rng(0).random((4, 64, 64), dtype=np.float32)
    mask = np.zeros(voxels.shape, bool)
    mask[3, 2:9, 2:9] = True  # the last plane: it stands for the one behind it, too
    case = Case(seen(load_image(voxels, "chest_ct")), None, {"nodule": mask})
    study = prepare_study(case, _Folder(), SQUARE_64, LEXICON, neighbours=True)
    assert study.image.shape == (64, 64, 3)
    np.testing.assert_array_equal(study.image[..., 1], study.image[..., 2])
    alone = [prepare_study(Case(seen(load_image(voxels[k], "chest_ct")), None, {}), _Folder(), SQUARE_64, LEXICON)
             for k in (2, 3)]  # fmt: skip
    assert np.abs(study.image[..., 0].astype(int) - alone[0].image).max() <= 2
    assert np.abs(study.image[..., 1].astype(int) - alone[1].image).max() <= 2
    assert prepare_study(case, _Folder(), SQUARE_64, LEXICON).image.shape == (64, 64)


def test_studies_are_kept_while_memory_lasts(data):
    store = StudyStore([data], "train", SQUARE_64, 100)
    assert store.get(0, 0) is store.get(0, 0)
    poor = StudyStore([data], "train", SQUARE_64, 0)
    assert poor.get(0, 0) is not poor.get(0, 0)
    assert len(store) == len(store.keys()) == 6


def test_validation_takes_cases_from_every_set(data):
    store = StudyStore([data, data], "train", SQUARE_64, 100)
    assert validation_keys(store, 4) == [(0, 0), (0, 5), (1, 0), (1, 5)]


def test_no_data_set_is_refused():
    with pytest.raises(ConfigError, match="at least one folder"):
        StudyStore([], "train", SQUARE_64, 100)


def test_a_sagittal_slice_is_not_told_a_side(tmp_path):
    values = np.random.default_rng(0).random((1, 32, 64)).astype(np.float32)
    nib.save(nib.Nifti1Image(values, np.eye(4)), tmp_path / "slice.nii.gz")
    folder, nodule = _Folder(), TrainingQuestion(Finding("nodule", location=Location("left")))
    study = prepare_study(Case(seen(load_image(tmp_path / "slice.nii.gz", "chest_ct"))), folder, SQUARE_64, LEXICON)
    assert (study.view.plane, study.view.sides) == ("sagittal", "none")
    samples = plain_sample(study, [nodule]), make_sample(study, [nodule], small_config(tmp_path, tmp_path), RNG)
    assert all(sample.findings[0].location.laterality is None for sample in samples)


def test_boxes_are_told_by_seed_and_number_and_change_nothing_else(data, model, tmp_path):
    plain = batches_of(data, model, tmp_path)
    told, again = (replace(batches_of(data, model, tmp_path), told_box=0.5) for _ in range(2))
    assert plain[3].told is None and torch.equal(plain[3].pixels, told[3].pixels)
    boxes = [told[n].told.boxes for n in range(4)]
    assert all(box.shape == (*told[n].priors.valid.shape, 4) for n, box in enumerate(boxes))
    assert all(torch.equal(box.nan_to_num(), again[n].told.boxes.nan_to_num()) for n, box in enumerate(boxes))
    given = torch.cat([~box.isnan().any(-1).flatten() for box in boxes])
    assert given.any() and not given.all()
    moved = told[3].to(torch.device("cpu"))
    assert torch.equal(moved.told.boxes.nan_to_num(), boxes[3].nan_to_num())
