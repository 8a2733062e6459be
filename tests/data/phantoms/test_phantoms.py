"""Generated studies: the same seed gives the same bytes, and what is written is true."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Location
from medsegr.cognition.region_map import region_map
from medsegr.data.check import check_dataset
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.phantoms.forms import draw_form
from medsegr.data.phantoms.study import COMPETING, SUITES, PhantomStudy, generate_study
from medsegr.data.phantoms.writer import write_phantoms
from medsegr.errors import ConfigError, OutputError
from tests.views import view_of

LOOKS = ("xray", "ct", "ultrasound")


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def studies() -> list[PhantomStudy]:
    return [generate_study(3, index, size=128) for index in range(48)]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantoms(tmp_path_factory.mktemp("p") / "phantoms", 12, 5, size=96)


def test_the_same_seed_gives_the_same_bytes(written: Path, tmp_path: Path) -> None:
    again = write_phantoms(tmp_path / "again", 12, 5, size=96)
    other = write_phantoms(tmp_path / "other", 12, 6, size=96)
    assert hashes(again) == hashes(written)
    pictures = [name for name in hashes(other) if "/images/" in name]
    assert all(hashes(other)[name] != hashes(written)[name] for name in pictures)


def test_nobody_takes_generated_reports_for_real_ones(written: Path) -> None:
    for look in LOOKS:
        folder = DatasetFolder(written / look)
        assert {folder.load(name).report_origin for name in folder.images()} == {"derived"}


def test_looks_and_suites_take_turns(studies: list[PhantomStudy]) -> None:
    assert {study.look for study in studies} == set(LOOKS)
    assert {study.suite for study in studies} == set(SUITES)


def test_lesions_are_as_small_as_promised() -> None:
    small = [generate_study(4, i, look=LOOKS[i % 3], suite="small", size=256) for i in range(12)]
    areas = [lesion.area for study in small for lesion in study.lesions if lesion.mask is not None]
    assert 0.0015 < min(areas) < 0.0035 and max(areas) < 0.007


@pytest.fixture(scope="module")
def sizes() -> list[PhantomStudy]:
    return [generate_study(3, index, suite="size", size=128) for index in range(24)]


def test_in_the_suite_size_objects_differ_in_size_alone(sizes: list[PhantomStudy]) -> None:
    said = set()
    for study in sizes:
        first, others = study.role("described")[0], study.role("distractor")
        said.add(first.size)
        assert others and {first.size} | {other.size for other in others} == {"small", "large"}
        small, large = sorted((first, others[0]), key=lambda lesion: lesion.size == "large")
        assert large.area > 1.8 * small.area
        for other in others:
            known = {"texture": first.texture, "form": first.form, "laterality": first.laterality}
            assert all(value in (None, getattr(other, name)) for name, value in known.items())
            assert (other.target, other.zones, other.size) == (first.target, first.zones, others[0].size)
    assert said == {"small", "large"}


def test_a_stated_size_is_in_the_report_and_in_the_record(sizes: list[PhantomStudy], tmp_path: Path) -> None:
    for study in sizes:
        size = study.role("described")[0].size
        stated = {word for finding in parse_report(study.report, study.modality) for word in finding.shape.attributes}
        assert size in stated and not stated & ({"small", "large"} - {size})
    root = write_phantoms(tmp_path / "sizes", 6, 3, size=64, split="test", suite="size")
    for folder in sorted(root.iterdir()):
        assert check_dataset(folder, load_lexicon().targets) == []
        data = DatasetFolder(folder)
        assert data.name == f"phantoms_size_{folder.name}"
        for image in data.images():
            records = [record for record in data.load(image).findings if record.role != "false"]
            assert {"small", "large"} <= {word for record in records for word in record.shape}


def test_a_description_fits_its_own_object_alone(studies: list[PhantomStudy], sizes: list[PhantomStudy]) -> None:
    for study in (*studies, *sizes):
        objects = [lesion for lesion in study.lesions if lesion.mask is not None]
        for lesion in study.role("described"):
            if lesion.presence == "absent":
                assert lesion.mask is None and all(lesion.target != o.target for o in objects)
            else:
                assert [o for o in objects if lesion.fits(o)] == [lesion]
        assert not [f for f in study.role("false") for o in objects if f.fits(o)]


@pytest.mark.parametrize(("suite", "aspect"), [("place", "place"), ("texture", "texture"), ("form", "form")])
def test_distractors_differ_in_one_aspect_only(studies: list[PhantomStudy], suite: str, aspect: str) -> None:
    seen = 0
    for study in (s for s in studies if s.suite == suite):
        first = study.role("described")[0]
        for other in study.role("distractor"):
            seen += 1
            assert other.target == first.target
            differs = {
                "place": (other.laterality, other.zones) != (first.laterality, first.zones),
                "texture": first.texture is not None and other.texture != first.texture,
                "form": first.form is not None and other.form != first.form,
            }
            assert [name for name, value in differs.items() if value] == [aspect]
    assert seen >= 6


def test_lesions_overlap_where_they_should_and_nowhere_else(studies: list[PhantomStudy]) -> None:
    for study in studies:
        masks = [lesion.mask for lesion in study.lesions if lesion.mask is not None]
        shared = [(a & b).sum() for i, a in enumerate(masks) for b in masks[i + 1 :]]
        assert (max(shared, default=0) > 0) == (study.suite == "overlap")
        if study.suite in COMPETING:
            assert len(masks) >= 2


def test_structures_of_a_chest_film_overlap(studies: list[PhantomStudy]) -> None:
    film = next(study for study in studies if study.look == "xray")
    assert (film.organs["left_lung"] & film.organs["cardiomediastinum"]).sum() > 50
    columns = {name: np.nonzero(film.organs[name])[1].mean() for name in ("left_lung", "right_lung")}
    assert columns["left_lung"] > columns["right_lung"], "the patient's left is on the picture's right"


def test_written_studies_have_no_complaint_and_are_read_back(written: Path) -> None:
    for folder in sorted(written.iterdir()):
        assert check_dataset(folder, load_lexicon().targets) == []
        data = DatasetFolder(folder)
        case = data.load(data.images()[0])
        study = generate_study(5, int(case.name.split("_")[1].split(".")[0]), size=96)
        assert case.report == study.report
        np.testing.assert_array_equal(case.image.voxels, study.image)
        kept = [lesion.mask for lesion in study.lesions if lesion.mask is not None]
        for mask, truth in zip(case.masks.values(), kept, strict=True):
            np.testing.assert_array_equal(mask, truth)


def test_splits(written: Path, tmp_path: Path) -> None:
    test = write_phantoms(tmp_path / "test", 3, 1, size=64, split="test")
    assert all(DatasetFolder(folder).splits == ("test",) for folder in test.iterdir())


def test_bad_arguments_leave_nothing_behind(tmp_path: Path) -> None:
    for wrong, message in (
        ({"cases": 0}, "got 0 cases"),
        ({"size": 10}, "10 px"),
        ({"size": 20_000}, "20000 px"),
        ({"seed": -1}, "seed -1"),
        ({"split": "dev"}, "split 'dev'"),
        ({"suite": "hue"}, "suite 'hue'"),
    ):
        arguments = {"cases": 3, "seed": 1, **wrong}
        with pytest.raises(ConfigError, match=message):
            write_phantoms(tmp_path / "out", **arguments)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(OutputError, match="not empty"):
        write_phantoms(tmp_path / "full", 3, 1)


def test_objects_lie_where_their_description_says(studies: list[PhantomStudy]) -> None:
    """In the region that the stated place has in pictures of that modality, which is drawn elsewhere."""
    placed = 0
    for study in studies:
        for lesion in (lesion for lesion in study.lesions if lesion.mask is not None):
            view = view_of(study.modality, frame="image" if study.look == "ultrasound" else "patient")
            region = region_map(Location(lesion.laterality, lesion.zones), view, study.image.shape[0])
            if region is not None:
                placed += 1
                assert region[lesion.mask].mean() > 0.45, (study.look, lesion.laterality, lesion.zones)
    assert placed > 60


def test_forms_are_as_long_as_they_are_called() -> None:
    """Second moments of a mask tell its axes, whichever way it lies; the area is what was asked for."""
    for form, low, high in (("round", 1.0, 1.2), ("oval", 1.5, 2.0), ("linear", 3.5, 5.5)):
        for seed in range(4):
            alpha = draw_form(np.random.default_rng(seed), 128, (70.0, 50.0), 400.0, form)
            rows, columns = np.nonzero(alpha > 0.5)
            short, long = np.sqrt(np.linalg.eigvalsh(np.cov(rows, columns)))
            assert low <= long / short <= high, form
            assert alpha.sum() == pytest.approx(400, rel=0.1)
            assert (rows.mean(), columns.mean()) == pytest.approx((69.5, 49.5), abs=1)
