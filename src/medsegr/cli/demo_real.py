"""The real picture that ``medsegr demo`` shows beside the generated studies, where it is at hand."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from medsegr.inference.auto import FIRST, choose
from medsegr.inference.builtin import builtin_record
from medsegr.model.trained_targets import TrainedTargets

MODALITY, TARGET = "fundus", "optic_disc"


@dataclass(frozen=True)
class RealStudy:
    """A real picture with a report of our own, and no truth.

    Attributes:
        name: Of its folder.
        pixels: (H, W, 3) uint8.
        report: What is seen in it.
        model: The built-in model that knows such pictures.
        source: Where it comes from, for the demo's last lines.
    """

    name: str
    pixels: np.ndarray
    report: str
    model: str
    source: str


def real_study() -> RealStudy | None:
    """A photograph of a healthy retina (M. Häggström 2014, CC0), which scikit-image brings.

    None where scikit-image is not installed, or no built-in model that is ready knows such pictures.
    """
    path = _of_scikit_image("retina.jpg")
    model = choose(MODALITY, [TARGET]).model
    if path is None or model != FIRST:
        return None
    if not TrainedTargets.from_metadata(builtin_record(model)["metadata"]).knows(TARGET, MODALITY):
        return None
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    report = "Fundus photograph. Optic disc on the left of the image. No hard exudates, no haemorrhage."
    return RealStudy("real_retina", pixels, report, model, "M. Häggström 2014, CC0, brought by scikit-image")


def _of_scikit_image(name: str) -> Path | None:
    """A picture inside the installed package, which is not imported; None where there is none."""
    found = find_spec("skimage")
    places = list(found.submodule_search_locations or ()) if found is not None else []
    return next((path for place in places if (path := Path(place) / "data" / name).is_file()), None)
