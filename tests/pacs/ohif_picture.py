"""A study and its overlapping segments in OHIF on Orthanc: starts both, and takes a picture of what is shown.

Not part of any test: OHIF's viewer is large. ``npm pack @ohif/app@3.13.2`` and ``tar xzf`` bring it, Debian's packages
``orthanc``, ``orthanc-dicomweb``, ``chromium`` and ``chromium-driver`` the rest; the extras ``pacs`` and ``test`` are
needed. Both listen on 127.0.0.1 alone. Run from the repository:

    python -m tests.pacs.ohif_picture package/dist ohif.png [scan/*.dcm results/*/*.dcm]

Without files a phantom is shown: a volume with two findings that overlap, drawn and not segmented.
"""

import http.server
import sys
import tempfile
import threading
import time
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlparse

import numpy as np
from pydicom import dcmread

from medsegr.cognition.priors import Finding, Location
from medsegr.data.image import load_image
from medsegr.inference.result import FindingResult, Result
from medsegr.inference.writer import write_case
from medsegr.pacs.connect import connect
from tests.data.dicom.series_maker import write_series
from tests.pacs.orthanc import Orthanc, started
from tests.serve.browser import browser
from tests.serve.running import until

SIZE = (1600, 1000)
WAIT_S, SETTLES_S = 180.0, 15.0
"""Until a picture is there; until its segments are, which says nothing."""

CONFIG = """window.config = {routerBasename: null, extensions: [], modes: [], showStudyList: true,
  disableConfirmationPrompts: true, investigationalUseDialog: {option: 'never'},
  defaultDataSourceName: 'orthanc', dataSources: [{sourceName: 'orthanc',
  namespace: '@ohif/extension-default.dataSourcesModule.dicomweb', configuration: {friendlyName: 'Orthanc',
  name: 'orthanc', qidoRoot: '/dicom-web', wadoRoot: '/dicom-web', wadoUriRoot: '/wado', imageRendering: 'wadors',
  thumbnailRendering: 'wadors', enableStudyLazyLoad: true, omitQuotationForMultipartRequest: true}}]};"""


def phantom(folder: Path) -> list[Path]:
    """A study with its SEG and SR: a nodule in the left lung, half of it in an effusion."""
    z, y, x = np.mgrid[:12, :160, :192]
    body = ((y - 80) / 70) ** 2 + ((x - 96) / 86) ** 2 < 1
    right, left = (((y - 76) / 48) ** 2 + ((x - at) / 34) ** 2 < 1 for at in (56, 136))
    nodule, effusion = (y - 88) ** 2 + (x - 134) ** 2 + (3 * z - 18) ** 2 < 400, left & (y > 92 + (x - 136) ** 2 / 60)
    dense = 60 * effusion + 900 * nodule
    values = np.where(right | left, -800 + np.clip(800 * effusion + dense, 0, 850), np.where(body, 40, -1000))
    noise = np.random.default_rng(0).normal(0, 20, z.shape)
    write_series(folder / "in", (values + noise).astype(np.int16), WindowCenter=-300, WindowWidth=1400,
                 StudyDate="20261130", StudyID="1", AccessionNumber="1")  # fmt: skip
    image, side = load_image(folder / "in"), Location("left")
    found = [FindingResult(f"{name}-left", Finding(name, "present", side), mask, support=0.9)
             for name, mask in (("nodule", nodule), ("pleural_effusion", effusion))]  # fmt: skip
    (folder / "out").mkdir()
    write_case(
        folder / "out", Result(tuple(found), image, modality="chest_ct"), case="scan", image="scan", model="drawn"
    )
    return [*(folder / "in").iterdir(), *(folder / "out").glob("*.dcm")]


def viewer(dist: Path, orthanc: Orthanc) -> http.server.ThreadingHTTPServer:
    """OHIF's files, its settings, and Orthanc's DICOMweb under one address."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given, directory=str(dist))

        def do_GET(self) -> None:
            path = urlparse(self.path).path
            if path.startswith("/dicom-web/"):
                address, told = (
                    f"http://127.0.0.1:{orthanc.http}{self.path}",
                    {"Accept": self.headers.get("Accept", "*/*")},
                )
                with urllib.request.urlopen(urllib.request.Request(address, headers=told), timeout=60) as answer:
                    self._send(answer.read(), answer.headers["Content-Type"])
            elif path == "/app-config.js":
                self._send(CONFIG.encode(), "text/javascript")
            else:
                self.path = path if (dist / path.lstrip("/")).is_file() else "/index.html"
                super().do_GET()

        def _send(self, body: bytes, kind: str) -> None:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)


def main(dist: Path, out: Path, files: list[Path]) -> None:
    """Show the files' study, with its first segmentation, and keep the picture."""
    with tempfile.TemporaryDirectory() as private, started(Path(private)) as orthanc:
        files = files or phantom(Path(private))
        connect(orthanc.web).store(files)
        headers = [dcmread(file, stop_before_pixels=True) for file in files]
        series = next(header for header in headers if header.Modality == "SEG")
        server = viewer(dist.resolve(), orthanc)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        asked = {"StudyInstanceUIDs": series.StudyInstanceUID, "initialSeriesInstanceUID": series.SeriesInstanceUID}
        with browser(Path(private), SIZE) as shown:
            shown.driver.get(f"http://127.0.0.1:{server.server_port}/viewer?{urlencode(asked)}")
            until(lambda: "I:" in shown.js("return document.body.innerText"), WAIT_S)
            time.sleep(SETTLES_S)
            shown.js("[...document.querySelectorAll('button')].filter(b => b.innerText == 'Skip all')[0]?.click()")
            shown.js("document.querySelector('[data-cy=panelSegmentation-btn]')?.click()")
            time.sleep(SETTLES_S)
            shown.driver.save_screenshot(str(out))
        server.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(file) for file in sys.argv[3:]])
