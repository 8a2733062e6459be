"""Several lexicon files -> one set of tables, with the checks that need all of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from medsegr.cognition.lexicon_file import Entry, LexiconFile
from medsegr.cognition.lexicon_schema import SECTIONS, WORD_SECTIONS, expected, shown, useless_in_a_cue
from medsegr.errors import ConfigError

JOINED = ("words", "here", "regions", "zones", "organs", "codes")
"""Fields that grow when a name stands in several files; all others must agree."""

TABLES = ("lesions", "shows", "places")
"""Fields that are tables; a later file's rows are added, or stand for the earlier ones."""

PARTS = {"side": "sides", "zone": "zones", "texture": "textures", "shape": "shapes", "target": "targets"}
"""Field of a combined word -> the section that its names come from."""

REFERS: Mapping[str, Mapping[str, str]] = {
    "modalities": {"regions": "region", "view": "view", "organs": "organ"},
    "targets": {"region": "region"},
    "zones": {"region": "region", "within": "zone"},
    "organs": {"regions": "region", "zones": "zone", "places": "zone", "lesions": "target"},
    "methods": {"shows": "modality"},
    "parts": {"within": "part", "organs": "organ"},
    "near": {"words": "region"},
    "stretches": {"region": "region"},
    "statements": {"absent": "target", "present": "target"},
    "combined": {part: part for part in PARTS},
}
"""Section -> field -> what its names are."""

USUAL = {"zones": "zone", "texture": "texture", "shape": "shape"}
"""Field of ``usual`` -> what its names are."""

MOST_TOLD = 30
"""Mistakes that one message lists."""

_SIDELESS = "sides: none is for the frame image, where left is a place in the picture; here say one or both."
_BUILT_IN_ONLY = "not possible in a file of your own: weights are trained with the built-in views."


@dataclass
class Merged:
    """Plain tables: section -> name -> fields, and the statements in the order in which they are tried."""

    tables: defaultdict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    statements: list[dict[str, Any]] = field(default_factory=list)
    regions: set[str] = field(default_factory=set)


def merge_files(files: Sequence[LexiconFile]) -> Merged:
    """Unite files; a later file adds to the names of the earlier ones.

    A user's statements are tried before the built-in ones. Where two meanings
    of a word fit equally well, the earlier file's wins.

    Args:
        files: The built-in files, then the user's.

    Raises:
        ConfigError: All mistakes of all files, each with file and line.
    """
    merged = Merged()
    homes: dict[tuple[str, str, str], str] = {}
    for file in files:
        merged.regions.update(file.regions)
        for stated in file.entries:
            is_cue = stated.section == "triggers" and stated.name in merged.tables["cues"]
            entry = replace(stated, section="cues") if is_cue else stated
            if entry.section == "statements":
                merged.statements.append({**entry.fields})
            elif _is_allowed(merged, file, entry):
                _unite(merged, homes, file, entry)
    for file in files:
        if file.region and file.region not in merged.regions:
            told = expected(file.region, sorted(merged.regions))
            file.complain(file.region_line, f"unknown region {shown(file.region)}: {told}")
        for entry in file.entries:
            _check_names(merged, file, entry)
            if entry.section == "modalities" and _side_without_a_place(merged.tables["modalities"].get(entry.name, {})):
                file.complain(entry.lines.get("sides", entry.line), f"modalities, {entry.name}: {_SIDELESS}")
            if entry.section == "cues":
                for name, said in useless_in_a_cue(merged.tables["cues"].get(entry.name, {})).items():
                    if name in entry.lines:
                        file.complain(entry.lines[name], f"cues, {entry.name}: {name}: {said}")
    _refuse_mistakes(files)
    own = sum(entry.section == "statements" for file in files if file.own for entry in file.entries)
    merged.statements = merged.statements[-own:] + merged.statements[:-own] if own else merged.statements
    return merged


def _refuse_mistakes(files: Sequence[LexiconFile]) -> None:
    told = [f"{file.source}, line {line}: {said}" for file in files for line, said in sorted(set(file.complaints))]
    if len(told) == 1:
        raise ConfigError(told[0])
    if told:
        rest = [f"and {len(told) - MOST_TOLD} more"] if len(told) > MOST_TOLD else []
        raise ConfigError("\n  ".join([f"{len(told)} mistakes in the lexicon:", *told[:MOST_TOLD], *rest]))


def _side_without_a_place(modality: dict[str, Any]) -> bool:
    """Where a stated left would be neither the patient's nor the picture's."""
    return modality.get("frame") == "patient" and modality.get("sides") == "none"


def _is_allowed(merged: Merged, file: LexiconFile, entry: Entry) -> bool:
    """False, with a complaint, for what only the built-in files may say."""
    if not file.own:
        return True
    if entry.section == "views":
        file.complain(entry.line, f"views, {entry.name}: {_BUILT_IN_ONLY}")
    elif "view" in entry.fields:
        file.complain(entry.lines["view"], f"{entry.section}, {entry.name}: view: {_BUILT_IN_ONLY}")
    elif entry.section in WORD_SECTIONS and entry.name not in merged.tables[entry.section]:
        known = expected(entry.name, merged.tables[entry.section])
        file.complain(entry.line, f"{entry.section}: unknown name {shown(entry.name)}: {known}")
    else:
        return True
    return False


def _unite(merged: Merged, homes: dict[tuple[str, str, str], str], file: LexiconFile, entry: Entry) -> None:
    """Add an entry to the tables."""
    table = merged.tables[entry.section]
    if entry.name not in table:
        _check_new(file, entry, table)
        table[entry.name] = {"region": file.region or "any"} if entry.section in ("targets", "zones") else {}
    known = table[entry.name]
    for name, value in entry.fields.items():
        key, line = (entry.section, entry.name, name), entry.lines.get(name, entry.line)
        if name in JOINED:
            known[name] = tuple(dict.fromkeys([*known.get(name, ()), *value]))
        elif name in TABLES:
            known[name] = {**known.get(name, {}), **value}
        elif key in homes and known[name] != value:
            told = f"{entry.section}, {entry.name}: another {name} than in {homes[key]}"
            file.complain(line, f"{told}: leave {name} out, or give this a name of its own.")
        elif key not in homes:
            known[name] = value
        homes.setdefault(key, f"{file.source}, line {line}")
    if entry.section in ("targets", "zones"):
        homes.setdefault((entry.section, entry.name, "region"), f"{file.source}, line {entry.line}")


def _check_new(file: LexiconFile, entry: Entry, known: Iterable[str]) -> None:
    """A name that no file before has must say what it is."""
    needed = SECTIONS[entry.section].new if entry.section in SECTIONS else {}
    missing = [f"{name} ({may_be})" for name, may_be in needed.items() if name not in entry.fields]
    if missing:
        where = f"{entry.section}, {entry.name}: this name is new and needs {' and '.join(missing)}"
        hint = expected(entry.name, known).partition(" Did")[2]
        file.complain(entry.line, f"{where}.{' Did' + hint if hint else ''}")


def _check_names(merged: Merged, file: LexiconFile, entry: Entry) -> None:
    """Complain of every name in an entry that no file defines."""
    for name, kind, known, line in _references(merged, entry):
        if name.strip() and name not in known:
            where = f"{entry.section}, {entry.name}" if entry.name else entry.section
            told = expected(name, sorted(known))
            file.complain(line, f"{where}: unknown {kind} {shown(name)}: {told}")


def _references(merged: Merged, entry: Entry) -> Iterator[tuple[str, str, Iterable[str], int]]:
    """(name, what it should be, the known names, line) of every name that an entry refers to."""
    fields = entry.fields
    if entry.section == "views":
        yield from ((zone, "zone", merged.tables["zones"], entry.lines.get(zone, entry.line)) for zone in fields)
    if entry.section == "stretches":
        at = entry.lines.get("along", entry.line)
        yield from ((zone, "zone", merged.tables["zones"], at) for zone in fields.get("along", ()))
    if entry.section == "near":
        yield entry.name, "region", merged.regions, entry.line
    for part, kind in REFERS.get(entry.section, {}).items():
        for name in _names_in(fields.get(part, ())):
            yield name, kind, _known(merged, kind), entry.lines.get(part, entry.line)
    line = entry.lines.get("usual", entry.line)
    for part, kind in USUAL.items():
        for name in fields.get("usual", {}).get(part, ()):
            yield name, kind, _known(merged, kind), line


def _names_in(value: str | Iterable[str] | Mapping[str, str]) -> Iterable[str]:
    """The names that a field refers to: one, a list, or what a table leads to."""
    if isinstance(value, str):
        return (value,)
    return value.values() if isinstance(value, Mapping) else value


def _known(merged: Merged, kind: str) -> Iterable[str]:
    if kind == "region":
        return sorted(merged.regions)
    return merged.tables[PARTS.get(kind, "modalities" if kind == "modality" else f"{kind}s")]
