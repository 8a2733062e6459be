"""The grid: runs that are skipped, resumed and compared, the U-Net's arm, and the arithmetic of the tables."""

import csv
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from benchmarks.grid import unet_training
from benchmarks.grid.arms import ARMS, Grid, changed_settings, grid_runs, portable, run_config
from benchmarks.grid.scores import Asking, score, scores_of
from benchmarks.grid.unet import NOTHING, NamedUnet, backbone_of, host_record
from safetensors.torch import load_file

from benchmarks import reproduce
from medsegr.cognition.priors import Finding, Location
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.errors import CheckpointError, ConfigError, InputError
from medsegr.inference.looks import Looks
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.training import train as training
from medsegr.training.config_file import load_config
from medsegr.training.dataset import TrainingBatches
from medsegr.training.resume import STATE_FILE
from medsegr.training.studies import StudyStore
from tests.training.small_dataset import TINY_HOST, make_dataset

SETTINGS = (
    *(f"host_settings.{name}={value}" for name, value in TINY_HOST.items()),
    "adapter.token_dim=16", "adapter.heads=2", "adapter.bottleneck=8", "batch_size=2", "validate_every=2",
    "validate_cases=2", "checkpoint_every=1", "log_every=1", "device=cpu", "optimiser.ema_decay=0.9",
)  # fmt: skip


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = make_dataset(tmp_path_factory.mktemp("sets") / "discs")
    rows = list(csv.reader((folder / "split.csv").open()))
    rows[-1][1] = rows[-3][1] = "test"
    with (folder / "split.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder


def arguments(data: Path, out: Path, arms: str, *more: str):
    sets = [part for setting in SETTINGS for part in ("--set", setting)]
    given = ["--data", str(data), "--out", str(out), "--arms", arms, "--steps", "2", "--results", str(out), *sets]
    return reproduce.arguments_of([*given, *more])


def grid(data: Path, out: Path, *settings: str) -> Grid:
    return Grid(out, (str(data),), 2, settings=(*SETTINGS, *settings))


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "small"
    assert reproduce.reproduce(arguments(data, out, "host,full,unet"))
    return out


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


def test_kept_answers_give_the_same_tables_elsewhere(data, finished, tmp_path, monkeypatch):
    moved, results = tmp_path / "elsewhere" / data.name, tmp_path / "results"
    shutil.copytree(data, moved)
    shutil.copytree(finished / "scores", results / "scores")
    kept = sorted((results / "scores" / "small").iterdir())
    assert [path.name for path in kept] == ["full-0.zip", "host-0.zip", "unet-0.zip"]
    for path in kept:
        with zipfile.ZipFile(path) as packed:
            assert not any(str(data.parent).encode() in packed.read(name) for name in packed.namelist())
    monkeypatch.setattr(reproduce, "_train", lambda run: pytest.fail("trained again"))
    given = arguments(moved, tmp_path / "small", "host,full,unet")
    given.results = results
    assert reproduce.reproduce(given)
    found, before = (json.loads((at / "grid_small.json").read_text()) for at in (results, finished))
    assert found["origins"] == before["origins"] and found["grid"]["arms"] == before["grid"]["arms"]


def test_kept_answers_of_other_settings_or_damaged_are_refused(data, finished, tmp_path):
    shutil.copytree(finished / "scores", tmp_path / "results" / "scores")
    given = arguments(data, tmp_path / "small", "full", "--set", "batch_size=4")
    given.results = tmp_path / "results"
    with pytest.raises(ConfigError, match="other settings of: batch_size"):
        reproduce.reproduce(given)
    (tmp_path / "results" / "scores" / "small" / "host-0.zip").write_bytes(b"PK nothing")
    given = arguments(data, tmp_path / "small", "host")
    given.results = tmp_path / "results"
    with pytest.raises(InputError, match="host-0.zip cannot be read"):
        reproduce.reproduce(given)


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


@pytest.mark.parametrize(
    ("arms", "seeds", "message"),
    [("full,ful", "0", "Unknown arm 'ful'"), ("full,full", "0", "named twice"), ("full", "0,x", "--seeds is '0,x'")],
)
def test_wrong_arms_and_seeds_are_refused(arms, seeds, message, data, tmp_path):
    with pytest.raises(ConfigError, match=message):
        reproduce.reproduce(arguments(data, tmp_path, arms, "--seeds", seeds))


def test_arms_differ_in_their_own_settings_alone(data, tmp_path):
    full = run_config(grid(data, tmp_path), "full", 0).to_dict()
    changed = {}
    for name in ARMS:
        config = run_config(grid(data, tmp_path), name, 0).to_dict()
        outer = {key for key in full if key != "out" and config[key] != full[key]}
        adapter = {key: v for key, v in config["adapter"].items() if v != full["adapter"][key]}
        changed[name] = (outer, adapter)
    nothing = {"blocks": [], "late": False}
    assert changed["full"] == (set(), {})
    assert changed["late"] == ({"adapter"}, nothing)
    assert changed["host"] == changed["unet"] == ({"adapter", "sampling"}, {**nothing, "aspects": []})
    assert changed["bare-host"] == ({"adapter", "sampling", "host_settings"}, {**nothing, "aspects": []})
    assert changed["no-location"] == ({"adapter"}, {"aspects": ["texture", "shape"]})
    assert changed["no-per-finding"] == ({"adapter"}, {"late": False})
    assert changed["no-fusion"] == ({"adapter"}, {"fusion_blocks": 0})


def test_every_further_arm_takes_a_step(data, finished, tmp_path):
    further = [name for name in ARMS if not (finished / f"{name}-0").exists()]
    assert len(further) == 8
    runs = grid_runs(grid(data, tmp_path, "validate_cases=0"), further, [0])
    for run in [*runs, *grid_runs(grid(data, finished), ["host", "full"], [0])]:
        assert run.folder.parent == finished or reproduce._train(run).finished
        adapter = ReportGuidedSam.from_pretrained(run.folder / "best").adapter
        assert adapter.config.aspects == run.config.adapter.aspects
        assert len(adapter.modulators) == (0 if run.name in ("host", "late", "bare-host") else 2)


def test_the_order_of_data_sets_that_are_drawn_alike_is_no_setting():
    config = load_config("tiny", [], data=["there/b", "here/a"], out="run", steps=1)
    assert portable(config.to_dict())["data"] == ["a", "b"]
    assert portable(replace(config, data_weights=(1.0, 2.0)).to_dict())["data"] == ["b", "a"]


def test_a_grid_goes_on_from_the_weights_of_another(data, finished, tmp_path):
    start = Grid(tmp_path, (str(data),), 2, settings=SETTINGS, init=finished)
    assert run_config(start, "unet", 0).init == str(finished / "unet-0" / "best")
    assert run_config(replace(start, init_seed=0), "unet", 3).init == str(finished / "unet-0" / "best")
    with pytest.raises(ConfigError, match="arm 'unet', seed 3"):
        run_config(start, "unet", 3)
    assert reproduce._train(grid_runs(start, ["unet"], [0])[0]).finished
    with pytest.raises(ConfigError, match="arm 'full', seed 1"):
        run_config(start, "full", 1)
    with pytest.raises(ConfigError, match="all arms would go on with the same model"):
        run_config(grid(data, tmp_path, f"init={finished / 'full-0' / 'best'}"), "full", 0)


def unet(*targets: str) -> NamedUnet:
    torch.manual_seed(0)
    host = {"name": "tiny", "image_size": 64, "settings": {k: v for k, v in TINY_HOST.items() if k != "image_size"}}
    return NamedUnet(targets, backbone_of(host), host, (4, 4, 4, 4, 4, 4)).eval()


def test_the_unet_gives_the_channel_of_a_name(tmp_path):
    model = unet("cardiomediastinum", "left_lung", "right_lung")
    pixels = torch.randn(1, 3, 64, 64)
    findings = [
        Finding("cardiomediastinum"),
        Finding("right_lung", Location("right")),
        Finding("mass"),
    ]
    priors = model.encode_findings([findings], ["chest_xray"])
    with torch.no_grad():
        channels, output = model.net(pixels)[0], model(pixels, priors)
    heart, right, mass = output.logits[0]
    assert torch.equal(heart, channels[0]) and torch.equal(right, channels[2])
    assert (mass == NOTHING).all()
    assert torch.equal(output.support_logits[0], output.logits[0].amax((-2, -1)))
    again = NamedUnet.from_pretrained(model.save_pretrained(tmp_path / "unet"))
    with torch.no_grad():
        assert torch.equal(again(pixels, priors).logits, output.logits)
    (tmp_path / "unet" / "unet.safetensors").write_bytes(b"x")
    with pytest.raises(CheckpointError, match="no whole U-Net"):
        NamedUnet.from_pretrained(tmp_path / "unet")


def test_a_unet_looks_at_a_picture_once_and_anew_when_its_weights_may_have_changed():
    model, pixels = unet("left_lung"), torch.randn(1, 3, 64, 64)
    priors = model.encode_findings([[Finding("left_lung")]], ["chest_xray"])
    with torch.no_grad():
        first = model(pixels, priors).logits
        assert model.encode(pixels.clone(), priors)[0] is model.encode(pixels, priors)[0]
        other = model(pixels + 1, priors).logits
        assert not torch.equal(other, first)
        model.net.final_conv.bias += 1
        assert torch.allclose(model.eval()(pixels, priors).logits, first + 1, atol=1e-5)
    assert model(pixels, priors).logits.requires_grad


def test_a_unet_takes_over_the_channels_that_it_shares():
    before, after = unet("heart", "left_lung"), unet("left_lung", "mass", "nodule")
    own = after.net.final_conv.weight.detach().clone()
    after.start_from(before)
    assert torch.equal(after.net.final_conv.weight[0], before.net.final_conv.weight[1])
    assert torch.equal(after.net.final_conv.weight[1:], own[1:])
    for name, tensor in before.net.conv_0.state_dict().items():
        assert torch.equal(after.net.conv_0.state_dict()[name], tensor)


def test_the_unet_learns_from_the_batches_of_the_host_without_a_report(data, tmp_path):
    host, other = (run_config(grid(data, tmp_path), name, 0) for name in ("host", "unet"))
    model = training._model(host)
    net = NamedUnet(("nodule",), backbone_of(host_record(other)), host_record(other))
    store = StudyStore(host.data, "train", 64, 10)
    for step in range(2):
        first = TrainingBatches(store, host, model.vocabulary, model.preprocess)[step]
        second = TrainingBatches(store, other, net.vocabulary, net.preprocess)[step]
        assert torch.equal(first.pixels, second.pixels) and torch.equal(first.truth.masks, second.truth.masks)
        assert torch.equal(first.priors.target, second.priors.target)
