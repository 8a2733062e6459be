"""What the model is asked, and how its answer is read."""

import json
from typing import Any

import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.llm_schema import answer_schema, question, read_answer
from medsegr.errors import ParserError

FINDINGS = [{"target": "nodule", "target_quotes": ["nodule"]}]
GOOD = json.dumps({"findings": FINDINGS})


def objects(schema: Any) -> list[dict[str, Any]]:
    inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    own = [schema] if isinstance(schema, dict) and schema.get("type") == "object" else []
    return own + [found for part in inner for found in objects(part)]


def test_the_schema_fits_strict_mode() -> None:
    schema = answer_schema(load_lexicon())
    assert len(objects(schema)) == 8
    for part in objects(schema):
        assert part["required"] == list(part["properties"])
        assert part["additionalProperties"] is False
    finding = schema["properties"]["findings"]["items"]["properties"]
    assert "pleural_effusion" in finding["target"]["enum"]
    assert finding["presence"]["enum"] == ["present", "absent", "uncertain"]
    assert "upper_lobe" in finding["zones"]["items"]["properties"]["name"]["enum"]
    values = json.dumps(schema).count('", "')
    assert values < 2000
    assert all(len(name) < 50 for name in finding["target"]["enum"])


def test_the_question_holds_report_names_and_form() -> None:
    system, user = question("Nodule.", "chest_xray", load_lexicon())
    assert (system["role"], user["role"]) == ("system", "user")
    assert user["content"] == "Image: chest_xray\nReport:\nNodule."
    for part in ("JSON", "pleural_effusion", "upper_lobe", "calcified", "spiculated", "bilateral", "target_quotes"):
        assert part in system["content"]
    assert "not stated" in question("Nodule.", None, load_lexicon())[1]["content"]


@pytest.mark.parametrize(
    "answer",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Here you are: {GOOD} Anything else?",
        f'<think>{{"findings": []}} or not?</think>\n{GOOD}',
        f'{{"note": 1}} {GOOD}',
        "{not JSON} " + GOOD,
    ],
)
def test_json_is_found_among_words(answer: str) -> None:
    assert read_answer(answer) == FINDINGS


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("Zebra nodule.", "holds no JSON"),
        ('{"findings": [', "holds no JSON"),
        ("{" * 200_000, "holds no JSON"),
        ('{"a":' * 100_000, "holds no JSON"),
        ("[]", "holds no JSON"),
        ("{}", "another form"),
        ('{"findings": "Zebra"}', "another form"),
        ('{"findings": ["Zebra"]}', "another form"),
        ('{"findings": [{"target": 1}]}', "another form"),
        (json.dumps({"findings": FINDINGS * 501}), "501 findings"),
    ],
)
def test_other_answers_are_one_clear_error(answer: str, message: str) -> None:
    with pytest.raises(ParserError, match=message) as caught:
        read_answer(answer)
    assert "Zebra" not in str(caught.value)
