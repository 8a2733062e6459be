"""A host without anything trained on reports: it outlines what a user's click or box marks, and nothing else."""

from collections.abc import Container, Iterable
from dataclasses import replace

from medsegr.errors import ConfigError
from medsegr.inference.result import FindingResult


def refuse_unmarked(name: str, ids: Iterable[str], marked: Container[int], sought: Iterable[int]) -> None:
    """Raise a ConfigError where a finding has no click and no box.

    Args:
        name: Of the host.
        ids: Of all findings.
        marked: Places of those with a user's prompt.
        sought: Places of those that are to be outlined.
    """
    names = list(ids)
    if unmarked := [names[place] for place in sought if place not in marked]:
        raise ConfigError(
            f"'{name}' is a host alone, which no report has taught: it outlines only what a click or a box marks. "
            f"Unmarked: {', '.join(unmarked)}. In Python give prompts={{'{unmarked[0]}': "
            "medsegr.UserPrompt(box=(x1, y1, x2, y2))}, or train an adapter for it: "
            f"medsegr train --host {name} --data DATA --out run"
        )


def without_support(found: FindingResult) -> FindingResult:
    """The same without a support: nobody has trained what would give it."""
    return replace(found, support=None)
