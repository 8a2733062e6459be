"""What findings, places and answers are called in DICOM.

Codes of targets and zones stand in the lexicon. What has none there gets one of our own, private scheme, so that
nothing is called by a code that means something else.
"""

import hashlib
from collections.abc import Mapping, Sequence

from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.lexicon_entries import Code
from medsegr.cognition.priors import Finding, Location

PRIVATE = "99MEDSEGR"
"""Our own scheme; DICOM keeps names from 99 on for such (PS3.16, 8)."""

LONGEST_VALUE = 16
"""Characters of a code's value that every reader takes (VR SH)."""

CATEGORIES: Mapping[str, Code] = {
    "finding": ("SCT", "49755003", "Morphologically Abnormal Structure"),
    "anatomy": ("SCT", "91723000", "Anatomical Structure"),
    "device": ("SCT", "260787004", "Physical object"),
}
"""Group of a target -> category of its segment (CID 7150)."""

REGIONS: Mapping[str, Code] = {
    "chest": ("SCT", "816094009", "Chest"),
    "breast": ("SCT", "76752008", "Breast"),
    "heart": ("SCT", "80891009", "Heart"),
    "brain": ("SCT", "12738006", "Brain"),
    "abdomen": ("SCT", "818981001", "Abdomen"),
    "knee": ("SCT", "72696002", "Knee"),
    "eye": ("SCT", "81745001", "Eye"),
    "skin": ("SCT", "39937001", "Skin"),
}
"""Regions of the lexicon that DICOM's lists know by one code."""

SIDES: Mapping[str, Code] = {
    "left": ("SCT", "7771000", "Left"),
    "right": ("SCT", "24028007", "Right"),
    "bilateral": ("SCT", "51440002", "Bilateral"),
    "midline": ("DCM", "130290", "Median"),
}

PRESENCE: Mapping[str, Code] = {
    "present": ("SCT", "52101004", "Present"),
    "uncertain": ("SCT", "415684004", "Suspected"),
    "absent": ("SCT", "272519000", "Absent"),
}
PRESENCE_NAME: Code = ("DCM", "121052", "Presence of property")

OUTCOMES: Mapping[str, Code] = {
    "outlined": (PRIVATE, "outlined", "Outlined"),
    "absent": (PRIVATE, "absent", "Absent by the report"),
    "unsupported": (PRIVATE, "unsupported", "Not shown by the image"),
    "untrained": (PRIVATE, "untrained", "The model was not trained for it"),
    "empty": (PRIVATE, "empty", "No pixel passed the threshold"),
}
OUTCOME_NAME: Code = (PRIVATE, "outcome", "Outcome of the segmentation")
SUPPORT_NAME: Code = (PRIVATE, "support", "Support of the finding by the image")
SOMEWHERE: Code = ("SCT", "123037004", "Body structure")
"""Where a side is stated, and nobody knows of what."""


def target_code(target: str, lexicon: Lexicon) -> Code:
    """What a target is called in DICOM; one of our own where the lexicon has no code."""
    known = lexicon.targets.get(target)
    return (known.code if known else None) or private_code(target)


def target_category(target: str, lexicon: Lexicon) -> Code:
    """What kind of thing a target is."""
    known = lexicon.targets.get(target)
    return (known.category if known else None) or CATEGORIES[known.group if known else "finding"]


def place_codes(finding: Finding, lexicon: Lexicon, modality: str | None = None) -> tuple[Code, ...]:
    """Where a finding lies: its zones, else the region of its target or of such pictures; often nothing."""
    zones = _zone_codes(finding.location, lexicon)
    if zones:
        return zones
    target, kind = lexicon.targets.get(finding.target), lexicon.modalities.get(modality or "")
    regions: Sequence[str] = [target.region if target else "any", *(kind.regions if kind else ())]
    found = next((REGIONS[region] for region in regions if region in REGIONS), None)
    return () if found is None else (found,)


def _zone_codes(location: Location, lexicon: Lexicon) -> tuple[Code, ...]:
    known = [lexicon.zones.get(zone) for zone in location.zones]
    return tuple((zone.code if zone else None) or private_code(name) for name, zone in zip(location.zones, known,
                                                                                         strict=True))  # fmt: skip


def private_code(name: str) -> Code:
    """A code of our own for a canonical name; a long one is cut and told apart by a hash."""
    value = name
    if len(name) > LONGEST_VALUE:
        value = f"{name[:9]}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
    words = name.replace("_", " ")
    return PRIVATE, value, (words[:1].upper() + words[1:])[:64]
