"""The grid: runs that are trained, skipped, resumed and scored."""

import json
import shutil

import pytest
import torch
from benchmarks.grid import unet_training
from benchmarks.grid.arms import changed_settings, grid_runs
from benchmarks.grid.scores import Asking, score, scores_of
from safetensors.torch import load_file

from benchmarks import reproduce
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.errors import ConfigError, InputError
from medsegr.inference.looks import Looks
from medsegr.training import train as training
from medsegr.training.resume import STATE_FILE
from tests.benchmarks.small_grid import arguments, grid
from tests.training.small_dataset import make_dataset


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


def test_the_grid_leaves_runs_scores_and_tables(finished):
    record = json.loads((finished / "grid_small.json").read_text())
    assert list(record["grid"]["arms"]) == ["host", "full", "unet"]
    assert (record["seeds"], record["grid"]["steps"], record["machine"].endswith("CPU")) == ([0], 2, True)
    assert [(d["name"], d["cases"], d["split"]) for d in record["data"]] == [("discs", 2, "test")]
    assert len(record["data"][0]["content_sha256"]) == 64
    assert all(len(arm["weights"]["0"]) == 64 for arm in record["grid"]["arms"].values())
    assert "/" not in record["command"].replace("python -m", "")
    figures = record["origins"]["real"]["real"]
    for mode in ("true", "none", "other"):
        for arm in ("host", "full", "unet"):
            of_arm = figures["asked"][mode]["all"][arm]
            assert of_arm["findings"] == 2 and 0 <= of_arm["dice"] <= 1
    assert set(figures["asked"]["true"]["all"]["full"]["to_host"]) >= {"difference", "interval"}
    assert {"to_host", "to_unet"} < set(figures["asked"]["none"]["data discs"]["full"])
    asked = figures["false_queries"]["all"]
    for arm in ("host", "full", "unet"):
        assert asked[arm]["true"] == 2
        assert {kind: of["asked"] for kind, of in asked[arm]["kinds"].items()} == {
            "false + foreign": 4, "false": 2, "foreign": 2,
        }  # fmt: skip
        assert all(
            0 <= of["rejected_at_kept"] <= 1 and of["rejected"] is not None for of in asked[arm]["kinds"].values()
        )
    page = (finished / "grid_small.md").read_text()
    assert "## Real data sets, real reports (2 findings, 2 patients or cases)" in page
    assert "| full |" in page and "| all | foreign (2) |" in page and "full less unet" in page


def test_what_the_host_and_the_unet_are_told_makes_no_difference(finished):
    found = json.loads((finished / "grid_small.json").read_text())["origins"]["real"]["real"]["asked"]
    for arm in ("host", "unet"):
        assert len({found[mode]["all"][arm]["dice"] for mode in found}) == 1


def test_what_is_done_is_skipped(data, finished, monkeypatch, capsys):
    def refuse(*_, **__):
        raise AssertionError("a finished run was run again")

    for name in ("train", "train_unet", "score"):
        monkeypatch.setattr(reproduce, name, refuse)
    before = (finished / "grid_small.md").read_text()
    assert reproduce.reproduce(arguments(data, finished, "host,full,unet"))
    assert capsys.readouterr().out.count("done before") == 3
    assert (finished / "grid_small.md").read_text() == before
    assert not reproduce.reproduce(arguments(data, finished, "host,full,unet,late", "--only-tables"))


def test_a_run_is_trained_here_and_scored_there(data, finished, tmp_path, capsys):
    here, there = tmp_path / "here" / "small", tmp_path / "there" / "small"
    assert reproduce.reproduce(arguments(data, here, "full,unet", "--only-train"))
    assert not list(here.glob("*/scores")) and not list(here.glob("grid_*"))
    with pytest.raises(ConfigError, match="full-0' holds no trained run; expected its 'best'"):
        reproduce.reproduce(arguments(data, there, "full,unet", "--only-score"))
    for arm in ("full-0", "unet-0"):
        shutil.copytree(here / arm / "best", there / arm / "best")
        shutil.copy(here / arm / "config.yaml", there / arm)
    assert reproduce.reproduce(arguments(data, there, "full,unet", "--only-score"))
    assert not list(there.rglob(STATE_FILE)) and "training" not in capsys.readouterr().out.split("best validation")[-1]
    found, whole = (
        json.loads((at / "grid_small.json").read_text())["origins"]["real"]["real"]["asked"]["true"]["all"]
        for at in (there, finished)
    )
    assert all(found[arm]["dice"] == whole[arm]["dice"] for arm in ("full", "unet"))


@pytest.mark.parametrize(("arm", "owner"), [("full", training._Run), ("unet", unet_training._UnetRun)])
def test_a_killed_run_goes_on_where_it_stopped(arm, owner, data, finished, tmp_path, monkeypatch):
    update = owner._update

    def update_or_die(self):
        if self.progress.step == 1:
            raise Killed
        update(self)

    with monkeypatch.context() as patch:
        patch.setattr(owner, "_update", update_or_die)
        with pytest.raises(Killed):
            reproduce.reproduce(arguments(data, tmp_path, arm))
    assert reproduce.reproduce(arguments(data, tmp_path, arm))
    resumed, whole = (load_file(run / f"{arm}-0" / STATE_FILE) for run in (tmp_path, finished))
    assert resumed.keys() == whole.keys()
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)


def test_a_run_that_was_stopped_ends_the_call_and_is_left_out_of_the_tables(data, tmp_path, capsys):
    late = arguments(data, tmp_path, "late,host", "--set", "max_seconds=0.000001")
    assert not reproduce.reproduce(late)
    assert "stopped at step 0; repeat the command" in capsys.readouterr().out
    assert not list(tmp_path.glob("grid_*")) and not (tmp_path / "host-0").exists()


def test_a_run_with_other_settings_is_refused(data, finished):
    with pytest.raises(ConfigError, match=r"other settings of: adapter"):
        reproduce.reproduce(arguments(data, finished, "full", "--set", "adapter.bottleneck=4"))
    with pytest.raises(InputError, match="made with another limit"):
        reproduce.reproduce(arguments(data, finished, "full", "--limit", "1"))
    for option, name in (("--flips", "flips"), ("--second-look", "second look")):
        with pytest.raises(InputError, match=f"made with another {name}"):
            reproduce.reproduce(arguments(data, finished, "full", option))
    assert not changed_settings(grid_runs(grid(data, finished), ["full"], [0])[0])


def test_scores_say_how_the_pictures_were_looked_at(data, finished, tmp_path):
    shutil.copytree(finished, tmp_path / "copy", ignore=shutil.ignore_patterns("scores"))
    looking = ("--flips", "--second-look")
    assert reproduce.reproduce(arguments(data, tmp_path / "copy", "host,unet", *looking))
    for arm in ("host", "unet"):
        scored = tmp_path / "copy" / f"{arm}-0" / "scores" / "discs" / "results.json"
        settings = json.loads(scored.read_text())["settings"]
        assert settings["flips"] is settings["second_look"] is True
    with pytest.raises(InputError, match="made with another flips"):
        reproduce.reproduce(arguments(data, tmp_path / "copy", "host"))


def test_scores_from_before_the_options_of_looking_count_as_without(data, finished, tmp_path):
    shutil.copytree(finished, tmp_path / "copy")
    scored = tmp_path / "copy" / "host-0" / "scores" / "discs" / "results.json"
    record = json.loads(scored.read_text())
    del record["settings"]["flips"], record["settings"]["second_look"]
    scored.write_text(json.dumps(record))
    run = grid_runs(grid(data, tmp_path / "copy"), ["host"], [0])[0]
    assert scores_of(run, "discs", Asking())
    with pytest.raises(InputError, match="made with another flips"):
        scores_of(run, "discs", Asking(looks=Looks(flips=True)))


def test_a_kill_while_scoring_leaves_nothing_half_done(data, finished, tmp_path, monkeypatch):
    run = grid_runs(grid(data, finished), ["host"], [0])[0]
    elsewhere = [make_dataset(tmp_path / "other")]
    (elsewhere[0] / "split.csv").write_text("image,split\n" + "".join(f"p{i}.png,test\n" for i in range(8)))
    monkeypatch.setattr("benchmarks.grid.scores.write_results", lambda *_: (_ for _ in ()).throw(Killed()))
    with pytest.raises(Killed):
        score(run, [DatasetFolder(elsewhere[0])], Asking(limit=1))
    assert [path.name for path in (run.folder / "scores").iterdir()] == ["discs"]
