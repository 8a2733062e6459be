"""The names that findings, places, textures and shapes may have, and the words that mean them.

Everything is data, one file per domain in ``lexicon_data/``, which users extend by
files of their own; this file holds it as tables and answers questions about it. No
torch.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from medsegr.cognition.lexicon_entries import Attribute, Cue, Modality, Statement, Target, Usual, Zone
from medsegr.cognition.lexicon_file import LexiconFile, read_own_file, read_text
from medsegr.cognition.lexicon_merge import PARTS, Merged, merge_files
from medsegr.cognition.near_targets import near_targets
from medsegr.cognition.organs import Organ
from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.errors import ConfigError
from medsegr.imaging_methods import Method, Part
from medsegr.view import PictureKind, Sides, Stretch, ZoneBox

DOMAINS = (
    "chest", "breast", "heart", "brain", "abdomen", "musculoskeletal", "eye", "endoscopy", "skin", "histology",
    "general", "organs", "examinations", "grammar", "codes",
)  # fmt: skip
"""Files of the built-in lexicon; the last one holds codes of the names in the others, and no words.

Where two meanings or statements fit equally well, the earlier file's wins.
"""


_ANY = "words_any_"
"""Triggers named so are sets of words that phrases and statements name in braces."""

_NAMED = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, eq=False)
class Lexicon:
    """All names and words, each table by canonical name.

    ``sides`` are the words for each laterality; ``combined`` are short words
    that say several things at once ("RUL"), as (kind, name) pairs; ``views`` say
    where zones lie in a picture, as view -> zone -> box, and ``stretches`` where
    they lie along the body.
    """

    targets: Mapping[str, Target]
    zones: Mapping[str, Zone]
    textures: Mapping[str, Attribute]
    shapes: Mapping[str, Attribute]
    modalities: Mapping[str, Modality]
    triggers: Mapping[str, tuple[str, ...]]
    cues: Mapping[str, Cue]
    statements: tuple[Statement, ...]
    sides: Mapping[str, tuple[str, ...]]
    combined: Mapping[str, tuple[tuple[str, str], ...]]
    views: Mapping[str, Mapping[str, ZoneBox]]
    organs: Mapping[str, Organ]
    methods: Mapping[str, Method]
    parts: Mapping[str, Part]
    near: Mapping[str, tuple[str, ...]]
    stretches: Mapping[str, Stretch] = field(default_factory=dict)

    def kind(self, modality: str | None) -> PictureKind:
        """What pictures of a modality show; of one that is not known, no place but the picture's own zones."""
        return self._kinds.get(modality) or PictureKind(modality, zones=self.views["picture"])

    @cached_property
    def _kinds(self) -> dict[str | None, PictureKind]:
        return {
            None: PictureKind(zones=self.views["picture"]),
            **{m.name: self._seen(m) for m in self.modalities.values()},
        }

    @cached_property
    def target_names(self) -> dict[str, str]:
        """Names and words of targets, in lower case with blanks -> canonical names."""
        targets = self.targets.values()
        spoken = {_key(word): target.name for target in reversed(list(targets)) for word in target.words}
        return {**spoken, **{_key(target.name): target.name for target in targets}}

    def _seen(self, known: Modality) -> PictureKind:
        usual: Sides = "none" if known.frame == "image" else "both" if known.view else "one"
        laid_out = self.views[known.view] if known.view else {}
        stretches = tuple(s for s in self.stretches.values() if known.view and s.region in known.regions)
        sides = known.sides or usual
        return PictureKind(known.name, known.frame, sides, known.view, self.views["picture"], laid_out, stretches)


def load_lexicon(extra: Sequence[str | Path] = ()) -> Lexicon:
    """The built-in lexicon, read once, and what files of one's own add to it.

    Args:
        extra: Files in the layout of the built-in ones; see docs/lexicon.md.

    Raises:
        ConfigError: A file is missing or wrong; all mistakes, each with file and line.
    """
    paths = [extra] if isinstance(extra, str | Path) else extra
    read, lexicon = _built_in()
    return _from_files((*read, *(read_own_file(Path(path)) for path in paths))) if paths else lexicon


@lru_cache(maxsize=1)
def _built_in() -> tuple[tuple[LexiconFile, ...], Lexicon]:
    """The built-in files, and the lexicon that they make."""
    folder = files("medsegr.cognition").joinpath("lexicon_data")
    names = [f"{domain}.yaml" for domain in DOMAINS]
    read = tuple(read_text(folder.joinpath(name).read_text(encoding="utf-8"), name) for name in names)
    return read, _from_files(read)


def _from_files(read: Sequence[LexiconFile]) -> Lexicon:
    merged = merge_files(read)
    return Lexicon(
        targets={name: _target(name, fields) for name, fields in merged.tables["targets"].items()},
        zones=_table(merged, "zones", Zone),
        textures=_table(merged, "textures", Attribute),
        shapes=_table(merged, "shapes", Attribute),
        modalities=_table(merged, "modalities", Modality),
        triggers={name: fields["words"] for name, fields in merged.tables["triggers"].items()},
        cues=_cues(merged),
        statements=tuple(_statements(merged)),
        sides={name: fields["words"] for name, fields in merged.tables["sides"].items()},
        combined={words: _parts(fields) for words, fields in merged.tables["combined"].items()},
        views=merged.tables["views"],
        stretches=_table(merged, "stretches", Stretch),
        organs=_table(merged, "organs", Organ),
        methods=_table(merged, "methods", Method),
        parts=_table(merged, "parts", Part),
        near={name: fields["words"] for name, fields in merged.tables["near"].items()},
    )


def _table(merged: Merged, section: str, kind: type) -> dict[str, Any]:
    return {name: kind(name=name, **fields) for name, fields in merged.tables[section].items()}


def _target(name: str, fields: dict[str, Any]) -> Target:
    return Target(name, **{**fields, "usual": Usual(**fields.get("usual", {}))})


def _parts(fields: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
    return tuple((kind, name) for kind in PARTS for name in fields.get(kind, ()))


def _any_of(merged: Merged) -> dict[str, Sequence[str]]:
    """What ``{seen}`` and its like stand for in statements and cues: the words of the trigger ``words_any_seen``."""
    triggers = merged.tables["triggers"]
    return {name.removeprefix(_ANY): entry["words"] for name, entry in triggers.items() if name.startswith(_ANY)}


def _cues(merged: Merged) -> dict[str, Cue]:
    words = _any_of(merged)
    return {
        name: Cue(name, **{**fields, "words": tuple(w for one in fields["words"] for w in _written_out(one, words))})
        for name, fields in merged.tables["cues"].items()
    }


def _written_out(phrase: str, words: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """A phrase with each of the words that a name in braces stands for."""
    named = next((name for name in _NAMED.finditer(phrase) if name[1] in words), None)
    if named is None:
        yield phrase
        return
    for word in words[named[1]]:
        yield from _written_out(phrase.replace(named[0], word, 1), words)


def _statements(merged: Merged) -> Iterator[Statement]:
    """The statements, with {be} written out: the verb, or a colon ("lungs {be}clear" means "Lungs: clear" as well)."""
    words = {
        name: "|".join(map(re.escape, sorted(some, key=len, reverse=True))) for name, some in _any_of(merged).items()
    }
    verb = rf"(?:(?:{words['verbs']}|:)\s*)?(?:(?:{words['adverbs']})\s+)*"
    for fields in merged.statements:
        presence = "absent" if "absent" in fields else "present"
        find = fields["find"].replace(" {be}", rf"(?:\s*:\s*|\s+{verb})").replace("{be}", verb)
        find = _NAMED.sub(lambda named: f"(?:{words[named[1]]})" if named[1] in words else named[0], find)
        yield Statement(find, fields[presence], presence)


def canonical_target(name: str, lexicon: Lexicon | None = None, modality: str | None = None) -> str:
    """The canonical name of a target.

    Args:
        name: Canonical name or one of its words; case, spaces and hyphens do not matter.
        lexicon: The built-in lexicon by default.
        modality: Of the picture; names of its region are suggested first.

    Raises:
        ConfigError: No target has that name; the nearest ones are listed. What is near to none and longer than
            three words may be a report, and is not repeated.
    """
    lexicon = lexicon or load_lexicon()
    names = lexicon.target_names
    key = _key(name)
    if key in names:
        return names[key]
    near = near_targets(key, lexicon.targets.values(), regions_of(modality, lexicon))
    hint = f"Did you mean {' or '.join(near[:3])}?" if near else "Names are, for example, nodule, liver or polyp."
    words = len(name.split())
    said = f" '{name}'" if near or words <= 3 else f", a text of {words} words"
    raise ConfigError(f"Unknown target{said}: expected a name of the vocabulary. {hint}")


def _key(name: str) -> str:
    return name.strip().lower().replace("_", " ").replace("-", " ")


def finding_for_target(target: str, modality: str | None, lexicon: Lexicon) -> Finding:
    """A structure asked for by name, with what the lexicon knows of it (the side of ``left_lung``).

    Args:
        target: Canonical name, or one of its words.
        modality: A usual side is left out where pictures show the image's own sides.

    Raises:
        ConfigError: Unknown target.
    """
    known = lexicon.targets[canonical_target(target, lexicon)]
    usual = known.usual
    side = known.side or (usual.side if lexicon.kind(modality).frame == "patient" else None)
    return Finding(known.name, "present", Location(side, usual.zones), Texture(usual.texture), Shape(usual.shape))


def regions_of(modality: str | None, lexicon: Lexicon) -> tuple[str, ...]:
    """Regions of the body that the pictures of a modality show; empty where unknown."""
    known = lexicon.modalities.get(modality or "")
    return known.regions if known else ()


def told_of(modality: str | None, lexicon: Lexicon) -> frozenset[str]:
    """Regions that reports on such pictures may speak of: those that they show, and those near them."""
    shown = regions_of(modality, lexicon)
    return frozenset((*shown, *(near for region in shown for near in lexicon.near.get(region, ()))))
