"""What values a lexicon file may hold, and what is said of others."""

import pytest
import yaml

from medsegr.cognition.lexicon_schema import (
    BOX,
    STATEMENT,
    choice,
    expected,
    names,
    patterns,
    shown,
    words,
)


def check(kind, value):
    told = []
    return kind(yaml.compose(value), lambda node, message: told.append((node.start_mark.line + 1, message))), told


def test_good_values_come_back_plain() -> None:
    assert check(words, "[one, two words, one]") == (("one", "two words"), [])
    assert check(names, "one") == check(names, "[one]") == (("one",), [])
    assert check(choice("a", "b"), "b") == ("b", [])
    assert check(patterns, "['a {be}b', c]") == ("a {be}b|c", [])
    assert check(BOX, "{rows: [0, 0.5]}") == ({"rows": (0.0, 0.5)}, [])


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (words, "[a, no]", "'no' is read as yes or no, not as a word: put it in quotes."),
        (words, "[1:00]", "'1:00' is read as a number"),
        (words, "[2024-01-01]", "'2024-01-01' is read as a date"),
        (words, "['']", "an empty word"),
        (words, "[]", "an empty list: expected at least one word."),
        (words, "[[a]]", "expected one word, got a list."),
        (words, "one", "expected a list such as [one, another], got 'one'."),
        (words, "~", "expected a list such as [one, another], got nothing."),
        (choice("left", "right"), "lft", "unknown 'lft': expected left, right. Did you mean 'left'?"),
        (patterns, "'a (b'", "'a (b' is no regular expression (missing ), unterminated subpattern"),
        (patterns, "'a|'", "'a|' fits where none of its words stand"),
        (patterns, "[]", "expected at least one regular expression"),
        (BOX, "{rows: [0.5, 0.2]}", "rows: expected a range [from, to]"),
        (BOX, "{rows: 3}", "rows: expected a range [from, to]"),
        (BOX, "{}", "nothing is said: expected rows, columns, off_midline."),
        (BOX, "{rows: [0, 1], rows: [0, 1]}", "field 'rows' stands here twice."),
        (STATEMENT, "{fnd: a}", "unknown field 'fnd': expected find, absent, present. Did you mean 'find'?"),
        (STATEMENT, "{[a]: a}", "unknown field a list: expected find"),
        (STATEMENT, "[a]", "expected a table {find, absent, present}, got a list."),
    ],
)
def test_bad_values_are_named_with_what_was_expected(kind, value, message) -> None:
    _, told = check(kind, value)
    assert [message in said for _, said in told] == [True]


def test_every_bad_word_of_a_list_is_told_with_its_line() -> None:
    _, told = check(words, "[a, no,\n  3,\n  b]")
    assert [line for line, _ in told] == [1, 2]


def test_messages_quote_briefly_and_printably() -> None:
    assert shown("a" * 50) == "'" + "a" * 37 + "...'"
    assert "\x1b" not in shown("\x1b[31mred\n")
    assert expected("z", [f"name{n}" for n in range(31)]) == "expected one of 31 names."
