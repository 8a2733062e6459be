"""Statements, and the letters that every match of one holds."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.statements import Statements, find_statements, keys_of


@pytest.mark.parametrize(
    ("expression", "examples"),
    [
        ("lungs? clear", ["lung clear", "lungs clear"]),
        ("(?:heart|cardiac) size", ["heart size", "cardiac size"]),
        ("(?:heart|lungs?)", ["heart", "lung", "lungs"]),
        ("(?:the )?liver(?: is)? fine", ["liver fine", "the liver is fine"]),
    ],
)
def test_every_match_holds_a_key(expression: str, examples: list[str]) -> None:
    keys = keys_of(expression)
    assert keys
    for example in examples:
        assert re.fullmatch(expression, example) and all(any(key in example for key in each) for each in keys)


@pytest.mark.parametrize(
    ("expression", "keys"),
    [
        (r"non\-dilated|\(?undilated\)?", ("non-dilated", "undilated")),
        ("a(?:b|cd)+e{0,2}fgh", ("fgh",)),
        ("((?:old|new) )?mass{1,2}es", ("mass",)),
        ("x{,3}yy[ab]?z{2}", ("yy",)),
        (r"[\](x]+lung[^])]clear", ("clear",)),
        ("(?<!no )heart(?! size)", ("heart",)),
        (r"ends\.|stops\|", ("ends.", "stops|")),
        ("a{b}cd", ("a{b}cd",)),
        (r"left\s+lung", ("left",)),
    ],
)
def test_the_best_keys_are_taken(expression: str, keys: tuple[str, ...]) -> None:
    assert keys_of(expression)[0] == keys


def test_a_match_holds_a_key_of_every_part() -> None:
    assert keys_of("pleural spaces? (?:is|are) (?:clear|dry)") == (("pleural space",), ("clear", "dry"), ("are", "is"))


@pytest.mark.parametrize(
    "expression",
    [
        "(?:clear )?",
        "[ab]+",
        "|clear",
        "(?i:clear)",
        r"(clear)\1",
        r"\x41clear",
        r"\N{BULLET}clear",
        "(?P<a>clear)",
        "x*y?",
    ],
)
def test_without_letters_that_must_be_there_for_sure_no_key(expression: str) -> None:
    assert keys_of(expression) == ()


@settings(max_examples=6, deadline=None, derandomize=True)
@given(st.data())
@pytest.mark.parametrize("number", range(len(load_lexicon().statements)))
def test_every_match_of_every_built_in_statement_holds_a_key(number: int, data) -> None:
    expression = load_lexicon().statements[number].find
    keys = keys_of(expression)
    text = data.draw(st.from_regex(expression, fullmatch=True))
    assert keys and all(any(key in text.lower() for key in each) for each in keys)


def test_a_rule_is_never_left_out_where_it_would_match() -> None:
    lexicon = load_lexicon()
    statements = Statements(lexicon)
    texts = [
        "The lungs are clear", "Heart size is normal", "No acute abnormality", "Menisci intact", "Bones intact",
        "Spleen is normal in size", "Ventricles normal in size", "Trachea midline", "The skin is not thickened",
        "retina is flat", "CBD 4 mm, not dilated", "Lymph nodes are not enlarged", "Normal wall motion",
    ]  # fmt: skip
    for text in texts:
        lowered = text.lower()
        matching = {rule.pattern for rule in statements.rules if rule.pattern.search(text)}
        assert matching, text
        possible = statements.possible(map(statements.with_word, lowered.split()))
        assert matching <= {rule.pattern for rule in possible}, text
        assert list(find_statements(possible, text, lowered, statements.clear_of))


def test_a_statement_of_normality_carries_its_offsets() -> None:
    text = "Both lungs are clear. Left lung is normal."
    said = [[text[start:end] for start, end in f.evidence.presence] for f in parse_report(text, "chest_xray")]
    assert said == [["Both lungs are clear"], ["Left lung is normal"]]


@pytest.mark.parametrize(
    ("text", "presence", "said"),
    [
        ("Heart and lungs are normal.", "absent", [["Heart", "are normal"], ["lungs", "are normal"]]),
        ("Lungs and heart: normal.", "absent", [["Lungs", "normal"], ["heart", "normal"]]),
        ("No effusion and NORMAL Heart AND hila", "absent",
         [["effusion", "No"], ["Heart", "NORMAL"], ["hila", "NORMAL"]]),
        ("Heart and mediastinum are possibly normal.", "uncertain",
         [["Heart", "are possibly normal"], ["mediastinum", "are possibly normal"]]),
    ],
)  # fmt: skip
def test_each_member_of_a_list_carries_its_words_and_what_is_said_of_all(
    text: str, presence: str, said: list[list[str]]
) -> None:
    findings = parse_report(text, "chest_xray")
    assert [f.presence for f in findings] == [presence] * len(said)
    spans = [(*f.evidence.target, *f.evidence.presence) for f in findings]
    assert [[text[slice(*span)] for span in of_one] for of_one in spans] == said


@pytest.mark.parametrize(
    ("text", "modality", "absent"),
    [
        ("ACL and PCL: not torn.", "knee_mri", {"ligament_tear"}),
        ("ACL, PCL, MCL and LCL: intact.", "knee_mri", {"ligament_tear"}),
        ("Anterior and posterior cruciate ligaments: not torn.", "knee_mri", {"ligament_tear"}),
        ("Cruciates intact, collaterals intact.", "knee_mri", {"ligament_tear"}),
        ("Menisci: intact.", "knee_mri", {"meniscal_tear"}),
        ("Cartilage: preserved. Quadriceps tendon: intact.", "knee_mri", {"cartilage_defect"}),
        ("Lungs: clear. Heart: normal. Hila: normal.", "chest_xray",
         {"airspace_opacity", "cardiomegaly", "hilar_enlargement"}),
    ],
)  # fmt: skip
def test_a_colon_is_a_verb(text: str, modality: str, absent: set[str]) -> None:
    findings = parse_report(text, modality)
    assert {finding.target for finding in findings} == absent
    assert {finding.presence for finding in findings} == {"absent"}


@pytest.mark.parametrize(
    "text", ["Lungs are clear of nodules.", "Left lung is free of nodules.", "Lungs clear of nodules"]
)
def test_what_a_place_is_clear_of_is_denied(text: str) -> None:
    assert {(f.target, f.presence) for f in parse_report(text, "chest_xray")} == {
        ("airspace_opacity", "absent"),
        ("nodule", "absent"),
    }
