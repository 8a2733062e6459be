"""The table of aims: figures are read where they stand, and judged as they were to be."""

import json

import pytest
from benchmarks.aims import AIMS, Aim, aims_section
from benchmarks.record import RESULTS
from benchmarks.results_page import SECTIONS


@pytest.fixture(scope="module")
def records() -> dict:
    paths = {name: RESULTS / f"{name}.json" for name in SECTIONS}
    return {name: json.loads(path.read_text()) for name, path in paths.items() if path.is_file()}


@pytest.mark.parametrize(
    ("value", "interval", "at_most", "for_sure", "met"),
    [
        (3.0, (), False, False, True), (2.9, (1, 4), False, False, False), (3.5, (0.1, 7), False, True, True),
        (3.5, (-0.1, 7), False, True, False), (3.5, (), False, True, False), (3.0, (2, 5), True, False, True),
        (3.1, (2, 5), True, False, False),
    ],
)  # fmt: skip
def test_an_aim_is_met_by_its_figure_and_where_it_says_so_by_its_interval(value, interval, at_most, for_sure, met):
    aim = Aim("a", 3, lambda _: (value, interval), at_most, for_sure)
    assert aim.met((value, interval)) is met


def test_every_aim_was_measured(records):
    for aim in AIMS:
        value, interval = aim.read(records)
        assert len(interval) in {0, 2} and all(bound == pytest.approx(value, abs=100) for bound in interval), aim.words
    assert len({aim.words for aim in AIMS}) == len(AIMS)


def test_figures_are_those_of_the_results_files(records):
    read = {aim.words: aim for aim in AIMS}
    asked = records["grid_phantoms_main"]["origins"]["derived"]["phantoms"]["asked"]["true"]
    late = asked["all"]["full"]["to_late"]
    value, interval = read["phantoms: `full` less `late`, points"].read(records)
    assert value == pytest.approx(100 * late["difference"])
    assert list(interval) == pytest.approx([100 * bound for bound in late["interval"]])


def test_what_was_not_measured_has_no_line(records):
    assert aims_section({}) is None
    some = aims_section({"monuseg": records["monuseg"]})
    assert some is not None and "of 1 aims are met" in some and some.count("\n| ") == 3
    assert "| **no** |" in (aims_section(records) or "")
