"""One picture under a reader's hands: a report, changed priors, clicks and boxes, and an answer to each."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from medsegr.cognition.lexicon import Lexicon, load_lexicon
from medsegr.cognition.priors import ASPECTS, Finding, ReportPriors
from medsegr.data.image import ImageSource, load_image
from medsegr.errors import ConfigError
from medsegr.inference.given_priors import checked_finding
from medsegr.inference.prepared import Prepared, Request
from medsegr.inference.request import check_modality, meant
from medsegr.inference.result import Result, unique_ids
from medsegr.inference.user_prompt import UserPrompt
from medsegr.model.trained_targets import Untrained

if TYPE_CHECKING:
    from medsegr.inference.auto import AutoPredictor
    from medsegr.inference.predictor import Predictor


@dataclass(frozen=True)
class Asking:
    """How a picture is asked; the arguments of ``Predictor.segment``, which says what they mean."""

    modality: str | None = None
    threshold: float = 0.5
    support_threshold: float | None = None
    lexicon: Lexicon | None = None
    untrained: Untrained | None = None

    @classmethod
    def of(cls, asking: "Asking | None", modality: str | None) -> "Asking":
        """The same, of pictures of a modality where one is named."""
        asking = asking or cls()
        return asking if modality is None else replace(asking, modality=modality)


@dataclass
class _State:
    """What is asked now: the priors with all findings, and a prompt or none for each, by place."""

    priors: ReportPriors
    prompts: dict[int, UserPrompt] = field(default_factory=dict)


class Editing:
    """A picture that is asked again and again; made by ``Predictor.open``, as SAM's ``set_image``.

    Only what must is computed again. The host's work on the picture is done once. A changed prior changes the guided
    part of the encoder, which all findings share: they are told apart in it, so that all of them are drawn anew. A
    click or a box changes neither: the prompt encoder and the mask decoder run for its own finding, and the other
    findings stay as they are, bit for bit.

    Findings are named by the ids of the latest result. A side that is changed changes the id.

    Args:
        predictor: Who answers; it remembers pictures.
        image: The picture or volume. Volumes take no boxes.
        asking: How.

    Raises:
        ImageError: The image cannot be used.
        ConfigError: The modality is unknown.
    """

    def __init__(self, predictor: "Predictor | AutoPredictor", image: ImageSource, asking: Asking) -> None:
        self.predictor, self.asking = predictor, asking
        self.image = load_image(image, check_modality(asking.modality, image, asking.lexicon or load_lexicon()))
        self._result: Result | None = None
        self._answered: Predictor | None = None
        self._state: _State | None = None

    @property
    def result(self) -> Result:
        """The latest answer.

        Raises:
            ConfigError: Nothing was asked yet.
        """
        if self._result is None:
            raise ConfigError("Nothing was asked of this picture yet; call segment() with a report or targets first.")
        return self._result

    def segment(self, report: str | ReportPriors | None = None, targets: Sequence[str] = ()) -> Result:
        """Outline every finding of a report, and structures by name; earlier changes, clicks and boxes are dropped.

        Raises:
            MedsegrError: As of ``Predictor.segment``.
        """
        prepared = self._prepared(report, targets, {})
        return self._answer(prepared, _State(replace(prepared.priors, findings=prepared.findings)))

    def edit(self, id: str, **changes: Any) -> Result:
        """Say something else of one finding.

        Args:
            id: Of the finding, in the latest result.
            changes: Fields of :class:`~medsegr.Finding`: ``target``, ``presence``, ``location``, ``texture``,
                ``shape``. The report's words for what is changed are no longer read. A target means what
                ``segment(targets=[...])`` takes it for. Where the place or the presence changes, the finding's
                clicks and box are dropped: they were made for another place.

        Raises:
            ConfigError: No such finding or field, or a name that the lexicon does not have.
        """
        unknown = set(changes) - {"presence", *ASPECTS}
        if unknown:
            raise ConfigError(f"A finding has no {sorted(unknown)}; change presence, {', '.join(ASPECTS)}.")
        k, state = self._place(id)
        findings = list(state.priors.findings)
        before, findings[k] = findings[k], self._as_asked(_changed(findings[k], changes), findings[k])
        stays = (before.location, before.presence) == (findings[k].location, findings[k].presence)
        prompts = {place: prompt for place, prompt in state.prompts.items() if stays or place != k}
        return self._ask(_State(replace(state.priors, findings=tuple(findings)), prompts))

    def click(self, id: str, x: float, y: float, inside: bool = True, *, plane: int | None = None) -> Result:
        """Add a click in pixels of the picture, from its upper left corner; in a volume it changes its plane alone.

        Args:
            id: Of the finding, in the latest result.
            x, y: To the right, and down.
            inside: Whether the finding is there; False where it is not.
            plane: Of a volume, from 0 as displayed.

        Raises:
            ConfigError: No such finding, or it is absent; a place outside the picture; or a volume without a plane.
        """
        k, state = self._place(id)
        had = state.prompts.get(k)
        points, labels, box, planes = (had.points, had.labels, had.box, had.planes) if had else ((), (), None, ())
        planes = planes if plane is None else (*planes, plane)
        return self._prompt(k, UserPrompt((*points, (x, y)), (*labels, int(inside)), box, planes))

    def box(self, id: str, x1: float, y1: float, x2: float, y2: float) -> Result:
        """Put a box around a finding, in pixels of the picture; an earlier one is replaced.

        Raises:
            ConfigError: As of :meth:`click`, and of every volume.
        """
        k, state = self._place(id)
        had = state.prompts.get(k)
        return self._prompt(k, replace(had, box=(x1, y1, x2, y2)) if had else UserPrompt(box=(x1, y1, x2, y2)))

    def clear(self, id: str) -> Result:
        """Take a finding's clicks and its box away.

        Raises:
            ConfigError: No such finding.
        """
        k, state = self._place(id)
        return self._ask(_State(state.priors, {place: p for place, p in state.prompts.items() if place != k}))

    def _prompt(self, k: int, prompt: UserPrompt) -> Result:
        assert self._state is not None
        return self._ask(_State(self._state.priors, {**self._state.prompts, k: prompt}))

    def _as_asked(self, changed: Finding, before: Finding) -> Finding:
        """A finding with names that are known, its new target as one that is asked for by name."""
        lexicon, answered = self.asking.lexicon or load_lexicon(), self._answered
        assert answered is not None
        changed = checked_finding(changed, lexicon)
        if changed.target == before.target:
            return changed
        target = meant(changed.target, self.result.modality, answered.trained_targets, lexicon)
        return replace(changed, target=target)

    def _place(self, id: str) -> tuple[int, _State]:
        ids = [found.id for found in self.result.findings]
        if id not in ids:
            raise ConfigError(f"No finding has the id '{id}'; there are: {', '.join(ids) or 'none'}.")
        assert self._state is not None
        return ids.index(id), self._state

    def _ask(self, state: _State) -> Result:
        """Answer, and keep what was asked; after an error all is as it was."""
        ids = unique_ids(state.priors.findings)
        prepared = self._prepared(state.priors, (), {ids[k]: prompt for k, prompt in state.prompts.items()})
        return self._answer(prepared, state)

    def _answer(self, prepared: Prepared, state: _State) -> Result:
        self._result = self.predictor.answer([prepared])[0]
        self._state, self._answered = state, prepared.predictor
        return self._result

    def _prepared(
        self, report: str | ReportPriors | None, targets: Sequence[str], prompts: dict[str, UserPrompt]
    ) -> Prepared:
        how = self.asking
        return self.predictor.prepare(
            Request(self.image, report, targets, how.modality, how.threshold, how.support_threshold, how.lexicon,
                    prompts, how.untrained)
        )  # fmt: skip


def _changed(finding: Finding, changes: dict[str, Any]) -> Finding:
    """The finding with other facts, and without the words for what they replace."""
    words = {name: () for name, value in changes.items() if getattr(finding, name) != value}
    return replace(finding, **changes, evidence=replace(finding.evidence, **words))
