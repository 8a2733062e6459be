"""What a language model is asked about a report, the form of its answer, and how the answer is read."""

import json
import re
from collections.abc import Iterable
from typing import Any, get_args

from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.priors import Laterality, Presence
from medsegr.errors import ParserError

PRESENCE: tuple[str, ...] = get_args(Presence)
LATERALITY: tuple[str, ...] = get_args(Laterality)
MAX_FINDINGS = 500
"""More than any report holds."""

_TRIED_BRACES = 50

_TASK = """\
You read medical reports and list what they say of the image that they belong to. \
Answer with one JSON object and nothing else.

What is a finding
- Every finding, device or described organ that the report says is seen (present), is not seen (absent), or may be \
seen (uncertain). Leave out history, symptoms, other examinations, advice, and questions to be answered.
- Denied, resolved, removed: absent. Possible, probable, suspicious for, cannot be excluded: uncertain. Stable, old, \
improved, consistent with: present. A statement of normality is an absent finding of what it rules out.
- Same target, same side, same presence: one finding, wherever in the report its parts stand. Left and right told \
apart, or a lesion with its own size: findings of their own.
- Never infer or add anything from your own knowledge.

Names
- Take names from the lists below only, exactly as written. What has no name there is left out.
- laterality is the patient's side, at most one entry. A place goes into zones.
- texture, shape, size_mm and count stay empty for absent findings. size_mm is the finding's own size in millimetres, \
one entry for each number. count is a number in digits, or "multiple".

Quotes
- sentence: the sentence of the report that names the finding, copied letter by letter.
- Every entry carries quotes: the fewest words of the report that say so, copied letter by letter. target_quotes name \
the finding; presence_quotes hold the words of denial or doubt ("no", "possible", "clear") and are empty for present.
- Quotes are looked up in the report. An entry whose words do not occur there is thrown away.

Form
{"findings": [{"sentence": "...", "target": "...", "target_quotes": ["..."], "presence": "present|absent|uncertain", \
"presence_quotes": [], "laterality": [{"name": "left", "quotes": ["..."]}], "zones": [{"name": "...", "quotes": \
["..."]}], "texture": [{"name": "...", "quotes": ["..."]}], "shape": [{"name": "...", "quotes": ["..."]}], \
"size_mm": [{"value": 8, "quotes": ["..."]}], "count": [{"value": "2", "quotes": ["..."]}]}]}
No finding: {"findings": []}
"""


def question(text: str, modality: str | None, lexicon: Lexicon) -> list[dict[str, str]]:
    """The messages that ask for the findings of a report.

    Args:
        modality: Canonical modality, or None.
        lexicon: Its names are the only ones that the answer may hold.
    """
    lists = {
        "target": lexicon.targets, "laterality": LATERALITY, "zones": lexicon.zones, "texture": lexicon.textures,
        "shape": lexicon.shapes,
    }  # fmt: skip
    names = "\n".join(f"Names for {field}: {', '.join(table)}" for field, table in lists.items())
    return [
        {"role": "system", "content": f"{_TASK}\n{names}"},
        {"role": "user", "content": f"Image: {modality or 'not stated'}\nReport:\n{text}"},
    ]


def answer_schema(lexicon: Lexicon) -> dict[str, Any]:
    """JSON schema of the answer: all fields required, none besides, names from the lexicon."""
    quotes = {"type": "array", "items": {"type": "string"}}

    def entries(field: str, kind: dict[str, Any]) -> dict[str, Any]:
        return {"type": "array", "items": _object({field: kind, "quotes": quotes})}

    def names(table: Iterable[str]) -> dict[str, Any]:
        return {"type": "string", "enum": list(table)}

    finding = _object(
        {
            "sentence": {"type": "string"},
            "target": names(lexicon.targets),
            "target_quotes": quotes,
            "presence": names(PRESENCE),
            "presence_quotes": quotes,
            "laterality": entries("name", names(LATERALITY)),
            "zones": entries("name", names(lexicon.zones)),
            "texture": entries("name", names(lexicon.textures)),
            "shape": entries("name", names(lexicon.shapes)),
            "size_mm": entries("value", {"type": "number"}),
            "count": entries("value", {"type": "string"}),
        }
    )
    return _object({"findings": {"type": "array", "items": finding}})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip


def read_answer(answer: str) -> list[dict[str, Any]]:
    """The findings in a model's answer, each a dict with a ``target``; the rest is unchecked.

    Args:
        answer: JSON, alone or among other words, as models give it that no schema binds.

    Raises:
        ParserError: No JSON, or of another form.
    """
    found = _json_object(answer)
    if found is None:
        raise ParserError(
            "The language model's answer holds no JSON object. Take a server that knows response_format json_schema, "
            "or another model."
        )
    findings = found.get("findings")
    if not isinstance(findings, list) or not all(
        isinstance(f, dict) and isinstance(f.get("target"), str) for f in findings
    ):
        raise ParserError(
            'The language model\'s answer has another form: expected {"findings": [{"target": ...}]}. Take a server '
            "that knows response_format json_schema, or another model."
        )
    if len(findings) > MAX_FINDINGS:
        raise ParserError(
            f"The language model's answer lists {len(findings)} findings; no report holds more than {MAX_FINDINGS}. "
            "Take another model."
        )
    return findings


def _json_object(answer: str) -> dict[str, Any] | None:
    """The first JSON object in the answer that holds ``findings``, else the first of all."""
    spoken = re.sub(r"^.*</think>", "", answer, flags=re.DOTALL)
    first = None
    for match in [*re.finditer(r"\{", spoken)][:_TRIED_BRACES]:
        try:
            found, _ = json.JSONDecoder().raw_decode(spoken, match.start())
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and "findings" in found:
            return found
        first = first if first is not None else found
    return first
