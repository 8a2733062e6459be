"""The page when hands are faster than the service: an answer is shown for what was asked, or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from medsegr.serve.config import ServeConfig
from medsegr.serve.worker_process import WorkerProcess

from .browser import Browser
from .page_cases import phantom, write_study
from .running import Running, running

NARROW = 200
HOLD = """
const fetched = window.fetch;
Object.assign(window, { held: [], views: [], gone: [], pass: false });
window.fetch = async (path, options = {}) => {
  const answer = await fetched(path, options);
  if (options.method === "DELETE") window.gone.push(path);
  if (!path.endsWith("/view")) return answer;
  window.views.push(path.slice(0, -"/view".length));
  if (!window.pass) await new Promise((go) => window.held.push(go));
  return answer;
};"""
HOLD_A_FILE = """
const read = Blob.prototype.arrayBuffer;
window.held = [];
Blob.prototype.arrayBuffer = async function () {
  Blob.prototype.arrayBuffer = read;
  await new Promise((go) => window.held.push(go));
  return read.call(this);
};"""
HOLD_READINGS = """
const sent = window.fetch;
window.readings = [];
window.fetch = async (path, options) => {
  if (path === "/v1/parse") await new Promise((go) => window.readings.push(go));
  return sent(path, options);
};"""
RELEASE = "window.pass = true; for (const go of window.held.splice(0)) go();"
POINTS = "return document.querySelectorAll('#marks .point.back').length"
ROWS = "return document.querySelectorAll('#findings tbody').length"


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Running]:
    """A service of this file."""
    with running(ServeConfig(tmp_path_factory.mktemp("haste") / "state", port=0, model="tiny"), WorkerProcess) as one:
        yield one


def write_narrow(folder: Path) -> Path:
    """Another picture: a part of the first."""
    path = folder / "narrow.png"
    Image.fromarray(phantom().image[:, -NARROW:]).save(path)
    return path


def held(page: Browser) -> None:
    """Wait until something is held back."""
    page.until(lambda: page.js("return window.held.length"))


def test_a_picture_that_comes_before_the_view_of_the_last_is_the_one_that_is_shown(opened, tmp_path):
    opened.js(HOLD)
    opened.drop(*write_study(tmp_path, phantom(), ".png"))
    held(opened)
    opened.drop(write_narrow(tmp_path))
    opened.js(RELEASE)
    opened.settled()
    assert f"{NARROW} by 256" in opened.js("return document.getElementById('stage').getAttribute('aria-label')")
    assert opened.js("return document.getElementById('base').width") == NARROW
    assert len(opened.js("return window.views")) == 2


def test_a_report_that_is_read_before_the_view_comes_gets_an_answer_of_its_own(opened, tmp_path):
    opened.drop(*write_study(tmp_path, phantom(), ".png"))
    opened.settled()
    first = opened.js(
        "return performance.getEntriesByType('resource').map((one) => new URL(one.name).pathname)"
        ".find((path) => path.endsWith('/view')).slice(0, -5)")  # fmt: skip
    opened.js(HOLD)
    opened.js("const s = document.querySelector('#findings select[aria-label=Side]');"
              "s.value = 'right'; s.dispatchEvent(new Event('change'))")  # fmt: skip
    held(opened)
    opened.js("const r = document.getElementById('report'); r.value = 'Consolidation in the left lower zone.';"
              "r.dispatchEvent(new Event('input'))")  # fmt: skip
    opened.until(lambda: opened.js(ROWS) == 1)
    opened.js(RELEASE)
    opened.settled()
    second, third = opened.js("return window.views")
    opened.until(lambda: len(opened.js("return window.gone")) == 2)
    assert set(opened.js("return window.gone")) == {first, second}, "what is not shown is deleted"
    assert third not in (first, second) and not opened.see("#problem").is_displayed()


def test_the_picture_that_was_dropped_last_stays(opened, tmp_path):
    opened.js(HOLD_A_FILE)
    opened.drop(*write_study(tmp_path, phantom(), ".png"))
    held(opened)
    opened.drop(write_narrow(tmp_path))
    opened.js(RELEASE)
    opened.settled()
    assert opened.js("return document.getElementById('base').width") == NARROW


def test_clicks_are_dropped_for_another_place_and_kept_for_another_look(opened, tmp_path):
    opened.drop(*write_study(tmp_path, phantom(), ".png"))
    opened.settled()
    opened.press(1, "Click")
    opened.click_picture(0.7, 0.6)
    for field, left in (("Texture", 1), ("Shape", 1), ("Zone", 0)):
        select = opened.see(f"#findings tbody select[aria-label='{field}: add']")
        select.find_elements("tag name", "option")[1].click()
        opened.settled()
        assert opened.js(POINTS) == left, field


TYPE = "const r = document.getElementById('report'); r.value = arguments[0]; r.dispatchEvent(new Event('input'));"
CONSOLIDATION = "Consolidation in the left lower zone."
LOOKED_FOR = "return document.querySelector('#findings .says')?.textContent !== 'Not looked for yet.'"


def test_what_was_just_typed_is_what_is_asked(opened, tmp_path):
    opened.drop(*write_study(tmp_path, phantom(), ".png"))
    opened.settled()
    opened.js("document.getElementById('report').focus()")
    opened.js(f"{TYPE} r.dispatchEvent(new KeyboardEvent('keydown', {{key: 'Enter', ctrlKey: true, bubbles: true}}))",
              CONSOLIDATION)  # fmt: skip
    opened.until(lambda: opened.js(ROWS) == 1 and opened.js(LOOKED_FOR))
    opened.settled()
    assert opened.mask_box(1), "without a second press"


def test_what_is_typed_before_an_answer_comes_is_asked_after_it(opened, tmp_path):
    opened.drop(*write_study(tmp_path, phantom(), ".png"))
    opened.settled()
    opened.js(HOLD)
    opened.see("#run").click()
    held(opened)
    opened.js(TYPE + RELEASE, CONSOLIDATION)  # the answer is shown before the pause after typing is over
    opened.until(lambda: opened.js(ROWS) == 1 and opened.js(LOOKED_FOR))
    opened.settled()
    assert opened.mask_box(1) and len(opened.js("return window.views")) == 2


def test_a_picture_is_sent_though_the_last_one_is_answered_while_the_report_is_read(opened, tmp_path):
    opened.js(HOLD)
    opened.drop(*write_study(tmp_path, phantom(), ".png"))
    held(opened)
    opened.js(HOLD_READINGS + TYPE, CONSOLIDATION)
    opened.drop(write_narrow(tmp_path))
    opened.until(lambda: opened.js("return window.readings.length"))
    opened.js(RELEASE)
    shown = "document.getElementById('base').width === 256"
    opened.until(lambda: opened.js(f"return window.gone.length || {shown}"))
    opened.js("for (const go of window.readings.splice(0)) go()")
    opened.until(lambda: opened.js(ROWS) == 1 and opened.js(LOOKED_FOR))
    opened.settled()
    assert opened.js("return document.getElementById('base').width") == NARROW
    assert len(opened.js("return window.views")) == 2
