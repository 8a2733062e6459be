"""One phantom study: a scene, lesions that compete with each other, and what is said of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from medsegr.data.phantoms.forms import FORMS, distinct_forms, draw_form
from medsegr.data.phantoms.scenes import CONTRAST, LOOKS, TEXTURES, Scene
from medsegr.data.phantoms.wording import ABSENT_TARGETS, pick, write_report

SUITES = ("place", "texture", "form", "mixed", "overlap", "small", "low_contrast", "plain")
"""What makes a case hard. In the first three, distractors differ in that aspect alone. They take turns."""

ALL_SUITES = (*SUITES, "size")
"""Also those that are only drawn when asked for: in ``size``, distractors are clearly larger, or clearly smaller."""

LARGE = (0.01, 0.03)
"""Share of the frame that a large object of the suite ``size`` covers."""

USUAL = (0.006, 0.02)
"""The same of other objects, unless they are small."""

TIMES_AS_LARGE = (3.0, 10.0)
"""Its area by that of a small one."""

COMPETING = ("place", "texture", "form", "mixed", "overlap", "small", "low_contrast", "size")
"""Suites in which several objects of one target compete, so that its name alone cannot tell which is meant."""

MODALITIES = {"xray": "chest_xray", "ct": "abdomen_ct", "ultrasound": "breast_ultrasound"}


@dataclass(frozen=True)
class Lesion:
    """An object, or a description of one that is not there.

    Attributes:
        target, laterality, zones, texture, form: Canonical names; texture and form None = not stated.
        size: ``small`` or ``large`` beside the others, or None = not stated.
        presence: ``present``, ``uncertain`` or ``absent``, as the report says.
        role: ``described``, ``distractor`` or ``false``.
        mask: (size, size) bool, or None.
        area: Share of the frame.
    """

    target: str
    laterality: str | None = None
    zones: tuple[str, ...] = ()
    texture: str | None = None
    form: str | None = None
    size: str | None = None
    presence: str = "present"
    role: str = "described"
    mask: np.ndarray | None = field(default=None, repr=False, compare=False)
    area: float = 0.0

    def fits(self, other: "Lesion") -> bool:
        """True when all that this one states is true of ``other``."""
        return (
            self.target == other.target
            and self.laterality in (None, other.laterality)
            and set(self.zones) <= set(other.zones)
            and self.texture in (None, other.texture)
            and self.form in (None, other.form)
            and self.size in (None, other.size)
        )

    def resembles(self, other: "Lesion") -> bool:
        """True when a reader could take one for the other: all that both state agrees, forms nearly."""
        mine, others = ((it.laterality, set(it.zones) or None, it.texture, it.size) for it in (self, other))
        agrees = all(a == b or None in (a, b) for a, b in zip(mine, others, strict=True))
        alike = None in (self.form, other.form) or str(other.form) not in distinct_forms(str(self.form))
        return self.target == other.target and agrees and alike


@dataclass(frozen=True)
class PhantomStudy:
    """What :func:`generate_study` gives.

    Attributes:
        look, suite: See :data:`SUITES`.
        image: (size, size) uint8.
        organs: Name -> bool mask; may overlap lesions and each other.
        lesions: Described ones, distractors, absent ones and false descriptions.
    """

    look: str
    suite: str
    image: np.ndarray
    organs: dict[str, np.ndarray]
    lesions: tuple[Lesion, ...]
    report: str

    @property
    def modality(self) -> str:
        """Canonical modality of the look."""
        return MODALITIES[self.look]

    def role(self, role: str) -> list[Lesion]:
        """The lesions of one role."""
        return [lesion for lesion in self.lesions if lesion.role == role]


def generate_study(
    seed: int, index: int, look: str | None = None, suite: str | None = None, size: int = 256
) -> PhantomStudy:
    """Study number ``index`` of a series; the same arguments give the same study.

    Looks, ``xray``, ``ct`` and ``ultrasound``, and suites, of :data:`ALL_SUITES`, take turns with it where they
    are not given. The picture's side is ``size`` pixels, at least 64.
    """
    rng = np.random.default_rng([seed, index])
    look = look or tuple(LOOKS)[index % len(LOOKS)]
    suite = suite or SUITES[index // len(LOOKS) % len(SUITES)]
    while True:  # a crowded place can leave no room; then another patient is drawn
        scene = LOOKS[look](rng, size)
        objects = _place_objects(rng, scene, suite, size)
        if objects is not None:
            break
    contrast = CONTRAST[look] * (0.6 if suite == "low_contrast" else 1.0)
    drawn = [(alpha, str(o.texture), contrast * rng.uniform(0.9, 1.15)) for o, alpha in objects]
    image = (scene.render(drawn) * 255).round().astype(np.uint8)
    shown = [lesion for lesion, _ in objects]
    lesions = [*_state(rng, shown), *_absent(rng, look, shown), *_false(rng, look, scene, shown)]
    report = write_report(rng, look, [lesion for lesion in lesions if lesion.role == "described"])
    return PhantomStudy(look, suite, image, scene.organs, tuple(lesions), report)


def _area(rng: np.random.Generator, suite: str) -> float:
    """Share of the frame that the lesions of a study cover, each; in the suite ``size``, the large ones."""
    if suite == "small":
        return rng.uniform(0.002, 0.005)
    return float(np.exp(rng.uniform(*np.log(LARGE if suite == "size" else USUAL))))


def _plan(rng: np.random.Generator, scene: Scene, suite: str) -> list[Lesion]:
    """Attributes of a study's objects: described ones first, then their distractors."""
    targets = list(scene.places)
    target = pick(rng, targets)
    textures, places, coarse = TEXTURES[scene.look], list(scene.places[target]), list(scene.coarse[target])
    place = pick(rng, coarse if suite in ("texture", "form", "size") else places)
    first = Lesion(target, place[0], place[1], pick(rng, textures), pick(rng, FORMS))
    count = 2 if rng.random() < 0.75 else 3
    others: list[Lesion] = []
    if suite == "place":
        spots = [p for p in places if p != place]
        picked = rng.permutation(len(spots))[:count]
        others = [replace(first, laterality=spots[i][0], zones=spots[i][1]) for i in picked]
    elif suite == "texture":
        others = [
            replace(first, texture=str(t)) for t in rng.permutation([t for t in textures if t != first.texture])[:count]
        ]
    elif suite == "form":
        others = [replace(first, form=str(f)) for f in rng.permutation(distinct_forms(first.form or ""))[:2]]
    elif suite == "size":
        first = replace(first, size=pick(rng, ("small", "large")))
        others = [replace(first, size="large" if first.size == "small" else "small")] * (count - 1)
    elif suite != "plain":
        for _ in range(2 if suite != "mixed" else count):
            others.append(_differ(rng, first, scene, others))
    described = [first]
    if suite in ("mixed", "overlap") and others:
        described.append(others.pop(0))
        if suite == "overlap":
            unlike = [texture for texture in textures if texture != first.texture]
            described[1] = replace(first, texture=pick(rng, unlike), form=described[1].form)
            others = [_differ(rng, first, scene, described[1:])]
    return [*described, *(replace(other, role="distractor") for other in others)]


def _differ(rng: np.random.Generator, first: Lesion, scene: Scene, taken: Sequence[Lesion]) -> Lesion:
    """An object of the same target that differs from the described one in one or two aspects."""
    while True:
        places, textures = list(scene.places[first.target]), TEXTURES[scene.look]
        aspects = rng.permutation(["place", "texture", "form"])[: int(rng.integers(1, 3))]
        other = first
        for aspect in aspects:
            if aspect == "place":
                side, zones = pick(rng, places)
                other = replace(other, laterality=side, zones=zones)
            elif aspect == "texture":
                other = replace(other, texture=str(rng.choice(textures)))
            else:
                other = replace(other, form=str(rng.choice(distinct_forms(first.form or ""))))
        if not any(other.resembles(known) for known in (first, *taken)):
            return other


def _place_objects(
    rng: np.random.Generator, scene: Scene, suite: str, size: int
) -> list[tuple[Lesion, np.ndarray]] | None:
    """Draw all objects of a plan where they belong; None when there is no room."""
    plan, area = _plan(rng, scene, suite), _area(rng, suite)
    times = np.exp(rng.uniform(*np.log(TIMES_AS_LARGE))) if suite == "size" else 1.0
    done: list[tuple[Lesion, np.ndarray]] = []
    for number, lesion in enumerate(plan):
        room = {**scene.coarse[lesion.target], **scene.places[lesion.target]}[lesion.laterality, lesion.zones]
        over = suite == "overlap" and number == 1
        own = area / times if lesion.size == "small" else area
        drawn = _draw(rng, lesion, room, own * rng.uniform(0.85, 1.2) * (1.5 if over else 1.0), done, over, size)
        if drawn is None:
            return None
        done.append(drawn)
    return done


def _draw(  # noqa: PLR0917 - one place, one call
    rng, lesion: Lesion, room: np.ndarray, area: float, done, over: bool, size: int
):
    """One object inside ``room``, clear of the others, or (``over``) overlapping the first."""
    spots = np.argwhere(room)
    blocked = np.zeros_like(room)
    for _, alpha in done:
        blocked |= alpha > 0.05
    for _ in range(40):
        center = spots[int(rng.integers(len(spots)))].astype(float) + rng.uniform(0, 1, 2)
        if over:
            rows, columns = np.nonzero(done[0][0].mask)
            reach = np.sqrt(area * size * size / np.pi) * 0.9
            turn = rng.uniform(0, 2 * np.pi)
            center = np.array([rows.mean() + reach * np.sin(turn), columns.mean() + reach * np.cos(turn)])
            if not room[tuple(np.clip(center, 0, size - 1).astype(int))]:
                continue
        alpha = draw_form(rng, size, (center[0], center[1]), area * size * size, str(lesion.form))
        mask = alpha > 0.5
        border = mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
        apart = over or not (blocked & (alpha > 0.01)).any()
        touches = not over or 0.1 < (mask & done[0][0].mask).sum() / min(mask.sum(), done[0][0].mask.sum()) < 0.6
        if mask.any() and not border and apart and touches:
            return replace(lesion, mask=mask, area=float(mask.mean())), alpha
    return None


def _state(rng: np.random.Generator, objects: list[Lesion]) -> Iterator[Lesion]:
    """What the report states of each object: nearly all, as long as it fits no other; some are hedged."""
    for number, lesion in enumerate(objects):
        stated = lesion
        if lesion.role == "described":
            others = [other for place, other in enumerate(objects) if place != number]
            for aspect in ("texture", "form"):
                less = replace(stated, texture=None) if aspect == "texture" else replace(stated, form=None)
                if rng.random() < 0.1 and not any(less.fits(other) for other in others):
                    stated = less
            if rng.random() < 0.15:
                stated = replace(stated, presence="uncertain")
        yield stated


def _absent(rng: np.random.Generator, look: str, objects: list[Lesion]) -> list[Lesion]:
    """Findings that the report denies."""
    names = [name for name in ABSENT_TARGETS[look] if all(name != o.target for o in objects)]
    picked = rng.permutation(names)[: int(rng.integers(0, 3))]
    return [Lesion(str(name), presence="absent") for name in picked]


def _false(rng: np.random.Generator, look: str, scene: Scene, objects: list[Lesion]) -> list[Lesion]:
    """Two or three descriptions that no object fits: two near misses, and one of another target."""
    false: list[Lesion] = []
    for _ in range(60):
        if len(false) == 2:
            break
        other = _differ(rng, replace(pick(rng, objects), role="described"), scene, ())
        if not any(other.resembles(known) for known in [*objects, *false]):
            false.append(replace(other, mask=None, role="false", area=0.0))
    unused = [target for target in scene.places if all(target != o.target for o in objects)]
    if unused:
        target = str(rng.choice(unused))
        side, zones = pick(rng, list(scene.places[target]))
        false.append(Lesion(target, side, zones, str(rng.choice(TEXTURES[look])), str(rng.choice(FORMS)), role="false"))
    return false
