"""The score of findings: pairing, what counts, and agreement with the annotated reports' own scorer."""

import importlib.util
import json
from collections import Counter
from typing import Any

import pytest
from benchmarks.finding_score import Record, figures, score_report
from benchmarks.read_reports import FOLDER, PARTS, measure

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.priors import Finding
from tests.shared_data import shared

SAME = {
    "target_presence": ("target_presence", "f1"), "negation": ("negation", "f1"), "doubt": ("uncertainty", "f1"),
    "side": ("laterality", "accuracy"), "zones": ("zones", "f1"), "texture": ("texture", "f1"),
    "shape": ("shape", "f1"), "size": ("size_accuracy",), "count": ("count_accuracy",),
}  # fmt: skip


def record(target: str, presence: str = "present", **fields: Any) -> Record:
    return {**Finding(target).to_dict(), "presence": presence, **fields}


def scored(gold: list[Record], read: list[Record]) -> tuple[dict[str, Any], list[str]]:
    tally: Counter[str] = Counter()
    told = score_report(gold, read, tally)
    return figures(tally), told


def test_a_right_reading_has_no_fault() -> None:
    findings = [record("nodule", laterality="left", zones=["upper_lobe"], size_mm=[8.0]), record("cavity", "absent")]
    found, told = scored(findings, findings)
    assert told == []
    assert found["target_presence"] == found["negation"] == found["side"] == found["zones"] == found["size"] == 1.0
    assert found["doubt"] is None


def test_left_never_goes_with_right() -> None:
    found, told = scored([record("nodule", laterality="left")], [record("nodule", laterality="right")])
    assert found["target_presence"] == 0.0
    assert found["side_swapped"] == 1
    assert told == ["missed nodule (present, left)", "read in vain nodule (present, right)"]


def test_the_best_pairing_is_taken() -> None:
    small, large = record("nodule", size_mm=[4.0]), record("nodule", size_mm=[9.0])
    found, told = scored([small, large], [large, small])
    assert found["size"] == 1.0
    assert told == []


def test_optional_findings_and_anatomy_count_neither_way() -> None:
    found, told = scored([record("nodule", optional=True), record("cavity")], [record("cavity"), record("aorta")])
    assert (found["findings"], found["target_presence"], told) == (1, 1.0, [])
    assert scored([record("nodule", optional=True)], [record("nodule", "absent")])[0]["target_presence"] is None


@pytest.mark.parametrize("part", PARTS)
def test_our_reports_are_well_formed(part: str) -> None:
    lexicon = load_lexicon()
    lines = (FOLDER / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == {"open": 117, "sealed": 30, "sealed_second": 15, "sealed_third": 30}[part]
    for finding in (finding for line in lines for finding in json.loads(line)["findings"]):
        assert finding["target"] in lexicon.targets
        assert {*finding["zones"]} <= {*lexicon.zones}
        assert finding["presence"] != "absent" or not (finding["texture"] or finding["shape"] or finding["size_mm"])


def test_the_score_is_that_of_the_annotated_reports() -> None:
    gold, path = shared("reports_gold/public.jsonl"), shared("reports_gold/score.py")
    spec = importlib.util.spec_from_file_location("score", path)
    theirs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(theirs)
    from benchmarks.read_reports import read

    records = theirs.read_jsonl(gold)
    predicted = {
        name: {"findings": [theirs.tidy(f) for f in read(record["report"], record["modality"])]}
        for name, record in records.items()
    }
    expected, _ = theirs.score(records, predicted)
    found, _ = measure(gold)
    for name, keys in SAME.items():
        value: Any = expected
        for key in keys:
            value = value[key]
        assert found[name] == pytest.approx(value, abs=0.003), name
