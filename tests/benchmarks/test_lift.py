"""Variants of the recipe: each one change, trained once, asked in its own way."""

import json
from pathlib import Path

import pytest
from benchmarks.grid.arms import Grid
from benchmarks.lift_section import lift_section
from benchmarks.reproduce import run_grid

from benchmarks import lift, record, reproduce
from medsegr.backbones.catalogue import build_host
from medsegr.backbones.tiny import TinyBackbone
from medsegr.errors import ConfigError
from medsegr.inference.predictor import load
from medsegr.training.config_file import load_config
from tests.benchmarks.small_grid import SETTINGS
from tests.training.small_dataset import make_dataset


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("sets") / "discs")


@pytest.fixture(scope="module")
def phantoms(data, tmp_path_factory) -> Path:
    """A grid to start from."""
    out = tmp_path_factory.mktemp("runs") / "before"
    sets = [part for setting in SETTINGS for part in ("--set", setting)]
    given = [
        "--data",
        str(data),
        "--out",
        str(out),
        "--arms",
        "full",
        "--steps",
        "1",
        "--results",
        str(out),
        "--split",
        "val",
    ]
    assert reproduce.reproduce(reproduce.arguments_of([*given, *sets]))
    return out


def given(data: Path, phantoms: Path, out: Path, variants: str):
    sets = [part for setting in SETTINGS for part in ("--set", setting)]
    return lift.arguments_of(
        ["--data", str(data), "--out", str(out), "--init", str(phantoms), "--variants", variants, "--steps", "1", *sets]
    )


def test_each_variant_is_one_change_of_the_recipe(data, phantoms, tmp_path):
    arguments = given(data, phantoms, tmp_path, "recipe,flips,no-mean,scratch")
    found = lift.lift(arguments)
    assert list(found) == ["recipe", "flips", "no-mean", "scratch"]
    configs = {name: load_config(tmp_path / name / "full-0" / "config.yaml") for name in found}
    assert configs["recipe"].optimiser.ema_decay == 0.9 and configs["no-mean"].optimiser.ema_decay == 0
    assert configs["recipe"].init and not configs["scratch"].init
    assert all(0 <= figures["dice"] <= 1 and figures["findings"] > 0 for figures in found.values())
    whole = sum(weight.numel() for weight in load(tmp_path / "recipe" / "full-0" / "best").model.state_dict().values())
    assert found["recipe"]["parameters"] == found["scratch"]["parameters"] == whole
    scored = tmp_path / "flips" / "full-0" / "scores" / "discs" / "results.json"
    assert json.loads(scored.read_text())["settings"]["flips"] is True
    before = scored.stat().st_mtime_ns
    assert lift.lift(arguments) == found and scored.stat().st_mtime_ns == before


def test_looking_again_needs_a_finished_run(data, phantoms, tmp_path):
    with pytest.raises(ConfigError, match="let its variant go first"):
        lift.lift(given(data, phantoms, tmp_path, "flips"))
    with pytest.raises(ConfigError, match="Unknown variant 'flip'"):
        lift.lift(given(data, phantoms, tmp_path, "flip"))


def test_the_command_leaves_a_results_file(data, phantoms, tmp_path, monkeypatch):
    arguments = given(data, phantoms, tmp_path, "recipe")
    monkeypatch.setattr(lift, "arguments_of", lambda: arguments)
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    lift.main()
    written = json.loads((tmp_path / "lift.json").read_text())
    assert (written["steps"], written["split"], list(written["variants"])) == (1, "val", ["recipe"])


def test_a_run_that_is_stopped_leaves_the_rest_for_the_next_call(data, phantoms, tmp_path, monkeypatch):
    arguments = given(data, phantoms, tmp_path, "recipe,no-mean")
    monkeypatch.setattr(lift, "arguments_of", lambda: arguments)
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    monkeypatch.setattr(
        lift, "run_grid", lambda runs, *_: runs[0].folder.parent.name == "recipe" and run_grid(runs, *_)
    )
    with pytest.raises(SystemExit) as exit:
        lift.main()
    assert exit.value.code == 3
    assert list(json.loads((tmp_path / "lift.json").read_text())["variants"]) == ["recipe"]
    assert not (tmp_path / "no-mean").exists()


def test_the_section_compares_each_variant_with_what_it_changes():
    def figures(dice, beside="recipe"):
        of_sets = {"one": dice}
        return {"what": f"made {dice}", "beside": beside, "dice": dice, "without_a_report": 0.3, "small": None,
                "of_sets": of_sets}  # fmt: skip

    variants = {
        "recipe": figures(0.5), "flips": figures(0.51), "scratch": figures(0.4), "wide": figures(0.45, "scratch"),
    }  # fmt: skip
    told = {"split": "val", "steps": 7, "data": ["one"], "init": "grid", "variants": variants}
    section = lift_section(told)
    assert "parameters" not in section
    for figures_of in variants.values():
        figures_of["parameters"] = 4_720_756
    assert "| made 0.5 | 4.7 million | 0.500 |" in lift_section(told)
    assert "Better: made 0.45. Worse: made 0.4. No clear difference: made 0.51." in section
    assert "from weights of phantoms (val splits)" in section
    assert "from fresh weights (val splits)" in lift_section({**told, "init": None})
    assert "| made 0.45 (beside: made 0.4) | 0.450 | +5.0 | 0.300 | - | 0.450 |" in section


def test_a_single_set_is_compared_on_itself(data, tmp_path):
    grid = Grid(tmp_path, (str(data), "sets/polyp_cvc_text"), 1, None, "all_sets", ("data_weights=1,2",), None, 0)
    run = lift.runs_of(grid, ["only-polyp_cvc_text"])["only-polyp_cvc_text"]
    assert run.config.data == ("sets/polyp_cvc_text",) and not run.config.data_weights and run.config.init is None
    with pytest.raises(ConfigError, match="name it among --data"):
        lift.runs_of(grid, ["only-cxr_covid_multi"])
    of_sets = [{"discs": 0.2, "polyp_cvc_text": 0.6}, {"discs": 0.9, "polyp_cvc_text": 0.4}]
    rest = {"beside": "recipe", "without_a_report": 0.3, "small": None}
    variants = {
        "recipe": {**rest, "what": "the recipe", "dice": 0.4, "of_sets": of_sets[0]},
        "only": {**rest, "what": "alone", "dice": 0.65, "of_sets": of_sets[1], "only": "polyp_cvc_text"},
    }
    section = lift_section({"split": "val", "steps": 7, "data": list(of_sets[0]), "init": None, "variants": variants})
    assert section.startswith("## One set alone, or all, from fresh weights")
    assert "Worse: alone." in section and "| alone | 0.650 | -20.0 |" in section


def test_variants_can_start_from_a_built_in_model(data, tmp_path):
    grid = Grid(tmp_path, (str(data),), 1, None, "all_sets", (), Path("tiny"), 0)
    runs = lift.runs_of(grid, ["recipe", "instance", "fewer-misplaced", "batch"])
    assert {name: run.config.init for name, run in runs.items()} == {
        "recipe": "tiny", "instance": "tiny", "fewer-misplaced": "tiny", "batch": None,
    }  # fmt: skip
    assert runs["instance"].config.host_settings == {"norm": "instance"}
    assert all(variant.beside in lift.VARIANTS for variant in lift.VARIANTS.values())


def test_the_host_of_every_variant_can_be_built(data, tmp_path):
    named = [name for name, variant in lift.VARIANTS.items() if not variant.only]
    grid = Grid(tmp_path, (str(data),), 1, None, "tiny_full_size", (), None, 0)
    for name, run in lift.runs_of(grid, named).items():
        config = run.config
        host = build_host(config.host, 64, config.host_settings or None)
        assert isinstance(host, TinyBackbone) and host.image_size == 64, name
        built = host.model.config.to_dict()
        asked = {key: tuple(given) if isinstance(given, list) else given for key, given in config.host_settings.items()}
        assert {key: built[key] for key in asked} == asked, name
