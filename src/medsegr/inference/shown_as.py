"""How a finding is named and coloured, in pictures and in DICOM alike."""

from medsegr.cognition.priors import Finding

FINDING_COLOURS = ("#56B4E9", "#E69F00", "#CC79A7", "#F0E442", "#00B786", "#F2703A", "#9C8CF5")
"""In the order of the findings; bright enough for dark pictures, and told apart by people with any colour vision
(Okabe and Ito's set)."""


def finding_colour(place: int) -> str:
    """Colour of the finding at this place of the report."""
    return FINDING_COLOURS[place % len(FINDING_COLOURS)]


def plain_name(finding: Finding) -> str:
    """``nodule``, right, upper lobe -> ``Nodule, right upper lobe``."""
    target = finding.target.replace("_", " ")
    place = [zone.replace("_", " ") for zone in finding.location.zones[:2]]
    side = finding.location.laterality
    if side and side not in finding.target.split("_"):
        place.insert(0, side)
    return target[:1].upper() + target[1:] + (f", {' '.join(place[:2])}" if place else "")
