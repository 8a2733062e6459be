"""Arms and seeds: what tells one run from another, and what it starts from."""

from dataclasses import replace

import pytest
from benchmarks.grid.arms import ARMS, Grid, grid_runs, portable, require_start, run_config
from benchmarks.grid.scores import Asking

from benchmarks import reproduce
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.errors import ConfigError
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.training.config_file import load_config
from tests.benchmarks.small_grid import SETTINGS, arguments, grid


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


def test_only_arms_with_a_per_finding_modulator_predict_boxes(data, tmp_path):
    boxed = grid(data, tmp_path, "adapter.box=yes", "adapter.mask_prompt=yes")
    kept = {name for name in ARMS if run_config(boxed, name, 0).adapter.box}
    assert kept == {"full", "no-location", "no-texture", "no-shape", "no-fine", "no-fusion"}
    assert {name for name in ARMS if run_config(boxed, name, 0).adapter.mask_prompt} == {*kept, "no-box"}


def test_every_further_arm_takes_a_step(data, finished, tmp_path):
    further = [name for name in ARMS if not (finished / f"{name}-0").exists()]
    assert len(further) == 9
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
    (missing,) = grid_runs(start, ["unet"], [3])
    with pytest.raises(ConfigError, match="arm 'unet', seed 3"):
        require_start(missing)
    with pytest.raises(ConfigError, match="arm 'unet', seed 3"):
        reproduce.run_grid([missing], [DatasetFolder(data)], Asking("val"))
    assert not missing.folder.exists()
    assert reproduce._train(grid_runs(start, ["unet"], [0])[0]).finished
    with pytest.raises(ConfigError, match="all arms would go on with the same model"):
        run_config(grid(data, tmp_path, f"init={finished / 'full-0' / 'best'}"), "full", 0)


@pytest.mark.parametrize(
    ("arms", "seeds", "message"),
    [("full,ful", "0", "Unknown arm 'ful'"), ("full,full", "0", "named twice"), ("full", "0,x", "--seeds is '0,x'")],
)
def test_wrong_arms_and_seeds_are_refused(arms, seeds, message, data, tmp_path):
    with pytest.raises(ConfigError, match=message):
        reproduce.reproduce(arguments(data, tmp_path, arms, "--seeds", seeds))
