"""Colours of words and lines, and words for readers."""

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
