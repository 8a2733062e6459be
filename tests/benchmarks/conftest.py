"""A small data set, and a finished grid on it."""

import csv
from pathlib import Path

import pytest

from benchmarks import reproduce
from tests.benchmarks.small_grid import arguments
from tests.training.small_dataset import make_dataset


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    folder = make_dataset(tmp_path_factory.mktemp("sets") / "discs")
    rows = list(csv.reader((folder / "split.csv").open()))
    rows[-1][1] = rows[-3][1] = "test"
    with (folder / "split.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder


@pytest.fixture(scope="session")
def finished(data, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "small"
    assert reproduce.reproduce(arguments(data, out, "host,full,unet"))
    return out
