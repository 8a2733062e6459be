"""Sentences of one meaning in many forms, with right answers: two places, one with a finding and one without.

Sides and zones take turns, and so do the order of the two, what links them, and how the
one without is told (none, not, resolved, except, answers of a template, neither), or the sizes of both. Built
without chance: the same sentences every time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.cognition.reading_cases.cases import Case, Expected


@dataclass(frozen=True)
class Place:
    """Where a finding may lie: as a label, as a phrase, and as canonical side and zone."""

    label: str
    phrase: str
    side: str | None = None
    zone: str | None = None


@dataclass(frozen=True)
class Scene:
    """A finding and two places where pictures of the modality may show it."""

    modality: str
    noun: str
    target: str
    one: Place
    other: Place

    @property
    def by(self) -> str:
        """What tells the places apart: ``side``, ``zone``, or both."""
        return "side" if self.one.zone is None else "zone" if self.one.side == self.other.side else "side and zone"

    def turned(self) -> "Scene":
        """The same with the places exchanged."""
        return Scene(self.modality, self.noun, self.target, self.other, self.one)


def _sides(modality: str, noun: str, target: str, organ: str = "") -> Scene:
    def place(side: str) -> Place:
        return Place(f"{side} {organ}".strip(), f"in the {side} {organ}" if organ else f"on the {side}", side)

    return Scene(modality, noun, target, place("left"), place("right"))


def _zones(modality: str, noun: str, target: str, *names: tuple[str, str, str | None]) -> Scene:
    one, other = (Place(label, f"in {label}".replace("in ", "in the ", 1), side, zone) for label, zone, side in names)
    return Scene(modality, noun, target, one, other)


SCENES = (
    _sides("chest_xray", "effusion", "pleural_effusion"),
    _sides("chest_xray", "pneumothorax", "pneumothorax"),
    _sides("chest_ct", "consolidation", "consolidation", "lung"),
    _sides("abdomen_ultrasound", "hydronephrosis", "hydronephrosis"),
    _sides("abdomen_ct", "cyst", "kidney_cyst", "kidney"),
    _sides("mammography", "mass", "breast_lesion", "breast"),
    _sides("fundus", "haemorrhage", "retinal_haemorrhage", "eye"),
    _sides("brain_ct", "infarct", "infarct"),
    _zones("colonoscopy", "polyp", "polyp", ("caecum", "caecum", None), ("sigmoid", "sigmoid_colon", None)),
    _zones("colonoscopy", "ulcer", "ulcer", ("rectum", "rectum", None), ("terminal ileum", "terminal_ileum", None)),
    _zones("chest_ct", "nodule", "nodule", ("left upper lobe", "upper_lobe", "left"),
           ("right lower lobe", "lower_lobe", "right")),
    _zones("chest_ct", "cavity", "cavity", ("right upper lobe", "upper_lobe", "right"),
           ("right lower lobe", "lower_lobe", "right")),
    _zones("chest_xray", "opacity", "airspace_opacity", ("upper zone", "upper_zone", None),
           ("lower zone", "lower_zone", None)),
    _zones("brain_mri", "infarct", "infarct", ("thalamus", "thalamus", None), ("cerebellum", "cerebellum", None)),
    _zones("endoscopy", "erosion", "erosion", ("antrum", "gastric_antrum", None), ("duodenum", "duodenum", None)),
    _zones("knee_mri", "tear", "meniscal_tear", ("medial meniscus", "medial_meniscus", None),
           ("lateral meniscus", "lateral_meniscus", None)),
    Scene("abdomen_ct", "lesion", "liver_lesion", Place("segment 4", "in segment 4", None, "segment_4"),
          Place("segment 7", "in segment 7", None, "segment_7")),
)  # fmt: skip

LINKS = {
    "comma": ", ",
    "semicolon": "; ",
    "full stop": ". ",
    "and": " and ",
    "but": " but ",
    ", but": ", but ",
    "while": ", while ",
}
"""What stands between the two halves of a sentence."""

_EXCEPT = ("except", "except for one", "other than", "apart from", "besides", "save", "but for one")

FORMS: dict[str, tuple[tuple[str, str], ...]] = {
    "none": (
        ("{F} {A}{link}none {B}.", "A+ B-"),
        ("No {f} {B}{link}small {A}.", "B- A+small"),
        ("No {f} {B}{link}one {A}.", "B- A+"),
        ("{A} {af}{link}{B} none.", "A+ B-"),
        ("{B} no {f}{link}{A} {af}.", "B- A+"),
        ("I see no {f} {B}{link}{af} {A}.", "B- A+"),
    ),
    "not": (
        ("{F} {A}{link}not {B}.", "A+ B-"),
        ("{F} {A}{link}not seen {B}.", "A+ B-"),
        ("{F} is present {A}{link}absent {B}.", "A+ B-"),
        ("{F} is absent {B}{link}present {A}.", "B- A+"),
        ("{F} is seen {A}{link}is not seen {B}.", "A+ B-"),
    ),
    "resolved": (
        ("The {f} {A} remains{link}the {f} {B} has resolved.", "A+ B-"),
        ("The {f} {B} has resolved{link}the {f} {A} remains.", "B- A+"),
        ("The {f} {B} is gone{link}the {f} {A} is unchanged.", "B- A+"),
        ("The {f} {A} is unchanged{link}that {B} has resolved.", "A+ B-"),
        ("{F} {A}{link}no longer {B}.", "A+ B-"),
    ),
    "except": tuple((f"No {{f}} {word} {{A}}.", "- A+") for word in _EXCEPT),
    "answers": (
        ("{F}: {a} small{link}{b} none.", "A+small B-"),
        ("{F}: {b} none{link}{a} small.", "B- A+small"),
        ("{F}: {a}: yes{link}{b}: no.", "A+ B-"),
        ("{F}: {b} - none; {a} - small.", "B- A+small"),
        ("{F} ({b}: no, {a}: yes).", "B- A+"),
        ("{F}\n{a}: small\n{b}: none", "A+small B-"),
        ("{F}\n{b}\tno\n{a}\tyes", "B- A+"),
    ),
    "neither": (
        ("No {f} {A} or {B}.", "AB-"),
        ("{F} is seen neither {A} nor {B}.", "AB-"),
        ("Neither {A} nor {B} is there {af}.", "AB-"),
    ),
    "graded": (
        ("Small {f} {A}{link}large {B}.", "A+small B+large"),
        ("{F}: {a} small{link}{b} large.", "A+small B+large"),
        ("{F} {A}, small{link}{B}, large.", "A+small B+large"),
    ),
}
"""Form -> templates and what they say: places A and B, present (+) or absent (-), with a size."""

_LINKS_OF = {"answers": ("comma", "semicolon"), "graded": ("comma", "semicolon", "and", "full stop")}

_DEBATABLE = {"graded": ("zone", "side and zone"), "neither": ("side and zone",)}
"""Where readers may differ on one finding or two."""


def sister_forms() -> list[Case]:
    """All sentences (some 1,700); a case's kind is its form, its id names scene, order, template and link."""
    return [case for scene in SCENES for turned in (scene, scene.turned()) for case in _of_scene(turned)]


def by_place(case: Case) -> str:
    """What tells the places of a sentence apart: ``side``, ``zone`` or both."""
    return SCENES[int(case.id.split("/")[0])].by


def _of_scene(scene: Scene) -> Iterator[Case]:
    number = next(i for i, known in enumerate(SCENES) if scene in (known, known.turned()))
    order = "kept" if scene in SCENES else "turned"
    for form, templates in FORMS.items():
        if scene.by in _DEBATABLE.get(form, ()):
            continue
        for index, (template, told) in enumerate(templates):
            links = _LINKS_OF.get(form, tuple(LINKS)) if "{link}" in template else ("",)
            # A third of the links for each, in turn: all of them come with every template and scene.
            for link in links[(number + index + (order == "turned")) % 3 :: 3] or links[-1:]:
                yield Case(
                    id=f"{number}/{order}/{form} {index}/{link}",
                    kind=form,
                    text=_sentence(template, scene, LINKS.get(link, "")),
                    modality=scene.modality,
                    findings=tuple(_expected(word, scene) for word in told.split()),
                )


def _sentence(template: str, scene: Scene, link: str) -> str:
    article = "an" if scene.noun[0] in "aeiou" else "a"
    text = template.format(
        f=scene.noun,
        F=scene.noun.capitalize(),
        af=f"{article} {scene.noun}",
        A=scene.one.phrase,
        B=scene.other.phrase,
        a=scene.one.label,
        b=scene.other.label,
        link=link,
    )
    return ". ".join(part[:1].upper() + part[1:] for part in text.split(". "))


def _expected(word: str, scene: Scene) -> Expected:
    places, _, size = word.replace("-", "+").partition("+")
    presence = "absent" if "-" in word else "present"
    meant = [place for place in (scene.one if "A" in places else None, scene.other if "B" in places else None) if place]
    sides = {place.side for place in meant if place.side}
    fields: dict[str, Any] = {
        "side": "bilateral" if len(sides) > 1 else next(iter(sides), None),
        "zones": [place.zone for place in meant if place.zone],
    }
    if presence == "present":
        fields["shape"] = [size] if size else []
    return Expected(scene.target, presence, fields)
