"""Colours that people with any colour vision can tell apart (Okabe and Ito's set), and words for readers."""

from medsegr.cognition.priors import Finding

FINDING_COLOURS = ("#56B4E9", "#E69F00", "#CC79A7", "#F0E442", "#00B786", "#F2703A", "#9C8CF5")
"""Outlines, in the order of the findings; bright enough for dark pictures."""

ASPECT_COLOURS = {
    "target": "#A6D8F7",
    "location": "#FFD58A",
    "texture": "#A5E3C8",
    "shape": "#EBBEDA",
    "presence": "#F7A58A",
}
"""Backgrounds of words in the report; dark text is readable on each."""

ASPECT_NAMES = {
    "target": "what",
    "location": "where",
    "texture": "texture",
    "shape": "shape and size",
    "presence": "no / perhaps",
}
"""The aspects in a reader's words, in the order of a legend."""

INK, FAINT, RULE = "#1B2733", "#6B7785", "#D5DBE1"
AGREES, DISAGREES, NEUTRAL = "#00775A", "#B8420F", "#6B7785"


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
