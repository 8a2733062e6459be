"""Pictures of the page, ``docs/images/page_*.png``: a browser does what a reader would.

python -m tests.serve.page_pictures

It needs Debian's packages ``chromium`` and ``chromium-driver``, and selenium (extra ``test``).
"""

import tempfile
from pathlib import Path

from PIL import Image

from medsegr.serve.config import ServeConfig
from medsegr.serve.worker_process import WorkerProcess
from tests.serve.browser import Browser, browser
from tests.serve.page_cases import phantom, write_ct_study, write_study
from tests.serve.running import running

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SIZE = (1440, 1010)
REPORT = "Chest X-ray. Probable calcified mass in the left lower zone. No pleural effusion. There is a swirling sign."


def shoot(page: Browser, name: str) -> None:
    """One picture."""
    path = page.picture(IMAGES / f"page_{name}.png")
    Image.open(path).convert("RGB").save(path, optimize=True)


def shoot_volume(page: Browser, folder: Path) -> None:
    """A study of two series, in a slice that was clicked."""
    page.drop(*write_ct_study(folder))
    page.until(lambda: page.see("#series-row").is_displayed())
    page.settled()
    page.press(1, "Click")
    page.click_picture(0.3, 0.6, outside=True)
    shoot(page, "volume")


def main() -> None:
    """Take all of them."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        config = ServeConfig(folder / "state", port=0, model="tiny")
        with running(config, WorkerProcess) as service, browser(folder, SIZE) as page:
            page.open(service.address)
            page.drop(*write_study(folder, phantom()))
            page.settled()
            shoot(page, "read")
            page.change(1, "Side", "right")
            page.press(1, "Location")
            page.until(lambda: page.see("#map").is_displayed())
            shoot(page, "changed")
            page.press(1, "Location")
            page.js("const r = document.getElementById('report'); r.value = arguments[0];"
                    "r.dispatchEvent(new Event('input'))", REPORT)  # fmt: skip
            page.until(lambda: "Mass" in page.text("#findings"))
            page.see("#run").click()
            page.settled()
            shoot(page, "absent")
            shoot_volume(page, folder)


if __name__ == "__main__":
    main()
