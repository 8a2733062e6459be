"""``auto``: for each study the model inside the package that knows such pictures."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from medsegr.cognition.lexicon import Lexicon, canonical_target, load_lexicon
from medsegr.cognition.priors import ReportPriors
from medsegr.data.image import ImageSource, MedicalImage, load_image
from medsegr.inference.builtin import builtin_models, builtin_record, host_missing
from medsegr.inference.editing import Asking, Editing
from medsegr.inference.looks import Looks
from medsegr.inference.prepared import Prepared, Request, with_choice
from medsegr.inference.request import check_modality, check_question, checked_names, read_together
from medsegr.inference.result import Result
from medsegr.inference.user_prompt import UserPrompt
from medsegr.model.trained_targets import TrainedTargets, Untrained

if TYPE_CHECKING:
    from medsegr.inference.predictor import Predictor

AUTO, FIRST, OTHERWISE = "auto", "lite", "tiny"
"""The choice's name, the model that is taken where it serves, and the one that is taken otherwise."""


@dataclass(frozen=True)
class Choice:
    """A model inside the package, and why it was taken.

    Attributes:
        model: Its name.
        why: In plain words, without report text.
    """

    model: str
    why: str


def choose(modality: str | None, names: Sequence[str]) -> Choice:
    """``lite`` where its host is there and it was trained on such pictures, else ``tiny``.

    Where nobody knows the modality, ``lite`` is taken if it was trained to find every name, in whatever pictures.

    Args:
        modality: Of the picture.
        names: Targets that are to be looked for.
    """
    if FIRST not in builtin_models():
        return Choice(OTHERWISE, f"this installation has no '{FIRST}'")
    trained = TrainedTargets.from_metadata(builtin_record(FIRST)["metadata"])
    unknown = [name for name in names if not trained.knows(name, None)]
    if modality is not None and modality not in trained.of_modality:
        return Choice(OTHERWISE, f"'{FIRST}' was not trained on pictures of '{modality}'")
    if modality is None and unknown:
        return Choice(OTHERWISE, f"the modality is not known, and '{FIRST}' was not trained to find '{unknown[0]}'")
    if (install := host_missing(FIRST)) is not None:
        return Choice(OTHERWISE, f"'{FIRST}' would serve, but the weights of its host are missing. Install: {install}")
    if modality is None:
        return Choice(FIRST, "the modality is not known, and it was trained to find all that is asked for")
    return Choice(FIRST, f"it was trained on pictures of '{modality}'")


class AutoPredictor:
    """Segments each case with the model inside the package that knows such pictures; see :func:`choose`.

    Args:
        load: Gives the model of a name; each is loaded when it is first taken.
        looks: Which options of looking are on.
    """

    name = AUTO

    def __init__(self, load: "Callable[[str], Predictor]", looks: Looks) -> None:
        self.looks = looks
        self.taken: dict[str, Predictor] = {}
        self.remembers = False
        self._load, self._lock = load, threading.Lock()

    def segment(
        self,
        image: ImageSource,
        report: str | ReportPriors | None = None,
        *,
        targets: Sequence[str] = (),
        modality: str | None = None,
        threshold: float = 0.5,
        support_threshold: float | None = None,
        lexicon: Lexicon | None = None,
        prompts: Mapping[str, UserPrompt] | None = None,
        untrained: Untrained | None = None,
    ) -> Result:
        """As :meth:`Predictor.segment`; the result says which model was taken (``model``) and why (``chosen``)."""
        asked = Request(image, report, targets, modality, threshold, support_threshold, lexicon, prompts, untrained)
        return self.answer([self.prepare(asked)])[0]

    def open(self, image: ImageSource, modality: str | None = None, *, asking: Asking | None = None) -> Editing:
        """As :meth:`Predictor.open`; for each question the model is taken that knows what is asked."""
        self.remembers = True
        for taken in self.taken.values():
            taken.remember()
        return Editing(self, image, Asking.of(asking, modality))

    def prepare(self, asked: Request) -> Prepared:
        """As :meth:`Predictor.prepare`, by the model that is taken; the picture is read once."""
        asked = replace(asked, lexicon=asked.lexicon or load_lexicon())
        picture, choice = self._choice(asked)
        return with_choice(self._model(choice.model).prepare(replace(asked, image=picture)), choice.why)

    def answer(self, cases: Sequence[Prepared]) -> list[Result]:
        """As :meth:`Predictor.answer`; each case is answered by its own model."""
        return cases[0].predictor.answer(cases) if cases else []

    def _choice(self, asked: Request) -> tuple[MedicalImage, Choice]:
        """The picture and the model for it."""
        lexicon, report = asked.lexicon or load_lexicon(), asked.report
        modality = check_modality(asked.modality, asked.image, lexicon)
        names = [canonical_target(name, lexicon, modality) for name in checked_names(report, asked.targets)]
        check_question(report, names)
        picture = load_image(asked.image, modality)
        seen, priors = read_together(picture, report, lexicon, asked.modality)
        told = [finding.target for finding in priors if finding.presence != "absent"]
        return picture, choose(seen.modality, [*told, *names])

    def _model(self, name: str) -> "Predictor":
        with self._lock:
            if name not in self.taken:
                self.taken[name] = self._load(name)
                if self.remembers:
                    self.taken[name].remember()
            return self.taken[name]
