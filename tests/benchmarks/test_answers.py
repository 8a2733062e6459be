"""Answers that are kept: what is read from runs, and what comes back."""

import json
import sys

import pandas as pd
import pytest

from benchmarks import answers, record
from medsegr.errors import ConfigError, InputError
from medsegr.evaluation.run_files import CASES_FILE, COLUMNS, RESULTS_FILE, SCHEMA, Run, read_run

ROW = dict.fromkeys(COLUMNS, "0") | {
    "data": "set", "case": "1.png", "patient": "p1", "target": "mass", "role": "described", "report": "true",
    "origin": "real", "confused": "", "truth": "t", "true_px": "10", "predicted_px": "6", "both_px": "4",
    "image_true_px": "20", "image_predicted_px": "6", "image_both_px": "4", "support": "0.25", "suite": "",
}  # fmt: skip


def folder(place, rows, *, modality="chest_ct", content="c", weights="w"):
    """As ``medsegr evaluate`` writes it."""
    place.mkdir(parents=True)
    data = {"name": rows[0]["data"], "modality": modality, "content_sha256": content}
    settings = {"support_threshold": 0.5, "support_thresholds": {"chest_ct": 0.2}}
    told = {"schema": SCHEMA, "data": [data], "split": "test", "settings": settings, "command": ["medsegr", "evaluate"],
            "model": {"weights": weights, "parameters": 3}}  # fmt: skip
    (place / RESULTS_FILE).write_text(json.dumps(told))
    pd.DataFrame(rows, columns=COLUMNS).to_csv(place / CASES_FILE, index=False)
    return place


def test_rows_come_back_with_dice_of_findings_and_images(tmp_path):
    rows = [
        ROW,
        {**ROW, "case": "2.png", "true_px": "0", "predicted_px": "0", "both_px": "0"},
        {**ROW, "role": "denied"},
    ]
    runs = answers.runs_in(folder(tmp_path / "run", rows))
    answers.keep(answers.answers_of("full", 1, runs), tmp_path / "one.csv.gz")
    found = answers.kept("one", tmp_path)
    assert len(found) == 2 and found.dice.tolist() == [0.5, 1.0], "two empty masks agree; denied findings are left out"
    assert found.image_dice[0] == pytest.approx(8 / 26) and found.threshold.tolist() == [0.2, 0.2]
    assert (found.arm[0], found.seed[0], found.support[0], found.shown.tolist()) == ("full", 1, 0.25, [True, False])
    before = (tmp_path / "one.csv.gz").read_bytes()
    answers.keep(found[::-1][answers.COLUMNS], tmp_path / "one.csv.gz")
    assert (tmp_path / "one.csv.gz").read_bytes() == before


def test_competitors_are_of_the_own_kind_unless_the_kind_tells_them_apart():
    rows = [
        {**ROW, "confused": "heart:10;mass:40", "confused_px": "45", "alike_px": "38", "suite": suite}
        for suite in ("", "kind")
    ]
    found = answers.answers_of("full", 0, [Run("x", {"data": [], "settings": {}}, tuple(rows))])
    assert found.competitor_px.tolist() == [40, 45] and found.other_class_px.tolist() == [7, 7]
    older = answers.answers_of("full", 0, [Run("x", {"data": [], "settings": {}}, ({**rows[0], "alike_px": ""},))])
    assert older.other_class_px.tolist() == [5]


def test_cases_of_one_image_belong_to_its_patient():
    source = {**ROW, "data": "polyps", "case": "17.png", "patient": "ann"}
    made = [{**ROW, "data": "referring_polyps", "case": c, "patient": c} for c in ("17__0_side.png", "18__1_size.png")]
    found = answers.answers_of("full", 0, [Run("x", {"data": [], "settings": {}}, (source, *made))])
    assert found.patient.tolist() == ["ann", "ann", "18"]
    assert [answers.family_of(d) for d in ("phantoms_ct", "referring_x", "phantomsx")] == [
        "phantoms",
        "referring",
        "real",
    ]


def test_seeds_that_were_asked_otherwise_are_refused(tmp_path):
    one, two = ({**ROW, "truth": truth} for truth in ("t", "u"))
    runs = [read_run(folder(tmp_path / name, [each])) for name, each in (("a", one), ("b", two))]
    answers.keep(pd.concat([answers.answers_of("full", n, [run]) for n, run in enumerate(runs)]), tmp_path / "x.csv.gz")
    with pytest.raises(InputError, match="seeds of 'full' in 'x' were asked for other findings"):
        answers.kept("x", tmp_path)
    with pytest.raises(InputError, match="other contents of 'set'"):
        answers.data_of([runs[0], read_run(folder(tmp_path / "c", [ROW], content="d"))])
    with pytest.raises(ConfigError, match="holds no scores"):
        answers.runs_in(tmp_path / "nothing")


def test_the_command_adds_arms_and_replaces_those_that_it_names(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    monkeypatch.setattr(answers, "RESULTS", tmp_path)
    monkeypatch.setattr(answers, "FOLDER", tmp_path / "answers")
    monkeypatch.setattr(answers.kept, "__defaults__", (tmp_path / "answers",))
    run = folder(tmp_path / "full-2" / "scores" / "set", [ROW]).parents[1]
    other = folder(tmp_path / "mine", [{**ROW, "both_px": "1"}], weights="v")
    for given in ([str(run)], [f"lite={other}"], [f"lite={other}"]):
        monkeypatch.setattr(sys, "argv", ["answers", "both", *given])
        answers.main()
    found = answers.kept("both")
    assert sorted(zip(found.arm, found.seed, found.both_px, strict=True)) == [("full", 2, 4), ("lite", 0, 1)]
    told = record.read_record("both")
    assert {arm: of["weights"] for arm, of in told["arms"].items()} == {"full": "w", "lite": "v"}
    assert [data["name"] for data in told["data"]] == ["set"] and capsys.readouterr().out
