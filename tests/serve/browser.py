"""Debian's Chromium without a window, driven by its own driver; what it asks of any machine is noted."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=AutofillServerCommunication",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--force-color-profile=srgb",
    "--lang=en-GB",
)
"""What the browser asks for itself (updates, its start page) finds no machine; what the page asks for is looked at.

Without the one about autofill, Chromium asks its maker about the fields of every page that has any.
"""

DONE = "return document.getElementById('status').textContent.startsWith('Done') && !document.body.matches('.busy')"


class Browser:
    """A page in Chromium.

    Args:
        driver: Of selenium.
        folder: Where downloads and the network log go.
    """

    def __init__(self, driver: Any, folder: Path) -> None:
        self.driver, self.folder = driver, folder

    def js(self, code: str, *given: Any) -> Any:
        """What a function body returns, in the page."""
        return self.driver.execute_script(code, *given)

    def see(self, selector: str) -> Any:
        """The first element."""
        return self.driver.find_element("css selector", selector)

    def text(self, selector: str) -> str:
        """Its text."""
        return str(self.js("return document.querySelector(arguments[0])?.textContent ?? ''", selector))

    def until(self, true: Callable[[], Any], seconds: float = 180.0) -> Any:
        """Wait for something; say what the page says where it does not come."""
        deadline = time.monotonic() + seconds
        while not (found := true()):
            said = f"{self.text('#status')} {self.text('#problem')}"
            assert time.monotonic() < deadline, f"it did not come; the page says: {said}"
            time.sleep(0.05)
        return found

    def open(self, address: str) -> None:
        """Open the page and wait until it can be used."""
        self.driver.get(f"{address}/")
        self.until(lambda: self.text("#status") == "Ready.")

    def settled(self, seconds: float = 180.0) -> None:
        """Wait for an answer."""
        self.until(lambda: self.js(DONE), seconds)

    def drop(self, *paths: Path) -> None:
        """Drop files on the page, as a hand does: the browser's own drag and drop."""
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.driver.execute_cdp_cmd("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 400, "data": data})

    def change(self, number: int, field: str, value: str) -> None:
        """Choose another entry in a list of a finding's row, and wait for the answer."""
        row = f"#findings tbody:nth-of-type({number})"
        select = self.see(f"{row} select[aria-label='{field}']")
        select.find_element("css selector", f"option[value='{value}']").click()
        self.settled()

    def press(self, number: int, button: str) -> None:
        """Press a button of a finding's row."""
        row = self.see(f"#findings tbody:nth-of-type({number})")
        row.find_element("xpath", f".//button[text()='{button}']").click()

    def click_picture(self, x: float, y: float, *, outside: bool = False) -> None:
        """Click at a share of the picture's width and height, with Shift for outside, and wait for the answer."""
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.keys import Keys

        sheet = self.see("#sheet")
        width, height = sheet.size["width"], sheet.size["height"]
        hand = ActionChains(self.driver)
        hand = hand.key_down(Keys.SHIFT) if outside else hand
        hand.move_to_element_with_offset(sheet, int((x - 0.5) * width), int((y - 0.5) * height)).click().perform()
        ActionChains(self.driver).key_up(Keys.SHIFT).perform()
        self.settled()

    def keys(self, *pressed: str) -> None:
        """Press keys where the focus is."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*pressed).perform()

    def mask_box(self, number: int) -> list[float] | None:
        """Left, top, right and bottom of a mask's outline, in pixels of the picture; None where there is none."""
        found: list[float] | None = self.js(
            "const p = document.querySelector(`#marks g:nth-of-type(${arguments[0]}) path`); if (!p) return null;"
            "const b = p.getBBox(); return [b.x, b.y, b.x + b.width, b.y + b.height]", number)  # fmt: skip
        return found

    def saved(self, button: str, name: str) -> Path:
        """Press a button of "Save"; the file that comes."""
        path = self.folder / name
        self.see(f"[data-save='{button}']").click()
        self.until(path.exists)
        return path

    def picture(self, path: Path) -> Path:
        """A screenshot."""
        path.write_bytes(self.driver.get_screenshot_as_png())
        return path

    def errors(self) -> list[str]:
        """What the browser complains of: scripts that fail, the policy broken, files that are missing."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def asked(self) -> list[str]:
        """Addresses that the page asked for."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [one["params"]["request"]["url"] for one in events if one["method"] == "Network.requestWillBeSent"]


def requests_of(page: str, log: Path) -> list[str]:
    """Addresses in Chromium's own network log that were asked for by pages of an address, or for them."""
    record = json.loads(log.read_text(encoding="utf-8"))
    start = record["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    told = [event["params"] for event in record["events"] if event["type"] == start and "params" in event]
    site = page.rpartition(":")[0]
    own = [one for one in told if site in f"{one.get('initiator')} {one.get('network_isolation_key')}"]
    return [one["url"] for one in own]


def machines(log: Path) -> set[str]:
    """Addresses of machines that Chromium tried to connect to, the browser itself included."""
    record = json.loads(log.read_text(encoding="utf-8"))
    attempt = record["constants"]["logEventTypes"]["TCP_CONNECT_ATTEMPT"]
    told = [event.get("params", {}) for event in record["events"] if event["type"] == attempt]
    return {one["address"].rpartition(":")[0] for one in told if "address" in one}


@contextmanager
def browser(folder: Path, size: tuple[int, int] = (1440, 1000)) -> Iterator[Browser]:
    """A browser of its own profile; its network log lies in ``folder/network.json`` when it has ended."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed (extra 'test')")
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("Chromium and its driver are not installed: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    log = folder / "network.json"
    for one in (
        *OPTIONS,
        f"--window-size={size[0]},{size[1]}",
        f"--log-net-log={log}",
        f"--user-data-dir={folder}/own",
    ):
        options.add_argument(one)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    options.add_experimental_option("prefs", {"download.default_directory": str(folder)})
    made = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        made.set_window_rect(0, 0, *size)
        yield Browser(made, folder)
    finally:
        made.quit()
