"""``--untrained`` of ``medsegr pacs``: what the warnings tell people to type is there, and arrives."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from medsegr.cli import pacs as pacs_command
from medsegr.cli import pacs_listen
from medsegr.cli.main import main
from medsegr.pacs.archive import FoundSeries
from tests.pacs.studies import write_study


class StopError(Exception):
    """What is done has been heard; nothing more need be."""


class OneStudy:
    """A PACS with one study."""

    def series(self, study: str) -> list[FoundSeries]:
        return [FoundSeries("1", "CT")]

    def fetch(self, study: str, series: Sequence[FoundSeries], folder: Path) -> int:
        write_study(folder, 1)
        return 1


@pytest.fixture
def jobs(monkeypatch, tmp_path) -> list:
    """The jobs that are made."""
    made: list = []

    def note(*given: object, **named: object) -> None:
        made.append(named)
        raise StopError

    for command in (pacs_command, pacs_listen):
        monkeypatch.setattr(command, "Job", note)
    monkeypatch.setattr(pacs_command, "connect", lambda *_: OneStudy())
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return made


@pytest.mark.parametrize(("typed", "policy"), [([], None), (["--untrained", "draw"], "draw")])
def test_it_arrives(typed, policy, jobs, tmp_path):
    out = ["--out", str(tmp_path / "out")]
    for arguments in (["segment", "http://127.0.0.1:9/x", "1.2.3", *out], ["listen", *out, "--port", "0"]):
        with pytest.raises(StopError):
            main(["pacs", *arguments, *typed])
    assert [named["untrained"] for named in jobs] == [policy, policy]


def test_another_word_is_refused(jobs, tmp_path, capsys):
    typed = ["pacs", "segment", "http://127.0.0.1:9/x", "1.2.3", "--out", str(tmp_path / "out"), "--untrained", "no"]
    assert main(typed) == 2 and jobs == []
    assert "untrained is 'no'" in capsys.readouterr().err
