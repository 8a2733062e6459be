"""One file by itself: what is read, and mistakes with their lines."""

import re
from pathlib import Path

import pytest
import yaml

from medsegr.cognition.lexicon_file import MAX_BYTES, read_own_file, read_text
from medsegr.errors import ConfigError

GOOD = """\
region: chest
regions: [new_region]
targets:
  nodule: {words: [nodulus]}
  blob:
    group: finding
    words:
      [blob, blot]
zones:
  nook: {frame: patient, words: [nook]}
triggers:
  absent_before: [sans]
statements:
  - find: ["blobs? {be}gone", no more blobs]
    absent: blob
combined:
  NB: {side: left, zone: nook}
"""


def test_entries_know_their_lines() -> None:
    file = read_text(GOOD, "mine.yaml", own=True)
    assert file.complaints == [] and file.own
    assert (file.region, file.region_line, file.regions) == ("chest", 1, ("new_region",))
    entries = {(entry.section, entry.name): entry for entry in file.entries}
    blob = entries["targets", "blob"]
    assert blob.fields == {"group": "finding", "words": ("blob", "blot")}
    assert (blob.line, blob.lines) == (5, {"group": 6, "words": 8})
    assert entries["triggers", "absent_before"].fields == {"words": ("sans",)}
    assert entries["statements", ""].fields["absent"] == ("blob",)
    assert entries["combined", "NB"].fields == {"side": ("left",), "zone": ("nook",)}


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("", 1, "the file is empty: expected region, regions, modalities, targets"),
        ("- a", 1, "the file: expected 'name: ...' lines, got a list."),
        ("region: chest\ntarget: {}", 2, "unknown section 'target': expected region.*Did you mean 'targets'"),
        ("targets:\n  a: {words: [b]\n  c: d", 3, "no valid YAML .did not find expected"),
        ("a: b\n\tc: d", 2, "no valid YAML .found a tab"),
        ("a: b\n\n--- \nc: d", 3, "no valid YAML .but found another document"),
        ("a: b\nc: \x00", 2, "a character that YAML does not allow"),
        ("[" * 50_000, 1, "no valid YAML"),
        ("targets:\n  nodule:\n    word: [a]", 3, "targets, nodule: unknown field 'word'.*Did you mean 'words'"),
        ("targets:\n  nodule:\n", 2, "targets, nodule: expected a table .group.*got nothing"),
        ("targets:\n  a: {words: [a]}\n  a: {words: [b]}", 3, "targets: 'a' stands here twice, first in line 2"),
        ("targets:\n  ../a: {words: [a]}", 2, "'../a' as a name: expected small letters, digits and _"),
        ("targets:\n  3: {words: [a]}", 2, "targets: a number as a name"),
        ("textures: [a]", 1, "textures: expected 'name: ...' lines, got a list"),
        ("zones:\n  a: {frame: body, words: [a]}", 2, "zones, a: frame: unknown 'body': expected patient, image"),
        ("targets:\n  a: {usual: {zone: b}}", 2, "targets, a: usual: unknown field 'zone'.*Did you mean 'zones'"),
        ("triggers:\n  neutral: a", 2, "triggers, neutral: expected a list"),
        ("statements: {find: a}", 1, "statements: expected a list of '- find: ...' lines, got a table"),
        ("statements:\n  - {find: a}", 2, "statements: expected find, and absent or present, not both"),
        ("statements:\n  - {find: a, absent: b, present: c}", 2, "not both"),
        ("statements:\n  - {find: 'a ('}", 2, "statements: find: 'a .' is no regular expression"),
        ("views:\n  frontal:\n    apical: {rows: [0, 2]}", 3, "views, frontal, apical: rows: expected a range"),
        ("region: [a]", 1, "region: expected one word, got a list"),
        ("regions: chest", 1, "regions: expected a list"),
    ],
)
@pytest.mark.parametrize("loader", ["C", "Python"])
def test_every_mistake_has_its_line(content, line, message, loader, monkeypatch) -> None:
    if loader == "Python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
        message = "no valid YAML" if message.startswith("no valid") else message
    ((where, said),) = read_text(content, "mine.yaml", own=True).complaints
    assert where == line or (loader == "Python" and "YAML" in said)
    assert re.search(message, said)


def test_all_mistakes_are_told_at_once() -> None:
    told = read_text("target: {}\nzones:\n  A: {}\n  b: {words: []}\nstatements:\n  - {find: 3}\n", "x").complaints
    assert [line for line, _ in told] == [1, 3, 4, 6]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"lexicon '.*none.yaml' does not exist: expected a YAML file"):
        read_own_file(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_own_file(tmp_path)
    (tmp_path / "a.yaml").write_bytes(b"targets:\n  a: \xff")
    with pytest.raises(ConfigError, match=r"a.yaml, line 2: no UTF-8 text"):
        read_own_file(tmp_path / "a.yaml")
    (tmp_path / "a.yaml").write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="2,000,001 bytes: expected at most 2,000,000"):
        read_own_file(tmp_path / "a.yaml")
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfregion: chest\n")
    assert read_own_file(tmp_path / "a.yaml").region == "chest"
