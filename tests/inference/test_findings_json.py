"""``findings.json``: the page names every field."""

import re
from pathlib import Path

import numpy as np

from medsegr.inference.findings_json import findings_json
from medsegr.inference.mask_files import MaskPlaces, Writing
from medsegr.inference.predictor import Predictor
from tests.inference.disk_model import DiskModel
from tests.inference.test_writer import DISKS, LABEL, REPORT

PAGE = Path(__file__).parents[2] / "docs" / "outputs.md"


def test_every_field_is_on_the_page_and_no_other() -> None:
    pixels = np.random.default_rng(0).random((60, 80)).astype(np.float32)
    result = Predictor(DiskModel(DISKS)).segment(pixels, REPORT, modality="chest_xray")
    places = {found.id: MaskPlaces() for found in result.findings}
    record = findings_json(result, LABEL, places, {}, Writing().codes)
    section = PAGE.read_text("utf-8").partition("## findings.json")[2].partition("\n## ")[0]
    case, finding = (
        {name for row in re.findall(r"^\| (`.*?) \|", table, re.M) for name in re.findall(r"`(\w+)`", row)}
        for table in section.split("| of a finding")
    )
    assert case == {*record, "report"}
    assert finding == {*record["findings"][0]}
