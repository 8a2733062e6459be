"""``train`` from the command line."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from medsegr.cli.main import main
from medsegr.errors import ConfigError
from medsegr.training.dataset import TrainingBatches
from medsegr.training.shipped_configs import shipped_configs
from tests.training.small_dataset import make_dataset, small_config


@pytest.mark.parametrize(
    ("setting", "said", "model"),
    [
        ("max_seconds=0.000001", "Stopped (go on with --resume) at step 0.", False),
        ("validate_cases=0", "Finished at step 1.", True),
        ("validate_cases=1", "Finished at step 1; best validation score 0.", True),
    ],
)
def test_it_names_a_model_and_a_score_only_where_there_is_one(
    setting: str, said: str, model: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, run = make_dataset(tmp_path / "discs", 4), tmp_path / "run"
    settings = small_config(data, run, steps=1).to_dict()
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(settings))
    assert main(["train", "-d", str(data), "-o", str(run), "-c", str(tmp_path / "small.yaml"), "--set", setting]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(said) and ("score" in first) == ("score" in said)
    assert second == (
        f"The model is in {run / 'best'}" if model else "There is no model yet: none was validated so far."
    )
    assert (run / "best").is_dir() is model


def test_help_names_every_shipped_configuration(capsys):
    assert main(["train", "--help"]) == 0
    shown = re.sub(r"[\s│]", "", capsys.readouterr().out)
    assert f"shippedname:{','.join(shipped_configs())}." in shown


def test_a_folder_of_data_sets_stands_for_all_of_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two"):
        make_dataset(tmp_path / "sets" / name, 4)
    settings = small_config(tmp_path, tmp_path / "run", steps=1, data_weights=()).to_dict()
    (tmp_path / "small.yaml").write_text(yaml.safe_dump({**settings, "data": []}))
    given = ["train", "-d", str(tmp_path / "sets"), "-o", str(tmp_path / "run"), "-c", str(tmp_path / "small.yaml")]
    assert main([*given, "--set", "data_weights=1,2"]) == 0
    kept = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert kept["data"] == [str(tmp_path / "sets" / name) for name in ("one", "two")]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit on the size of files")
def test_a_full_disk_ends_the_run_in_words_and_with_its_workers(tmp_path: Path) -> None:
    settings = small_config(make_dataset(tmp_path / "discs", 4), tmp_path / "run", steps=2, workers=1).to_dict()
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(settings))
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, 250_000)); "
        "from medsegr.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    given = ["train", "-d", str(tmp_path / "discs"), "-o", str(tmp_path / "run"), "-c", str(tmp_path / "small.yaml")]
    done = subprocess.run([sys.executable, "-c", code, *given], capture_output=True, text=True, timeout=240)
    said = " ".join(done.stderr.split())
    assert done.returncode == 2 and "cannot be written" in said and "go on with --resume" in said
    assert "Traceback" not in said and not list((tmp_path / "run").glob(".last*"))


@pytest.mark.parametrize("workers", [0, 1])
def test_what_is_wrong_with_a_batch_is_one_line_whoever_prepares_it(
    workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise ConfigError("No such name.")

    monkeypatch.setattr(TrainingBatches, "sample", refuse)  # workers are copies of this process
    settings = small_config(make_dataset(tmp_path / "discs", 4), tmp_path / "run", steps=1, workers=workers).to_dict()
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(settings))
    given = ["train", "-d", str(tmp_path / "discs"), "-o", str(tmp_path / "run"), "-c", str(tmp_path / "small.yaml")]
    assert main(given) == 2
    bar, *said = capsys.readouterr().err.splitlines()
    assert bar.startswith("training") and said == ["Error: No such name."]
