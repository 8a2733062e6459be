"""Methods of imaging and parts of the body: what they are called, and which of our modalities shows which part.

People's names of examinations and DICOM's headers are read by the same two tables.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any, Protocol

import yaml

from medsegr.word_forms import fold

ANY = "any"
"""Part of the body that stands for all."""

BUILT_IN = "cognition/lexicon_data/examinations.yaml"
"""Where the two tables stand."""

_WORD = re.compile(r"[^\W_]+")
_RUN_TOGETHER = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
"""Between the words of "AbdomenRoutine", as protocols are named."""


@dataclass(frozen=True)
class Method:
    """A way of making pictures.

    Attributes:
        codes: Values of DICOM's Modality; of several methods with one code, the words decide, else the last counts.
        words: What people call it.
        shows: Part of the body, or two of them, sorted, or ``any`` -> modality.
    """

    name: str
    codes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    shows: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """A part of the body: its words, the greater part that it lies in, the organs that pictures of it are taken of."""

    name: str
    words: tuple[str, ...] = ()
    within: str | None = None
    organs: tuple[str, ...] = ()


class Named(Protocol):
    """Whoever has the two tables: a lexicon."""

    @property
    def methods(self) -> Mapping[str, Method]: ...

    @property
    def parts(self) -> Mapping[str, Part]: ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True, eq=False)
class BuiltIn:
    """The two tables by themselves, for whoever has no lexicon."""

    methods: Mapping[str, Method]
    parts: Mapping[str, Part]


@lru_cache(maxsize=1)
def built_in() -> BuiltIn:
    """The tables of the built-in lexicon."""
    content = files("medsegr").joinpath(BUILT_IN).read_text(encoding="utf-8")
    read = yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    methods = {name: Method(name, **_tuples(fields)) for name, fields in read["methods"].items()}
    return BuiltIn(methods, {name: Part(name, **_tuples(fields)) for name, fields in read["parts"].items()})


def _tuples(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}


def modality_of(code: str, said: Sequence[str], known: Named) -> str | None:
    """What a header says, as one of our modalities; None where it does not tell.

    Args:
        code: DICOM's Modality.
        said: What names the body part, the surest first: as coded, then as people describe it.
    """
    methods = [method for method in known.methods.values() if code.strip().upper() in method.codes]
    spoken = [words_of(_RUN_TOGETHER.sub(" ", one)) for one in said]
    for words in spoken:
        parts = parts_in(words, known)
        shown = next((found for method in methods if (found := shown_by(method, parts, known))), None)
        if shown:
            return shown
    called = [name for words in spoken for name in methods_in(words, known)]
    fitting = [method for method in methods if method.name in called] or methods[-1:]
    return next((method.shows[ANY] for method in fitting if ANY in method.shows), None)


def words_of(said: str) -> tuple[str, ...]:
    """The words of a name, as they are compared."""
    return tuple(fold(word) for word in _WORD.findall(said.replace("_", " ")))


def methods_in(words: Sequence[str], known: Named) -> list[str]:
    """Names of the methods that are named, in their order."""
    return _named(tuple(words), _phrases(known)[0])


def is_method(words: Sequence[str], known: Named) -> bool:
    """Whether a name is a method's, and says nothing else."""
    return tuple(words) in _phrases(known)[0]


def parts_in(words: Sequence[str], known: Named) -> list[Part]:
    """The parts of the body that are named, in their order."""
    return [known.parts[name] for name in _named(tuple(words), _phrases(known)[1])]


def shown_by(method: Method, parts: Sequence[Part], known: Named) -> str | None:
    """The modality by which a method shows these parts: two at once, else the first that it shows."""
    great = greater_parts(method, parts, known)
    return next((method.shows[key] for key in (*pairs_of(great), *great) if key in method.shows), None)


def greater_parts(method: Method, parts: Sequence[Part], known: Named) -> list[str]:
    """Of each part itself, or the smallest greater one, that a method shows; each once."""
    return list(dict.fromkeys(place for part in parts for place in _within(part, method, known)))


def pairs_of(parts: Sequence[str]) -> list[str]:
    """Two parts at once, as a method's ``shows`` names them."""
    return [" ".join(sorted((one, other))) for one in parts for other in parts if one != other]


def known_phrases(known: Named) -> Iterator[tuple[str, ...]]:
    """All that names a method or a part."""
    for table in _phrases(known):
        yield from table


def _within(part: Part, method: Method, known: Named) -> Iterator[str]:
    place: Part | None = part
    while place is not None and place.name not in method.shows:
        place = known.parts.get(place.within or "")
    if place is not None:
        yield place.name


@lru_cache(maxsize=4)
def _phrases(known: Named) -> tuple[dict[tuple[str, ...], str], dict[tuple[str, ...], str]]:
    return _table(known.methods.values()), _table(known.parts.values())


def _table(entries: Iterable[Method | Part]) -> dict[tuple[str, ...], str]:
    return {words_of(word): entry.name for entry in entries for word in entry.words}


def _named(said: tuple[str, ...], table: Mapping[tuple[str, ...], str]) -> list[str]:
    """The names whose words stand in what is said, in its order; of phrases that overlap, the longest."""
    found: list[tuple[int, str]] = []
    taken: set[int] = set()
    for length in (3, 2, 1):
        for place in range(len(said) - length + 1):
            name = table.get(said[place : place + length])
            if name is not None and taken.isdisjoint(range(place, place + length)):
                taken.update(range(place, place + length))
                found.append((place, name))
    return list(dict.fromkeys(name for _, name in sorted(found)))
