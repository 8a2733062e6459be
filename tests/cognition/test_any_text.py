"""Any text is read: without an error, alike twice, in a time that grows no faster than the text."""

import gc
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding


def read(text: str, modality: str | None = "chest_xray") -> list[Finding]:
    return list(parse_report(text, modality).findings)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "no",
                "nodule",
                "effusion",
                "left",
                "right",
                ",",
                ".",
                ";",
                "and",
                "with",
                "possible",
                "in",
                "the",
                "upper",
                "lobe",
                "zone",
                "not",
                "seen",
                "5",
                "mm",
                "x",
                "cm",
                ":",
                "both",
                "consolidation",
                "round",
                "small",
                "absent",
                "?",
                "liver",
                "lung",
                "\n",
                "-",
                "(",
                ")",
            ]
        ),
        max_size=40,
    ).map(" ".join)
    | st.text(max_size=80)
)
def test_any_text_is_read_without_an_error_and_offsets_lie_inside(text: str) -> None:  # fmt: skip
    lexicon = load_lexicon()
    for finding in parse_report(text, "chest_xray"):
        assert finding.target in lexicon.targets
        assert set(finding.location.zones) <= set(lexicon.zones)
        assert finding.mirrored().mirrored() == finding
        for start, end in [*finding.evidence.spans(), *finding.evidence.presence]:
            assert 0 <= start < end <= len(text)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.sampled_from([None, "chest_ct", "abdomen_ct", "knee_mri", "dermoscopy", "fundus"]))
def test_any_unicode_text_is_read_alike_twice(text: str, modality: str | None) -> None:
    first, second = parse_report(text, modality), parse_report(text, modality)
    assert first == second
    for finding in first:
        for start, end in [*finding.evidence.spans(), *finding.evidence.presence]:
            assert 0 <= start < end <= len(text)


@pytest.mark.parametrize(
    "unit",
    [
        "There is a nodule in the left lung and no effusion ",
        "A 5 mm nodule in the left lung. No effusion. ",
        "left right ", "L R ", "nodule ", "no effusion, ", "\n", "nodule 5 mm of the\n", "1 x 2 x 3 ",
        "HISTORY: a\nnodule\n",
        "CT showed nodule. ", "heart size and ", "segment 1, 2 and ", "a" * 300 + " ", "\u0130\u2028 ", "(", ". ",
    ],
)  # fmt: skip
def test_time_grows_no_faster_than_the_text(unit: str) -> None:
    def seconds(characters: int) -> float:
        text = (unit * (characters // len(unit) + 1))[:characters]
        gc.collect()
        gc.disable()  # a collection of what other tests left would be counted as reading
        started = time.process_time()
        try:
            read(text)
            return time.process_time() - started
        finally:
            gc.enable()

    seconds(2_000)
    short, long = (min(seconds(characters) for _ in range(3)) for characters in (15_000, 60_000))
    assert long < 10 * short + 0.2, "four times the text took more than ten times as long"


def test_a_megabyte_is_read() -> None:
    found = {finding.target: finding.presence for finding in read("No effusion. A nodule in the left lung. " * 25_000)}
    assert found == {
        "pleural_effusion": "absent", "nodule": "present",
    }  # fmt: skip
