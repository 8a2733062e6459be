"""Entries of a lexicon, one class for each of its sections."""

from dataclasses import dataclass, field

from medsegr.cognition.priors import Laterality
from medsegr.view import Frame, Sides

Code = tuple[str, str, str]
"""A term of a terminology: scheme, value, meaning; for example ``("SCT", "27925004", "Nodule")``."""


@dataclass(frozen=True)
class Usual:
    """What is known of an organ before anybody looks: where it lies and what it looks like, as canonical names."""

    side: Laterality | None = None
    zones: tuple[str, ...] = ()
    texture: tuple[str, ...] = ()
    shape: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """A canonical finding, organ or device.

    Attributes:
        name: Canonical name.
        group: ``finding``, ``anatomy`` or ``device``.
        region: Region of the body that it belongs to, or ``any``.
        words: Words that mean it anywhere.
        here: Words that mean it only in pictures of its region.
        side: Side that the name implies (``left_lung``), or None.
        usual: What a bare ``--target`` may take for granted.
        code: What DICOM calls it; None where ``uncoded`` says why.
        category: What kind of thing DICOM takes it for, where the group does not say it.
        uncoded: Why it has no code.
    """

    name: str
    group: str
    region: str = "any"
    words: tuple[str, ...] = ()
    here: tuple[str, ...] = ()
    side: Laterality | None = None
    usual: Usual = field(default_factory=Usual)
    code: Code | None = None
    category: Code | None = None
    uncoded: str | None = None


@dataclass(frozen=True)
class Zone:
    """A place.

    Attributes:
        name, frame: Canonical name, and whose left and right it is stated in.
        region: Region of the body that it belongs to.
        words: That mean it anywhere; here: only in pictures of its region.
        within: The greater place that it lies in, which need not be told besides.
        code: What DICOM calls it.
    """

    name: str
    frame: Frame
    region: str
    words: tuple[str, ...] = ()
    here: tuple[str, ...] = ()
    within: str | None = None
    code: Code | None = None


@dataclass(frozen=True)
class Attribute:
    """A texture or shape word: its group and its synonyms."""

    name: str
    group: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Modality:
    """A kind of picture: its frame, regions and organs that it shows, words that give it away, its view and sides."""

    name: str
    frame: Frame
    regions: tuple[str, ...]
    words: tuple[str, ...] = ()
    view: str | None = None
    sides: Sides | None = None
    organs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cue:
    """Words that say whether a finding is there: ``EFFECTS``, ``LOOKS`` and ``STOPS`` of ``lexicon_schema``."""

    name: str
    effect: str
    words: tuple[str, ...]
    looks: str = "ahead"
    stops_at: str = "clause"

    def kinds(self) -> tuple[str, ...]:
        """The kinds of the tags of its words."""
        if self.effect not in ("absent", "uncertain"):
            return {"nothing": ("neutral",), "ends": ("breaks",), "leaves_out": ("except",)}[self.effect]
        if self.looks == "between":
            return ("versus",)
        places = {"ahead": ("before",), "back": ("after",), "both": ("before", "after"), "next": ("next",)}[self.looks]
        return tuple(f"{self.effect}_{place}" for place in places)


@dataclass(frozen=True)
class Statement:
    """A sentence that says a finding without its name: a regular expression, targets, and presence."""

    find: str
    targets: tuple[str, ...]
    presence: str
