"""Where a language model answers: address, model and key, and consent before a report leaves the machine."""

import ipaddress
import math
import os
import re
from dataclasses import dataclass, field

from medsegr.errors import ConfigError

TIMEOUT_S = 120.0
"""Seconds that one answer may take; small machines are slow readers."""

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>\d{1,5}))?(?P<path>(?:/[\w.~%+:=,-]*)*)",
    re.IGNORECASE | re.ASCII,
)
_SOCKET = re.compile(r"unix:(?P<socket>/[^\s?#@]+)")
_ENDING = "/chat/completions"


@dataclass(frozen=True)
class LlmEndpoint:
    """An OpenAI-compatible endpoint. The key is in no message and not in ``repr``.

    Attributes:
        url: Base address, usually ending in ``/v1``; or ``unix:/path/of.sock``.
        model: Name of the model, as the server knows it.
        key: Sent as bearer token; "" for none.
        timeout_s: Seconds that one answer may take.
        retries: Further attempts after HTTP 429, 5xx and broken connections.
        wait_s: Seconds before the first further attempt; doubled each time.
        allow_remote: Consent that reports go to an address that is not this machine.

    Raises:
        ConfigError: A setting is unusable, or the address is not local and
            ``allow_remote`` is not set.
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout_s: float = TIMEOUT_S
    retries: int = 2
    wait_s: float = 0.5
    allow_remote: bool = False

    def __post_init__(self) -> None:
        if not (_URL.fullmatch(self.url) or _SOCKET.fullmatch(self.url)):
            # What came may hold a password, so it is not shown.
            raise ConfigError(
                "The address of the language model cannot be used: expected http://host:port/v1, https://host/v1 or "
                "unix:/path/of.sock, without user, password, '?' and '#'. A key goes into MEDSEGR_LLM_KEY."
            )
        if not self.model.strip():
            raise ConfigError("The language model has no name. Set MEDSEGR_LLM_MODEL or --llm-model.")
        if self.key and not re.fullmatch(r"[\x21-\x7e]+", self.key):
            raise ConfigError("The key for the language model holds spaces or characters outside ASCII. Copy it again.")
        for name, value in (("timeout_s", self.timeout_s), ("wait_s", self.wait_s), ("retries", self.retries)):
            if not math.isfinite(value) or value < 0 or (name == "timeout_s" and value == 0):
                raise ConfigError(f"{name} of the language model is {value}; expected a positive number.")
        if not (self.local or self.allow_remote):
            raise ConfigError(
                f"The report would leave this machine: {self.address} is not local, and nothing was sent. "
                "If it may go there, say so with --allow-remote (allow_remote=True)."
            )

    @classmethod
    def from_environment(
        cls,
        url: str | None = None,
        model: str | None = None,
        key_env: str | None = None,
        timeout_s: float = TIMEOUT_S,
        allow_remote: bool = False,
    ) -> "LlmEndpoint":
        """What is given, and the rest from MEDSEGR_LLM_URL, MEDSEGR_LLM_MODEL and MEDSEGR_LLM_KEY.

        Without MEDSEGR_LLM_URL the address is OPENAI_BASE_URL. The key in
        OPENAI_API_KEY is used for that address and for OpenAI's own only, so that
        no other server gets to see it.

        Args:
            url: Base address.
            model: Name of the model.
            key_env: Name of the environment variable that holds the key.
            timeout_s: Seconds that one answer may take.
            allow_remote: Consent that reports leave the machine.

        Raises:
            ConfigError: No address, no model, an empty ``key_env``, or as for the class.
        """
        own = url or os.environ.get("MEDSEGR_LLM_URL")
        chosen = own or os.environ.get("OPENAI_BASE_URL")
        if not chosen:
            raise ConfigError(
                "No language model to ask: give its address with --llm-url or MEDSEGR_LLM_URL, for example "
                "http://localhost:11434/v1."
            )
        openai = chosen == os.environ.get("OPENAI_BASE_URL") or chosen.startswith("https://api.openai.com/")
        names = [key_env] if key_env else ["MEDSEGR_LLM_KEY", *(["OPENAI_API_KEY"] if openai else [])]
        key = next((found for name in names if (found := os.environ.get(name, "").strip())), "")
        if key_env and not key:
            # Somebody may have typed the key itself, so what came is not shown.
            raise ConfigError("The variable that --llm-key-env names is not set. Expected its name, not the key.")
        return cls(
            url=chosen.strip(),
            model=model or os.environ.get("MEDSEGR_LLM_MODEL", ""),
            key=key,
            timeout_s=timeout_s,
            allow_remote=allow_remote,
        )

    @property
    def socket(self) -> str | None:
        """Path of a Unix socket, or None."""
        match = _SOCKET.fullmatch(self.url)
        return match["socket"] if match else None

    @property
    def address(self) -> str:
        """Host and port, for messages."""
        match = _URL.fullmatch(self.url)
        return self.url if match is None else match["host"] + (f":{match['port']}" if match["port"] else "")

    @property
    def local(self) -> bool:
        """True for ``localhost``, loopback addresses and Unix sockets; a private network is not local."""
        match = _URL.fullmatch(self.url)
        return match is None or _is_loopback(match["host"].strip("[]").lower())

    @property
    def encrypted(self) -> bool:
        """True when nobody between here and there can read along."""
        return self.local or self.url.lower().startswith("https:")

    @property
    def chat_url(self) -> str:
        """The full address of the questions."""
        if self.socket:
            return "http://localhost/v1" + _ENDING
        return self.url.rstrip("/").removesuffix(_ENDING) + _ENDING


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
