"""Reports for a comparison of two parsers: phantoms, descriptions and templates, the same every time."""

import random
from collections.abc import Iterator

import numpy as np

from benchmarks.drawn_reports import report
from benchmarks.source_trees import Text
from medsegr.cognition.lexicon import Lexicon, load_lexicon, regions_of
from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.data.phantoms.study import generate_study
from medsegr.describe.wording import Speaker

SEED = 25
PICTURE = 64
"""Pixels of a phantom, of which the report alone is of use here."""

DESCRIBED_IN = (
    "chest_xray", "chest_ct", "abdomen_ct", "abdomen_ultrasound", "brain_mri", "breast_ultrasound", "knee_mri",
    "fundus", "colonoscopy", "cardiac_mri",
)  # fmt: skip
_TEXTURES = ("calcified", "heterogeneous", "cystic", "solid", "hypodense", "hyperintense", "faint")
_SHAPES = ("round", "oval", "irregular", "lobulated", "small", "large", "spiculated", "linear", "patchy")

_FIELDS = {
    "chest_xray": ("Pneumothorax", "Pleural effusion", "Consolidation", "Cardiomegaly", "Rib fracture", "Atelectasis"),
    "abdomen_ct": ("Liver lesion", "Gallstones", "Hydronephrosis", "Ascites", "Free gas", "Splenomegaly"),
    "knee_mri": ("Meniscal tear", "Ligament tear", "Joint effusion", "Baker's cyst", "Cartilage defect"),
    "brain_ct": ("Haemorrhage", "Infarct", "Midline shift", "Hydrocephalus", "Atrophy", "Skull fracture"),
    "mammography": ("Mass", "Calcifications", "Architectural distortion", "Skin thickening", "Axillary adenopathy"),
}
_ANSWERS = (
    "none",
    "no",
    "yes",
    "present",
    "absent",
    "not seen",
    "small",
    "left",
    "possible",
    "large, right",
    "no change",
)


def texts(count: int) -> list[tuple[str, Text]]:
    """``count`` reports with the name of their kind; three tenths phantoms, four descriptions, three templates."""
    phantoms, described = count * 3 // 10, count * 4 // 10
    lexicon = load_lexicon()
    found = [("phantom", text) for text in _phantoms(phantoms)]
    found += [("description", text) for text in _descriptions(described, lexicon)]
    return found + [("template", text) for text in _templates(count - phantoms - described)]


def _phantoms(count: int) -> Iterator[Text]:
    for index in range(count):
        study = generate_study(SEED, index, size=PICTURE)
        yield study.modality, study.report


def _descriptions(count: int, lexicon: Lexicon) -> Iterator[Text]:
    """One to three findings and a denial, in the words that reports of data sets are written with."""
    rng = np.random.default_rng(SEED)
    for index in range(count):
        modality = DESCRIBED_IN[index % len(DESCRIBED_IN)]
        speaker = Speaker(lexicon, rng)
        targets = _targets(modality, lexicon)
        picked = [targets[i] for i in rng.permutation(len(targets))[:5]]
        shown = [_finding(name, modality, lexicon, rng) for name in picked[: int(rng.integers(1, 4))]]
        parts = [speaker.describe(finding, _nouns(finding.target, lexicon)) for finding in shown]
        parts.append(speaker.deny([_nouns(name, lexicon)[0][0] for name in picked[3:]]))
        yield modality, ("\n" if rng.random() < 0.2 else " ").join(parts)


def _targets(modality: str, lexicon: Lexicon) -> list[str]:
    regions = {*regions_of(modality, lexicon)} - {"any"}
    return sorted(name for name, t in lexicon.targets.items() if t.group == "finding" and t.region in regions)


def _nouns(target: str, lexicon: Lexicon) -> list[tuple[str, str]]:
    """The first words for a target, with a plural."""
    known = lexicon.targets[target]
    return [(word, f"{word}s") for word in (known.words + known.here)[:3]]


def _finding(target: str, modality: str, lexicon: Lexicon, rng: np.random.Generator) -> Finding:
    zones = sorted(name for name, zone in lexicon.zones.items() if zone.region in regions_of(modality, lexicon))

    def some(options: tuple[str, ...] | list[str], chance: float) -> tuple[str, ...]:
        return (str(options[int(rng.integers(len(options)))]),) if options and rng.random() < chance else ()

    side = some(["left", "right", "bilateral"], 0.6)
    sizes = (float(rng.integers(3, 60)),) if rng.random() < 0.4 else ()
    return Finding(
        target,
        location=Location(side[0] if side else None, some(zones, 0.5)),  # type: ignore[arg-type]
        texture=Texture(some(_TEXTURES, 0.4)),
        shape=Shape(some(_SHAPES, 0.5), sizes),
    )


def _templates(count: int) -> Iterator[Text]:
    """Chest reports of drawn sentences, and forms with fields and answers, in turns."""
    draw = random.Random(SEED)
    for index in range(count):
        if index % 2:
            yield "chest_xray", report(draw)
            continue
        modality = draw.choice(list(_FIELDS))
        lines = [f"{field}: {draw.choice(_ANSWERS)}" for field in draw.sample(_FIELDS[modality], 4)]
        yield modality, draw.choice(("\n", ". ", "; ")).join(lines) + "."
