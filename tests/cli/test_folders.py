"""Folders at the command line: resume, kills, signals, damage, and what is told of a patient."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from medsegr.cli.main import main
from tests.cli.test_segment import save_picture
from tests.shared_data import ROOT

TEXT = "Nodule in the left upper lobe. No pleural effusion."
TIMES = ("seconds", "time", "command")


def folder_of(tmp_path, count, damaged=()):
    folder = tmp_path / "studies"
    folder.mkdir()
    for number in range(count):
        path = save_picture(folder / f"s{number:02}.png", number)
        if number in damaged:
            path.write_bytes(path.read_bytes()[:40])
    return folder


def command(folder, model, out, *more):
    return ["segment", str(folder), "--text", TEXT, "--model", str(model), "--out", str(out), "--no-pictures", *more]


def started(arguments):
    program = "import sys; from medsegr.cli.main import main; sys.exit(main(sys.argv[1:]))"
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, "-c", program, *arguments], env=environment, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(inner) for key, inner in value.items() if key not in TIMES}
    return [without_times(inner) for inner in value] if isinstance(value, list) else value


def content(out):
    """Every file of a run, hidden ones too; JSON without times."""
    files = {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    records = ("case.json", "run.json")
    return {name: without_times(json.loads(kept)) if name.endswith(records) else kept for name, kept in files.items()}


def cases_in(out):
    return sorted(path.name for path in out.iterdir() if (path / "case.json").exists()) if out.is_dir() else []


def changed(out):
    """What tells a case that was made anew from one that was left: numbers of files are given out again."""
    return {path.name: (*path.stat()[1:2], path.stat().st_mtime_ns) for path in out.iterdir() if path.is_dir()}


def test_resume_does_what_is_missing_or_would_be_made_otherwise(random_model, tmp_path, capsys):
    folder, out = folder_of(tmp_path, 4, damaged=[3]), tmp_path / "out"
    assert main(command(folder, random_model, out)) == 1
    assert cases_in(out) == ["s00", "s01", "s02"]
    whole, before = content(out), changed(out)
    (out / "s01" / "findings.json").write_text("{}")  # no longer what was written
    save_picture(folder / "s02.png", 99)  # another picture
    save_picture(folder / "s03.png", 3)  # mended
    capsys.readouterr()
    assert main(command(folder, random_model, out, "--resume")) == 0
    after = changed(out)
    assert {name for name in after if after[name] != before.get(name)} == {"s01", "s02", "s03"}
    assert "4 cases are complete (1 were there before), 0 failed" in capsys.readouterr().out
    assert content(out)["s01/findings.json"] == whole["s01/findings.json"]
    run = json.loads((out / "run.json").read_text())
    assert [entry["case"] for entry in run["cases"]] == ["s00", "s01", "s02", "s03"] and run["failures"] == []
    assert main(command(folder, random_model, out, "--resume", "--threshold", "0.6")) == 0
    assert not set(changed(out).values()) & set(after.values()), "all are made again under another threshold"
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


def test_resume_and_overwrite_are_one_too_many(random_model, tmp_path, capsys):
    assert main(command(tmp_path, random_model, tmp_path / "out", "--resume", "--overwrite")) == 2
    assert "give one of them" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_after_the_case_at_hand(number, random_model, tmp_path):
    folder, out = folder_of(tmp_path, 60), tmp_path / "out"
    running = started(command(folder, random_model, out, "--workers", "1"))
    wait_for_case(running, out)
    running.send_signal(number)
    told = running.communicate(timeout=300)[1]
    assert running.returncode == 128 + number, told
    done = cases_in(out)
    assert done and sorted(path.name for path in out.iterdir()) == done, "neither run.json nor anything hidden"
    assert f"Stopped: {len(done)} of 60 cases are complete" in told and "--resume" in told and "Traceback" not in told


def wait_for_case(running, out):
    while not cases_in(out):
        assert running.poll() is None, running.communicate()[1]
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_killed_at_random_moments_and_resumed_it_ends_as_if_nothing_had_happened(workers, random_model, tmp_path):
    folder = folder_of(tmp_path, 40, damaged=[5, 17])
    assert main(command(folder, random_model, tmp_path / "whole", "--workers", "1")) == 1
    out, moments = tmp_path / "killed", random.Random(workers)
    for _ in range(3):
        running = started(command(folder, random_model, out, "--workers", str(workers), "--resume"))
        before = len(cases_in(out))
        while running.poll() is None and len(cases_in(out)) < before + 5:
            time.sleep(0.01)
        time.sleep(moments.random() * 0.2)
        running.kill()
        running.communicate()
    running = started(command(folder, random_model, out, "--workers", str(workers), "--resume"))
    told = running.communicate()[1]
    assert running.returncode == 1, told
    assert content(out) == content(tmp_path / "whole")
    assert len(json.loads((out / "run.json").read_text())["failures"]) == 2


def test_nothing_of_a_patient_is_told(random_model, tmp_path, capsys):
    place = tmp_path / "Smith_Jane_19610203"
    place.mkdir()
    folder = folder_of(place, 2, damaged=[1])
    (place / "MRN4471123.png").write_bytes((folder / "s00.png").read_bytes())
    rows = [
        {"image": "studies/s00.png", "report": f"Mrs Doe, MRN 99. {TEXT}", "case": "one"},
        {"image": "studies/s01.png", "report": "Mrs Doe.", "case": "two"},
        {"image": "MRN4471123.png", "report": f"Mrs Doe. {TEXT}", "case": "three", "targets": "Doe"},
        {"image": "Mrs Doe has a nodule.", "report": "x"},
        {"image": "studies/none.png", "report": "Mrs Doe.", "case": "four"},
    ]
    (place / "list.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\nMrs Doe\n")
    out = tmp_path / "out"
    assert main(["segment", str(place / "list.jsonl"), "--model", str(random_model), "--out", str(out)]) == 1
    printed = capsys.readouterr()
    assert cases_in(out) == ["one"] and printed.err.count("Failed: ") == 5
    for name, kept in content(out).items():
        text = json.dumps(kept) if isinstance(kept, dict) else kept.decode("latin-1")
        assert "Doe" not in text and "MRN 99" not in text and "Doe" not in name
        assert name in ("run.json", "one/case.json") or "Smith_Jane" not in text, "these say where the picture lies"
    run = json.loads((out / "run.json").read_text())
    errors = json.dumps([failure["error"] for failure in run["failures"]])
    for told in (printed.out, printed.err, errors):
        assert "Doe" not in told and "Smith_Jane" not in told.replace(str(out), "")


def test_a_table_of_one_study_in_an_archive_and_one_in_a_store(random_model, tmp_path):
    import zipfile

    pytest.importorskip("fsspec", reason="addresses of object stores need fsspec: pip install fsspec")
    image = save_picture(tmp_path / "scan.png")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as packed:
        packed.write(image, "deep/other.png")
    (tmp_path / "t.jsonl").write_text(json.dumps({"image": image.as_uri(), "report": TEXT}) + "\n")
    out = tmp_path / "out"
    given = [str(tmp_path / "more.zip"), str(tmp_path / "t.jsonl"), "--text", TEXT]
    assert main(["segment", *given, "--model", str(random_model), "--out", str(out), "--no-pictures"]) == 0
    assert cases_in(out) == ["other", "scan"]
    masks = [(out / case / "nodule-left.png").read_bytes() for case in cases_in(out)]
    assert masks[0] == masks[1]
    assert json.loads((out / "other" / "case.json").read_text())["image"] == f"{tmp_path}/more.zip/deep/other.png"
