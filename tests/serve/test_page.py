"""The page in a real browser: what a reader does, what is seen, and that nothing leaves the machine."""

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import nibabel
import numpy as np
import pytest

from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding, Location
from medsegr.inference.result import unique_ids
from medsegr.serve.config import ServeConfig
from medsegr.serve.worker_process import WorkerProcess

from .browser import browser, machines, requests_of
from .page_cases import STUDY_SIDE, phantom, write_study, write_volume
from .running import Running, running

highdicom = pytest.importorskip("highdicom", reason="the extra 'dicom' is not installed")
TOKEN = "a-token-of-the-tests"


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Running]:
    config = ServeConfig(tmp_path_factory.mktemp("page") / "state", port=0, model="tiny")
    with running(config, WorkerProcess) as service:
        yield service


def test_a_reader_changes_a_side_clicks_and_saves(served, tmp_path):
    picture, report = write_study(tmp_path, phantom())
    with browser(tmp_path) as page:
        page.open(served.address)
        page.drop(picture, report)
        page.settled()
        first, second = page.mask_box(1), page.mask_box(2)
        assert first and second, "two masks"
        assert min(first[0], second[0]) > STUDY_SIDE / 2, "the patient's left is on the right of the picture"
        assert page.js("return document.querySelectorAll('#words mark').length") == 8
        page.change(1, "Side", "right")
        moved = page.mask_box(1)
        assert moved and moved[2] < STUDY_SIDE / 2 < page.mask_box(2)[0]
        page.press(2, "Click")
        page.click_picture(0.65, 0.71)
        page.click_picture(0.8, 0.4, outside=True)
        marks = page.js(
            "return [...document.querySelectorAll('#marks .point.back')].map((one) => one.getBBox().height)"
        )
        assert len(marks) == 2 and marks[0] > 0 == marks[1], "plus inside, minus outside"
        assert not page.js("return document.querySelector('#marks .cross')"), "nothing lies over them"
        found = highdicom.seg.segread(page.saved("segmentation.dcm", "segmentation.dcm"))
        assert found.number_of_segments == 2
        columns = [np.nonzero(mask)[1] for mask in masks_of(found)]
        assert [columns[0].min(), columns[0].max() + 1] == [moved[0], moved[2]], "the file holds what is seen"
        page.saved("png", "medsegr.png")
        record = json.loads(page.saved("findings.json", "findings.json").read_text())
        assert [one["location"]["laterality"] for one in record["findings"]] == ["right", "left"]
        assert nibabel.load(page.saved("masks.nii.gz", "masks.nii.gz")).shape[-1] == 2
        assert not page.errors()
        asked = page.asked()
    assert all(local(url, served) for url in asked), "the page asks this service alone"
    logged = requests_of(served.address, tmp_path / "network.json")
    assert len(logged) > 20 and {url for url in asked if url.startswith("http")} <= set(logged)
    assert all(local(url, served) for url in logged)
    assert machines(tmp_path / "network.json") == {"127.0.0.1"}, "and so does the browser's own log say"


def test_keys_serve_as_hands_do(opened, served, tmp_path):
    from selenium.webdriver.common.keys import Keys

    opened.drop(*write_study(tmp_path, phantom(), ".png"))
    opened.settled()
    shown = "return [...document.querySelectorAll('#marks .mask')].map((one) => one.style.display !== 'none')"
    opened.js("document.getElementById('stage').focus()")
    opened.keys("2")
    assert opened.js(shown) == [True, False]
    opened.keys("2")
    assert opened.js(shown) == [True, True]
    before = opened.js("return document.getElementById('sheet').offsetWidth")
    opened.keys("+")
    assert opened.js("return document.getElementById('sheet').offsetWidth") > before
    opened.press(2, "Click")
    opened.keys(Keys.ARROW_RIGHT * 3, Keys.ENTER)
    opened.settled()
    place = opened.js("return document.querySelector('#marks .point.back').getBBox()")
    assert place["x"] + place["width"] / 2 == pytest.approx(STUDY_SIDE / 2 + 3 * 0.005 * STUDY_SIDE, abs=0.01)
    opened.keys(Keys.BACKSPACE)
    opened.settled()
    assert not opened.js("return document.querySelector('#marks .point')")
    opened.keys(Keys.ESCAPE)
    assert not opened.js("return document.querySelector('#stage.armed')")
    label = opened.js("return document.getElementById('stage').getAttribute('aria-label')")
    assert "256 by 256" in label and label.count("Consolidation, left lower zone") == 2


def test_a_volume_has_slices_and_windows(opened, served, tmp_path):
    from selenium.webdriver.common.keys import Keys

    values = write_volume(tmp_path)
    opened.drop(*sorted(tmp_path.glob("volume/*")))
    opened.settled()
    pixel = "return [...document.getElementById('base').getContext('2d').getImageData(20, 10, 1, 1).data]"
    opened.js("document.getElementById('stage').focus()")
    opened.keys(Keys.HOME)
    opened.until(lambda: opened.text("#slice-says") == "1 of 6")
    opened.keys(Keys.ARROW_DOWN)
    opened.until(lambda: opened.text("#slice-says") == "2 of 6")
    opened.js("const s = document.getElementById('preset'); s.value = '1'; s.dispatchEvent(new Event('change'))")
    assert opened.text("#preset option:checked").startswith("Lung")
    expected = np.clip((values[1, 10, 20] + 1350) / 1500 * 255, 0, 255)
    opened.until(lambda: opened.js(pixel)[0] == pytest.approx(expected, abs=0.6))
    assert opened.js("return document.querySelectorAll('#where rect').length") >= 1 or opened.mask_box(1) is None


def test_what_is_wrong_is_said_and_the_next_is_right(opened, served, tmp_path):
    (tmp_path / "bad.png").write_text("no picture")
    opened.drop(tmp_path / "bad.png")
    opened.until(lambda: "no picture" in opened.text("#problem"))
    assert opened.see("#problem").is_displayed()
    opened.drop(*write_study(tmp_path, phantom(), ".png"))
    opened.settled()
    assert not opened.see("#problem").is_displayed()
    assert not opened.see("[data-save='segmentation.dcm']").is_enabled()
    assert "DICOM" in opened.text("#save-says")


def test_what_the_model_was_not_trained_for_is_refused_or_guessed(opened, served, tmp_path):
    picture, report = write_study(tmp_path, phantom(), ".png")
    report.write_text("Chest X-ray. Large right pleural effusion.")
    opened.drop(picture, report)
    opened.settled()
    said = "return document.querySelector('#findings .says').textContent"
    assert "was not trained to find" in opened.js(said) and opened.mask_box(1) is None
    assert opened.text("#warnings").count("pleural_effusion") == 0, "it stands in its row"
    opened.see("#draw").click()
    opened.settled()
    assert "not trained to find" not in opened.js(said) and opened.see("#findings meter").is_displayed()


def test_words_that_were_not_read_are_marked(opened, served):
    text = "No 🫁 effusion. A xylographic swirl sign. Round nodule in the left upper lobe."
    opened.js("const r = document.getElementById('report'); r.value = arguments[0];"
              "r.dispatchEvent(new Event('input'))", text)  # fmt: skip
    opened.until(lambda: opened.text("#findings tbody:last-of-type th").endswith("Nodule, left upper lobe"))
    read = parse_report(text)
    marked = opened.js("return [...document.querySelectorAll('#words .unread')].map((one) => one.textContent)")
    assert marked == [text[a:b] for a, b in read.not_read]
    words = opened.js("return [...document.querySelectorAll('#words mark')].map((one) => one.textContent)")
    assert words[-4:] == ["Round", "nodule", "left", "upper lobe"], "letters that are two halves shift nothing"


def test_clicks_are_sent_under_the_names_that_the_library_gives(opened):
    sides = [None, "left", "right", "left", None, "left"]
    findings = parse_report("Nodule. Left nodule. Right nodule. Left nodule. Effusion. Left lung mass.").findings
    told = [{"target": f.target, "laterality": f.location.laterality} for f in findings]
    told += [{"target": "left_lung", "laterality": side} for side in sides]
    ids = opened.driver.execute_async_script(
        "import('/page/report.js').then((made) => arguments[1](made.uniqueIds(arguments[0])))", told
    )
    lungs = [Finding("left_lung", location=Location(side)) for side in sides]
    assert ids == unique_ids([*findings, *lungs]) and len(set(ids)) == len(ids) > 8


def test_a_token_is_asked_for(tmp_path):
    config = ServeConfig(tmp_path / "state", port=0, tokens=(TOKEN,))
    with running(config) as service, browser(tmp_path) as page:
        page.driver.get(f"{service.address}/")
        page.until(lambda: page.see("#token").is_displayed())
        page.see("#token-value").send_keys("wrong-wrong-wrong-wrong")
        page.keys("\n")
        page.until(lambda: page.see("#token").is_displayed() and not page.text("#status").startswith("Ready"))
        page.see("#token-value").clear()
        page.see("#token-value").send_keys(TOKEN)
        page.keys("\n")
        page.until(lambda: page.text("#status") == "Ready.")


def masks_of(found) -> list[np.ndarray]:
    """(H, W) bool of each segment, in the order of their numbers."""
    return [frame > 0 for frame in found.pixel_array]


def local(url: str, served: Running) -> bool:
    """Whether an address is this service's, or lies in the browser itself."""
    return urlsplit(url).scheme in ("data", "blob", "chrome") or url.startswith(f"{served.address}/")
