"""A result made by hand: every outcome that a picture has to show."""

import numpy as np

from medsegr.cognition.priors import Evidence, Finding, Location, Shape, Texture
from medsegr.data.image import load_image
from medsegr.inference.result import FindingResult, Result, unique_ids
from medsegr.view import Frame
from tests.views import seen

TEXT = (
    "CHEST PA. Cough for 2 weeks, fee $5 to $10. A 14 mm round calcified nodule in the left upper lobe. "
    "Possible pleural effusion on the right. No pneumothorax. Large mass at the right hilum. "
    "The remaining study is compared with that of last year and with that of the year before, which are not at hand."
)


def span(words: str) -> tuple[int, int]:
    """Where the words stand in ``TEXT``."""
    start = TEXT.index(words)
    return start, start + len(words)


FINDINGS = (
    Finding("nodule", "present", Location("left", ("upper_lobe",)), Texture(("calcified",)), Shape(("round",), (14.0,)),
            Evidence((span("nodule"),), (), (span("left upper lobe"),), (span("calcified"),),
                     (span("14 mm"), span("round")))),
    Finding("pleural_effusion", "uncertain", Location("right"),
            evidence=Evidence((span("pleural effusion"),), (span("Possible"),), (span("right"),))),
    Finding("pneumothorax", "absent", evidence=Evidence((span("pneumothorax"),), (span("No "),))),
    Finding("mass", "present", Location("right", ("hilum",)), evidence=Evidence((span("mass"),))),
    Finding("left_lung", "present", Location("left")),
)  # fmt: skip


def disc(shape: tuple[int, int], y: float, x: float, radius: float) -> np.ndarray:
    """Bool mask of a disc; place and radius as shares of the height and width."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return (rows / shape[0] - y) ** 2 + (columns / shape[1] - x) ** 2 < radius**2


def made_result(
    shape: tuple[int, int] = (120, 100), modality: str | None = "chest_xray", frame: Frame | None = None
) -> Result:
    """One finding of each kind: sure, hedged, absent, not supported, asked by name."""
    pixels = np.random.default_rng(0).random(shape).astype(np.float32)
    image = seen(load_image(pixels), modality, frame)
    nothing = np.zeros(shape, bool)
    masks = [
        disc(shape, 0.25, 0.7, 0.05),
        disc(shape, 0.8, 0.3, 0.2),
        nothing,
        nothing,
        disc(shape, 0.5, 0.7, 0.25),
    ]
    outcomes = ["outlined", "outlined", "absent", "unsupported", "outlined"]
    supports = [0.93, 0.61, None, 0.12, 0.99]
    rows = zip(unique_ids(FINDINGS), FINDINGS, masks, outcomes, supports, strict=True)
    found = [
        FindingResult(
            id, finding, mask, outcome, support, None if outcome == "outlined" else outcome,
            location_map=None if support is None else mask.astype(np.float32),
            probability=None if support is None else mask.astype(np.float32),
        )
        for id, finding, mask, outcome, support in rows
    ]  # fmt: skip
    return Result(tuple(found), image, modality, TEXT)
