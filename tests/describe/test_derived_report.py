"""The property: a derived report is read back as exactly the findings that it was made from."""

import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.data.phantoms.forms import FORMS, draw_form
from medsegr.describe import derived_report, words
from medsegr.describe.derived_report import nouns_of, said, write_report
from medsegr.describe.grey_values import BRIGHTNESS
from medsegr.describe.measure_finding import measure_case
from medsegr.describe.place import ZONES
from tests.describe.cases import SIZE, case, picture

LEXICON = load_lexicon()

SHOWN = {
    "chest_xray": ("consolidation", "nodule", "mass", "airspace_opacity", "pleural_effusion", "pneumothorax"),
    "chest_ct": ("ground_glass_opacity", "consolidation", "nodule", "mass", "pleural_effusion"),
    "abdomen_ct": ("liver_lesion", "ascites", "lymphadenopathy", "mass"),
    "brain_mri": ("brain_tumour", "brain_edema", "infarct", "haemorrhage"),
    "brain_ct": ("haemorrhage", "infarct", "brain_tumour"),
    "cardiac_mri": ("left_ventricle", "right_ventricle", "myocardium"),
    "breast_ultrasound": ("breast_lesion", "calcification", "skin_thickening"),
    "colonoscopy": ("polyp", "ulcer", "diverticulum"),
    "dermoscopy": ("skin_lesion", "ulcer"),
    "histology_he": ("nucleus", "gland"),
}
"""Modality -> targets that a data set of that kind may outline."""


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch):
    """Replace the parser that reports are read back with, and forget what it taught."""
    nouns_of.cache_clear()
    yield lambda other: monkeypatch.setattr(derived_report, "parse_report", other)
    nouns_of.cache_clear()


SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def findings(draw, modality: str) -> list[Finding]:
    """What could be measured in pictures of a modality: at most one finding per target and side."""
    frame, drawn = LEXICON.kind(modality).frame, []
    for target in draw(st.lists(st.sampled_from(SHOWN[modality]), min_size=1, max_size=3, unique=True)):
        sides = [None]
        if frame == "patient" and LEXICON.targets[target].group == "finding":
            sides = draw(st.sampled_from([[None], ["left"], ["right"], ["bilateral"], ["left", "right"]]))
        if draw(st.integers(0, 4)) == 0:
            drawn.append(Finding(target, "absent"))
        else:
            drawn += [draw(present(target, side, modality)) for side in sides]
    return drawn


@st.composite
def present(draw, target: str, side: str | None, modality: str) -> Finding:
    frame, group = LEXICON.kind(modality).frame, LEXICON.targets[target].group
    form = draw(
        st.sampled_from(
            [None, "round", "oval", "ring_shaped", "linear", "lobulated", "irregular"][: 7 if group == "finding" else 4]
        )
    )
    shape = [form] if form else []
    sizes: tuple[float, ...] = ()
    count = None
    if draw(st.booleans()):
        sizes = (float(draw(st.integers(1, 200))),)
    elif group == "finding":
        shape += draw(st.sampled_from([[], ["small"], ["medium"], ["large"]]))
    if group == "finding" and target not in words.UNCOUNTED:
        count = draw(st.sampled_from([None, 1, 2, 3, 6, "multiple"]))
    kind = modality.rsplit("_", maxsplit=1)[-1]
    texture = [draw(st.sampled_from([*BRIGHTNESS[kind], None]))] if kind in BRIGHTNESS else []
    texture += [draw(st.sampled_from(["homogeneous", "heterogeneous", None]))] if kind in ("ct", "mri") else []
    zones = [zone for rivals in ZONES[frame] for zone in rivals]
    if frame == "patient":
        zones = ["upper_zone", "mid_zone", "lower_zone"] if modality == "chest_xray" else ["anterior", "posterior"]
    zone = draw(st.sampled_from([None, *zones])) if group == "finding" and modality != "cardiac_mri" else None
    return Finding(
        target,
        "present",
        Location(side, (zone,) if zone else ()),
        Texture(tuple(filter(None, texture))),
        Shape(tuple(shape), sizes, count),
    )


@pytest.mark.parametrize("modality", SHOWN)
@SETTINGS
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_drawn_findings_are_read_back_and_none_is_lost(modality: str, data: st.DataObject, seed: int) -> None:
    drawn = data.draw(findings(modality))
    report = write_report(drawn, modality, np.random.default_rng(seed), LEXICON)
    assert list(map(said, parse_report(report.text, modality))) == list(map(said, report.findings))
    assert sorted(map(str, map(said, report.findings))) == sorted(map(str, map(said, drawn))), report.text


@pytest.mark.parametrize("modality", SHOWN)
@settings(SETTINGS, max_examples=15)
@given(seed=st.integers(0, 2**32 - 1))
def test_random_masks_are_read_back(modality: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    grey, structures = picture(), {}
    for target in SHOWN[modality]:
        mask = np.zeros((SIZE, SIZE), bool)
        for _ in range(rng.integers(0, 5)):
            form = FORMS[rng.integers(len(FORMS))]
            mask |= draw_form(rng, SIZE, tuple(rng.uniform(20, SIZE - 20, 2)), rng.uniform(10, 1500), form) > 0.5
        grey[mask] = rng.integers(0, 256)
        structures[target] = mask
    measured = measure_case(case(structures, modality, grey), LEXICON)
    report = write_report(measured, modality, rng, LEXICON)
    assert list(map(said, parse_report(report.text, modality))) == list(map(said, report.findings))
    assert sorted(map(str, map(said, report.findings))) == sorted(map(str, map(said, measured))), report.text


def test_wording_varies_and_the_same_seed_repeats_it() -> None:
    finding = Finding("nodule", "present", Location("left", ("upper_zone",)), shape=Shape(("round",), (12.0,), 1))
    texts = [write_report([finding], "chest_xray", np.random.default_rng(seed), LEXICON).text for seed in range(40)]
    assert len(set(texts)) > 25
    assert texts == [
        write_report([finding], "chest_xray", np.random.default_rng(seed), LEXICON).text for seed in range(40)
    ]
    openings = words.OPENINGS["chest_xray"]
    assert 5 < sum(text.startswith(openings) for text in texts) < 35
    assert any("\n" in text for text in texts)


def test_nothing_to_say_is_an_empty_report() -> None:
    for seed in range(5):
        report = write_report([], "chest_xray", np.random.default_rng(seed), LEXICON)
        assert (report.text, report.findings) == ("", ())


def test_a_misread_wording_is_worded_anew(parser) -> None:
    """A parser that knows the plainest sentence only still gets every finding."""
    honest = parse_report

    def narrow(text: str, modality: str | None, lexicon):
        plain = re.fullmatch(r"(?:Chest [^.]*\.\s)?There is a [^.]*\.", text)
        return honest(text, modality, lexicon=lexicon) if plain else []

    parser(narrow)
    finding = Finding("nodule", "present", Location("left"), shape=Shape(("round",)))
    for seed in range(10):
        assert write_report([finding], "chest_xray", np.random.default_rng(seed), LEXICON).findings == (finding,)


def test_what_cannot_be_read_is_left_out_and_nothing_false_is_said(parser) -> None:
    """A parser that overlooks sides and forms: they are not stated then."""
    honest = parse_report

    def blind(text: str, modality: str | None, lexicon):
        priors = honest(text, modality, lexicon=lexicon)
        return [Finding(f.target, f.presence, texture=f.texture) for f in priors]

    parser(blind)
    told = Finding("liver_lesion", "present", Location("left"), Texture(("hypodense",)), Shape(("round",), (9.0,), 2))
    report = write_report([told], "abdomen_ct", np.random.default_rng(0), LEXICON)
    assert report.findings == (Finding("liver_lesion", texture=Texture(("hypodense",))),)
    assert not {"left", "round", "two", "9"} & set(report.text.lower().replace(".", "").split())


def test_a_parser_that_reads_nothing_gets_no_report(parser) -> None:
    parser(lambda text, modality, lexicon: [])
    drawn = [Finding("mass"), Finding("ascites", "absent"), Finding("stent", "absent")]
    report = write_report(drawn, "abdomen_ct", np.random.default_rng(0), LEXICON)
    assert (report.text, report.findings) == ("", ())


def test_words_are_the_lexicons_own_and_no_diagnoses() -> None:
    lexicon = LEXICON
    assert set(words.NOUNS) <= set(lexicon.targets)
    assert set(words.UNCOUNTED) <= set(lexicon.targets)
    assert set(words.LUNG_TARGETS) <= set(lexicon.targets)
    assert set(words.ADJECTIVES) <= set(lexicon.textures) | set(lexicon.shapes)
    assert set(words.ZONES) <= set(lexicon.zones)
    assert set(words.OPENINGS) <= set(lexicon.modalities)
    for modality, openings in words.OPENINGS.items():
        assert all(not len(parse_report(opening, modality)) for opening in openings)
    spoken = {noun for pairs in words.NOUNS.values() for pair in pairs for noun in pair}
    assert not spoken & {"glioma", "meningioma", "melanoma", "adenoma", "fibroadenoma"}


@pytest.mark.parametrize("modality", SHOWN)
def test_every_target_that_is_shown_has_a_word(modality: str) -> None:
    assert all(nouns_of(target, modality, LEXICON) for target in SHOWN[modality])


def test_most_of_the_vocabulary_can_be_said_at_home() -> None:
    lexicon, mute = LEXICON, []
    homes = {region: name for name, entry in lexicon.modalities.items() for region in entry.regions}
    for target in lexicon.targets.values():
        if target.name != "any_abnormality" and not nouns_of(
            target.name, homes.get(target.region, "chest_ct"), lexicon
        ):
            mute.append(target.name)
    assert len(mute) <= 0.03 * len(lexicon.targets), mute
