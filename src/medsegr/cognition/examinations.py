"""What an examination is called by people and by machines -> our name of the modality, and the organs it is of."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from medsegr.cognition.priors import Span
from medsegr.errors import ConfigError
from medsegr.imaging_methods import (
    ANY,
    Method,
    Part,
    greater_parts,
    is_method,
    known_phrases,
    methods_in,
    pairs_of,
    parts_in,
    shown_by,
    words_of,
)
from medsegr.word_forms import fold

if TYPE_CHECKING:
    from medsegr.cognition.lexicon import Lexicon

LONGEST_WORD = 40
"""Letters of a name that a message repeats; one with blanks may be a report, and is not."""

LONGEST_NAME = 12
"""Words; what is longer is no name of an examination and may be a report."""

MOST_STRANGE = 2
"""Words of a name that are neither of a method nor of a part; with more it may be a report."""


@dataclass(frozen=True)
class Examination:
    """A modality, and what its name says of the pictures besides ("MRI right knee").

    Attributes:
        modality: Canonical name.
        organs: That the pictures are taken of.
        side: ``left`` or ``right``, where they show one only.
        span: Where the report says the side; empty where the name of the modality does.
    """

    modality: str
    organs: tuple[str, ...] = ()
    side: str | None = None
    span: Span = (0, 0)


def examination_named(name: str, lexicon: "Lexicon") -> Examination:
    """What a name means: ours (``abdomen_ct``), or as people write it ("CT abdomen and pelvis", "liver MRI").

    Raises:
        ConfigError: It means none that the lexicon knows; the nearest ones are listed.
    """
    known = lexicon.modalities.get(name)
    found = Examination(name, known.organs) if known else _read(words_of(name), lexicon)
    if found is None:
        told = f" '{name}'" if len(name) <= LONGEST_WORD and not any(letter.isspace() for letter in name) else ""
        raise ConfigError(f"Unknown modality{told}: {_expected(name, lexicon)}")
    return found if known else replace(found, side=_side_in(words_of(name), lexicon))


def _side_in(said: Sequence[str], lexicon: "Lexicon") -> str | None:
    """The one side in the words of a name; none for that of a projection ("left lateral")."""
    views = set(map(fold, lexicon.triggers.get("words_views", ())))
    both = set(map(fold, lexicon.triggers.get("words_both_sides", ())))
    named = [
        side
        for side in ("left", "right")
        for word, behind in zip(said, (*said[1:], ""), strict=True)
        if behind not in views and (word == side or word in map(fold, lexicon.sides.get(side, ())))
    ]
    return named[0] if len(named) == 1 and both.isdisjoint(said) else None


def side_of_label(text: str, lexicon: "Lexicon") -> tuple[str, Span] | None:
    """The side in a title behind its label ("Examination: MRI right knee"), and where it stands."""
    for line in re.finditer(rf"(?im)^[ \t]*(?:{_labels(lexicon)})[ \t]*:(.*)", text[:2000]):
        said = words_of(_title(line[1], lexicon))
        side = _side_in(said, lexicon) if _read(said, lexicon) and not _strange(said, lexicon) else None
        if side is not None:
            places = (word.span() for word in re.finditer(r"\w+", text[: line.end()]) if word.start() >= line.start(1))
            return side, next(span for span in places if _side_in(words_of(text[slice(*span)]), lexicon))
    return None


def titled(text: str, lexicon: "Lexicon") -> Examination | None:
    """The examination that one of the first lines of a report names: with a part of the body, or by itself."""
    words = lexicon.triggers
    for line in [line for line in text[:2000].splitlines() if line.strip()][:3]:
        said = words_of(_title(line.strip(), lexicon))
        if len(said) > LONGEST_NAME or not set(words["words_of_another_time"]).isdisjoint(said):
            continue
        method = _method(said, lexicon)
        if method is None:
            continue
        found = _shown_by(method, parts_in(said, lexicon), lexicon)
        if found or is_method(said, lexicon):
            return found or _alone(method, lexicon)
    return None


def _title(line: str, lexicon: "Lexicon") -> str:
    """The name of an examination in a line: no label before it, nothing behind it, and no "us" that means people."""
    ends, people = (_either(name, lexicon) for name in ("words_title_goes_on", "words_people"))
    named = re.sub(rf"^(?:{_labels(lexicon)})\s*:\s*", "", line, flags=re.I)
    named = re.split(rf"[.;](?=\s|$)|\s*:|,?\s+(?:{ends})\s", named, maxsplit=1, flags=re.I)[0]
    return re.sub(rf"\b(?:{people})\b", "", named)


def _labels(lexicon: "Lexicon") -> str:
    return _either("words_title_labels", lexicon)


def _either(name: str, lexicon: "Lexicon") -> str:
    return "|".join(map(re.escape, lexicon.triggers.get(name, ()))) or "(?!)"


def nearest(name: str, lexicon: "Lexicon") -> list[str]:
    """Our names that are most like one that is not known, the nearest first; at most three."""
    known = sorted(lexicon.modalities)
    said = words_of(name)
    words = {*said, *(part.name for part in parts_in(said, lexicon)), *methods_in(said, lexicon)}
    alike = difflib.get_close_matches(name, known, n=3, cutoff=0.75)
    alike += [one for one in known if not words.isdisjoint((*one.split("_"), one.partition("_")[2]))]
    return list(dict.fromkeys(alike))[:3]


def _expected(name: str, lexicon: "Lexicon") -> str:
    near = nearest(name, lexicon)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    known = ", ".join(sorted(lexicon.modalities))
    return f"expected one of {known}, or what people call them (CT abdomen, liver MRI).{hint}"


def _read(said: tuple[str, ...], lexicon: "Lexicon") -> Examination | None:
    """What a name means, where all but a few of its words are of such names."""
    method = _method(said, lexicon) if len(said) <= LONGEST_NAME else None
    if method is None or len(_strange(said, lexicon)) > MOST_STRANGE:
        return None
    return _shown_by(method, parts_in(said, lexicon), lexicon) or _alone(method, lexicon)


def _strange(said: tuple[str, ...], lexicon: "Lexicon") -> set[str]:
    known = {word for phrase in known_phrases(lexicon) for word in phrase}
    return {word for word in said if not word.isdigit()} - known - set(lexicon.triggers.get("words_of_names", ()))


def _method(said: tuple[str, ...], lexicon: "Lexicon") -> Method | None:
    return next((lexicon.methods[name] for name in methods_in(said, lexicon)), None)


def _alone(method: Method, lexicon: "Lexicon") -> Examination | None:
    named = method.shows.get(ANY)
    return Examination(named, lexicon.modalities[named].organs) if named else None


def _shown_by(method: Method, parts: list[Part], lexicon: "Lexicon") -> Examination | None:
    """What a method shows of these parts, and the organs, where it is of one part."""
    named = shown_by(method, parts, lexicon)
    if named is None:
        return None
    great = greater_parts(method, parts, lexicon)
    single = len(great) == 1 or not any(key in method.shows for key in pairs_of(great))
    of_parts = tuple(organ for part in parts for organ in part.organs) if single else ()
    return Examination(named, of_parts or lexicon.modalities[named].organs)
