"""What is local, what needs consent, and a key that nobody gets to see."""

import pytest

from medsegr.cognition.llm_endpoint import LlmEndpoint
from medsegr.errors import ConfigError

KEY = "sk-very-secret"


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MEDSEGR_LLM_URL", "MEDSEGR_LLM_MODEL", "MEDSEGR_LLM_KEY", "OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:11434/v1", "http://LOCALHOST", "http://127.0.0.1:8000/v1", "http://127.8.8.8/v1",
        "http://[::1]:80/v1", "http://[::ffff:127.0.0.1]/v1", "unix:/run/llm.sock",
    ],
)  # fmt: skip
def test_local_needs_no_consent(url: str) -> None:
    endpoint = LlmEndpoint(url, "m")
    assert endpoint.local
    assert endpoint.encrypted


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1", "http://192.168.1.7:8000/v1", "http://10.0.0.1/v1", "http://0.0.0.0:8000/v1",
        "http://localhost.example.com/v1", "http://127.0.0.1.example.com/v1", "http://2130706433/v1",
        "http://[fe80::1]/v1", "http://[::ffff:10.0.0.1]/v1", "http://gpu-box/v1",
    ],
)  # fmt: skip
def test_all_else_needs_consent(url: str) -> None:
    with pytest.raises(ConfigError, match="would leave this machine.*nothing was sent.*--allow-remote"):
        LlmEndpoint(url, "m")
    assert LlmEndpoint(url, "m", allow_remote=True).encrypted == url.startswith("https")


@pytest.mark.parametrize(
    "url",
    [
        "", "localhost:8000", "ftp://localhost/v1", f"http://me:{KEY}@localhost/v1", f"http://localhost/v1?key={KEY}",
        "http://localhost\\@example.com/v1", "http://localhost#@example.com/", "http://local host/v1",
        "http://localhost:8000/v1\n", "http://ⓛocalhost/v1", "http://localhost:99999999/v1", "unix:run/llm.sock",
    ],
)  # fmt: skip
def test_addresses_that_cannot_be_used_are_not_shown(url: str) -> None:
    with pytest.raises(ConfigError, match="address of the language model cannot be used") as caught:
        LlmEndpoint(url, "m", allow_remote=True)
    assert KEY not in str(caught.value)


def test_addresses_of_questions() -> None:
    for given in ("http://localhost:1/v1", "http://localhost:1/v1/", "http://localhost:1/v1/chat/completions"):
        assert LlmEndpoint(given, "m").chat_url == "http://localhost:1/v1/chat/completions"
    assert LlmEndpoint("https://host:8443/a/b", "m", allow_remote=True).address == "host:8443"
    assert LlmEndpoint("unix:/run/llm.sock", "m").socket == "/run/llm.sock"


def test_bad_settings() -> None:
    for settings, message in (
        ({"model": " "}, "has no name"),
        ({"key": "two words"}, "key .* holds spaces"),
        ({"key": "line\nbreak"}, "key .* holds spaces"),
        ({"timeout_s": 0}, "timeout_s .* is 0"),
        ({"timeout_s": float("nan")}, "timeout_s .* is nan"),
        ({"retries": -1}, "retries .* is -1"),
    ):
        with pytest.raises(ConfigError, match=message) as caught:
            LlmEndpoint(**{"url": "http://localhost/v1", "model": "m", **settings})  # type: ignore[arg-type]
        assert "two words" not in str(caught.value)


def test_the_key_is_in_no_repr() -> None:
    endpoint = LlmEndpoint("http://localhost/v1", "m", KEY)
    assert KEY not in repr(endpoint) + str(endpoint) + f"{endpoint}"


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="MEDSEGR_LLM_URL"):
        LlmEndpoint.from_environment()
    monkeypatch.setenv("MEDSEGR_LLM_URL", "http://localhost:1/v1")
    with pytest.raises(ConfigError, match="MEDSEGR_LLM_MODEL"):
        LlmEndpoint.from_environment()
    monkeypatch.setenv("MEDSEGR_LLM_MODEL", "m")
    monkeypatch.setenv("MEDSEGR_LLM_KEY", f" {KEY}\n")
    found = LlmEndpoint.from_environment()
    assert (found.url, found.model, found.key) == ("http://localhost:1/v1", "m", KEY)
    given = LlmEndpoint.from_environment("http://localhost:2/v1", "n", timeout_s=3)
    assert (given.url, given.model, given.timeout_s) == ("http://localhost:2/v1", "n", 3)
    monkeypatch.setenv("MINE", "other")
    assert LlmEndpoint.from_environment(key_env="MINE").key == "other"
    with pytest.raises(ConfigError, match="Expected its name, not the key") as caught:
        LlmEndpoint.from_environment(key_env=KEY)
    assert KEY not in str(caught.value)


def test_openai_variables_are_for_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert LlmEndpoint.from_environment("https://api.openai.com/v1", "m", allow_remote=True).key == KEY
    assert LlmEndpoint.from_environment("http://localhost:1/v1", "m").key == ""
    assert LlmEndpoint.from_environment("http://localhost:1/v1", "m", "OPENAI_API_KEY").key == KEY
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:2/v1")
    found = LlmEndpoint.from_environment(model="m")
    assert (found.url, found.key) == ("http://localhost:2/v1", KEY)
    monkeypatch.setenv("MEDSEGR_LLM_URL", "http://localhost:3/v1")
    assert LlmEndpoint.from_environment(model="m").key == ""
