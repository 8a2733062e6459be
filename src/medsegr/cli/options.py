"""Options and checks that several commands share."""

import difflib
from pathlib import Path
from typing import Annotated

import typer

from medsegr.cognition.lexicon import Lexicon
from medsegr.data.given_name import quoted
from medsegr.errors import ConfigError

LexiconOption = Annotated[
    list[Path] | None,
    typer.Option("--lexicon", help="YAML file with names and words of your own; repeatable. See docs/lexicon.md."),
]

OneModelOption = Annotated[
    str, typer.Option("--model", "-m", help="Built-in name (lite, tiny), folder, or Hugging Face id.")
]

HostOption = Annotated[
    str | None,
    typer.Option("--host", help="The adapter's host, where its own name is not enough: folder, id, module:function."),
]

FlipsOption = Annotated[bool, typer.Option("--flips", help="Also look at the mirrored picture; twice the encodings.")]

SecondLookOption = Annotated[
    bool, typer.Option("--second-look", help="Look again, closer, at small findings; an encoding more for each.")
]


def check_modality(name: str | None, lexicon: Lexicon) -> None:
    """Refuse a modality that the lexicon does not know.

    Raises:
        ConfigError: With the nearest name and the list; what may be a report is not repeated.
    """
    known = sorted(lexicon.modalities)
    if name is None or name in known:
        return
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    raise ConfigError(f"Unknown modality{quoted(name)}.{hint} Known: {', '.join(known)}.")
