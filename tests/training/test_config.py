"""Settings are converted and checked, and errors name what is near."""

import pytest

from medsegr.errors import ConfigError
from medsegr.training.config import (
    AugmentationConfig,
    LossConfig,
    OptimiserConfig,
    SamplingConfig,
    TrainConfig,
)
from medsegr.training.config_file import from_dict, load_config
from medsegr.training.shipped_configs import shipped_configs


def test_shipped_configurations_are_valid():
    assert shipped_configs() == ["all_sets", "default", "lite", "lite_all_sets", "tiny", "tiny_full_size"]
    assert load_config("tiny").host == "tiny"
    assert load_config("default").adapter.train_decoder


def test_overrides_are_converted():
    overrides = ["steps=1e3", "loss.dice=2", "data_weights=1,3", "host_settings.widths=[8, 8]", "init=none"]
    config = load_config(None, [*overrides, "adapter.late=no", "data=a, b"])
    assert (config.steps, config.loss.dice, config.data_weights) == (1000, 2.0, (1.0, 3.0))
    assert (config.host_settings, config.init) == ({"widths": [8, 8]}, None)
    assert (config.adapter.late, config.data) == (False, ("a", "b"))


def test_order_of_precedence(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("steps: 5\nseed: 1\nloss:\n  dice: 3\n")
    config = load_config(file, ["seed=2", "loss.support=0"], seed=3, host=None)
    assert (config.steps, config.seed, config.loss.dice, config.loss.support) == (5, 3, 3.0, 0.0)


@pytest.mark.parametrize("blocks", ["1,2", "[]", "", "none"])
@pytest.mark.parametrize("aspects", ["location,shape", "[]", ""])
def test_written_and_read_again_is_the_same(blocks, aspects):
    config = load_config("tiny", ["data=a", f"adapter.blocks={blocks}", f"adapter.aspects={aspects}"])
    assert config.adapter.blocks == {"1,2": (1, 2), "[]": (), "": (), "none": None}[blocks]
    assert config.adapter.aspects == (("location", "shape") if "shape" in aspects else ())
    assert from_dict(TrainConfig, config.to_dict()) == config


def test_an_empty_value_is_nothing_given_where_it_cannot_be_an_empty_list():
    config = load_config(None, ["init=", "adapter.text_encoder=", "adapter.fine="])
    assert config.init is None and config.adapter.text_encoder is None and config.adapter.fine is None
    assert load_config(None, ["adapter.fine=no"]).adapter.fine is False


def test_a_configuration_of_before_has_all_aspects_and_no_boxes():
    record = load_config("tiny").to_dict()
    for part, name in (("adapter", "box"), ("adapter", "mask_prompt"), ("loss", "box"), ("sampling", "told_box")):
        del record[part][name]
    assert from_dict(TrainConfig, record) == load_config("tiny") and not load_config("tiny").adapter.box
    del record["adapter"]["aspects"]
    assert from_dict(TrainConfig, record).adapter.aspects == ("location", "texture", "shape")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("stepz=3", "Unknown setting 'stepz'. Did you mean 'steps'"),
        ("loss.dise=1", r"'loss\.dise'. Did you mean 'loss\.dice'"),
        ("steps=1.5", "'steps' is '1.5'; expected a whole number"),
        ("steps=many", "'steps' is 'many'"),
        ("steps", "not of the form key=value"),
        ("loss=3", "'loss' is a single value"),
        ("host_settings=3", "'host_settings' is a single value"),
        ("adapter.late=maybe", "'adapter.late' is 'maybe'; expected a bool"),
        ("optimiser.betas=0.9", "has 1 values; expected 2"),
        ("precision=16", "'precision' is '16'; expected one of 32, bf16-mixed"),
        ("steps=0", "'steps' is 0; expected at least 1"),
        ("max_seconds=nan", "'max_seconds' is nan; expected at least 0"),
        ("seed=9999999999", "'seed' is 9999999999; expected at most 4294967295"),
        ("accumulate=3", "does not divide"),
        ("data_weights=1", "1 values for 0 data sets"),
        ("adapter.aspects=place", r"'aspects' is \['place'\]; expected some of location, texture, shape"),
        ("adapter.aspects=shape,shape", "each once"),
        ("adapter.box=maybe", "'adapter.box' is 'maybe'; expected a bool"),
        ("sampling.told_box=1.5", "'told_box' is 1.5; expected a share between 0 and 1"),
        ("loss.box=-1", "'box' is -1.0; expected at least 0"),
        ("lora.rank=2", "'lora.rank' is 2, and 'tiny' is trained whole"),
    ],
)
def test_wrong_overrides_say_what_is_wrong(override, message):
    with pytest.raises(ConfigError, match=message):
        load_config(None, [override])


def test_an_override_into_a_single_value_is_refused(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("steps: 5\n")
    with pytest.raises(ConfigError, match="'steps', which is a single value"):
        load_config(file, ["steps.a=2"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "not valid YAML"),
        ("- 1\n", "holds a list"),
        ("\x00", "not valid YAML"),
        ("steps: [1]", "steps"),
    ],
)
def test_unusable_files_are_refused(tmp_path, text, message):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config(file)


def test_a_missing_file_lists_the_shipped_ones(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot be read.*default, lite, .*tiny"):
        load_config(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (OptimiserConfig, {"learning_rate": 0}, "positive rate"),
        (OptimiserConfig, {"learning_rate": float("nan")}, "positive rate"),
        (OptimiserConfig, {"learning_rate": float("inf")}, "positive rate"),
        (OptimiserConfig, {"betas": (2.0, 3.0)}, "from 0 to below 1"),
        (OptimiserConfig, {"betas": (float("nan"), 0.9)}, "from 0 to below 1"),
        (OptimiserConfig, {"ema_decay": 1.0}, "decay below 1"),
        (OptimiserConfig, {"weight_decay": -1}, "weight_decay"),
        (SamplingConfig, {"max_findings": 0}, "max_findings"),
        (SamplingConfig, {"report_dropout": 1.5}, "share between 0 and 1"),
        (SamplingConfig, {"described_share": 0, "named_share": 0}, "both 0"),
        (AugmentationConfig, {"rotate_degrees": 20}, "zones stay true"),
        (LossConfig, {"dice": 0, "cross_entropy": 0}, "both 0"),
        (TrainConfig, {"data": ("a",), "data_weights": (-1.0,)}, "none below 0"),
        (TrainConfig, {"data": ("a", "b"), "data_weights": (1.0, float("nan"))}, "none below 0"),
        (TrainConfig, {"data": ("a", "b"), "data_weights": (float("inf"), 1.0)}, "none below 0"),
    ],
)
def test_values_out_of_range_are_refused(kind, settings, message):
    with pytest.raises(ConfigError, match=message):
        kind(**settings)
