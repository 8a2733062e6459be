"""The page and volumes: slices, series of a study, clicks in a slice, what is saved of them."""

import json
import sys
from collections.abc import Iterator
from functools import partial

import nibabel
import numpy as np
import pytest
from PIL import Image

from medsegr.serve.config import ServeConfig
from medsegr.serve.worker_process import WorkerProcess

from .browser import Browser
from .page_cases import BLOCK, SLICES, TALL, WIDE, write_nifti_volume, write_study_of_two
from .running import Running, running

highdicom = pytest.importorskip("highdicom", reason="the extra 'dicom' is not installed")

BRIGHT = partial(WorkerProcess, command=(sys.executable, "-m", "tests.serve.bright_worker"))
SAYS = "return document.querySelector('#findings .says').textContent"
MARKS = "return document.querySelectorAll('#marks .point.back').length"
SENT = """
const fetched = window.fetch;
window.sent = [];
window.fetch = (path, options = {}) => {
  if (options.method === "POST" && path.endsWith("segment")) window.sent.push(options.body.size);
  return fetched(path, options);
};"""
CHOOSE = "const s = document.getElementById(arguments[0]); s.value = arguments[1]; s.dispatchEvent(new Event('change'))"


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Running]:
    config = ServeConfig(tmp_path_factory.mktemp("volumes") / "state", port=0, model="tiny")
    with running(config, BRIGHT) as service:
        yield service


def turn(page: Browser, number: int) -> None:
    """Turn to a slice, from 1, by keys, which move no cross any more."""
    from selenium.webdriver.common.keys import Keys

    page.js("document.getElementById('stage').focus()")
    page.keys(
        Keys.ESCAPE, Keys.HOME, *[Keys.PAGE_DOWN if number > 5 else Keys.ARROW_DOWN] * (1 if number > 5 else number - 1)
    )
    label = "return document.getElementById('stage').getAttribute('aria-label')"
    page.until(lambda: f"slice {number} of" in page.js(label))


def boxes(page: Browser) -> list[list[float] | None]:
    """The outline of the first mask in each slice."""
    found = []
    for number in range(1, SLICES + 1):
        turn(page, number)
        found.append(page.mask_box(1))
    return found


EXPECTED = [BLOCK[2].start, BLOCK[1].start, BLOCK[2].stop, BLOCK[1].stop]


@pytest.mark.parametrize("write", [write_nifti_volume, write_study_of_two])
def test_a_click_in_a_slice_changes_that_slice_and_what_is_saved_holds_it(opened, tmp_path, write):
    opened.drop(*write(tmp_path))
    opened.settled()
    assert boxes(opened) == [EXPECTED if k in (1, 2) else None for k in range(SLICES)]
    assert opened.js(SAYS).endswith("slices 2 to 3")
    turn(opened, 6)
    opened.press(1, "Click")
    opened.click_picture(0.25, 0.75)
    left, top, right, bottom = opened.mask_box(1)
    assert left < 0.25 * WIDE < right and top < 0.75 * TALL < bottom, "it is there"
    assert opened.js(SAYS).endswith("3 of slices 2 to 6 · clicked in 6") and opened.js(MARKS) == 1
    assert boxes(opened)[:5] == [EXPECTED if k in (1, 2) else None for k in range(5)]
    turn(opened, 3)
    assert opened.js(MARKS) == 0, "a click is seen in its slice alone"
    opened.see("[data-save='png']").click()
    opened.until((tmp_path / "medsegr.png").exists)
    assert max(Image.open(tmp_path / "medsegr.png").size) == 1024
    record = json.loads(opened.saved("findings.json", "findings.json").read_text())
    clicked = int((right - left) * (bottom - top))
    assert record["findings"][0]["area_px"] == 2 * 12 * 16 + clicked
    masks = np.asanyarray(nibabel.load(opened.saved("masks.nii.gz", "masks.nii.gz")).dataobj)[..., 0]
    assert sorted(masks.sum((0, 1)).tolist()) == sorted([0, 12 * 16, 12 * 16, 0, 0, clicked])
    if write is write_study_of_two:
        segments = highdicom.seg.segread(opened.saved("segmentation.dcm", "segmentation.dcm"))
        assert int((segments.pixel_array > 0).sum()) == 2 * 12 * 16 + clicked
    opened.press(1, "Undo")
    opened.settled()
    assert opened.text("#slice-says") == "6 of 6" and opened.mask_box(1) is None, "undo shows where it was"
    assert not opened.errors()


def test_arrows_move_the_cross_and_no_slice_while_a_finding_takes_clicks(opened, tmp_path):
    from selenium.webdriver.common.keys import Keys

    opened.drop(*write_nifti_volume(tmp_path))
    opened.settled()
    turn(opened, 4)
    opened.press(1, "Click")
    opened.keys(Keys.ARROW_DOWN * 3, Keys.ENTER)
    opened.settled()
    assert opened.text("#slice-says") == "4 of 6" and opened.js(MARKS) == 1
    assert "clicked in 4" in opened.js(SAYS)


def test_a_study_shows_its_largest_series_and_the_one_that_is_chosen(opened, tmp_path):
    opened.drop(*write_study_of_two(tmp_path))
    opened.settled()
    assert opened.see("#series-row").is_displayed()
    told = opened.js("return [...document.getElementById('series').options].map((one) => one.text)")
    assert told == ["1: CT, 64 x 48, 6 slice(s), series 1, thin", "2: CT, 40 x 32, 3 slice(s), series 2, short"]
    assert opened.js("return [document.getElementById('base').width, document.getElementById('series').value]") == [
        WIDE,
        "1",
    ]
    opened.js(SENT)
    opened.js(CHOOSE, "series", "2")
    opened.until(lambda: opened.text("#slice-says").endswith("of 3"))
    opened.settled()
    assert opened.js("return document.getElementById('base').width") == 40
    assert opened.mask_box(1) == [EXPECTED[0] - 24, EXPECTED[1], EXPECTED[2] - 24, EXPECTED[3]]
    assert max(opened.js("return window.sent")) < 5_000, "the study is not sent again"
    opened.drop(*write_nifti_volume(tmp_path))
    opened.until(lambda: opened.text("#slice-says").endswith("of 6"))
    opened.settled()
    assert not opened.see("#series-row").is_displayed()


def test_support_stands_beside_what_is_needed(opened, tmp_path):
    opened.drop(*write_nifti_volume(tmp_path))
    opened.settled()
    assert "support 0.98 of 0.45 needed" in opened.text("#findings .line")
    assert opened.js("const m = document.querySelector('#findings meter'); return [m.low, m.high]") == [0.45, 0.45]


def test_whatever_can_be_used_has_a_name_for_screen_readers(opened, tmp_path):
    opened.drop(*write_study_of_two(tmp_path))
    opened.settled()
    nodes = opened.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    used = [one for one in nodes if not one["ignored"] and one["role"]["value"] in ROLES]
    assert {one["role"]["value"] for one in used} == ROLES
    assert not [one["role"]["value"] for one in used if not one.get("name", {}).get("value")]


ROLES = {"button", "checkbox", "combobox", "slider", "textbox", "table", "meter"}
