"""Reports read by a language model: what it makes up does not survive."""

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.llm_endpoint import LlmEndpoint
from medsegr.cognition.llm_parser import check_answer
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Evidence, Finding, ReportPriors
from medsegr.errors import ConfigError, ParserError
from tests.cognition.llm_server import Server, as_model, fails, said, says, serving
from tests.shared_data import shared

TEXT = (
    "Two small calcified nodules in the left upper lobe, the larger measures 8 mm. "
    "No pleural effusion. Possible pneumothorax on the right. Heart size is normal."
)
NODULE = said(
    "nodule", "nodules", laterality=[("left", "left")], zones=[("upper_lobe", "upper lobe")],
    texture=[("calcified", "calcified")], shape=[("small", "small")], size_mm=[(8, "8 mm")], count=[("2", "Two")],
)  # fmt: skip
EFFUSION = said("pleural_effusion", "pleural effusion", "absent", presence_quotes=["No"])
PNEUMOTHORAX = said(
    "pneumothorax", "pneumothorax", "uncertain", presence_quotes=["Possible"], laterality=[("right", "right")]
)


def read(server: Server, text: str = TEXT, modality: str | None = "chest_xray") -> ReportPriors:
    return parse_report(text, modality, parser="llm", llm=LlmEndpoint(server.url, "m", wait_s=0.0, timeout_s=10.0))


def checked(*records: dict[str, Any], text: str = TEXT, modality: str = "chest_xray") -> tuple[list[Finding], str]:
    findings, warnings = check_answer(list(records), text, modality, load_lexicon())
    return findings, "\n".join(warnings)


def words(finding: Finding, field: str, text: str = TEXT) -> list[str]:
    return [text[a:b] for a, b in getattr(finding.evidence, field)]


def test_a_good_answer_gives_priors() -> None:
    with serving(says({"findings": [PNEUMOTHORAX, NODULE, EFFUSION]})) as server:
        priors = read(server)
    assert priors.warnings == ()
    assert (priors.text, priors.modality) == (TEXT, "chest_xray")
    nodule, effusion, pneumothorax = priors
    assert (nodule.target, nodule.presence) == ("nodule", "present")
    assert (nodule.location.laterality, nodule.location.zones) == ("left", ("upper_lobe",))
    assert (nodule.texture.attributes, nodule.shape.attributes) == (("calcified",), ("small",))
    assert (nodule.shape.size_mm, nodule.shape.count) == ((8.0,), 2)
    assert words(nodule, "target") == ["nodules"]
    assert words(nodule, "shape") == ["Two", "small", "8 mm"]
    assert (effusion.presence, words(effusion, "presence")) == ("absent", ["No"])
    assert (pneumothorax.presence, words(pneumothorax, "presence")) == ("uncertain", ["Possible"])


def test_the_same_schema_as_the_rules() -> None:
    """What the rules found, said by a model, comes back as the rules found it."""
    ruled = parse_report(TEXT, "chest_xray")
    with serving(says({"findings": [as_model(finding, TEXT) for finding in ruled]})) as server:
        modelled = read(server)
    assert len(ruled) >= 4
    assert [_sorted(f) for f in modelled] == [_sorted(f) for f in ruled]
    assert modelled.to_dict().keys() == ruled.to_dict().keys()


def test_the_same_findings_as_the_rules_on_many_reports() -> None:
    records = [json.loads(line) for line in shared("reports_gold/public.jsonl").read_text().splitlines()]
    count = 0
    for record in records[:40]:
        text, modality = record["report"], record["modality"]
        ruled = parse_report(text, modality)
        findings, warnings = checked(*[as_model(f, text) for f in ruled], text=text, modality=modality)
        assert sorted(_fields(f) for f in findings) == sorted(_fields(f) for f in ruled), record["id"]
        assert "dropped" not in warnings
        count += len(findings)
    assert count > 100


def _sorted(finding: Finding) -> Finding:
    spans = {name: tuple(sorted(found)) for name, found in vars(finding.evidence).items()}
    return replace(finding, evidence=Evidence(**spans))


def _fields(finding: Finding) -> str:
    return repr(replace(finding, evidence=Evidence()))


@pytest.mark.parametrize(
    "invented",
    [
        said("mass", "mass"),
        said("mass", ""),
        said("mass", "the"),
        said("mass", "is"),
        said("mass", "normal", presence="perhaps"),
        said("zebra_lung", "nodules"),
        {**said("mass", "x"), "target_quotes": "nodules"},
        {**said("mass", "x"), "target_quotes": [1]},
        {"target": "mass"},
    ],
)
def test_an_invented_finding_does_not_survive(invented: dict[str, Any]) -> None:
    findings, warnings = checked(EFFUSION, invented)
    assert [f.target for f in findings] == ["pleural_effusion"]
    assert "finding 2: dropped" in warnings
    assert not any(word in warnings for word in ("zebra", "nodules", "effusion", "normal"))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("zones", [("lower_lobe", "lower lobe")], "zones: an entry without words"),
        ("zones", [("kitchen", "left upper lobe")], "zones: a name that is not in the vocabulary"),
        ("laterality", [("right", "right lung")], "laterality: an entry without words"),
        ("texture", [("ground_glass", "ground glass")], "texture: an entry without words"),
        ("texture", [("zebra_striped", "calcified")], "texture: a name that is not in the vocabulary"),
        ("shape", [("spiculated", "")], "shape: an entry without words"),
        ("size_mm", [(80, "8 mm")], "size_mm: a size that its quote does not state"),
        ("size_mm", [(9, "9 mm")], "size_mm: an entry without words"),
        ("size_mm", [("8", "8 mm")], "size_mm: a size"),
        ("size_mm", [(True, "8 mm")], "size_mm: a size"),
        ("size_mm", [(float("nan"), "8 mm")], "size_mm: a size"),
        ("size_mm", [(10**400, "8 mm")], "size_mm: a size"),
        ("count", [("many", "Two")], "count: dropped"),
        ("count", [("0", "Two")], "count: dropped"),
    ],
)
def test_invented_attributes_do_not_survive(field: str, value: list, message: str) -> None:
    (finding,), warnings = checked(said("nodule", "nodules", **{field: value}))
    assert message in warnings
    assert "finding 1" in warnings
    assert finding == Finding("nodule", evidence=Evidence(((20, 27),)))


@pytest.mark.parametrize("value", ["left", {"name": "left"}, ["left"], [{"name": "left", "quotes": "left"}], [None], 3])
def test_attributes_of_another_form_are_dropped(value: Any) -> None:
    (finding,), warnings = checked({**said("nodule", "nodules"), "laterality": value, "zones": value})
    assert not finding.location.stated
    assert "laterality" in warnings and "zones" in warnings


def test_of_several_quotes_those_that_occur_stay() -> None:
    record = {**said("nodule", "x"), "target_quotes": ["lump", "nodules", "the larger"]}
    (finding,), warnings = checked(record)
    assert words(finding, "target") == ["nodules", "the larger"]
    assert "target: a quote that does not occur" in warnings


def test_denial_without_words_is_kept_with_a_warning() -> None:
    (finding,), warnings = checked(said("pleural_effusion", "pleural effusion", "absent", presence_quotes=["without"]))
    assert (finding.presence, finding.evidence.presence) == ("absent", ())
    assert "presence: a quote that does not occur" in warnings
    assert "absent, but no words" in warnings


def test_what_is_absent_has_no_looks() -> None:
    record = said(
        "pleural_effusion", "pleural effusion", "absent", presence_quotes=["No"], shape=[("small", "small")],
        texture=[("calcified", "calcified")], size_mm=[(8, "8 mm")],
    )  # fmt: skip
    (finding,), warnings = checked(record)
    assert not (finding.shape.attributes or finding.shape.size_mm or finding.texture.attributes)
    assert warnings == ""


def test_names_may_be_written_in_words_and_left_and_right_are_both() -> None:
    record = said("Pleural effusion", "effusion", laterality=[("left", "left"), ("Right", "right")])
    (finding,), warnings = checked(record)
    assert (finding.target, finding.location.laterality, warnings) == ("pleural_effusion", "bilateral", "")


def test_quotes_are_looked_for_where_the_finding_is() -> None:
    text = "Small nodule on the left. No mass. Small nodule on the right. No effusion, small nodule and 9 mm nodule."

    def nodule(sentence: str | None, **more: Any) -> dict[str, Any]:
        return {**said("nodule", "nodule", **more), "sentence": sentence}

    last = "No effusion, small nodule and 9 mm nodule."
    findings, warnings = checked(
        nodule("Small nodule on the left.", shape=[("small", "Small")], laterality=[("left", "left")]),
        nodule("Small nodule on the right.", shape=[("small", "Small")], laterality=[("right", "right")]),
        nodule(last, shape=[("small", "small")]),
        nodule(last, size_mm=[(9, "9 mm")]),
        {**said("pleural_effusion", "effusion", "absent", presence_quotes=["No"]), "sentence": last},
        text=text,
    )
    assert warnings == ""
    assert [f.evidence.target[0][0] for f in findings] == [6, 41, 65, 81, 97]
    assert findings[1].evidence.shape == ((35, 40),)
    assert findings[2].evidence.presence == ((62, 64),)
    without, _ = checked(nodule(None), nodule(None), nodule("No such sentence."), text=text)
    assert [f.evidence.target[0][0] for f in without] == [6, 41, 81]


def test_a_finding_that_is_said_twice_is_one() -> None:
    text = "Nodule."
    findings, _ = checked(said("nodule", "Nodule"), said("nodule", "Nodule"), text=text)
    assert len(findings) == 1


def test_errors_of_the_server_come_through() -> None:
    with serving(says("I am sorry.")) as server, pytest.raises(ParserError, match="no JSON"):
        read(server)
    with serving(fails(401)) as server, pytest.raises(ParserError, match="refused the key"):
        read(server)


def test_nothing_to_read_is_not_sent() -> None:
    with serving(says({"findings": []})) as server:
        assert read(server, " \n").findings == ()
        assert server.asked == []
        assert read(server, "Thank you.").findings == ()
        assert len(server.asked) == 1


def test_without_consent_nothing_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("somebody opened a connection")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("MEDSEGR_LLM_URL", "http://192.0.2.1:8000/v1")
    monkeypatch.setenv("MEDSEGR_LLM_MODEL", "m")
    with pytest.raises(ConfigError, match="nothing was sent"):
        parse_report(TEXT, parser="llm")


def test_a_report_that_went_in_the_clear_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from medsegr.cognition import llm_parser

    monkeypatch.setattr(llm_parser, "ask", lambda *_: '{"findings": []}')
    for url, told in (("http://192.0.2.1/v1", True), ("https://192.0.2.1/v1", False)):
        priors = parse_report(TEXT, parser="llm", llm=LlmEndpoint(url, "m", allow_remote=True))
        assert ("without encryption" in " ".join(priors.warnings)) == told


def test_rules_need_no_http() -> None:
    code = (
        "import sys; sys.modules['httpx'] = sys.modules['httpx2'] = None\n"
        "from medsegr.cognition.parser import parse_report\n"
        "print(len(parse_report('Nodule.')), 'medsegr.cognition.llm_client' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["1", "False"], done.stderr


def test_the_model_needs_no_torch() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import medsegr.cognition.llm_parser, medsegr.cli.llm_options\n"
        "from medsegr.cognition.llm_client import http_package; http_package()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
