"""Structured priors: what a report says of an image, finding by finding.

Everything here is frozen, torch-free data. Names of targets, zones, textures
and shapes are canonical (see the lexicon); offsets point into the report.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from medsegr.view import View

Span = tuple[int, int]
"""Character offsets [start, end) into the report."""

Presence = Literal["present", "absent", "uncertain"]
Laterality = Literal["left", "right", "bilateral", "midline"]
Count = int | Literal["multiple"]

ASPECTS = ("target", "location", "texture", "shape")
"""The aspects of a finding; each becomes one token."""

_OPPOSITE: dict[str, Any] = {"left": "right", "right": "left"}


def mirror_zone(zone: str) -> str:
    """The zone after a left-right flip of the picture (``top_left`` -> ``top_right``)."""
    return "_".join(_OPPOSITE.get(part, part) for part in zone.split("_")) if _is_image_zone(zone) else zone


def _is_image_zone(zone: str) -> bool:
    return zone in ("left", "right", "top_left", "top_right", "bottom_left", "bottom_right")


@dataclass(frozen=True)
class Location:
    """Where a finding lies.

    Attributes:
        laterality: Side, or None when not stated.
        zones: Canonical zones, for example ``("upper_lobe",)``.
    """

    laterality: Laterality | None = None
    zones: tuple[str, ...] = ()

    @property
    def stated(self) -> bool:
        """True when the report says anything about the place."""
        return self.laterality is not None or bool(self.zones)

    def mirrored(self) -> "Location":
        """The location that is true after the image is flipped left to right."""
        side = _OPPOSITE.get(self.laterality or "", self.laterality)
        return replace(self, laterality=side, zones=tuple(mirror_zone(zone) for zone in self.zones))


@dataclass(frozen=True)
class Texture:
    """What a finding looks like inside: density, echo, signal, pattern, colour."""

    attributes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shape:
    """Form, margin, extent and size of a finding.

    Attributes:
        attributes: Canonical shape words, size classes included.
        size_mm: Measurements in the order of the report.
        count: A number, ``"multiple"``, or None when not stated.
    """

    attributes: tuple[str, ...] = ()
    size_mm: tuple[float, ...] = ()
    count: Count | None = None


@dataclass(frozen=True)
class Evidence:
    """The words that say so, as offsets, per field. ``presence`` holds triggers of negation and hedging."""

    target: tuple[Span, ...] = ()
    presence: tuple[Span, ...] = ()
    location: tuple[Span, ...] = ()
    texture: tuple[Span, ...] = ()
    shape: tuple[Span, ...] = ()

    def spans(self) -> list[Span]:
        """All spans but the triggers: the target's first, then the others in order, none twice."""
        rest = sorted({*self.location, *self.texture, *self.shape})
        return list(dict.fromkeys([*self.target, *rest]))


@dataclass(frozen=True)
class Finding:
    """One finding of a report, or a structure that was asked for by name."""

    target: str
    presence: Presence = "present"
    location: Location = field(default_factory=Location)
    texture: Texture = field(default_factory=Texture)
    shape: Shape = field(default_factory=Shape)
    evidence: Evidence = field(default_factory=Evidence)

    def named_only(self) -> "Finding":
        """The same target with nothing stated about place, texture and shape ("without a report")."""
        return Finding(self.target, self.presence)

    def without(self, *aspects: str) -> "Finding":
        """The same with some of ``location``, ``texture`` and ``shape`` not stated."""
        return replace(self, **{aspect: type(getattr(self, aspect))() for aspect in aspects})

    def mirrored(self, view: View | None = None) -> "Finding":
        """The finding that is true after the image is flipped left to right.

        Targets that carry a side in their name (``left_lung``) change it too.

        Args:
            view: Of the image; where it shows no side of the patient, a flip changes none. By default it shows some.
        """
        if view is not None and view.sides == "none":
            return replace(self, location=replace(self.location.mirrored(), laterality=self.location.laterality))
        first, _, rest = self.target.partition("_")
        # A heart chamber stays what it is in a mirrored picture; a lung does not.
        target = f"{_OPPOSITE[first]}_{rest}" if first in _OPPOSITE and rest == "lung" else self.target
        return replace(self, target=target, location=self.location.mirrored())

    def to_dict(self) -> dict[str, Any]:
        """Flat, JSON-ready; the field names of ``medsegr parse --jsonl``."""
        return {
            "target": self.target,
            "presence": self.presence,
            "laterality": self.location.laterality,
            "zones": list(self.location.zones),
            "texture": list(self.texture.attributes),
            "shape": list(self.shape.attributes),
            "size_mm": list(self.shape.size_mm),
            "count": self.shape.count,
            "evidence": [list(span) for span in self.evidence.spans()],
            "trigger": [list(span) for span in self.evidence.presence],
        }


@dataclass(frozen=True)
class ReportPriors:
    """All findings of one report, in the order of the report.

    Attributes:
        findings: What was understood.
        text: The report.
        modality: As given, or as the report says.
        warnings: In plain words.
        not_read: Stretches of the report that look like findings and were not understood.
    """

    findings: tuple[Finding, ...] = ()
    text: str = ""
    modality: str | None = None
    warnings: tuple[str, ...] = ()
    not_read: tuple[Span, ...] = ()

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, without the report's text."""
        return {
            "modality": self.modality,
            "findings": [finding.to_dict() for finding in self.findings],
            "not_read": [list(span) for span in self.not_read],
        }
