"""Two source trees side by side: the same texts, each tree's own parser, differences by kind."""

from typing import Any

import pytest
from benchmarks.oracle_texts import texts
from benchmarks.parser_oracle import compare, differences
from benchmarks.source_trees import ROOT, read_in, seconds_in, source_tree

from benchmarks import reading_speed
from medsegr.cognition.priors import Finding


def record(target: str, **fields: Any) -> dict[str, Any]:
    return {**Finding(target).to_dict(), **fields}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([record("nodule")], [record("nodule")], []),
        ([record("nodule")], [], ["lost: nodule present"]),
        ([], [record("nodule", presence="absent")], ["added: nodule absent"]),
        ([record("nodule")], [record("nodule", laterality="left")], ["laterality: nodule None -> left"]),
        ([record("nodule", zones=["a", "b"])], [record("nodule", zones=["b", "a"])], []),
        ("Unknown modality.", [], ["refused: Unknown modality."]),
        ("Unknown modality.", "Unknown modality.", []),
    ],
)
def test_differences_by_kind(before: Any, after: Any, expected: list[str]) -> None:
    assert differences(before, after) == expected


def test_texts_are_the_same_every_time_and_of_three_kinds() -> None:
    found = texts(40)
    assert found == texts(40)
    assert [sum(kind == source for source, _ in found) for kind in ("phantom", "description", "template")] == [
        12,
        16,
        12,
    ]


def test_a_tree_reads_like_itself() -> None:
    given = texts(10)
    plain = [text for _, text in given]
    with source_tree(str(ROOT)) as tree:
        read, again, taken = read_in(tree, plain), read_in(tree, plain), seconds_in(tree, plain)
    assert len(read) == len(taken) == 10
    assert any(read)
    counts = compare(given, read, again)
    assert all(part["read_alike"] == part["reports"] and not part["differences"] for part in counts.values())


def test_what_is_no_tree_is_refused() -> None:
    with (
        pytest.raises(SystemExit, match="neither a folder with src/medsegr nor a git revision"),
        source_tree("no such"),
    ):
        pass


def test_speed_is_measured_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_speed, "PASSES", 1)
    monkeypatch.setattr(reading_speed, "LENGTHS", (200, 400))
    found = reading_speed.compare(ROOT, ROOT, reports=2)
    assert {*found["reports_per_second"]} == {"before", "after"}
    assert found["after_by_before"] > 0
    assert {*found["seconds_for_one_text_of_characters"]["after"]} == {"200", "400"}
