"""What a picture shows of the patient, and where it lies in a host's square: the one answer that all rooms ask.

A :class:`View` is made once, from what a lexicon says of the modality's pictures, from the image's own
directions, and from what its data set says; a :class:`medsegr.data.medical_image.MedicalImage` carries it. Region
maps, the choice of a truth by side, side letters, flips, derived reports and swaps go by it and by nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np

    from medsegr.square import Square

Frame = Literal["patient", "image"]
"""Whose left and right: the patient's, whose left is on the picture's right, or the picture's own."""

Sides = Literal["both", "one", "none"]
"""``both``: left and right are the halves of the picture. ``one``: a side says which breast, eye or knee is shown,
or lies in no known place. ``none``: nothing in the picture has a side of the patient."""

Plane = Literal["axial", "coronal", "sagittal"]

ZoneBox = Mapping[str, tuple[float, float]]
"""Ranges of a zone in a picture: ``rows``, ``columns``, ``off_midline``, as shares 0..1."""

PLANES: tuple[Plane, ...] = ("sagittal", "coronal", "axial")
"""The plane across each patient axis (0 right, 1 anterior, 2 superior)."""

LAYOUTS: Mapping[str, tuple[Plane, int]] = {"axial": ("axial", 1), "frontal": ("coronal", 2)}
"""Layout of zones -> the plane that it is made for, and the patient axis that points up in it."""

CLEARLY = 0.8
"""Least cosine between an axis of the picture and one of the patient for the one to count as the other."""


@dataclass(frozen=True)
class Stretch:
    """A stretch of the body that volumes show as a whole, and where zones lie along it.

    Attributes:
        name: For example ``chest``.
        length_mm: Least and most length from head to feet of a volume that shows it.
        width_mm: Least and most width from side to side of a volume that shows it.
        along: Zone -> range, shares 0..1 of the length, from the head.
    """

    name: str
    region: str
    length_mm: tuple[float, float]
    width_mm: tuple[float, float]
    along: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, eq=False)
class PictureKind:
    """What a lexicon says of a modality's pictures, before one of them is seen.

    Attributes:
        frame: Whose left and right they show.
        sides: Which sides of the patient they show.
        layout: How the patient lies in them (a key of :data:`LAYOUTS`), or None.
        zones: Zones of the picture itself (``top_left``).
        laid_out: Zones of the patient, as they lie in this layout.
        stretches: Of the body, that its volumes may show.
    """

    modality: str | None = None
    frame: Frame = "patient"
    sides: Sides = "one"
    layout: str | None = None
    zones: Mapping[str, ZoneBox] = field(default_factory=dict)
    laid_out: Mapping[str, ZoneBox] = field(default_factory=dict)
    stretches: tuple[Stretch, ...] = ()


class Kinds(Protocol):
    """Whoever knows kinds of pictures: a lexicon."""

    def kind(self, modality: str | None) -> PictureKind: ...


@dataclass(frozen=True)
class View:
    """What one picture shows, as displayed.

    Attributes:
        kind: What is known of such pictures.
        frame: Whose left and right it shows.
        sides: Which sides of the patient it shows.
        plane: In which it cuts or projects the body; None where that is not known.
        upright: Patient axis (1 anterior, 2 superior) that points up in it; None where none does, or it is not known.
        square: How it lies in a host's square, once it does. Two views of one kind are equal wherever they lie.
        step_mm: From one plane of a volume to the next, along the patient axis across them (to the right, the front
            or the head; negative the other way); None where the directions are not known. Views are equal
            whatever it is.
    """

    kind: PictureKind = field(default_factory=PictureKind)
    frame: Frame = "patient"
    sides: Sides = "one"
    plane: Plane | None = None
    upright: int | None = None
    square: "Square | None" = field(default=None, compare=False)
    step_mm: float | None = field(default=None, compare=False)

    @classmethod
    def of(
        cls, kind: PictureKind, affine: "np.ndarray | None" = None, frame: Frame | None = None, guessed: bool = False
    ) -> "View":
        """The view of an image.

        Args:
            kind: Of its modality.
            affine: (4, 4) displayed (z, y, x) -> patient, RAS+, mm; None where the file states no place: then it is
                taken to lie as its kind does, and so is a film whose directions are those of an axial slice.
            frame: Whose left and right its data set says that it shows; the kind's own by default.
            guessed: The directions are a reader's guess, so that no side may be told by them.
        """
        plane, upright = LAYOUTS.get(kind.layout or "", (None, None))
        sides, step = kind.sides, None
        if affine is not None:
            through, down, across = (column / (column @ column) ** 0.5 for column in affine[:3, :3].T)
            cut = PLANES[int(abs(through).argmax())]
            told = (plane, cut) != ("coronal", "axial")  # no projection is axial: such directions are a converter's
            if told:
                step = None if guessed else float(affine[PLANES.index(cut), 0])
                plane, upright = cut, next((axis for axis in (1, 2) if down[axis] <= -CLEARLY), None)
            if sides == "both" and (guessed or (told and across[0] > -CLEARLY)):
                sides = "none"
        return cls(kind, frame or kind.frame, sides, plane, upright, step_mm=step)

    @property
    def modality(self) -> str | None:
        """Of the picture, or None."""
        return self.kind.modality

    @property
    def placed(self) -> bool:
        """False where the data set's frame is not the modality's, so that words of place may mean either."""
        return self.frame == self.kind.frame

    @property
    def patient_sides(self) -> bool:
        """True where the patient's right is the left half of the picture, and the patient's left the right half."""
        return self.sides == "both" and self.frame == "patient"

    @cached_property
    def zones(self) -> Mapping[str, ZoneBox]:
        """The zones that mean a place in this picture, and where they lie in it."""
        seen = {name: box for name, box in self.kind.laid_out.items() if name not in self.unseen}
        return {**self.kind.zones, **seen}

    @cached_property
    def unseen(self) -> frozenset[str]:
        """Zones that the kind's pictures show, and this one, cutting the body otherwise, does not."""
        _, up = LAYOUTS.get(self.kind.layout or "", (None, self.upright))
        midline = self.plane != "sagittal"
        shown = {name for name, box in self.kind.laid_out.items() if midline or "off_midline" not in box}
        return frozenset(self.kind.laid_out).difference(shown if up == self.upright else ())

    @property
    def side_unseen(self) -> bool:
        """True where the kind's pictures show both sides, and this one, cutting the body otherwise, tells none."""
        return self.kind.sides == "both" and self.sides == "none"

    def half(self, side: str | None) -> tuple[float, float] | None:
        """Where a side lies, as a range of the picture's columns (shares 0..1); None where it is no place in it."""
        if self.sides != "both" or side not in ("left", "right"):
            return None
        return (0.5, 1.0) if (side == "left") == (self.frame == "patient") else (0.0, 0.5)

    def in_square(self, square: "Square") -> "View":
        """The same picture, in a host's square."""
        return replace(self, square=square)
