"""Splits that a foreign data set lacks, and patients by the names of images."""

from pathlib import Path

import pytest

from medsegr.data.foreign_dataset import ForeignCase, ForeignDataset, patient_of, with_missing_splits
from medsegr.errors import ConfigError


def dataset(*splits: str) -> ForeignDataset:
    cases = [ForeignCase(f"p{i // 4}_s{i}.png", Path("i"), Path("m"), s) for i, s in enumerate(splits)]
    return ForeignDataset("made", {}, tuple(cases))


def test_missing_splits_are_drawn_by_patient() -> None:
    data = dataset(*["train"] * 40)
    drawn = with_missing_splits(data, {"val": 0.1, "test": 0.2}, 0, r"^(p\d+)_")
    splits = [case.split for case in drawn.cases]
    assert {split: splits.count(split) for split in set(splits)} == {"train": 28, "val": 4, "test": 8}
    homes = {case.name.split("_")[0]: set() for case in drawn.cases}
    for case in drawn.cases:
        homes[case.name.split("_")[0]].add(case.split)
    assert all(len(home) == 1 for home in homes.values())
    assert with_missing_splits(data, {"val": 0.1, "test": 0.2}, 0, r"^(p\d+)_") == drawn
    assert with_missing_splits(data, {"val": 0.1, "test": 0.2}, 1, r"^(p\d+)_") != drawn


def test_what_is_stated_stays() -> None:
    data = dataset(*["train"] * 20, "test", "val")
    assert with_missing_splits(data, {"val": 0.1, "test": 0.2}, 0) is data
    data = dataset(*["train"] * 20, "test")
    drawn = with_missing_splits(data, {"val": 0.1, "test": 0.2}, 0)
    assert [case.split for case in drawn.cases].count("val") == 2
    assert drawn.cases[-1].split == "test"
    assert with_missing_splits(data, {"val": 0.0, "test": 0.0}, 0) is data


@pytest.mark.parametrize("shares", [{"val": -0.1}, {"val": 0.5, "test": 0.5}, {"val": float("nan")}])
def test_shares_out_of_range(shares: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="together below 1"):
        with_missing_splits(dataset("train"), shares, 0)


def test_patients() -> None:
    assert patient_of("p1_s2.png", None) == "p1_s2.png"
    assert patient_of("p1_s2.png", r"^(p\d+)") == patient_of("p1_s3.png", r"^p\d+") == "p1"
    with pytest.raises(ConfigError, match=r"does not fit the image x\.png"):
        patient_of("x.png", r"^p\d+")
    with pytest.raises(ConfigError, match="not a regular expression"):
        patient_of("x.png", "(")


def test_a_patient_of_a_stated_split_is_not_drawn_into_another() -> None:
    data = dataset(*(["train", "train", "train", "val"] * 8))
    drawn = with_missing_splits(data, {"val": 0.1, "test": 0.3}, 0, r"^(p\d+)_")
    assert {case.split for case in drawn.cases} == {"train", "val"}  # each patient is in val already
    drawn = with_missing_splits(dataset(*["train"] * 32, "val"), {"test": 0.3}, 0, r"^(p\d+)_")
    homes: dict[str, set[str]] = {}
    for case in drawn.cases:
        homes.setdefault(case.name.split("_")[0], set()).add(case.split)
    assert not any({"val", "test"} <= home for home in homes.values())
    assert any("test" in home for home in homes.values())
