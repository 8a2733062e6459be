"""A model that listens to side and size and not to texture, a data set to ask it about, and answers made by hand."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from PIL import Image

from medsegr.cognition.priors import Finding
from medsegr.data.case import Case, FindingRecord
from medsegr.data.image import load_image
from medsegr.evaluation.answer import Answer, Measures, measure
from medsegr.evaluation.questions import Asked
from medsegr.evaluation.surface import Tolerance
from medsegr.inference.predictor import Predictor
from medsegr.model.report_guided_sam import GuidedOutput
from tests.data.dataset_maker import manifest, table
from tests.inference.disk_model import DiskModel

SIZE = 64
RADII = {"small": 0.08, "large": 0.16}
PLACES = {"left": 0.75, "right": 0.25, None: 0.5}
"""Side of the patient -> where a disc lies across the picture."""


class ListeningModel(DiskModel):
    """Draws a disc for each finding: across by its side, as large as its shape says, supported if it is a nodule."""

    def __init__(self) -> None:
        super().__init__({}, SIZE)

    def encode_findings(self, findings, modalities, content, texts):
        priors = SimpleNamespace(findings=findings)
        priors.to = lambda device: priors
        return priors

    def forward(self, pixel_values, priors):
        self.passes += 1
        grid = (torch.arange(self.size) + 0.5) / self.size
        logits = torch.stack([torch.stack([self._drawn(grid, f) for f in listed]) for listed in priors.findings])
        support = torch.tensor([[4.0 if f.target == "nodule" else -4.0 for f in fs] for fs in priors.findings])
        coarse = torch.nn.functional.avg_pool2d(logits, 4)
        return GuidedOutput(logits * self.scale, support, (coarse, coarse))

    def _drawn(self, grid, finding):
        radius = next((RADII[name] for name in finding.shape.attributes if name in RADII), 0.12)
        self.disks = {"": (PLACES[finding.location.laterality], 0.5, radius, 0.0)}
        return self._disk(grid, "")


def listening() -> Predictor:
    """The model behind the usual predictor."""
    return Predictor(ListeningModel(), name="listening")  # type: ignore[arg-type]


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


def answer(mask: np.ndarray, truth: np.ndarray, **changes) -> Answer:
    """An answer about a described nodule of a real report."""
    made = Answer(
        data="made", case="made.png", patient="made.png", suite="", look="", origin="real", finding=0, target="nodule",
        presence="present", role="described", report="true", measures=measures(mask, truth), support=0.9, content="",
    )  # fmt: skip
    return replace(made, **changes)
