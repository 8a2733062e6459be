"""The grid: runs that are trained, skipped, resumed and scored."""

import json
import shutil

import pytest
import torch
from benchmarks.answers import kept
from benchmarks.grid.arms import changed_settings, grid_runs
from benchmarks.grid.scores import Asking, score
from benchmarks.groups import figures_of
from benchmarks.pages import environment
from safetensors.torch import load_file

from benchmarks import reproduce
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.errors import ConfigError, InputError
from medsegr.training import train as training
from medsegr.training.resume import STATE_FILE
from tests.benchmarks.small_grid import arguments, grid
from tests.training.small_dataset import make_dataset


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


def kept_of(out):
    return kept("small", out / "answers")


def test_the_grid_leaves_runs_scores_answers_and_a_record(finished):
    record = json.loads((finished / "small.json").read_text())
    assert list(record["grid"]["arms"]) == ["host", "full", "unet"]
    assert (record["seeds"], record["grid"]["steps"], record["machine"].endswith("CPU")) == ([0], 2, True)
    assert [(d["name"], d["cases"], d["split"]) for d in record["data"]] == [("discs", 2, "test")]
    assert len(record["data"][0]["content_sha256"]) == 64
    assert all(len(arm["weights"]["0"]) == 64 for arm in record["grid"]["arms"].values())
    assert "/" not in record["command"].replace("python -m", "")
    figures = figures_of(kept_of(finished))["real"]["real"]
    for mode in ("true", "none"):
        told = figures["asked"][mode]["all"]
        assert all(
            told[arm]["dice"].count == 2 and 0 <= told[arm]["dice"].value <= 1 for arm in ("host", "full", "unet")
        )
    assert {"to_host", "to_unet", "to_names_alone"} < set(figures["asked"]["true"]["data discs"]["full"])
    for kinds in figures["false_queries"]["all"].values():
        counts = {kind: of["rejected"].count for kind, of in kinds.items() if kind != "kept"}
        assert counts == {"false + foreign": 4, "false": 2, "foreign": 2} and kinds["kept"]["kept"].count == 2
    page = (
        environment()
        .get_template("grid.md.j2")
        .render(record={**record, "figures": {"real": {"real": figures}}}, name="x")
    )
    assert "## Real data sets, real reports: 2 findings, 2 patients or cases" in page
    assert "| foreign (2) |" in page and "full less unet" in page and "| all | 2 |" in page


def test_what_the_host_and_the_unet_are_told_makes_no_difference(finished):
    rows = kept_of(finished)
    told = rows[rows.told & rows.arm.isin(["host", "unet"])]
    assert (told.groupby(["arm", "case", "finding"]).dice.nunique() == 1).all()


def test_what_is_done_is_skipped(data, finished, monkeypatch, capsys):
    def refuse(*_, **__):
        raise AssertionError("a finished run was run again")

    for name in ("train", "score"):
        monkeypatch.setattr(reproduce, name, refuse)
    before = (finished / "answers" / "small.csv.gz").read_bytes()
    assert reproduce.reproduce(arguments(data, finished, "host,full,unet"))
    assert capsys.readouterr().out.count("done before") == 3
    assert (finished / "answers" / "small.csv.gz").read_bytes() == before
    assert not reproduce.reproduce(arguments(data, finished, "host,full,unet,late", "--only-keep"))


def test_a_run_is_trained_here_and_scored_there(data, finished, tmp_path, capsys):
    here, there = tmp_path / "here" / "small", tmp_path / "there" / "small"
    assert reproduce.reproduce(arguments(data, here, "full,unet", "--only-train"))
    assert not list(here.glob("*/scores")) and not list(here.glob("*.json"))
    with pytest.raises(ConfigError, match="full-0' holds no trained run; expected its 'best'"):
        reproduce.reproduce(arguments(data, there, "full,unet", "--only-score"))
    for arm in ("full-0", "unet-0"):
        shutil.copytree(here / arm / "best", there / arm / "best")
        shutil.copy(here / arm / "config.yaml", there / arm)
    assert reproduce.reproduce(arguments(data, there, "full,unet", "--only-score"))
    assert not list(there.rglob(STATE_FILE)) and "training" not in capsys.readouterr().out.split("best validation")[-1]
    whole = kept_of(finished)
    assert (kept_of(there).dice.to_numpy() == whole[whole.arm != "host"].dice.to_numpy()).all()


@pytest.mark.parametrize("arm", ["full", "unet"])
def test_a_killed_run_goes_on_where_it_stopped(arm, data, finished, tmp_path, monkeypatch):
    update = training._Run._update

    def update_or_die(self):
        if self.progress.step == 1:
            raise Killed
        update(self)

    with monkeypatch.context() as patch:
        patch.setattr(training._Run, "_update", update_or_die)
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
    assert not list(tmp_path.glob("*.json")) and not (tmp_path / "host-0").exists()


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


def test_a_kill_while_scoring_leaves_nothing_half_done(data, finished, tmp_path, monkeypatch):
    run = grid_runs(grid(data, finished), ["host"], [0])[0]
    elsewhere = [make_dataset(tmp_path / "other")]
    (elsewhere[0] / "split.csv").write_text("image,split\n" + "".join(f"p{i}.png,test\n" for i in range(8)))
    monkeypatch.setattr("benchmarks.grid.scores.write_results", lambda *_: (_ for _ in ()).throw(Killed()))
    with pytest.raises(Killed):
        score(run, [DatasetFolder(elsewhere[0])], Asking(limit=1))
    assert [path.name for path in (run.folder / "scores").iterdir()] == ["discs"]
