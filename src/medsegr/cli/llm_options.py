"""Options that choose who reads the reports: rules, or a language model and where it answers."""

from typing import Annotated

import typer

from medsegr.cognition.llm_endpoint import TIMEOUT_S, LlmEndpoint
from medsegr.cognition.parser import PARSERS
from medsegr.data.given_name import quoted
from medsegr.errors import ConfigError

ParserOption = Annotated[str, typer.Option("--parser", help="Who reads the report: rules (offline), or llm.")]
UrlOption = Annotated[
    str | None,
    typer.Option("--llm-url", help="OpenAI-compatible address, such as http://localhost:11434/v1; or MEDSEGR_LLM_URL."),
]
ModelOption = Annotated[str | None, typer.Option("--llm-model", help="Name of the model; or MEDSEGR_LLM_MODEL.")]
KeyOption = Annotated[
    str | None,
    typer.Option("--llm-key-env", help="Name of the variable that holds the key; MEDSEGR_LLM_KEY by default."),
]
TimeoutOption = Annotated[
    float | None, typer.Option("--llm-timeout", help=f"Seconds that one answer may take.  [default: {TIMEOUT_S:g}]")
]
RemoteOption = Annotated[
    bool, typer.Option("--allow-remote", help="Consent that reports leave this machine for --llm-url.")
]


def chosen_endpoint(
    parser: str,
    *,
    url: str | None,
    model: str | None,
    key_env: str | None,
    timeout_s: float | None,
    allow_remote: bool,
) -> LlmEndpoint | None:
    """Whom to ask; None where the rules read.

    Raises:
        ConfigError: Unknown parser; options of the language model without it; no
            address, or one that needs consent.
    """
    if parser not in PARSERS:
        raise ConfigError(f"Unknown parser{quoted(parser)}: expected one of {', '.join(PARSERS)}.")
    if parser == "llm":
        return LlmEndpoint.from_environment(
            url, model, key_env, TIMEOUT_S if timeout_s is None else timeout_s, allow_remote
        )
    if allow_remote or any(given is not None for given in (url, model, key_env, timeout_s)):
        raise ConfigError("--llm-url, --llm-model, --llm-key-env, --llm-timeout and --allow-remote need --parser llm.")
    return None
