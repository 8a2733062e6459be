"""The names that findings, places, textures and shapes may have, and the words that mean them.

Everything is data, one file per domain in ``lexicon_data/``; this file reads it
and answers questions about it. No torch.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from medsegr.cognition.priors import Finding, Frame, Laterality, Location
from medsegr.errors import ConfigError

DOMAINS = (
    "chest", "breast", "heart", "brain", "abdomen", "musculoskeletal", "eye", "endoscopy", "skin", "histology",
    "general",
)  # fmt: skip
"""Files of the built-in lexicon. Where two meanings or statements fit equally well, the earlier file's wins."""

Box = Mapping[str, tuple[float, float]]
"""Ranges of a zone in a picture: ``rows``, ``columns``, ``off_midline``, as shares 0..1."""


@dataclass(frozen=True)
class Target:
    """A canonical finding, organ or device.

    Attributes:
        name: Canonical name.
        group: ``finding``, ``anatomy`` or ``device``.
        region: Region of the body that it belongs to, or ``any``.
        words: Words that mean it anywhere.
        here: Words that mean it only in pictures of its region.
        side: Side that the name implies (``left_lung``), or None.
    """

    name: str
    group: str
    region: str = "any"
    words: tuple[str, ...] = ()
    here: tuple[str, ...] = ()
    side: Laterality | None = None


@dataclass(frozen=True)
class Zone:
    """A place: whose left and right it is stated in, the region it belongs to, its words."""

    name: str
    frame: Frame
    region: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attribute:
    """A texture or shape word: its group and its synonyms."""

    name: str
    group: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Modality:
    """A kind of picture: its frame, the regions it shows, words that give it away, and how zones lie in it."""

    name: str
    frame: Frame
    regions: tuple[str, ...]
    words: tuple[str, ...] = ()
    view: str | None = None


@dataclass(frozen=True)
class Statement:
    """A sentence that says a finding without its name: a regular expression, targets, and presence."""

    find: str
    targets: tuple[str, ...]
    presence: str


@dataclass(frozen=True, eq=False)
class Lexicon:
    """All names and words, each table by canonical name.

    ``sides`` are the words for each laterality; ``combined`` are short words
    that say several things at once ("RUL"), as (kind, name) pairs; ``views`` say
    where zones lie in a picture, as view -> zone -> box.
    """

    targets: Mapping[str, Target]
    zones: Mapping[str, Zone]
    textures: Mapping[str, Attribute]
    shapes: Mapping[str, Attribute]
    modalities: Mapping[str, Modality]
    triggers: Mapping[str, tuple[str, ...]]
    statements: tuple[Statement, ...]
    sides: Mapping[str, tuple[str, ...]]
    combined: Mapping[str, tuple[tuple[str, str], ...]]
    views: Mapping[str, Mapping[str, Box]]


@lru_cache(maxsize=1)
def load_lexicon() -> Lexicon:
    """The built-in lexicon, read once."""
    merged: dict[str, Any] = {}
    statements: list[dict[str, Any]] = []
    for domain in DOMAINS:
        record = _read(domain)
        statements += record.get("statements", [])
        for section in ("targets", "zones"):
            for fields in record.get(section, {}).values():
                fields.setdefault("region", record["region"])
        for section, entries in record.items():
            if section not in ("region", "statements"):
                _merge(merged.setdefault(section, {}), entries)
    return Lexicon(
        targets=_table(merged["targets"], Target),
        zones=_table(merged["zones"], Zone),
        textures=_table(merged["textures"], Attribute),
        shapes=_table(merged["shapes"], Attribute),
        modalities=_table(merged["modalities"], Modality),
        triggers={name: tuple(words) for name, words in merged["triggers"].items()},
        statements=tuple(_statement(record) for record in statements),
        sides={side: tuple(words) for side, words in merged["sides"].items()},
        combined={words: tuple(_parts(record)) for words, record in merged["combined"].items()},
        views={
            view: {zone: {along: (low, high) for along, (low, high) in box.items()} for zone, box in zones.items()}
            for view, zones in merged["views"].items()
        },
    )


def _read(domain: str) -> Any:
    text = files("medsegr.cognition").joinpath(f"lexicon_data/{domain}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _merge(known: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Unite tables of the same names; lists of words are joined."""
    for name, value in more.items():
        if isinstance(value, dict):
            _merge(known.setdefault(name, {}), value)
        elif isinstance(value, list) and name in known and name not in ("rows", "columns", "off_midline"):
            known[name] = list(dict.fromkeys([*known[name], *value]))
        else:
            known[name] = value


def _table(entries: Mapping[str, dict[str, Any]], kind: type) -> dict[str, Any]:
    def entry(key: str, record: dict[str, Any]) -> Any:
        fields = {field: tuple(value) if isinstance(value, list) else value for field, value in record.items()}
        return kind(name=key, **fields)

    return {key: entry(key, record) for key, record in entries.items()}


def _parts(record: dict[str, Any]) -> list[tuple[str, str]]:
    return [(kind, name) for kind, names in record.items() for name in (names if isinstance(names, list) else [names])]


def _statement(record: dict[str, Any]) -> Statement:
    presence = "absent" if "absent" in record else "present"
    verb = r"(?:(?:is|are|was|were|appears?|remains?|looks?|:)\s*)?(?:also\s+)?"
    find = "|".join(record["find"]) if isinstance(record["find"], list) else record["find"]
    return Statement(find.replace("{be}", verb), tuple(record[presence]), presence)


def canonical_target(name: str) -> str:
    """The canonical name of a target.

    Args:
        name: Canonical name or one of its words; case, spaces and hyphens do not matter.

    Raises:
        ConfigError: No target has that name; the nearest ones are listed.
    """
    names = _target_names()
    key = _key(name)
    if key in names:
        return names[key]
    near = list(dict.fromkeys(names[k] for k in difflib.get_close_matches(key, names, n=5, cutoff=0.6)))
    hint = f"Did you mean {' or '.join(near[:3])}?" if near else "Names are, for example, nodule, liver or polyp."
    raise ConfigError(f"Unknown target '{name}': expected a name of the vocabulary. {hint}")


def _key(name: str) -> str:
    return name.strip().lower().replace("_", " ").replace("-", " ")


@lru_cache(maxsize=1)
def _target_names() -> dict[str, str]:
    targets = load_lexicon().targets.values()
    spoken = {_key(word): target.name for target in reversed(list(targets)) for word in target.words}
    return {**spoken, **{_key(target.name): target.name for target in targets}}


def finding_for_target(target: str, modality: str | None) -> Finding:
    """A structure asked for by name, with what the lexicon knows of it (the side of ``left_lung``).

    Args:
        target: Canonical name, or one of its words.
        modality: Decides the frame of the location.

    Raises:
        ConfigError: Unknown target.
    """
    name = canonical_target(target)
    return Finding(name, "present", Location(load_lexicon().targets[name].side, (), frame_of(modality)))


def frame_of(modality: str | None, lexicon: Lexicon | None = None) -> Frame:
    """Whose left and right the pictures of a modality show; ``patient`` where unknown."""
    known = (lexicon or load_lexicon()).modalities.get(modality or "")
    return known.frame if known else "patient"


def regions_of(modality: str | None, lexicon: Lexicon | None = None) -> tuple[str, ...]:
    """Regions of the body that the pictures of a modality show; empty where unknown."""
    known = (lexicon or load_lexicon()).modalities.get(modality or "")
    return known.regions if known else ()
