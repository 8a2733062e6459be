"""One lexicon file: read, and checked line by line."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from medsegr.cognition.lexicon_schema import (
    ALL_SECTIONS,
    BOX,
    NAME,
    OUR_STATEMENT,
    SECTIONS,
    STATEMENT,
    Check,
    expected,
    shown,
    table,
    text,
    what_stands,
    words,
)
from medsegr.errors import ConfigError

MAX_BYTES = 2_000_000
"""More than any lexicon holds; beyond it the file is taken for something else."""


@dataclass(frozen=True)
class Entry:
    """What a file says of one name.

    Attributes:
        section: For example ``targets``.
        name: Canonical name; empty for a statement.
        fields: Checked values; lists are tuples.
        line: Of the name, from 1.
        lines: Of each field.
    """

    section: str
    name: str
    fields: Mapping[str, Any]
    line: int
    lines: Mapping[str, int]


@dataclass
class LexiconFile:
    """A file's entries in order, and all that is wrong with them.

    Attributes:
        source: Name of the file, for messages.
        own: True for a user's file, which adds to the built-in lexicon.
        region: Region of the targets and zones that name none; empty where the file names none either.
        region_line: Where it says so.
        regions: Regions that the file declares.
        entries: In the order of the file.
        complaints: (line, message), in any order.
    """

    source: str
    own: bool = False
    region: str = ""
    region_line: int = 1
    regions: tuple[str, ...] = ()
    entries: list[Entry] = field(default_factory=list)
    complaints: list[tuple[int, str]] = field(default_factory=list)

    def complain(self, line: int, message: str) -> None:
        """Note a mistake."""
        self.complaints.append((line, message))


def read_own_file(path: Path) -> LexiconFile:
    """A user's lexicon file.

    Raises:
        ConfigError: It is missing, not a text file in UTF-8, or far too long.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise ConfigError(f"The lexicon '{path}' {reason}: expected a YAML file, see docs/lexicon.md.") from error
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"The lexicon '{path}' has {len(raw):,} bytes: expected at most {MAX_BYTES:,}.")
    try:
        return read_text(raw.decode("utf-8-sig"), str(path), own=True)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}, line {line}: no UTF-8 text; save the file as UTF-8.") from error


def read_text(content: str, source: str, own: bool = False) -> LexiconFile:
    """The text of a lexicon file, checked as far as a file can be by itself.

    Args:
        content: YAML.
        source: Name of the file, for messages.
        own: True for a user's file.
    """
    file = LexiconFile(source, own)
    try:
        root = yaml.compose(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError) as error:
        file.complain(*_malformed(error, content))
        return file
    if root is None:
        file.complain(1, f"the file is empty: {expected('', ALL_SECTIONS)}")
        return file
    for name, key, value in _pairs(file, root, "the file"):
        if name in _SECTION_READERS:
            _SECTION_READERS[name](file, name, value)
        elif name in SECTIONS:
            _read_table(file, name, value)
        else:
            file.complain(_line(key), f"unknown section {shown(name)}: {expected(name, ALL_SECTIONS)}")
    return file


def _malformed(error: Exception, content: str) -> tuple[int, str]:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        told = error.problem or error.context or "malformed"
        return (mark.line + 1 if mark else 1), f"no valid YAML ({told}): expected 'name: value', indented by spaces."
    if isinstance(error, yaml.reader.ReaderError):
        return content.count("\n", 0, error.position) + 1, "a character that YAML does not allow; remove it."
    return 1, "no valid YAML (nested too deep)."


def _line(node: Node) -> int:
    return node.start_mark.line + 1


def _pairs(file: LexiconFile, node: Node, where: str) -> Iterator[tuple[str, Node, Node]]:
    """Name, its node and its value, of a table; names that are no text or stand twice are left out."""
    if not isinstance(node, MappingNode):
        file.complain(_line(node), f"{where}: expected 'name: ...' lines, got {what_stands(node)}.")
        return
    first: dict[str, int] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode) or not key.tag.endswith(":str"):
            file.complain(_line(key), f"{where}: {what_stands(key)} as a name: expected a word; put it in quotes.")
        elif key.value in first:
            file.complain(
                _line(key), f"{where}: {shown(key.value)} stands here twice, first in line {first[key.value]}."
            )
        else:
            first[key.value] = _line(key)
            yield key.value, key, value


def _checked(file: LexiconFile, check: Check, node: Node, where: str) -> Any:
    return check(node, lambda at, message: file.complain(_line(at), f"{where}: {message}"))


def _add(file: LexiconFile, section: str, name: str, key: Node, found: tuple[Any, Node]) -> None:
    """Note an entry with the lines of its fields."""
    fields, node = found
    pairs = node.value if isinstance(node, MappingNode) else []
    lines = {pair[0].value: _line(pair[1]) for pair in pairs if isinstance(pair[0], ScalarNode)}
    file.entries.append(Entry(section, name, fields, _line(key), lines))


def _read_table(file: LexiconFile, section: str, node: Node) -> None:
    """Entries that are tables of fields: targets, zones and the like."""
    for name, key, value in _pairs(file, node, section):
        if SECTIONS[section].named and not NAME.fullmatch(name):
            file.complain(_line(key), f"{section}: {shown(name)} as a name: expected small letters, digits and _.")
            continue
        fields = _checked(file, table(SECTIONS[section].fields), value, f"{section}, {name}")
        _add(file, section, name, key, (fields, value))


def _read_words(file: LexiconFile, section: str, node: Node) -> None:
    """Entries that are lists of words: sides and triggers."""
    for name, key, value in _pairs(file, node, section):
        listed = _checked(file, words, value, f"{section}, {name}")
        _add(file, section, name, key, ({"words": listed}, value))


def _read_statements(file: LexiconFile, section: str, node: Node) -> None:
    if not isinstance(node, SequenceNode):
        file.complain(_line(node), f"{section}: expected a list of '- find: ...' lines, got {what_stands(node)}.")
        return
    for item in node.value:
        told = len(file.complaints)
        fields = _checked(file, STATEMENT if file.own else OUR_STATEMENT, item, section)
        if len(file.complaints) == told and ("find" not in fields or ("absent" in fields) == ("present" in fields)):
            file.complain(_line(item), f"{section}: expected find, and absent or present, not both.")
        elif len(file.complaints) == told:
            _add(file, section, "", item, (fields, item))


def _read_views(file: LexiconFile, section: str, node: Node) -> None:
    for view, key, zones in _pairs(file, node, section):
        boxes = {
            zone: _checked(file, BOX, box, f"{section}, {view}, {zone}")
            for zone, _, box in _pairs(file, zones, f"{section}, {view}")
        }
        _add(file, section, view, key, (boxes, zones))


def _read_region(file: LexiconFile, section: str, node: Node) -> None:
    file.region, file.region_line = _checked(file, text, node, section), _line(node)


def _read_regions(file: LexiconFile, section: str, node: Node) -> None:
    file.regions = _checked(file, words, node, section)


_SECTION_READERS: Mapping[str, Callable[[LexiconFile, str, Node], None]] = {
    "region": _read_region,
    "regions": _read_regions,
    "sides": _read_words,
    "triggers": _read_words,
    "near": _read_words,
    "statements": _read_statements,
    "views": _read_views,
}
