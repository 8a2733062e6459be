"""Words of reports stand in the lexicon: no module of the rules holds a set of them, nor an expression made of them."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from medsegr.cognition import rule_parser
from medsegr.cognition.grammar import WORD_SETS, Grammar
from medsegr.cognition.lexicon import DOMAINS, load_lexicon
from medsegr.cognition.lexicon_schema import ALL_SECTIONS, EFFECTS, LOOKS, SECTIONS, STOPS
from medsegr.cognition.tags import ATTRIBUTES

FOLDER = Path(rule_parser.__file__).parent
NO_RULES = ("llm_", "text_encoder", "prior_embedding", "fusion_transformer", "taught_words", "lexicon_schema")
FILES = [path for path in sorted(FOLDER.glob("*.py")) if not path.name.startswith(NO_RULES)]
WORD = re.compile(r"[a-z]{3,}", re.I)
NUMERALS = {"iii", "viii"}
"""Marks of lists, not words."""


def our_names() -> set[str]:
    """Names that the code and the lexicon call things by: kinds, sections, fields, classes, canonical names."""
    lexicon = load_lexicon()
    kinds = {kind for cue in lexicon.cues.values() for kind in cue.kinds()}
    fields = {field for section in SECTIONS.values() for field in section.fields}
    tables = (lexicon.targets, lexicon.zones, lexicon.sides, lexicon.triggers, lexicon.cues, lexicon.organs)
    names = {name for table in tables for name in table}
    classes = {*Grammar(lexicon)}
    others = {"target", "location", "place", "modality", "region", "organ", "part", "rules", "llm", "present"}
    return {
        *kinds, *fields, *names, *classes, *others, *ATTRIBUTES, *DOMAINS, *ALL_SECTIONS, *EFFECTS, *LOOKS, *STOPS,
        *WORD_SETS,
    }  # fmt: skip


def word_sets(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, word) of what module-level collections and expressions hold."""
    for node in tree.body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        for part in ast.walk(value) if value is not None else ():
            if isinstance(part, ast.Tuple | ast.List | ast.Set | ast.Dict):
                items = [*part.keys, *part.values] if isinstance(part, ast.Dict) else part.elts
                held = [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]
                yield from ((part.lineno, text) for text in held if WORD.search(text))
            elif isinstance(part, ast.Constant) and isinstance(part.value, str) and "(" in part.value:
                plain = re.sub(r"\\[uU]?[0-9a-fA-F]{4,8}|\\.|\[[^]]*\]|\(\?P?<?\w*>?", " ", part.value)
                yield from ((part.lineno, word) for word in WORD.findall(plain))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_module_holds_words_of_reports(path: Path) -> None:
    known = our_names() | NUMERALS
    found = [(line, word) for line, word in word_sets(ast.parse(path.read_text(encoding="utf-8"))) if word not in known]
    assert not found, "words belong into lexicon_data/grammar.yaml"


def lists_in(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """The lists of words in a file, each with the names that lead to it."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from lists_in(value, (*path, name))
    elif isinstance(node, list) and all(isinstance(word, str) for word in node):
        yield path, node


@pytest.mark.parametrize("domain", DOMAINS)
def test_no_word_stands_twice_in_a_list_nor_under_two_cues(domain: str) -> None:
    content = (FOLDER / "lexicon_data" / f"{domain}.yaml").read_text(encoding="utf-8")
    read = yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    lists = [(path, words) for path, words in lists_in(read) if path[-1] != "code"]
    assert not [(path, word) for path, words in lists for word, times in Counter(words).items() if times > 1]
    of_cues = Counter(word for path, words in lists if path[0] == "cues" for word in words)
    assert not [word for word, times in of_cues.items() if times > 1]


def test_the_test_sees_word_sets() -> None:
    source = 'A = frozenset({"patchy", "side"})\nB = {"which": 3}\nC = re.compile(r"\\b(?:clear|free)\\s+of")\n'
    assert {word for _, word in word_sets(ast.parse(source))} == {"patchy", "side", "which", "clear", "free"}


def test_every_class_that_rules_ask_for_has_words() -> None:
    asked = {name for path in FILES for name in re.findall(r'grammar\["(\w+)"\]', path.read_text(encoding="utf-8"))}
    grammar = Grammar(load_lexicon())
    assert len(asked) > 100
    assert not [name for name in sorted(asked) if not grammar[name]]
