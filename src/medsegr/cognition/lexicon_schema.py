"""What a lexicon file may hold: its sections, their fields, and what a value must look like.

A check takes a node of the YAML tree and returns its value; whatever is wrong
goes to ``complain`` with the node it is wrong about, so that all mistakes of a
file are told at once, each with its line.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from yaml import MappingNode, Node, ScalarNode, SequenceNode

Complain = Callable[[Node, str], None]
Check = Callable[[Node, Complain], Any]

NAME = re.compile(r"[a-z][a-z0-9_]*")
"""Names become file names and rows of tables."""

CODE_LENGTHS = (16, 16, 64)
"""Most characters of a code's scheme, value and meaning (VR SH and LO of DICOM)."""

EFFECTS = ("absent", "uncertain", "nothing", "ends", "leaves_out")
"""What a cue says of a finding: not there, in doubt; or nothing, or that what another cue reaches ends here."""

LOOKS = ("ahead", "back", "both", "next", "between")
"""Where the findings stand that a cue speaks of: behind it, before it, either, at once behind it, on both sides."""

STOPS = ("clause", "description")
"""What ends a cue that looks ahead: the clause; or, before that, a finding that is described as seen."""

_FOREIGN = "\u16a0"
"""A word that no pattern means: a rune."""

_READ_AS = {"int": "a number", "float": "a number", "bool": "yes or no", "null": "nothing", "timestamp": "a date"}


def shown(value: str) -> str:
    """A value as messages quote it: short, printable, in quotes."""
    printable = "".join(c if c.isprintable() else "?" for c in value)
    return f"'{printable if len(printable) <= 40 else printable[:37] + '...'}'"


def expected(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: what was expected, and the nearest name."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    listed = ", ".join(names) if len(names) <= 30 else f"one of {len(names)} names"
    return f"expected {listed}." + (f" Did you mean '{near[0]}'?" if near else "")


def what_stands(node: Node) -> str:
    """What a node is, in plain words."""
    if isinstance(node, ScalarNode):
        kind = node.tag.rsplit(":", 1)[-1]
        return shown(node.value) if kind == "str" else _READ_AS.get(kind, kind)
    return "a list" if isinstance(node, SequenceNode) else "a table"


def text(node: Node, complain: Complain) -> str:
    """A word or name."""
    if not isinstance(node, ScalarNode):
        complain(node, f"expected one word, got {what_stands(node)}.")
        return ""
    kind = node.tag.rsplit(":", 1)[-1]
    if kind != "str" and node.value.strip():
        complain(node, f"{shown(node.value)} is read as {what_stands(node)}, not as a word: put it in quotes.")
    elif not node.value.strip():
        complain(node, "an empty word: expected at least one letter.")
    return node.value


def words(node: Node, complain: Complain) -> tuple[str, ...]:
    """A list of words, at least one."""
    if not isinstance(node, SequenceNode):
        complain(node, f"expected a list such as [one, another], got {what_stands(node)}.")
        return ()
    if not node.value:
        complain(node, "an empty list: expected at least one word.")
    return tuple(dict.fromkeys(text(item, complain) for item in node.value))


def code(node: Node, complain: Complain) -> tuple[str, ...]:
    """A code of a terminology, [scheme, value, meaning]; numbers need no quotes."""
    parts = node.value if isinstance(node, SequenceNode) else []
    told = tuple(part.value.strip() for part in parts if isinstance(part, ScalarNode))
    if len(parts) != 3 or len(told) != 3 or not all(told):
        complain(node, f"expected a code [scheme, value, meaning], got {what_stands(node)}.")
    for part, longest in zip(told, CODE_LENGTHS, strict=False):
        if len(part) > longest:
            complain(node, f"{shown(part)} has {len(part)} characters: DICOM holds {longest} at most here.")
    return told


def names(node: Node, complain: Complain) -> tuple[str, ...]:
    """One name, or a list of them."""
    return (text(node, complain),) if isinstance(node, ScalarNode) else words(node, complain)


def choice(*known: str) -> Check:
    """One of some names."""

    def check(node: Node, complain: Complain) -> str:
        value = text(node, complain)
        if value.strip() and value not in known and node.tag.endswith(":str"):
            complain(node, f"unknown {shown(value)}: {expected(value, known)}")
        return value

    return check


def patterns(node: Node, complain: Complain) -> str:
    """One regular expression, or several in a list: joined; {be} in them is written out when all files are read."""
    found = _written(node, complain)
    for part, pattern in found:
        try:
            compiled = re.compile(r"\b(?:" + pattern.replace("{be}", "") + r")", re.I)
            if pattern.strip() and any(not match.group() for match in compiled.finditer(_FOREIGN)):
                complain(part, f"{shown(pattern)} fits where none of its words stand: leave no alternative empty.")
        except (re.error, OverflowError, RecursionError) as error:
            complain(part, f"{shown(pattern)} is no regular expression ({error}).")
    return "|".join(pattern for _, pattern in found)


def our_patterns(node: Node, complain: Complain) -> str:
    """The same of a file inside the package, whose expressions are tried by tests and not at every start."""
    return "|".join(pattern for _, pattern in _written(node, complain))


def _written(node: Node, complain: Complain) -> list[tuple[Node, str]]:
    parts = node.value if isinstance(node, SequenceNode) else [node]
    if not parts:
        complain(node, "an empty list: expected at least one regular expression.")
    return [(part, text(part, complain)) for part in parts]


def share(node: Node, complain: Complain) -> tuple[float, float]:
    """A range [from, to] of shares 0..1."""
    low, high = _range(node)
    if not 0.0 <= low < high <= 1.0:
        complain(node, "expected a range [from, to] with 0 <= from < to <= 1.")
    return low, high


def span(node: Node, complain: Complain) -> tuple[float, float]:
    """A range [from, to] of millimetres."""
    low, high = _range(node)
    if not 0.0 < low < high:
        complain(node, "expected a range [from, to] in mm with 0 < from < to.")
    return low, high


def _range(node: Node) -> tuple[float, float]:
    """Two numbers; zeros where there are none."""
    try:
        low, high = (float(end.value) for end in (node.value if isinstance(node, SequenceNode) else []))
    except (ValueError, TypeError, AttributeError):
        return 0.0, 0.0
    return low, high


def shares(node: Node, complain: Complain) -> dict[str, tuple[float, float]]:
    """A table of names, each with a range of shares."""
    if not isinstance(node, MappingNode):
        complain(node, f"expected a table {{zone: [from, to]}}, got {what_stands(node)}.")
        return {}
    return {text(key, complain): share(value, complain) for key, value in node.value}


def pairs(node: Node, complain: Complain) -> dict[str, str]:
    """A table of names -> names; it may be empty."""
    if not isinstance(node, MappingNode):
        complain(node, f"expected a table such as {{cyst: liver_cyst}}, got {what_stands(node)}.")
        return {}
    return {text(key, complain): text(value, complain) for key, value in node.value}


def table(checks: Mapping[str, Check]) -> Check:
    """A table with some of these fields."""

    def check(node: Node, complain: Complain) -> dict[str, Any]:
        if not isinstance(node, MappingNode):
            complain(node, f"expected a table {{{', '.join(checks)}}}, got {what_stands(node)}.")
            return {}
        if not node.value:
            complain(node, f"nothing is said: expected {', '.join(checks)}.")
        values: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode) or key.value not in checks:
                name = key.value if isinstance(key, ScalarNode) else ""
                complain(key, f"unknown field {what_stands(key)}: {expected(name, checks)}")
            elif key.value in values:
                complain(key, f"field '{key.value}' stands here twice.")
            else:
                values[key.value] = checks[key.value](value, _inside(complain, key.value))
        return values

    return check


def _inside(complain: Complain, name: str) -> Complain:
    return lambda node, message: complain(node, f"{name}: {message}")


@dataclass(frozen=True)
class Section:
    """One section of a file.

    Attributes:
        fields: What an entry may say.
        new: Fields that a name needs where it is new, with what they may be.
        named: Its entries have canonical names.
    """

    fields: Mapping[str, Check] = field(default_factory=dict)
    new: Mapping[str, str] = field(default_factory=dict)
    named: bool = True


_SIDE = choice("left", "right", "bilateral", "midline")
_FRAME = choice("patient", "image")
_SIDES = choice("both", "one", "none")
_TEXTURE_GROUP = choice(
    "density and pattern", "echo", "CT density", "MR signal and enhancement", "surface and colour", "histology"
)
_SHAPE_GROUP = choice(
    "form", "margin", "extent", "symmetry", "size class", "degree", "change of an organ", "orientation", "completeness"
)
_NEW_FRAME = {"frame": "patient or image"}
_NEW_WORDS = {"words": "a list"}

SECTIONS: Mapping[str, Section] = {
    "modalities": Section(
        {"frame": _FRAME, "regions": words, "view": text, "words": words, "sides": _SIDES, "organs": words},
        {**_NEW_FRAME, "regions": "a list"},
    ),
    "targets": Section(
        {
            "group": choice("finding", "anatomy", "device"), "region": text, "side": _SIDE, "words": words,
            "here": words, "code": code, "category": code, "uncoded": text,
            "usual": table({"side": _SIDE, "zones": names, "texture": names, "shape": names}),
        },
        {"group": "finding, anatomy or device"},
    ),
    "zones": Section(
        {"frame": _FRAME, "region": text, "words": words, "here": words, "within": text, "code": code},
        {**_NEW_FRAME, **_NEW_WORDS},
    ),
    "stretches": Section(
        {"region": text, "length_mm": span, "width_mm": span, "along": shares},
        {"region": "a known one", "length_mm": "[from, to]", "width_mm": "[from, to]", "along": "a table"},
    ),
    "textures": Section({"group": _TEXTURE_GROUP, "words": words}, {"group": "a known one", **_NEW_WORDS}),
    "shapes": Section({"group": _SHAPE_GROUP, "words": words}, {"group": "a known one", **_NEW_WORDS}),
    "organs": Section(
        {"regions": words, "words": words, "zones": words, "lesions": pairs, "places": pairs},
        {"regions": "a list", "words": "a list"},
    ),
    "methods": Section({"codes": words, "words": words, "shows": pairs}, {**_NEW_WORDS, "shows": "a table"}),
    "parts": Section({"words": words, "within": text, "organs": words}, _NEW_WORDS),
    "cues": Section(
        {"words": words, "effect": choice(*EFFECTS), "looks": choice(*LOOKS), "stops_at": choice(*STOPS)},
        {**_NEW_WORDS, "effect": " or ".join(EFFECTS)},
    ),
    "combined": Section(
        {"side": names, "zone": names, "texture": names, "shape": names, "target": names}, named=False
    ),
}  # fmt: skip
"""Sections whose entries are tables of fields."""

WORD_SECTIONS = ("sides", "triggers", "near")
"""Sections whose entries are lists of words."""

STATEMENT = table({"find": patterns, "absent": names, "present": names})
"""An entry of ``statements``, which is a list."""

OUR_STATEMENT = table({"find": our_patterns, "absent": names, "present": names})
"""The same inside the package."""

BOX = table({"rows": share, "columns": share, "off_midline": share})
"""An entry of a view in ``views``: where a zone lies."""

ALL_SECTIONS = ("region", "regions", *SECTIONS, *WORD_SECTIONS, "statements", "views")


def useless_in_a_cue(cue: Mapping[str, Any]) -> dict[str, str]:
    """Fields of a cue that would do nothing, or other than they say -> what to say instead."""
    effect, looks = cue.get("effect"), cue.get("looks", "ahead")
    if effect in ("nothing", "ends", "leaves_out"):
        return {name: f"the effect {effect} has none: leave it out." for name in ("looks", "stops_at") if name in cue}
    wrong = {}
    if (effect, looks) in (("absent", "between"), ("uncertain", "next")):
        wrong["looks"] = f"{looks} is not for the effect {effect}: expected ahead, back or both."
    if cue.get("stops_at") == "description" and (effect == "uncertain" or looks in ("back", "next", "between")):
        wrong["stops_at"] = "description is for the effect absent that looks ahead or both: leave it out."
    return wrong
