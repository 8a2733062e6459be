"""The best, the median and the worst findings of a measurement as pictures."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from medsegr.cognition.lexicon import Lexicon, load_lexicon
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.medical_image import MedicalImage
from medsegr.evaluation.answer import ORIGINS, Answer
from medsegr.evaluation.evaluate import Cohort, answered
from medsegr.evaluation.questions import ASKED_ANYWAY, questions_of
from medsegr.inference.predictor import Predictor

RANKS = ("best", "median", "worst")
EACH = 3
"""Findings of each rank, at most."""

SIDE = 300
"""Longest side of a picture in pixels; there are two side by side."""

TRUTH_COLOUR, MASK_COLOUR = (255, 255, 255), (255, 128, 14)
LINE = 2


@dataclass(frozen=True)
class CasePicture:
    """A finding as a picture.

    Attributes:
        rank: One of :data:`RANKS`.
        png: The image, and beside it the image with the outlines of truth and mask.
    """

    rank: str
    answer: Answer
    png: bytes


def chosen(answers: Sequence[Answer]) -> list[tuple[str, Answer]]:
    """The best, median and worst findings that the image shows, of the first way of asking; no case twice.

    Args:
        answers: Of a measurement; those of one origin of the reports are chosen among by themselves.
    """
    split = [[a for a in answers if a.origin == origin] for origin in ORIGINS]
    return [pick for listed in split if listed for pick in _of_origin(listed)]


def _of_origin(answers: Sequence[Answer]) -> list[tuple[str, Answer]]:
    listed = [a for a in answers if a.overlap.true and a.role in ASKED_ANYWAY and a.report == answers[0].report]
    order = sorted(listed, key=lambda a: (-a.overlap.dice, a.data, a.case, a.finding))
    outwards = sorted(range(len(order)), key=lambda place: abs(place - (len(order) - 1) / 2))
    middle = [order[place] for place in outwards]
    taken: set[tuple[str, str]] = set()
    picked: list[tuple[str, Answer]] = []
    each = max(1, min(EACH, len({(a.data, a.case) for a in listed}) // len(RANKS)))
    for rank, ranked in zip(RANKS, (order, middle, order[::-1]), strict=True):
        for a in ranked:
            if sum(r == rank for r, _ in picked) < each and (a.data, a.case) not in taken:
                taken.add((a.data, a.case))
                picked.append((rank, a))
    return picked


def pictures(
    predictor: Predictor,
    folders: Mapping[str, DatasetFolder],
    split: str,
    picked: Sequence[tuple[str, Answer]],
    *,
    seed: int = 0,
    lexicon: Lexicon | None = None,
) -> Iterator[CasePicture]:
    """Ask the picked cases again, in the same way, and draw what comes."""
    lexicon = lexicon or load_lexicon()
    for rank, answer in picked:
        folder = folders[answer.data]
        case, cohort = folder.load(answer.case, lexicon), Cohort.of(folder, split, seed=seed, lexicon=lexicon)
        asked = questions_of(case, folder, lexicon)
        lent = cohort.lent(answer.case) if answer.report == "other" else []
        found = dict(answered(predictor, case, asked, answer.report, lent, lexicon=lexicon))  # type: ignore[arg-type]
        mask = found[answer.finding].mask
        yield CasePicture(rank, answer, outlined_png(case.image, mask, asked[answer.finding].truth))


def outlined_png(image: MedicalImage, mask: np.ndarray, truth: np.ndarray) -> bytes:
    """The image, and beside it the image with two outlines: white just outside the truth, orange just inside the mask.

    Args:
        image: A picture or a volume; of a volume, the plane that shows most of the truth.
    """
    plane = 0
    if image.is_volume:
        plane = int(np.argmax(truth.sum((1, 2)) + 1e-6 * mask.sum((1, 2))))
        mask, truth = mask[plane], truth[plane]
    pixels = Image.fromarray((image.plane(plane) * 255).round().astype(np.uint8)).convert("RGB")
    size = _shown_size(image)
    plain = np.asarray(pixels.resize(size, Image.Resampling.BILINEAR))
    big_mask, big_truth = (np.asarray(Image.fromarray(m).resize(size, Image.Resampling.NEAREST)) for m in (mask, truth))
    drawn = plain.copy()
    drawn[ndimage.binary_dilation(big_truth, iterations=LINE) & ~big_truth] = TRUTH_COLOUR
    drawn[big_mask & ~ndimage.binary_erosion(big_mask, iterations=LINE)] = MASK_COLOUR
    gap = np.full((size[1], 6, 3), 255, np.uint8)
    stream = io.BytesIO()
    Image.fromarray(np.concatenate([plain, gap, drawn], axis=1)).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _shown_size(image: MedicalImage) -> tuple[int, int]:
    """(width, height) in pixels, with square millimetres where the spacing is known."""
    (height, width), (_, dy, dx) = image.size, image.geometry.spacing_mm
    tall, wide = height * dy, width * dx
    scale = SIDE / max(tall, wide)
    return max(1, round(wide * scale)), max(1, round(tall * scale))
