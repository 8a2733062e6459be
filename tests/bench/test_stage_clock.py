"""Stages within stages, spreads, exponents, floors: figures that are known beforehand; nothing is timed."""

from itertools import chain, repeat

import pytest
import torch

from medsegr.bench.floor import Processor, Work, works
from medsegr.bench.run import BenchSettings
from medsegr.bench.spread import exponent, spread
from medsegr.bench.stage_clock import StageClock, watched
from medsegr.cognition.priors import Finding
from medsegr.errors import ConfigError
from medsegr.model.attach import attach
from medsegr.view import View
from tests.random_hosts import random_sam


def test_a_stage_within_another_is_not_counted_twice():
    clock = StageClock(chain([0.0, 1.0, 3.0, 7.0, 8.0], repeat(8.0)).__next__)
    with clock.stage("encode"), clock.stage("modulate"):  # from 1, and from 3 to 7
        pass
    assert clock.seconds == {"encode": 3.0, "modulate": 4.0}


def test_a_models_calls_are_counted_and_it_is_left_as_it_was():
    model = attach(random_sam()).eval()
    before = dict(vars(model.adapter.fusion))
    clock = StageClock()
    with torch.no_grad(), watched(model, clock):
        pixels, views = model.preprocess([torch.zeros(40, 30).numpy()], [View()])
        model(pixels, model.encode_findings([[Finding("nodule", "present")]], views))
    assert set(clock.seconds) == {"preprocess", "encode", "modulate", "decode"}
    assert all(seconds > 0 for seconds in clock.seconds.values())
    assert dict(vars(model.adapter.fusion)) == before
    assert not {"encode", "outline"} & set(vars(model))


def test_the_spread_is_of_quartiles():
    assert spread([4.0, 1.0, 2.0, 3.0, 5.0]) == {"median": 3.0, "low": 2.0, "high": 4.0}
    assert spread([7.0]) == {"median": 7.0, "low": 7.0, "high": 7.0}


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
def test_the_exponent_of_a_power_is_the_power(power):
    assert exponent([1, 2, 4, 8], [3 * size**power for size in (1, 2, 4, 8)]) == pytest.approx(power)


def test_the_floor_is_what_lasts_longer():
    processor = Processor(flops=1e9, bytes=1e8)
    assert Work(2e9, 1e8).seconds(processor) == 2.0
    assert Work(1e9, 3e8).seconds(processor) == 3.0
    assert Work(5.0, 1.0) - Work(2.0, 4.0) == Work(3.0, 0.0)


def test_the_work_of_more_findings_is_more_decoding_and_the_same_encoding():
    model = attach(random_sam()).eval()
    pixels, views = model.preprocess([torch.zeros(40, 30).numpy()], [View()])
    one, three = (
        works(model, pixels, model.encode_findings([[Finding("nodule", "present")] * count], views)) for count in (1, 3)
    )
    assert three["encode"] == one["encode"]
    assert one["decode"].flops > 0
    assert three["decode"].flops == pytest.approx(3 * one["decode"].flops, rel=0.01)
    assert three["modulate"].flops > one["modulate"].flops > 0


def test_settings_that_measure_nothing_are_refused():
    with pytest.raises(ConfigError, match="rounds is 0"):
        BenchSettings(rounds=0)
