"""Priors as callers hand them in, whoever made them: names that the lexicon knows, in the types that hold them."""

import difflib
import math
from collections.abc import Collection
from dataclasses import replace
from typing import Any, get_args

from medsegr.cognition.lexicon import Lexicon, canonical_target
from medsegr.cognition.priors import Evidence, Finding, Laterality, Location, Presence, ReportPriors, Shape, Texture
from medsegr.data.given_name import quoted
from medsegr.errors import ConfigError

_KINDS = {"location": Location, "texture": Texture, "shape": Shape, "evidence": Evidence}


def check_name(name: Any, known: Collection[str], what: str) -> None:
    """Raise a ConfigError for a name that is not known; what may be a report is not repeated."""
    if isinstance(name, str) and name in known:
        return
    if not isinstance(name, str):
        raise ConfigError(f"A {what} is a name; got {_kind(name)}. Known are, for example, {_some(known)}.")
    near = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else f"Known are, for example, {_some(known)}."
    raise ConfigError(f"Unknown {what}{quoted(name)}. {hint}")


def checked_priors(priors: ReportPriors, lexicon: Lexicon) -> ReportPriors:
    """The same, with canonical targets.

    Raises:
        ConfigError: As of :func:`checked_finding`.
    """
    if not isinstance(priors.findings, tuple):
        raise ConfigError(f"The findings of ReportPriors are a tuple of Finding; got {_kind(priors.findings)}.")
    findings = tuple(checked_finding(finding, lexicon) for finding in priors.findings)
    return priors if findings == priors.findings else replace(priors, findings=findings)


def checked_finding(finding: Finding, lexicon: Lexicon) -> Finding:
    """The same, with its canonical target.

    Raises:
        ConfigError: A name that the lexicon does not have, or something of another type.
    """
    if not isinstance(finding, Finding):
        raise ConfigError(f"A finding of ReportPriors is a medsegr.Finding; got {_kind(finding)}.")
    if not isinstance(finding.target, str):
        raise ConfigError(f"A target is a name, for example 'nodule'; got {_kind(finding.target)}.")
    target = canonical_target(finding.target, lexicon)
    check_name(finding.presence, get_args(Presence), "presence")
    for field, kind in _KINDS.items():
        if not isinstance(value := getattr(finding, field), kind):
            name = kind.__name__
            raise ConfigError(f"{field} is {_kind(value)}; expected a {name}, and {name}() where nothing is stated.")
    if finding.location.laterality is not None:
        check_name(finding.location.laterality, get_args(Laterality), "laterality")
    _check_names(finding.location.zones, lexicon.zones, "zone")
    _check_names(finding.texture.attributes, lexicon.textures, "texture")
    _check_names(finding.shape.attributes, lexicon.shapes, "shape")
    _check_size(finding.shape)
    return finding if target == finding.target else replace(finding, target=target)


def _check_names(names: Any, known: Collection[str], what: str) -> None:
    if not isinstance(names, tuple):
        raise ConfigError(f"Names of a {what} are a tuple, for example ('{min(known)}',); got {_kind(names)}.")
    for name in names:
        check_name(name, known, what)


def _check_size(shape: Shape) -> None:
    sizes, count = shape.size_mm, shape.count
    if not isinstance(sizes, tuple) or any(not (_is_number(size) and size >= 0) for size in sizes):
        raise ConfigError("size_mm is no tuple of millimetres; expected one, for example (12.0, 8.0).")
    if not (count is None or count == "multiple" or (isinstance(count, int) and count >= 0)):
        raise ConfigError(f"count is {_kind(count)}; expected a number from 0, 'multiple' or None.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _kind(value: Any) -> str:
    """What came, for a message; text by its type alone, where it may be a report."""
    if value is None or isinstance(value, int | float):
        return str(value)
    word = quoted(value) if isinstance(value, str) else ""
    return f"the text{word}" if isinstance(value, str) else type(value).__name__


def _some(known: Collection[str]) -> str:
    return ", ".join(sorted(known)[:4])
