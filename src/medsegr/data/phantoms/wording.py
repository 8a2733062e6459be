"""Reports of phantom studies, in varied wording; the words are those of ``words.yaml``."""

from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import yaml

if TYPE_CHECKING:
    from medsegr.data.phantoms.study import Lesion

T = TypeVar("T")

_READ = yaml.safe_load(files("medsegr.data.phantoms").joinpath("words.yaml").read_text(encoding="utf-8"))
ABSENT_TARGETS, WORDS, OPENINGS = (
    {name: tuple(listed) for name, listed in _READ[part].items()} for part in ("absent_targets", "words", "openings")
)
PRESENT, UNCERTAIN, ABSENT = (tuple(_READ[part]) for part in ("present", "uncertain", "absent"))


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
