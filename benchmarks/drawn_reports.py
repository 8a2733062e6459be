"""Chest reports of 60 words, drawn anew for each, so that few sentences occur twice."""

import random

SEED = 20
WORDS = 60

_SIDES = ("left", "right", "bilateral")
_PLACES = ("upper lobe", "lower lobe", "upper zone", "mid zone", "lower zone", "base", "apex", "perihilar region")
_FINDINGS = (
    "consolidation", "nodule", "mass", "pleural effusion", "pneumothorax", "atelectasis", "ground-glass opacity",
    "cavity", "fibrosis", "bronchiectasis", "granuloma", "bulla",
)  # fmt: skip
_TEXTURES = ("dense", "hazy", "faint", "solid", "calcified", "heterogeneous", "reticular", "cystic")
_SHAPES = ("round", "irregular", "spiculated", "patchy", "confluent", "small", "large", "ill-defined", "lobulated")
_NORMAL = (
    "The lungs are clear.", "Heart size is within normal limits.", "The trachea is midline.",
    "No bony abnormality.", "Hila are normal.", "The costophrenic angles are sharp.", "Normal mediastinal contour.",
)  # fmt: skip
_REST = (
    "Compared with the previous film there is little change.", "Portable film, supine.",
    "The patient is slightly rotated.", "Follow-up in six weeks is recommended.",
    "The stomach bubble is in its usual place.",
)  # fmt: skip


def sentence(draw: random.Random) -> str:
    """One sentence of a chest report."""
    finding, side, place = draw.choice(_FINDINGS), draw.choice(_SIDES), draw.choice(_PLACES)
    texture, shape, size = draw.choice(_TEXTURES), draw.choice(_SHAPES), draw.randint(3, 60)
    other = draw.choice(_FINDINGS)
    return draw.choice(
        (
            f"There is a {shape} {texture} {finding} in the {side} {place}, measuring {size} x {size // 2 + 1} mm.",
            f"{shape.capitalize()} {finding} in the {side} {place} with a small {other}.",
            f"No {finding} or {other}.",
            f"Possible {texture} {finding} at the {side} {place}, {size} mm.",
            f"The {side} {finding} has resolved, but a {shape} {other} of {size} mm remains.",
            f"No {finding}, but {texture} {other} is seen in the {side} {place}.",
            draw.choice(_NORMAL),
            draw.choice(_REST),
        )
    )


def report(draw: random.Random) -> str:
    """A report of 60 words."""
    words: list[str] = []
    while len(words) < WORDS:
        words += sentence(draw).split()
    return " ".join(words[:WORDS])


def long_text(characters: int) -> str:
    """One text of so many characters."""
    draw = random.Random(SEED)
    parts: list[str] = []
    length = 0
    while length < characters:
        parts.append(sentence(draw))
        length += len(parts[-1]) + 1
    return " ".join(parts)[:characters]
