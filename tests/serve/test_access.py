"""Who may ask, and which starts are refused."""

import stat
from dataclasses import replace

import pytest

from medsegr.cli.main import main
from medsegr.errors import ConfigError
from medsegr.serve.access import NOBODY, Access
from medsegr.serve.config import Limits, ServeConfig, tokens_of
from medsegr.serve.state_folder import StateFolder

TOKEN, OTHER = "a-token-of-the-tests", "another-token-of-them"


@pytest.fixture
def config(tmp_path):
    return ServeConfig(tmp_path / "state", model="none")


@pytest.mark.parametrize(
    ("host", "good"),
    [("127.0.0.1:8000", True), ("LOCALHOST:8000", True), ("[::1]:8000", True), ("127.0.0.1:8001", False),
     ("127.0.0.1", False), ("", False), ("evil.example:8000", False), ("127.0.0.1.evil.example:8000", False),
     ("10.0.0.1:8000", False), ("localhost:", False), ("localhost:8000:8000", False)],
)  # fmt: skip
def test_the_host_header_is_that_of_the_address(config, host, good):
    refusal = Access(config, 8000).refuse_host(host)
    assert (refusal is None) == good
    assert good or refusal.status == 421


def test_on_all_networks_numbers_serve_and_names_must_be_told(config):
    access = Access(replace(config, host="0.0.0.0", tokens=(TOKEN,), names=("reader.example",)), 8000)
    assert [access.refuse_host(host) is None for host in ("10.1.2.3:8000", "reader.example", "evil.example:8000")] == [
        True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("origin", "site", "good"),
    [(None, None, True), ("http://127.0.0.1:8000", "same-origin", True), ("http://evil.example", None, False),
     ("null", None, False), (None, "cross-site", False), (None, "none", True), ("http://127.0.0.1:9", None, False)],
)  # fmt: skip
def test_pages_of_others_are_refused(config, origin, site, good):
    assert (Access(config, 8000).refuse_origin(origin, site, "127.0.0.1:8000") is None) == good


def test_each_token_has_its_own_jobs(config):
    access = Access(replace(config, tokens=(TOKEN, OTHER)), 8000)
    owners = {access.owner(f"Bearer {token}") for token in (TOKEN, OTHER)}
    assert len(owners) == 2 and None not in owners and TOKEN not in str(owners)
    assert access.owner(f"bearer  {TOKEN} ") in owners
    for wrong in (None, "", "Bearer", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer é"):
        assert access.owner(wrong) is None
    assert Access(config, 8000).owner(None) == NOBODY


def test_tokens_come_from_the_environment():
    assert tokens_of({"MEDSEGR_TOKEN": f" {TOKEN}  {OTHER}"}) == (TOKEN, OTHER)
    assert tokens_of({}) == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [({"host": "0.0.0.0"}, "MEDSEGR_TOKEN"), ({"host": "::"}, "MEDSEGR_TOKEN"),
     ({"host": "192.168.0.4"}, "token is needed"),
     ({"tokens": ("short",)}, "too short"), ({"host": "example.org"}, "no address"), ({"port": 70000}, "port"),
     ({"workers": 0}, "workers")],
)  # fmt: skip
def test_unsafe_starts_are_refused(config, change, told):
    with pytest.raises(ConfigError, match=told):
        replace(config, **change)
    with pytest.raises(ConfigError, match="queued"):
        Limits(queued=0)


def test_the_command_refuses_them_with_2(capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("MEDSEGR_TOKEN", raising=False)
    assert main(["serve", "--host", "0.0.0.0", "--state", str(tmp_path / "state")]) == 2
    assert "MEDSEGR_TOKEN" in capsys.readouterr().err
    monkeypatch.setenv("MEDSEGR_TOKEN", "0123456789abcde")
    assert main(["serve", "--state", str(tmp_path / "state")]) == 2
    told = capsys.readouterr().err
    assert "too short" in told and "0123456789abcde" not in told
    assert not (tmp_path / "state").exists()


def test_the_folder_is_private_and_nothing_else_is_deleted(tmp_path):
    folder = StateFolder(tmp_path / "a" / "state")
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    folder.make("0" * 32), folder.make("1" * 32)
    (folder.path / "jobs" / "something").write_text("left")
    StateFolder(folder.path).sweep({"1" * 32})
    assert [entry.name for entry in (folder.path / "jobs").iterdir()] == ["1" * 32]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigError, match="not the service's"):
        StateFolder(tmp_path / "full")
    (tmp_path / "link").symlink_to(folder.path)
    with pytest.raises(ConfigError, match="link"):
        StateFolder(tmp_path / "link")
    assert (tmp_path / "full" / "thesis.txt").read_text() == "mine"
