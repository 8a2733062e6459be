"""Reports of phantom studies, in varied wording."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from medsegr.data.phantoms.study import Lesion

T = TypeVar("T")

ABSENT_TARGETS = {
    "xray": ("pleural_effusion", "pneumothorax", "consolidation", "cardiomegaly"),
    "ct": ("ascites", "hydronephrosis", "gallstone", "lymphadenopathy"),
    "ultrasound": ("calcification", "skin_thickening", "lymphadenopathy"),
}
"""Findings that reports of each look may deny."""

WORDS = {
    "nodule": ("nodule", "pulmonary nodule"),
    "liver_lesion": ("liver lesion", "hepatic lesion", "focal liver lesion"),
    "breast_lesion": ("lesion", "breast lesion"),
    "gallstone": ("gallstones", "gallstone"),
    "lymphadenopathy": ("lymphadenopathy", "enlarged lymph nodes"),
    "calcification": ("calcifications", "calcification"),
    "cavitary": ("cavitating", "cavitary", "cavitated"),
    "ground_glass": ("ground-glass", "ground glass"),
    "hypodense": ("hypodense", "hypoattenuating", "low-attenuation"),
    "hyperdense": ("hyperdense", "hyperattenuating", "high-attenuation"),
    "ring_enhancing": ("ring-enhancing", "rim-enhancing"),
    "hyperechoic": ("hyperechoic", "echogenic"),
    "heterogeneous": ("heterogeneous", "inhomogeneous"),
    "round": ("round", "rounded"),
    "oval": ("oval", "ovoid", "elliptical"),
    "linear": ("linear", "band-like"),
    "mid_zone": ("mid zone", "middle zone"),
    "top_left": ("upper left", "top left"),
    "top_right": ("upper right", "top right"),
    "bottom_left": ("lower left", "bottom left"),
    "bottom_right": ("lower right", "bottom right"),
}
"""Canonical name -> how reports call it; others are called by their names."""

PRESENT = (
    "There is {a} {adjectives}{noun} {place}.",
    "{A} {adjectives}{noun} is seen {place}.",
    "{A} {adjectives}{noun} {place}.",
    "{A} {adjectives}{noun} is noted {place}.",
    "Note is made of {a} {adjectives}{noun} {place}.",
    "{Place} there is {a} {adjectives}{noun}.",
    "{A} {adjectives}{noun} is demonstrated {place}.",
    "{A} {adjectives}{noun} is identified {place}.",
    "We see {a} {adjectives}{noun} {place}.",
)

UNCERTAIN = (
    "Possible {adjectives}{noun} {place}.",
    "There is a possible {adjectives}{noun} {place}.",
    "A {adjectives}{noun} {place} cannot be excluded.",
    "Findings suspicious for {a} {adjectives}{noun} {place}.",
    "Probable {adjectives}{noun} {place}.",
    "Questionable {adjectives}{noun} {place}.",
    "There may be {a} {adjectives}{noun} {place}.",
    "Suspected {adjectives}{noun} {place}.",
)

ABSENT = (
    "No {nouns}.",
    "No evidence of {nouns}.",
    "There is no {nouns}.",
    "No {nouns} is seen.",
    "Without {nouns}.",
    "No sign of {nouns}.",
    "{Nouns}: none.",
    "Negative for {nouns}.",
)

OPENINGS = {
    "xray": ("Chest radiograph, PA view.", "CXR.", "Chest X-ray, erect."),
    "ct": ("CT of the abdomen, portal venous phase.", "Abdominal CT.", "Axial CT of the abdomen."),
    "ultrasound": ("Breast ultrasound.", "Targeted ultrasound of the breast.", "Sonography of the breast."),
}


def write_report(rng: np.random.Generator, look: str, lesions: list["Lesion"]) -> str:
    """A report that states these findings, present, uncertain and absent ones, and nothing else."""
    shown = [lesion for lesion in lesions if lesion.presence != "absent"]
    denied = [lesion for lesion in lesions if lesion.presence == "absent"]
    sentences = [_statement(rng, look, shown[i]) for i in rng.permutation(len(shown))]
    if denied:
        negative = _denial(rng, denied)
        sentences = [negative, *sentences] if rng.random() < 0.3 else [*sentences, negative]
    opening = pick(rng, OPENINGS[look])
    if rng.random() < 0.25:
        return f"{opening}\nFINDINGS:\n" + "\n".join(sentences)
    return " ".join([opening, *sentences] if rng.random() < 0.5 else sentences)


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of several, all alike likely."""
    return options[int(rng.integers(len(options)))]


def _word(rng: np.random.Generator, name: str) -> str:
    return pick(rng, WORDS.get(name, (name.replace("_", " "),)))


def _statement(rng: np.random.Generator, look: str, lesion: "Lesion") -> str:
    words = [_word(rng, name) for name in (lesion.form, lesion.texture) if name]
    if rng.random() < 0.5:
        words.reverse()
    words = [*([_word(rng, lesion.size)] if lesion.size else []), *words]
    adjectives = (", " if rng.random() < 0.3 else " ").join(words) + (" " if words else "")
    noun = _word(rng, lesion.target)
    place = _place(rng, look, lesion)
    templates: tuple[str, ...] = UNCERTAIN if lesion.presence == "uncertain" else PRESENT
    if not place:
        templates = tuple(t for t in templates if "{Place}" not in t)
    template = pick(rng, templates)
    article = "an" if (adjectives + noun)[0] in "aeiou" else "a"
    text = template.format(
        a=article,
        A=article.capitalize(),
        adjectives=adjectives,
        noun=noun,
        place=place,
        Place=place.capitalize(),
    )
    return text.replace(" .", ".").replace("  ", " ")


def _place(rng: np.random.Generator, look: str, lesion: "Lesion") -> str:
    side, zone = lesion.laterality, lesion.zones[0] if lesion.zones else None
    if look == "xray" and zone:
        return pick(rng, ("in the {} {}", "projected over the {} {}", "at the {} {}")).format(side, _word(rng, zone))
    if look == "xray":
        return pick(rng, (f"in the {side} lung", f"on the {side}", f"on the {side} side"))
    if not zone and (look == "ultrasound" or lesion.target == "liver_lesion"):
        return ""
    if look == "ultrasound":
        word = _word(rng, str(zone))
        return pick(rng, ("in the {} of the image", "at the {} of the picture")).format(word)
    if lesion.target == "liver_lesion":
        return pick(rng, (f"located {zone}ly", f"in the {zone} liver", f"in the {zone} part of the liver"))
    if zone:
        return pick(rng, (f"in the {side} {zone} abdomen", f"in the {zone} abdomen on the {side}"))
    return pick(rng, (f"in the {side} abdomen", f"on the {side}", f"on the {side} side"))


def _denial(rng: np.random.Generator, denied: list["Lesion"]) -> str:
    nouns = [_word(rng, lesion.target) for lesion in denied]
    if len(nouns) == 2 and rng.random() < 0.5:
        return " ".join(pick(rng, ABSENT).format(nouns=n, Nouns=n.capitalize()) for n in nouns)
    joined = " or ".join(nouns)
    templates = tuple(t for t in ABSENT if "none" not in t or len(nouns) == 1)
    return pick(rng, templates).format(nouns=joined, Nouns=joined.capitalize())
