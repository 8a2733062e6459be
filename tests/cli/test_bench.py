"""``medsegr bench``: the table and its record; how long things take is not tested."""

import json

from medsegr.bench.run import LITE_PEER
from medsegr.bench.spread import told_floor
from medsegr.bench.stage_clock import STAGES
from medsegr.cli.bench import bench_table
from medsegr.cli.main import main


def test_the_table_and_the_record_have_every_stage(tmp_path, capsys):
    out = tmp_path / "bench.json"
    arguments = ["--model", "tiny", "--size", "64", "--findings", "2", "--rounds", "1", "--cold", "1", "--out", out]
    assert main(["bench", *map(str, arguments)]) == 0
    record = json.loads(out.read_text())
    assert LITE_PEER not in record["peer"]
    (row,) = record["rows"]
    assert set(row["stages"]) == set(STAGES)
    assert all(stage["median"] > 0 for stage in row["stages"].values())
    assert set(row["cold"]) == {"import", "load", "peak"}
    assert (row["model"], row["backend"], row["size"], row["findings"]) == ("tiny", "torch f32", 64, 2)
    assert row["ratio"] > 0 and row["peak"] > 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("plain host", "ratio", "GFLOP/s", "modulate"))


def test_what_cannot_be_measured_is_refused(capsys):
    assert main(["bench", "--model", "auto", "--cold", "0"]) == 2
    assert "Name the one to measure" in capsys.readouterr().err
    assert main(["bench", "--backend", "torch:int8"]) == 2
    assert "f32 or bf16" in capsys.readouterr().err


def test_a_model_that_is_not_there_is_told_without_the_class_of_the_error(capsys):
    assert main(["bench", "--model", "nosuch", "--rounds", "1", "--cold", "1"]) == 2
    told = capsys.readouterr().err
    assert "nosuch" in told and "medsegr.errors" not in told and "Error:" not in told.replace("Error: ", "", 1)


def test_a_floor_too_low_to_say_anything_is_a_dash():
    assert told_floor({"median": 1.0, "floor": 0.02}) == 0.02
    assert told_floor({"median": 1.0, "floor": 0.001}) is told_floor({"median": 1.0, "floor": None}) is None
    stage = {"median": 1.0, "low": 1.0, "high": 1.0}
    stages = {name: {**stage, "floor": 0.5 if name == "encode" else 1e-4} for name in STAGES}
    row = {"model": "m", "backend": "torch f32", "size": 64, "findings": 1, "slices": 1, "cold": None, "peak": 1e6,
           "stages": stages, "whole": stage, "plain": stage, "ratio": 1.0}  # fmt: skip
    cells = {column.header: next(iter(column.cells)) for column in bench_table({"rows": [row]}).columns}
    assert cells["encode"].endswith("+100 %")
    assert cells["write"].endswith("\n–") and "%" not in cells["write"].split("\n")[1]
