"""Pictures of the regions that stated places imply: ``docs/images/regions_*.png`` and ``docs/regions.md``.

python -m benchmarks.region_pictures
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.priors import Location
from medsegr.cognition.region_map import region_map
from medsegr.view import View

DOCS = Path(__file__).parents[1] / "docs"

SHOWN: dict[str, tuple[tuple[str, Location], ...]] = {
    "chest_xray": tuple(
        (words, Location(side, zones))
        for words, side, zones in (
            ("left lung", "left", ()), ("right upper zone", "right", ("upper_zone",)),
            ("left mid zone", "left", ("mid_zone",)), ("right lower lobe", "right", ("lower_lobe",)),
            ("left apex", "left", ("apical",)), ("right costophrenic angle", "right", ("costophrenic_angle",)),
            ("perihilar, both sides", "bilateral", ("perihilar",)), ("left, peripheral", "left", ("peripheral",)),
        )
    ),
    "abdomen_ct": tuple(
        (words, Location(side, zones))
        for words, side, zones in (
            ("left abdomen", "left", ()), ("anterior", None, ("anterior",)),
            ("right, posterior", "right", ("posterior",)), ("lateral, left", "left", ("lateral",)),
        )
    ),
    "colonoscopy": tuple(
        (words, Location(None, zones, "image"))
        for words, zones in (
            ("top left of the image", ("top_left",)), ("bottom right", ("bottom_right",)), ("centre", ("center",)),
            ("left", ("left",)),
        )
    ),
}  # fmt: skip
"""Modality -> words and the location that they state."""


def draw(modality: str) -> Figure:
    """The regions of one modality in a row of panels; bright where the finding may lie."""
    shown, view = SHOWN[modality], View.of(load_lexicon().kind(modality))
    columns = min(4, len(shown))
    rows = -(-len(shown) // columns)
    figure = Figure(figsize=(2.1 * columns, 2.4 * rows), layout="constrained")
    for axis, (words, location) in zip(figure.subplots(rows, columns, squeeze=False).flat, shown, strict=True):
        found = region_map(location, view, 128)
        axis.imshow(np.zeros((128, 128)) if found is None else found, cmap="magma", vmin=0, vmax=1)
        axis.set_title(words, fontsize=9)
        axis.set_xticks([])
        axis.set_yticks([])
        if view.patient_sides:
            axis.set_xlabel("patient's right      patient's left", fontsize=6.5)
    return figure


def page() -> str:
    """The text of ``docs/regions.md``."""
    parts = [
        "# From a place to a region of the picture\n",
        "A stated place becomes a soft map over the picture, 1 where the finding may lie and 0 where it may not. It is "
        "a hint to the location attention, not a cut-out. In pictures of a patient (X-ray, CT, MRI) the patient's left "
        "is on the picture's right; in endoscopy, dermoscopy, ultrasound of the breast and histology left is left. A "
        "place that says nothing of the position in such a picture gives no map: a wrong map is worse than none. "
        "Zones of one kind unite (upper and mid), of two kinds cross (upper and lateral); as many zones as objects are "
        "a place for each, and unite. The boxes are data, in the lexicon's files.\n",
    ]
    for modality in SHOWN:
        parts.append(f"## {modality}\n\n![Regions in {modality}](images/regions_{modality}.png)\n")
    return "\n".join([*parts, "Made by `python -m benchmarks.region_pictures`.\n"])


def main() -> None:
    """Draw and write."""
    (DOCS / "images").mkdir(exist_ok=True)
    for modality in SHOWN:
        draw(modality).savefig(DOCS / "images" / f"regions_{modality}.png", dpi=100)
    (DOCS / "regions.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
