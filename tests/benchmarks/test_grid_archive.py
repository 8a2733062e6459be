"""Answers that are kept: taken only when they are asked for, and only about the data at hand."""

import json
import shutil
import zipfile

import pytest

from benchmarks import reproduce
from medsegr.errors import ConfigError, InputError
from medsegr.training.train import TrainResult
from tests.benchmarks.small_grid import arguments


def test_kept_answers_give_the_same_tables_elsewhere(data, finished, tmp_path, monkeypatch):
    moved, results = tmp_path / "elsewhere" / data.name, tmp_path / "results"
    shutil.copytree(data, moved)
    shutil.copytree(finished / "scores", results / "scores")
    kept = sorted((results / "scores" / "small").iterdir())
    assert [path.name for path in kept] == ["full-0.zip", "host-0.zip", "unet-0.zip"]
    for path in kept:
        with zipfile.ZipFile(path) as packed:
            assert not any(str(data.parent).encode() in packed.read(name) for name in packed.namelist())
    monkeypatch.setattr(reproduce, "_train", lambda run: pytest.fail("trained again"))
    given = arguments(moved, tmp_path / "small", "host,full,unet", "--kept")
    given.results = results
    assert reproduce.reproduce(given)
    found, before = (json.loads((at / "grid_small.json").read_text()) for at in (results, finished))
    assert found["origins"] == before["origins"] and found["grid"]["arms"] == before["grid"]["arms"]


def test_kept_answers_need_no_weights_to_start_from(data, finished, tmp_path):
    given = arguments(data, tmp_path / "second", "unet", "--init", str(finished))
    given.results = tmp_path / "results"
    assert reproduce.reproduce(given)
    before = (tmp_path / "results" / "grid_second.json").read_bytes()
    shutil.rmtree(tmp_path / "second")
    given = arguments(data, tmp_path / "second", "unet", "--init", str(tmp_path / "gone" / finished.name))
    given.results = tmp_path / "results"
    with pytest.raises(ConfigError, match="arm 'unet', seed 0"):
        reproduce.reproduce(given)
    given.only_tables = True
    assert reproduce.reproduce(given)
    after = json.loads((tmp_path / "results" / "grid_second.json").read_bytes())
    assert after["origins"] == json.loads(before)["origins"]


def test_a_grid_is_trained_unless_kept_answers_are_asked_for(data, finished, tmp_path, monkeypatch):
    shutil.copytree(finished / "scores", tmp_path / "results" / "scores")
    trained = []

    def stop(run):
        trained.append(run.name)
        return TrainResult(run.folder, 0, False, 0.0)

    monkeypatch.setattr(reproduce, "_train", stop)
    given = arguments(data, tmp_path / "small", "host")
    given.results = tmp_path / "results"
    assert not reproduce.reproduce(given) and trained == ["host"]


def test_kept_answers_about_other_data_are_refused(data, finished, tmp_path):
    changed = tmp_path / data.name
    shutil.copytree(data, changed)
    reports = (changed / "reports.csv").read_text()
    (changed / "reports.csv").write_text(reports.replace("left", "right"))
    shutil.copytree(finished / "scores", tmp_path / "results" / "scores")
    given = arguments(changed, tmp_path / "small", "host", "--only-tables")
    given.results = tmp_path / "results"
    with pytest.raises(InputError, match="host, seed 0, are about other contents of 'discs'"):
        reproduce.reproduce(given)


def test_kept_answers_of_other_settings_or_damaged_are_refused(data, finished, tmp_path, capsys):
    shutil.copytree(finished / "scores", tmp_path / "results" / "scores")
    given = arguments(data, tmp_path / "small", "full", "--kept", "--set", "batch_size=4")
    given.results = tmp_path / "results"
    with pytest.raises(ConfigError, match="other settings of: batch_size"):
        reproduce.reproduce(given)
    given.only_tables = True
    assert not reproduce.reproduce(given)
    assert "full, seed 0: left out, it has other settings of batch_size" in capsys.readouterr().out
    (tmp_path / "results" / "scores" / "small" / "host-0.zip").write_bytes(b"PK nothing")
    given = arguments(data, tmp_path / "small", "host", "--kept")
    given.results = tmp_path / "results"
    with pytest.raises(InputError, match="host-0.zip cannot be read"):
        reproduce.reproduce(given)
