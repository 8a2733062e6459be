"""What the page is made of and what it asks for: files of the package, names, and a job's picture plane by plane."""

import json
import re
import urllib.error
import urllib.request
from importlib import resources

import numpy as np
import pytest
from PIL import Image

from medsegr.client import Client
from medsegr.cognition.lexicon import load_lexicon
from medsegr.data.image import load_image
from medsegr.errors import ServiceError
from medsegr.inference.predictor import load
from medsegr.serve.config import ServeConfig
from medsegr.serve.schemas import SegmentRequest, ViewAnswer
from medsegr.serve.shown_picture import read_map, read_plane, read_view
from medsegr.serve.worker import Setup, segment_job

from .running import png, running

SETUP = Setup("random", "cpu", 0, 1, 1_000_000, 8)
TOKEN = "a-token-of-the-tests"
PARTS = sorted(one.name for one in resources.files("medsegr.serve").joinpath("static").iterdir())


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    config = ServeConfig(tmp_path_factory.mktemp("parts") / "state", port=0, tokens=(TOKEN,))
    with running(config) as service:
        yield service


def get(served, path, token=None):
    request = urllib.request.Request(served.address + path)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    return urllib.request.urlopen(request)


@pytest.mark.parametrize("path", ["/", *(f"/page/{name}" for name in PARTS)])
def test_the_page_is_open_and_tells_nothing_else_to_run(served, path):
    with get(served, path) as answer:
        text, policy = answer.read().decode(), answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "http" not in policy
    assert "Jane" not in text and answer.headers["X-Content-Type-Options"] == "nosniff"
    named = re.findall(r"https?://[^\s\"'`)]+", text)
    assert set(named) <= {"http://www.w3.org/2000/svg"}, "no part names another machine"
    assert not re.search(
        r"innerHTML|outerHTML|document\.write|\beval\(|new Function|<script>|\son\w+=\"|style=\"", text
    )


def test_every_part_that_is_named_is_there():
    static = resources.files("medsegr.serve").joinpath("static")
    for name in PARTS:
        text = static.joinpath(name).read_text(encoding="utf-8")
        named = re.findall(r"/page/([\w.]+)", text) + re.findall(r'from "\./([\w.]+)"', text)
        assert set(named) <= set(PARTS), name
    assert {"index.html", "main.js", "page.css"} <= set(PARTS)


@pytest.mark.parametrize("name", ["missing.js", "..%2Fpage.py", "%2e%2e/page.py", "__init__.py", "index.html%00"])
def test_nothing_but_the_page_is_given(served, name):
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(served, f"/page/{name}")
    assert caught.value.code in (401, 404)


@pytest.mark.parametrize("path", ["/v1/lexicon", "/v1/models", "/v1/jobs/" + "0" * 32 + "/view"])
def test_what_the_page_asks_for_needs_the_token(served, path):
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(served, path)
    assert caught.value.code == 401


def test_the_lexicon_names_what_priors_may_hold(served):
    with get(served, "/v1/lexicon", TOKEN) as answer:
        told = json.loads(answer.read())
    lexicon = load_lexicon()
    for kind in ("zones", "textures", "shapes", "modalities"):
        assert {one["name"] for one in told[kind]} == set(getattr(lexicon, kind))
    assert set(told["targets"]) == set(lexicon.targets)
    assert {one["region"] for one in told["zones"] if one["frame"] == "image"} == {"image"}


def test_words_are_told_by_finding_and_aspect_and_may_come_back(served):
    text = "Round nodule in the left upper lobe. No effusion."
    with Client(served.address, TOKEN) as client:
        told = client.parse(text, "chest_xray")
        words = [(one["finding"], one["aspect"], text[slice(*one["span"])]) for one in told["words"]]
        assert words == [
            (0, "shape", "Round"), (0, "target", "nodule"), (0, "location", "left"), (0, "location", "upper lobe"),
            (1, "presence", "No"), (1, "target", "effusion"),
        ]  # fmt: skip
        assert client.segment(png(), text, priors=told).state == "done"


def test_a_job_without_a_view_shows_nothing(served):
    with Client(served.address, TOKEN) as client:
        job = client.segment(png(), "Nodule.")
        for end in ("view", "view/planes/0", "view/masks/0", "view/maps/0"):
            with pytest.raises(urllib.error.HTTPError) as caught:
                get(served, f"/v1/jobs/{job.id}/{end}", TOKEN)
            assert caught.value.code == 404
        with pytest.raises(ServiceError, match="422"):
            client.segment(png(), "Nodule.", masks="paper")


def shown(tmp_path, model, image, **fields):
    """The folder of a job's results, and what the library gives for the same."""
    folder = tmp_path / "job"
    folder.mkdir()
    path = folder / ("picture.png" if image.ndim < 4 and image.dtype == np.uint8 else "picture.nii.gz")
    if path.suffix == ".png":
        Image.fromarray(image).save(path)
    else:
        import nibabel

        nibabel.save(nibabel.Nifti1Image(image, np.diag([-1.0, 2.0, 3.0, 1.0])), path)
    asked = SegmentRequest(
        report="Nodule in the left lung. Mass. No effusion.", modality="chest_ct", view=True, **fields
    )
    (folder / "request.json").write_text(asked.model_dump_json())
    predictor = load(model)
    segment_job(predictor, folder, SETUP)
    return folder / "result", predictor.segment(path, asked.report, modality="chest_ct")


@pytest.mark.parametrize("colour", [False, True])
def test_a_picture_is_shown_as_it_was_read(tmp_path, random_model, colour):
    image = np.random.default_rng(0).integers(0, 255, (50, 70, 3) if colour else (50, 70), np.uint8)
    folder, result = shown(tmp_path, random_model, image, masks=["4d", "separate"])
    view = read_view(folder)
    ViewAnswer.model_validate(view)
    assert (view["planes"], view["height"], view["width"], view["colour"]) == (1, 50, 70, colour)
    assert read_plane(folder, "planes", 0) == image.tobytes() and read_plane(folder, "planes", 1) is None
    check_masks(folder, result, 0)
    maps = [read_map(folder, number) for number in range(3)]
    assert [found is None for found in maps] == [False, False, True], "what is absent was not looked for"
    size, content = maps[0]
    expected = (result.findings[0].location_map * 255).round()
    np.testing.assert_allclose(np.frombuffer(content, np.uint8).reshape(size), expected, atol=1)
    assert (folder / "masks.nii.gz").is_file() and not view["hounsfield"]


def test_a_volume_is_shown_plane_by_plane(tmp_path, random_model):
    values = np.random.default_rng(0).integers(-1000, 1000, (40, 30, 4)).astype(np.int16)
    folder, result = shown(tmp_path, random_model, values)
    view, image = read_view(folder), load_image(folder.parent / "picture.nii.gz")
    assert (view["planes"], view["type"], view["hounsfield"]) == (image.planes, "int16", True)
    assert view["aspect"] == pytest.approx(image.geometry.spacing_mm[1] / image.geometry.spacing_mm[2])
    assert view["window"] == [-1000, 1000] or view["window"][0] < view["window"][1]
    for plane in range(image.planes):
        read = np.frombuffer(read_plane(folder, "planes", plane), "<i2").reshape(image.size)
        assert (read == image.voxels[plane]).all()
        check_masks(folder, result, plane)


def check_masks(folder, result, plane):
    """Bits of all masks of a plane, in the order of the findings."""
    bits = np.unpackbits(np.frombuffer(read_plane(folder, "masks", plane), np.uint8))
    height, width = result.image.size
    kept = bits[: len(result.findings) * height * width].reshape(-1, height, width)
    for found, mask, told in zip(result.findings, kept, read_view(folder)["findings"], strict=True):
        assert (mask == found.plane_mask(plane)).all()
        assert told["areas"][plane] == mask.sum() and told["id"] == found.id
