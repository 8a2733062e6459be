"""Cases, decoded once: pictures at the host's size, masks packed, reports parsed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from medsegr.cognition.foreign import foreign_targets
from medsegr.cognition.lexicon import Lexicon, finding_for_target, load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding
from medsegr.data.case import Case, one_plane
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.errors import ConfigError
from medsegr.model.truth import contradicts, finding_of_record, fits, match_findings
from medsegr.square import Square
from medsegr.view import View

FitSquare = Callable[[tuple[int, int]], Square]
"""(H, W) of a picture -> how it lies in a host's square: ``Backbone.square``."""


@dataclass(frozen=True)
class TrainingQuestion:
    """A finding to ask an image for, and its truth.

    Attributes:
        finding: What the model is told.
        masks: Names of the study's masks whose union is the truth; empty =
            the image does not show it.
        text: The report that the finding's evidence points into; empty where nobody wrote of it.
    """

    finding: Finding
    masks: tuple[str, ...] = ()
    text: str = field(default="", repr=False)


@dataclass(frozen=True)
class TrainingStudy:
    """One case as training needs it.

    Attributes:
        image: uint8 (h, w) or (h, w, 3), as large as in the host's square, without padding.
        view: What the image shows, and how it lies in that square.
        lexicon: Names and words.
        packed: Name -> bits of an (h, w) mask.
        described: Findings of the report that have a mask.
        distractors: Objects that the report does not name.
        false: Recorded descriptions that no object fits.
        objects: Full description and mask name of every recorded object.
        named: Target -> names of all its masks.
        absent: Targets that the image is known not to show.
        foreign: Targets of other regions of the body, which such a picture cannot show.
    """

    image: np.ndarray
    view: View
    lexicon: Lexicon
    packed: dict[str, np.ndarray]
    described: tuple[TrainingQuestion, ...] = ()
    distractors: tuple[TrainingQuestion, ...] = ()
    false: tuple[Finding, ...] = ()
    objects: tuple[tuple[Finding, str], ...] = ()
    named: dict[str, tuple[str, ...]] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()

    @property
    def modality(self) -> str | None:
        """Of the image, or None."""
        return self.view.modality

    @property
    def size(self) -> tuple[int, int]:
        """(h, w) of the image and the masks."""
        return self.image.shape[0], self.image.shape[1]

    @property
    def nbytes(self) -> int:
        """Memory that the study takes."""
        return self.image.nbytes + sum(bits.nbytes for bits in self.packed.values())

    def mask(self, names: Sequence[str]) -> np.ndarray:
        """The union of masks, uint8 (h, w) of 0 and 1; empty without names."""
        height, width = self.size
        bits = np.zeros(-(-height * width // 8), np.uint8)
        for name in names:
            bits |= self.packed[name]
        return np.unpackbits(bits, count=height * width).reshape(height, width)

    def fitting(self, finding: Finding) -> tuple[str, ...] | None:
        """Names of the recorded objects that a description fits; None where the records leave it open."""
        fitting = [name for truth, name in self.objects if fits(finding, truth)]
        rest = [truth for truth, name in self.objects if name not in fitting]
        return tuple(fitting) if all(contradicts(finding, truth) for truth in rest) else None

    def asked_for(self, target: str) -> Finding:
        """A target asked for by name, with the lexicon's knowledge of it."""
        return finding_for_target(target, self.modality, self.lexicon)


def prepare_study(
    case: Case, folder: DatasetFolder, fit: FitSquare, lexicon: Lexicon, neighbours: bool = False
) -> TrainingStudy:
    """Bring a case to the host's size and find the truth of everything that can be asked of it.

    Args:
        case: Image with its view, report, masks.
        folder: Its data set, for what is annotated.
        fit: How pictures lie in the host's square.
        neighbours: The planes beside a volume's plane are its other channels.
    """
    case = one_plane(case, neighbours)
    square = fit(case.image.size)
    packed: dict[str, np.ndarray] = {}

    def keep(name: str, mask: np.ndarray) -> str:
        packed.setdefault(name, np.packbits(square.shrunk_mask(mask)))
        return name

    records = {record.id: record for record in case.findings}
    objects = [(finding_of_record(records[i]), keep(i, mask)) for i, mask in case.masks.items()]
    named: dict[str, tuple[str, ...]] = {}
    for finding, name in objects:
        named[finding.target] = (*named.get(finding.target, ()), name)
    for target, mask in case.structures.items():
        if mask.any() and target not in named:
            named[target] = (keep(f"all {target}", mask),)
    described = _described(case, lexicon, keep, objects)
    return TrainingStudy(
        image=square.shrunk_pixels(case.image.plane()),
        view=case.image.view.in_square(square),
        lexicon=lexicon,
        packed=packed,
        described=tuple(described),
        distractors=tuple(TrainingQuestion(f, (n,)) for f, n in objects if records[n].role == "distractor"),
        false=tuple(finding_of_record(r) for r in case.findings if r.role == "false"),
        objects=tuple(objects),
        named=named,
        absent=tuple(t for t, mask in sorted(case.structures.items()) if t not in named and not mask.any()),
        foreign=tuple(t for t in foreign_targets(case.image.modality, lexicon) if t not in folder.targets),
    )


def _described(case: Case, lexicon: Lexicon, keep, objects) -> list[TrainingQuestion]:
    """The report's findings with their masks, and described records that the parser missed."""
    priors = parse_report(case.report, case.image.modality, lexicon=lexicon) if case.report else ()
    spoken = [finding for finding in priors if finding.presence != "absent"]
    questions, seen = [], set()
    for place, match in enumerate(match_findings(spoken, case)):
        if match.mask is None or not match.mask.any():
            continue
        own = next((i for i, mask in case.masks.items() if mask is match.mask), None)
        if own is None:
            whole = case.structures.get(match.finding.target)
            same = whole is not None and np.array_equal(whole, match.mask)
            own = keep(f"all {match.finding.target}" if same else f"finding {place}", match.mask)
        seen.add(own)
        if any(name == own and contradicts(match.finding, truth) for truth, name in objects):
            continue  # misread; better not asked than asked wrongly
        also = [name for truth, name in objects if name != own and fits(match.finding, truth)]
        questions.append(TrainingQuestion(match.finding, (own, *also), case.report or ""))
    roles = {record.id: record.role for record in case.findings}
    missed = [TrainingQuestion(f, (n,)) for f, n in objects if roles[n] == "described" and n not in seen]
    return questions + missed


class StudyStore:
    """All studies of a split, over several data sets; kept in memory while the budget lasts.

    Args:
        folders: Data set folders.
        split: ``train``, ``val`` or ``test``.
        fit: How pictures lie in the host's square.
        cache_mb: Memory for studies; beyond it they are decoded at every use.
        lexicon: Names and words; the built-in lexicon by default.
        neighbours: See :func:`prepare_study`; what the model's adapter says.

    Raises:
        ConfigError: No data set, or one without images in the split.
        DatasetError: A data set breaks its layout.
    """

    def __init__(
        self,
        folders: Sequence[str | Path],
        split: str,
        fit: FitSquare,
        cache_mb: int,
        lexicon: Lexicon | None = None,
        *,
        neighbours: bool = False,
    ) -> None:
        if not folders:
            raise ConfigError("No data set was given; expected at least one folder, as --data DIR.")
        self.folders = [DatasetFolder(folder) for folder in folders]
        self.split = split
        self.names = [list(folder.images(split)) for folder in self.folders]
        self.fit = fit
        self.lexicon = lexicon or load_lexicon()
        self.neighbours = neighbours
        self._budget = cache_mb * 2**20
        self._kept: dict[tuple[int, int], TrainingStudy] = {}

    def require_all(self) -> "StudyStore":
        """Check that every data set has images in the split.

        Raises:
            ConfigError: One has none.
        """
        for folder, names in zip(self.folders, self.names, strict=True):
            if not names:
                raise ConfigError(
                    f"Data set '{folder.name}' has no image in its '{self.split}' split. "
                    f"Name some in its split.csv, or leave the data set out."
                )
        return self

    def __len__(self) -> int:
        return sum(map(len, self.names))

    def keys(self) -> list[tuple[int, int]]:
        """(data set, case) of every study."""
        return [(d, i) for d, names in enumerate(self.names) for i in range(len(names))]

    def get(self, dataset: int, index: int) -> TrainingStudy:
        """A study, from memory or decoded now."""
        key = (dataset, index)
        if key not in self._kept:
            folder = self.folders[dataset]
            case = folder.load(self.names[dataset][index], self.lexicon)
            study = prepare_study(case, folder, self.fit, self.lexicon, self.neighbours)
            if study.nbytes > self._budget:
                return study
            self._budget -= study.nbytes
            self._kept[key] = study
        return self._kept[key]
