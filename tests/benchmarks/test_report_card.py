"""The benchmark's report card: families and origins apart, compact, and a page of its figures."""

import json

import numpy as np
import pytest
from benchmarks.pages import card_figures, environment

from benchmarks import record, report_card
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.phantoms.writer import write_phantoms
from medsegr.evaluation.report_card import CardAnswer
from medsegr.inference.predictor import Predictor
from medsegr.model.adapter import AdapterConfig
from medsegr.model.attach import attach
from tests.hosts import open_gates
from tests.random_hosts import random_tiny


def answers(data: str, cost: float, origin: str = "real", ways=("true", "none", "side")):
    """12 findings of a data set; each way but the true one costs so much."""
    for number in range(12):
        for way in ways:
            lost = 0.0 if way == "true" else cost + 0.001 * number
            yield CardAnswer(data, f"{number}", f"{number}", origin, 0, "mass", way, 0.8 - lost, 0.8, 1 - lost)


@pytest.fixture(scope="module")
def families():
    parts = (
        answers("phantoms_ct", 0.3), answers("polyp_cvc_text", 0.2), answers("cxr_covid_multi", 0.1),
        answers("breast_us_text", -0.0055), answers("ct_covid_lesion", 0.5, "derived"),
        answers("referring_ct_covid_lesion", 0.4, "derived", ("true", "side")),
    )  # fmt: skip
    return report_card.card_families([answer for part in parts for answer in part])


def test_families_origins_and_what_the_text_tells_stay_apart(families):
    assert {family: list(of) for family, of in families.items()} == {
        "phantoms": ["real"], "referring": ["derived"], "real": ["real", "derived"],
    }  # fmt: skip
    real = families["real"]["real"]
    assert list(real) == ["all", "text states a place", "text describes looks only", "data breast_us_text",
                          "data cxr_covid_multi", "data polyp_cvc_text"]  # fmt: skip
    assert real["text states a place"]["none"]["cost"] == pytest.approx(0.15 + 0.0055, abs=1e-4)
    assert real["data polyp_cvc_text"]["side"]["cost"] == pytest.approx(np.mean(0.2 + 0.001 * np.arange(12)), abs=1e-4)
    assert families["real"]["derived"]["all"]["none"]["findings"] == 12
    assert list(families["referring"]["derived"]["all"]) == ["true", "side"], "what nobody states is left out"
    assert set(real["all"]["side"]) == set(report_card.KEPT)


def test_the_page_has_the_cost_of_every_way(families):
    own = {"model": {"name": "full-0"}, "split": "test", "settings": {"a_mask_changes_below_dice": 0.9, "limit": None}}
    told = {**own, "command": "c", "date": "d", "seed": 0, "machine": "m", "families": families}
    told["figures"] = card_figures(told)
    assert told["figures"]["real"]["real"]["data polyp_cvc_text"]["side"].value == pytest.approx(0.2055, abs=1e-4)
    records_of_two = {"report_card": told, "report_card_phantoms": {**told, "figures": {}}}
    page = environment().get_template("report_card.md.j2").render(records=records_of_two)
    assert "### Phantoms (full-0)" in page and "| breast_us_text | 0.800 (0.800 to 0.800) | +0.0 (" in page
    assert "side swapped 100 %" in page


def test_a_model_is_asked_and_the_file_written(tmp_path, monkeypatch):
    root = write_phantoms(tmp_path / "p", 8, 2, size=64, split="test")
    folders = [DatasetFolder(folder) for folder in sorted(root.iterdir())][:2]
    model = open_gates(attach(random_tiny(), AdapterConfig(token_dim=16, heads=2, bottleneck=8)))
    monkeypatch.setattr(report_card, "load", lambda *_, **__: Predictor(model, name="best"))
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    best = tmp_path / "grid" / "full-0" / "best"
    asked = ["--model", str(best), "--limit", "2", "--data", *(str(f.path) for f in folders)]
    monkeypatch.setattr("sys.argv", ["report_card.py", *asked])
    report_card.main()
    found = json.loads((tmp_path / "results" / "report_card.json").read_text())
    assert found["model"]["name"] == "grid/full-0" and found["seed"] == 0 and found["settings"]["limit"] == 2
    assert [data["name"] for data in found["data"]] == [folder.name for folder in folders]
    groups = found["families"]["phantoms"]["derived"]
    assert list(groups) == ["all", *(f"data {folder.name}" for folder in folders)]
    counts = [groups[f"data {folder.name}"]["true"]["findings"] for folder in folders]
    assert groups["all"]["true"]["findings"] == sum(counts) >= 4
    assert str(tmp_path) not in (tmp_path / "results" / "report_card.json").read_text()
