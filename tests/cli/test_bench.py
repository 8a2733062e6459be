"""``medsegr bench``: the table and its record; how long things take is not tested."""

import json

from medsegr.bench.stage_clock import STAGES
from medsegr.cli.main import main


def test_the_table_and_the_record_have_every_stage(tmp_path, capsys):
    out = tmp_path / "bench.json"
    arguments = ["--model", "tiny", "--size", "64", "--findings", "2", "--rounds", "1", "--cold", "1", "--out", out]
    assert main(["bench", *map(str, arguments)]) == 0
    (row,) = json.loads(out.read_text())["rows"]
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
