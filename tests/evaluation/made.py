"""A model that listens to side and size and not to texture, a data set to ask it about, and answers made by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.priors import Finding, ReportPriors
from medsegr.data.case import Case, FindingRecord
from medsegr.data.image import MedicalImage, load_image
from medsegr.evaluation.answer import Answer, Measures, measure
from medsegr.evaluation.metrics import Overlap
from medsegr.evaluation.questions import Asked
from medsegr.evaluation.surface import Tolerance
from medsegr.inference.predictor import Predictor
from medsegr.inference.result import FindingResult, Result, unique_ids
from medsegr.model.thresholds import SupportThresholds
from medsegr.model.trained_targets import Untrained
from tests.data.dataset_maker import manifest, table

SIZE = 64
RADII = {"small": 0.08, "large": 0.16}
PLACES = {"left": 0.75, "right": 0.25, None: 0.5}
"""Side of the patient -> where a disc lies across the picture."""


class ListeningPredictor:
    """Stands in for ``Predictor``: a disc for each finding, across by its side, as large as its shape says.

    Nodules are supported, other findings are not. ``passes`` counts the images that were asked.
    """

    name = "listening"
    support_thresholds = SupportThresholds(0.5)
    model: Any = None

    def __init__(self) -> None:
        self.passes = 0
        self.metadata: dict[str, Any] = {}

    def segment(
        self,
        image: MedicalImage,
        report: ReportPriors,
        *,
        modality: str | None = None,
        lexicon: Lexicon | None = None,
        untrained: Untrained | None = None,
    ) -> Result:
        """Ask for the findings of a report, as ``Predictor.segment`` does; measuring means to draw everything."""
        assert untrained == "draw"
        self.passes += 1
        ids = unique_ids(report.findings)
        found = [self._found(id, f, image) for id, f in zip(ids, report.findings, strict=True)]
        return Result(tuple(found), image, modality)

    def _found(self, id: str, finding: Finding, image: MedicalImage) -> FindingResult:
        nothing = np.zeros(image.mask_shape, bool)
        if finding.presence == "absent":
            return FindingResult(id, finding, nothing, "absent")
        if finding.target != "nodule":
            return FindingResult(id, finding, nothing, "unsupported", support=0.02)
        radius = next((RADII[name] for name in finding.shape.attributes if name in RADII), 0.12)
        return FindingResult(id, finding, disc(PLACES[finding.location.laterality], radius), support=0.98)


def listening() -> Predictor:
    """It, as the room takes it."""
    return ListeningPredictor()  # type: ignore[return-value]


def disc(x: float, radius: float, size: int = SIZE, y: float = 0.5) -> np.ndarray:
    """(size, size) bool, a disc as the model draws it."""
    grid = (np.arange(size) + 0.5) / size
    return np.hypot(grid[None, :] - x, grid[:, None] - y) <= radius


def described_set(folder: Path, cases: int = 6, origin: str | None = None) -> Path:
    """Chest films, a nodule each, left and right, small and large in turn; two films of each patient."""
    name = folder.name
    manifest(folder, name=name, modality="chest_xray", structures={"nodule": "nodule", "pneumothorax": "pneumothorax"})
    reports, split, patients = [], [], []
    for number in range(cases):
        side, size = ("left", "right")[number % 2], ("small", "large")[number // 2 % 2]
        image = f"case{number}.png"
        pixels = np.random.default_rng(number).integers(0, 90, (SIZE, SIZE))
        truth = disc(PLACES[side], RADII[size])
        for path, values in (("images", pixels + 100 * truth), ("masks/nodule", truth)):
            (folder / path).mkdir(parents=True, exist_ok=True)
            Image.fromarray(values.astype(np.uint8)).save(folder / path / image)
        texture = ("calcified", "cavitary")[number % 3 == 0]
        reports.append((image, f"{size.title()} {texture} nodule in the {side} lung. No pneumothorax. SECRETWORD."))
        split.append((image, "test"))
        patients.append((image, f"p{number // 2}"))
    table(folder / "split.csv", ("image", "split"), split)
    table(folder / "provenance.csv", ("image", "patient"), patients)
    if origin is None:
        table(folder / "reports.csv", ("image", "report"), reports)
    else:
        rows = [(*row, origin) for row in reports]
        table(folder / "reports.csv", ("image", "report", "origin"), rows)  # type: ignore[arg-type]
    return folder


def case_of(
    structures: dict[str, np.ndarray] | None = None,
    records: dict[str, tuple[str, np.ndarray]] | None = None,
    shape: tuple[int, ...] = (SIZE, SIZE),
) -> Case:
    """A case of some masks; records are id -> (target, mask)."""
    pixels = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)
    findings = tuple(FindingRecord(id, "described", target) for id, (target, _) in (records or {}).items())
    masks = {id: mask for id, (_, mask) in (records or {}).items()}
    return Case(load_image(pixels), structures=structures or {}, findings=findings, masks=masks, name="made.png")


def measures(mask: np.ndarray, truth: np.ndarray, target: str = "nodule", case: Case | None = None) -> Measures:
    """Everything that is measured of a mask."""
    case = case or case_of({target: truth}, shape=truth.shape)
    return measure(mask, Asked(Finding(target), truth, "described"), case, Tolerance())


def answer(mask: np.ndarray, truth: np.ndarray, measured: Measures | None = None, **changes) -> Answer:
    """An answer about a described nodule of a real report."""
    made = Answer(
        data="made", case="made.png", patient="made.png", suite="", look="", origin="real", finding=0, target="nodule",
        presence="present", role="described", report="true", **vars(measured or measures(mask, truth)),
        image=Overlap.of(mask, truth), support=0.9, content="",
    )  # fmt: skip
    return replace(made, **changes)
