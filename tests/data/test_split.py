"""Splits: deterministic, by patient, and read from tables that may be broken."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegr.data.split import read_table, split_by_patient, write_table
from medsegr.errors import ConfigError


@settings(max_examples=60, deadline=None)
@given(
    patients=st.lists(st.integers(0, 30), min_size=1, max_size=80),
    seed=st.integers(0, 5),
)
def test_no_patient_is_in_two_splits(patients: list[int], seed: int) -> None:
    patient_of = {f"i{index:03}.png": str(patient) for index, patient in enumerate(patients)}
    split = split_by_patient(list(patient_of), patient_of, seed=seed)
    assert list(split) == sorted(patient_of)
    places: dict[str, set[str]] = {}
    for name, where in split.items():
        places.setdefault(patient_of[name], set()).add(where)
    assert all(len(where) == 1 for where in places.values())
    assert split == split_by_patient(sorted(patient_of, reverse=True), patient_of.get, seed=seed)  # type: ignore[arg-type]


def test_shares_hold_and_seeds_differ() -> None:
    names = [f"{i}.png" for i in range(200)]
    first, second = split_by_patient(names), split_by_patient(names, seed=1)
    assert Counter(first.values()) == {"train": 140, "val": 20, "test": 40}
    assert first != second
    assert set(split_by_patient(names, shares={"train": 1, "val": 0}).values()) == {"train"}


@pytest.mark.parametrize("shares", [{"train": 0.0}, {"train": 1.0, "val": -0.1}])
def test_bad_shares(shares: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="shares of a split"):
        split_by_patient(["a"], shares=shares)


def test_table_round_trip(tmp_path: Path) -> None:
    split = {"a, b.png": "train", 'q"uote.png': "test"}
    write_table(tmp_path / "split.csv", ("image", "split"), split.items())
    assert read_table(tmp_path / "split.csv", ("image", "split")) == (list(split.items()), [])


def test_tables_with_line_ends_marks_and_further_columns(tmp_path: Path) -> None:
    path = tmp_path / "reports.csv"
    path.write_bytes(b'\xef\xbb\xbfimage,extra,report\r\na.png,1,"two\r\nlines"\r\n\r\nb.png,2,\r\n')
    assert read_table(path, ("image", "report")) == ([("a.png", "two\r\nlines"), ("b.png", "")], [])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"name,split\na.png,train\n", "t.csv has no column 'image'; line 1 should be image,split"),
        (b"", "t.csv has no column 'image'"),
        (b"image,split\na.png\n", "t.csv line 2 is incomplete"),
        (b"image,split\n\xff\xfe.png,train\n", "t.csv cannot be read"),
        (b"image,split\n" + b"a" * 140_000 + b",train\n", "t.csv is not a CSV file"),
    ],
)
def test_broken_tables(content: bytes, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    rows, complaints = read_table(tmp_path / "t.csv", ("image", "split"))
    assert rows == []
    assert complaints[0].startswith(complaint)


def test_a_comma_without_quotes_cuts_nothing_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("image,report\na.png,Nodule.\nb.png,No mass, Miller has a nodule\nc.png,x,,\nd.png,x,y,z\n")
    rows, complaints = read_table(path, ("image", "report"))
    assert [name for name, _ in rows] == ["a.png", "b.png", "c.png", "d.png"]
    assert complaints == [
        "t.csv line 3 has more cells than the first line (as 1 more); "
        "put the report, or whatever holds a comma, in quotes"
    ]


def test_names_meet_files_whose_letters_are_composed_otherwise(tmp_path: Path) -> None:
    one, two = "caf\u00e9.png", "cafe\u0301.png"
    write_table(tmp_path / "split.csv", ("image", "split"), [(one, "train"), ("b.png", "val")])
    names = [name for name, _ in read_table(tmp_path / "split.csv", ("image", "split"), [two, "b.png"])[0]]
    assert names == [two, "b.png"]
    for files in ([one, two], [two, one]):
        assert read_table(tmp_path / "split.csv", ("image", "split"), files)[0][0] == (one, "train")
