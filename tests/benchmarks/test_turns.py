"""Ways are done in turn; medians and shares are of the rounds that count."""

import pandas as pd
import pytest
from benchmarks.turns import in_turn, medians, shares


def test_ways_take_turns_and_the_first_round_does_not_count():
    done = []
    ways = {name: lambda name=name: done.append(name) for name in ("one", "other")}
    turns = in_turn(ways, 2)
    assert done == ["one", "other"] * 3
    assert turns.index.tolist() == [("one", 0), ("other", 0), ("one", 1), ("other", 1)]
    assert list(turns.columns) == ["wall_s", "processor_s"] and (turns.wall_s >= 0).all()


def test_a_share_is_the_median_of_the_rounds_ratios_and_a_ways_own_figures_count():
    spent = {"plain": iter([9.0, 1.0, 2.0, 4.0]), "guided": iter([0.0, 3.0, 2.0, 2.0])}
    turns = in_turn({name: lambda each=each: {"processor_s": next(each)} for name, each in spent.items()}, 3)
    assert medians(turns).processor_s.to_dict() == {"plain": 2.0, "guided": 2.0}
    assert shares(turns, "plain").processor_s.to_dict() == pytest.approx({"plain": 1.0, "guided": 1.0})
    pd.testing.assert_series_equal(shares(turns, "plain").processor_s, shares(turns.processor_s, "plain"))
