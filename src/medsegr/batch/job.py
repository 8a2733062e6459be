"""What is done to every study of a run, in a form that can be sent to other processes and machines."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medsegr._version import __version__
from medsegr.batch.source import content_sha256
from medsegr.cognition.lexicon import Lexicon, load_lexicon
from medsegr.cognition.llm_endpoint import LlmEndpoint
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import ReportPriors

if TYPE_CHECKING:
    from medsegr.inference.mask_files import MaskFiles
    from medsegr.model.trained_targets import Untrained


REMEMBERED = 256_000_000
"""Bytes for the work on pictures that come again in a run."""


@dataclass(frozen=True)
class Job:
    """The settings of a run.

    Attributes:
        out: Folder of the results; on a cluster one that all machines share.
        model, host, device: As :func:`medsegr.load` takes them.
        flips, second_look: Ways of looking.
        targets: Names to look for in every study.
        modality: Of all studies that do not name their own.
        threshold: Of the mask's probability.
        untrained: ``refuse``, ``draw``, or None for the model's own policy.
        lexicons: Files with words of the user's own.
        endpoint: The language model that reads reports; None where the rules do.
        keep_text, pictures: What is written.
        masks, label_map, deidentify: How, see :class:`medsegr.inference.mask_files.Writing`.
        backend, precision: See :class:`medsegr.inference.backends.choice.Backend`.
        remember: Bytes in which the work on pictures is kept for further reports on them; masks are the same without.
        resume: Whether cases that are complete and made alike are kept.
    """

    out: Path
    model: str = "auto"
    host: str | None = None
    device: str = "cpu"
    flips: bool = False
    second_look: bool = False
    targets: tuple[str, ...] = ()
    modality: str | None = None
    threshold: float = 0.5
    untrained: "Untrained | None" = None
    lexicons: tuple[Path, ...] = ()
    endpoint: LlmEndpoint | None = None
    keep_text: bool = False
    pictures: bool = True
    resume: bool = False
    masks: "tuple[MaskFiles, ...]" = ()
    label_map: bool = False
    deidentify: bool = False
    backend: str = "auto"
    precision: str = "f32"
    remember: int = 0

    def lexicon(self) -> Lexicon:
        """The words that reports and targets may use."""
        return load_lexicon(self.lexicons)

    def reader(self, lexicon: Lexicon) -> Callable[[str, str | None], ReportPriors] | None:
        """The language model as a reader of reports; None where the rules read."""
        if self.endpoint is None:
            return None
        return partial(parse_report, lexicon=lexicon, parser="llm", llm=self.endpoint)

    def settings(self) -> dict[str, Any]:
        """All that changes what is written, but for the model's weights: a case made under others is made again."""
        told = self.endpoint
        return {
            "medsegr": __version__,
            "flips": self.flips,
            "second_look": self.second_look,
            "targets": list(self.targets),
            "modality": self.modality,
            "threshold": self.threshold,
            "untrained": self.untrained,
            "lexicons": [content_sha256(path) for path in self.lexicons],
            "parser": ["llm", told.model, told.address] if told else ["rules"],
            "keep_text": self.keep_text,
            "pictures": self.pictures,
            "backend": [self.backend, self.precision],
            "masks": [list(self.masks), self.label_map, self.deidentify],
        }
