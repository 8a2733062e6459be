"""What an examination is called by people and by machines -> our name of the modality, and the organs it is of."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from medsegr.cognition.phrases import fold
from medsegr.errors import ConfigError

if TYPE_CHECKING:
    from medsegr.cognition.lexicon import Lexicon

LONGEST_WORD = 40
"""Letters of a name that a message repeats; one with blanks may be a report, and is not."""

LONGEST_NAME = 12
"""Words; what is longer is no name of an examination and may be a report."""

MOST_STRANGE = 2
"""Words of a name that are neither of a method nor of a part; with more it may be a report."""

ANY = "any"
"""Part of the body that stands for all."""

_WORD = re.compile(r"[^\W_]+")
_LABEL = re.compile(r"^(?:exam(?:ination)?|study|procedure|modality|type of (?:exam|examination|study))\s*:\s*", re.I)
_TITLE_ENDS = re.compile(r"[.;](?=\s|$)|\s*:|,?\s+(?:after|following|since)\s", re.I)
_PRONOUN = re.compile(r"\bus\b")
_OTHER_TIME = frozenset({"comparison", "compared", "prior", "previous", "earlier", "advise", "recommend", "suggest"})
"""Words of lines that name an examination other than this one."""


@dataclass(frozen=True)
class Method:
    """A way of making pictures.

    Attributes:
        name: Canonical name.
        codes: Values of DICOM's Modality.
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


@dataclass(frozen=True)
class Examination:
    """A modality, and the organs that its pictures are taken of, where its name says so ("liver MRI")."""

    modality: str
    organs: tuple[str, ...] = ()


def examination_named(name: str, lexicon: "Lexicon") -> Examination:
    """What a name means: ours (``abdomen_ct``), or as people write it ("CT abdomen and pelvis", "liver MRI").

    Raises:
        ConfigError: It means none that the lexicon knows; the nearest ones are listed.
    """
    known = lexicon.modalities.get(name)
    found = Examination(name, known.organs) if known else _read(_words_of(name), lexicon)
    if found is None:
        told = f" '{name}'" if len(name) <= LONGEST_WORD and not any(letter.isspace() for letter in name) else ""
        raise ConfigError(f"Unknown modality{told}: {_expected(name, lexicon)}")
    return found


def modality_of(code: str, body_part: str, lexicon: "Lexicon", description: str = "") -> Examination | None:
    """What DICOM's Modality and BodyPartExamined say, and, where these do not, a description; None where none does."""
    method = next((method for method in lexicon.methods.values() if code.strip().upper() in method.codes), None)
    if method is None:
        return None
    told = (_shown_by(method, _parts_in(_words_of(said), lexicon), lexicon) for said in (body_part, description))
    return next((found for found in told if found), _alone(method, lexicon))


def titled(text: str, lexicon: "Lexicon") -> Examination | None:
    """The examination that one of the first lines of a report names: with a part of the body, or by itself."""
    for line in [line for line in text[:2000].splitlines() if line.strip()][:3]:
        title = _TITLE_ENDS.split(_LABEL.sub("", line.strip()), maxsplit=1)[0]
        said = _words_of(_PRONOUN.sub("", title))
        if len(said) > LONGEST_NAME or not _OTHER_TIME.isdisjoint(said):
            continue
        method = _method(said, lexicon)
        if method is None:
            continue
        found = _shown_by(method, _parts_in(said, lexicon), lexicon)
        if found or said in _phrases(lexicon)[0]:
            return found or _alone(method, lexicon)
    return None


def nearest(name: str, lexicon: "Lexicon") -> list[str]:
    """Our names that are most like one that is not known, the nearest first; at most three."""
    known = sorted(lexicon.modalities)
    said = _words_of(name)
    words = {*said, *(part.name for part in _parts_in(said, lexicon)), *_named(said, _phrases(lexicon)[0])}
    alike = difflib.get_close_matches(name, known, n=3, cutoff=0.75)
    alike += [one for one in known if not words.isdisjoint((*one.split("_"), one.partition("_")[2]))]
    return list(dict.fromkeys(alike))[:3]


def _expected(name: str, lexicon: "Lexicon") -> str:
    near = nearest(name, lexicon)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    known = ", ".join(sorted(lexicon.modalities))
    return f"expected one of {known}, or what people call them (CT abdomen, liver MRI).{hint}"


def _words_of(said: str) -> tuple[str, ...]:
    return tuple(fold(word) for word in _WORD.findall(said.replace("_", " ")))


def _read(said: tuple[str, ...], lexicon: "Lexicon") -> Examination | None:
    """What a name means, where all but a few of its words are of such names."""
    method = _method(said, lexicon) if len(said) <= LONGEST_NAME else None
    if method is None or len(_strange(said, lexicon)) > MOST_STRANGE:
        return None
    return _shown_by(method, _parts_in(said, lexicon), lexicon) or _alone(method, lexicon)


def _strange(said: tuple[str, ...], lexicon: "Lexicon") -> set[str]:
    known = {word for table in _phrases(lexicon) for phrase in table for word in phrase}
    return {word for word in said if not word.isdigit()} - known - set(lexicon.triggers.get("words_of_names", ()))


def _method(said: tuple[str, ...], lexicon: "Lexicon") -> Method | None:
    return next((lexicon.methods[name] for name in _named(said, _phrases(lexicon)[0])), None)


def _alone(method: Method, lexicon: "Lexicon") -> Examination | None:
    named = method.shows.get(ANY)
    return Examination(named, lexicon.modalities[named].organs) if named else None


def _shown_by(method: Method, parts: list[Part], lexicon: "Lexicon") -> Examination | None:
    """What a method shows of these parts: of two at once, else of the first that it shows."""
    great = list(dict.fromkeys(place for part in parts for place in _within(part, method, lexicon)))
    both = [" ".join(sorted((one, other))) for one in great for other in great if one != other]
    named = next((method.shows[key] for key in (*both, *great) if key in method.shows), None)
    if named is None:
        return None
    single = len(great) == 1 or not any(key in method.shows for key in both)
    of_parts = tuple(organ for part in parts for organ in part.organs) if single else ()
    return Examination(named, of_parts or lexicon.modalities[named].organs)


def _within(part: Part, method: Method, lexicon: "Lexicon") -> Iterator[str]:
    """The part, or the smallest greater one, that a method shows."""
    place: Part | None = part
    while place is not None and place.name not in method.shows:
        place = lexicon.parts.get(place.within or "")
    if place is not None:
        yield place.name


def _parts_in(said: tuple[str, ...], lexicon: "Lexicon") -> list[Part]:
    return [lexicon.parts[name] for name in _named(said, _phrases(lexicon)[1])]


@lru_cache(maxsize=4)
def _phrases(lexicon: "Lexicon") -> tuple[dict[tuple[str, ...], str], dict[tuple[str, ...], str]]:
    return _table(lexicon.methods.values()), _table(lexicon.parts.values())


def _table(entries: Iterable[Method | Part]) -> dict[tuple[str, ...], str]:
    return {_words_of(word): entry.name for entry in entries for word in entry.words}


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
