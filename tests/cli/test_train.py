"""``train`` from the command line."""

import re
from pathlib import Path

import pytest
import yaml

from medsegr.cli.main import main
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
