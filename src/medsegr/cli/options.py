"""Checks that several commands share."""

import difflib

from medsegr.cognition.lexicon import load_lexicon
from medsegr.errors import ConfigError


def check_modality(name: str | None) -> None:
    """Refuse a modality that the lexicon does not know.

    Raises:
        ConfigError: With the nearest name and the list.
    """
    known = sorted(load_lexicon().modalities)
    if name is None or name in known:
        return
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    raise ConfigError(f"Unknown modality '{name}'.{hint} Known: {', '.join(known)}.")
