"""The grid: runs that are trained, resumed, skipped and scored; answers and a record that make a page."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from benchmarks.answers import kept
from benchmarks.arms import ARMS
from benchmarks.groups import figures_of
from benchmarks.pages import environment
from safetensors.torch import load_file

from benchmarks import record, reproduce
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.training import train as training
from medsegr.training.config_file import load_config
from medsegr.training.resume import STATE_FILE
from tests.training.small_dataset import TINY_HOST, make_dataset

SETTINGS = (
    *(f"host_settings.{name}={value}" for name, value in TINY_HOST.items()),
    "adapter.token_dim=16", "adapter.heads=2", "adapter.bottleneck=8", "batch_size=2", "validate_every=2",
    "validate_cases=2", "checkpoint_every=1", "log_every=1", "device=cpu", "optimiser.ema_decay=0.9", "steps=2",
)  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = make_dataset(tmp_path_factory.mktemp("sets") / "discs")
    rows = list(csv.reader((folder / "split.csv").open()))
    rows[-1][1] = rows[-3][1] = "test"
    with (folder / "split.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder


def grid(data: Path, out: Path, arms: str, *more: str) -> int:
    """The exit code of a grid whose records lie in the folder of its runs."""
    sets = [part for setting in SETTINGS for part in ("--set", setting)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "RESULTS", out)
        patch.setattr(reproduce, "FOLDER", out / "answers")
        try:
            reproduce.main(["--data", str(data), "--out", str(out), "--arms", arms, *sets, *more])
        except SystemExit as ended:
            return int(ended.code) if isinstance(ended.code, int) else 1
    return 0


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "small"
    assert grid(data, out, "host,full") == 0
    return out


def test_the_grid_leaves_runs_scores_answers_and_a_record(finished):
    told = json.loads((finished / "small.json").read_text())
    assert list(told["grid"]["arms"]) == ["host", "full"] and (told["seeds"], told["grid"]["steps"]) == ([0], 2)
    assert [(d["name"], d["cases"], d["split"]) for d in told["data"]] == [("discs", 2, "test")]
    assert all(len(arm["weights"]["0"]) == 64 and arm["parameters"] > 0 for arm in told["grid"]["arms"].values())
    rows = kept("small", finished / "answers")
    assert (rows[rows.told & (rows.arm == "host")].groupby(["case", "finding"]).dice.nunique() == 1).all()
    figures = figures_of(rows)["real"]["real"]
    assert {"to_host", "to_names_alone"} < set(figures["asked"]["true"]["all"]["full"])
    of_host = figures["false_queries"]["all"]["host"]
    assert {kind: of["rejected"].count for kind, of in of_host.items() if kind != "kept"} == {
        "false + foreign": 4, "false": 2, "foreign": 2,
    }  # fmt: skip
    page = environment().get_template("grid.md.j2")
    text = page.render(record={**told, "figures": {"real": {"real": figures}}}, name="x", commit=None)
    assert "## Real data sets, real reports: 2 findings, 2 patients or cases" in text and "full less host" in text


def test_a_run_is_trained_here_and_scored_there(data, finished, tmp_path):
    here, there = tmp_path / "here" / "small", tmp_path / "there" / "small"
    assert grid(data, here, "full", "--only", "train") == 0 and not list(here.glob("*/scores"))
    shutil.copytree(here / "full-0" / "best", there / "full-0" / "best")
    shutil.copy(here / "full-0" / "config.yaml", there / "full-0")
    assert grid(data, there, "full", "--only", "score") == 0 and not list(there.rglob(STATE_FILE))
    whole = kept("small", finished / "answers")
    assert (kept("small", there / "answers").dice.to_numpy() == whole[whole.arm == "full"].dice.to_numpy()).all()


def test_what_was_stopped_is_left_out_and_goes_on(data, finished, tmp_path, monkeypatch):
    update = training._Run._update

    def update_and_stop(self):
        update(self)
        self.stop.set()

    with monkeypatch.context() as patch:
        patch.setattr(training._Run, "_update", update_and_stop)
        assert grid(data, tmp_path, "full,host") == 3
    assert not list(tmp_path.glob("*.json")) and not (tmp_path / "host-0").exists()
    assert grid(data, tmp_path, "full") == 0
    resumed, whole = (load_file(run / "full-0" / STATE_FILE) for run in (tmp_path, finished))
    assert all((resumed[name] == whole[name]).all() for name in whole)


def test_what_is_done_is_kept_and_other_settings_are_refused(data, finished, capsys):
    before = (finished / "answers" / "small.csv.gz").read_bytes()
    scored = (finished / "full-0" / "scores" / "test" / "results.json").stat().st_mtime_ns
    assert grid(data, finished, "host,full") == 0
    assert (finished / "answers" / "small.csv.gz").read_bytes() == before
    assert (finished / "full-0" / "scores" / "test" / "results.json").stat().st_mtime_ns == scored
    assert grid(data, finished, "full", "--set", "adapter.bottleneck=4") == 2
    assert "other settings of: adapter" in capsys.readouterr().err
    assert grid(data, finished, "full", "--flips") == 1 and grid(data, finished, "ful") == 2


def test_every_arm_takes_a_step_from_the_weights_of_another_grid(data, finished, tmp_path):
    assert grid(data, tmp_path, "host,full", "--init", str(finished), "--only", "train") == 0
    told = reproduce.settings_of(tmp_path / "full-0")
    assert told["init"] == str(finished / "full-0" / "best") and "seed" in told
    further = ",".join(name for name in ARMS if name not in ("host", "full"))
    assert grid(data, tmp_path, further, "--only", "train", "--set", "validate_cases=0") == 0
    for name in ARMS:
        adapter = ReportGuidedSam.from_pretrained(tmp_path / f"{name}-0" / "best").adapter
        assert len(adapter.modulators) == (0 if name in ("host", "late", "bare-host") else 2)


def test_only_arms_with_a_per_finding_modulator_predict_boxes():
    def boxed(name):
        told = ["adapter.box=yes", "adapter.mask_prompt=yes", *ARMS[name].settings]
        return load_config("tiny", told, data=["d"], out="run").adapter

    kept_boxes = {name for name in ARMS if boxed(name).box}
    assert kept_boxes == {"full", "no-location", "no-texture", "no-shape", "no-fine", "no-fusion"}
    assert {name for name in ARMS if boxed(name).mask_prompt} == {*kept_boxes, "no-box"}
