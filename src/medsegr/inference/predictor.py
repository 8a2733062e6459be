"""One case in, one result out: the class behind ``medsegr.load``."""

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, overload

from medsegr.backbones.lite_medsam_weights import names_checkpoint
from medsegr.cognition.lexicon import Lexicon, canonical_target, finding_for_target, load_lexicon
from medsegr.cognition.priors import ReportPriors
from medsegr.data.image import ImageSource, load_image
from medsegr.errors import ConfigError
from medsegr.inference.auto import AUTO, AutoPredictor
from medsegr.inference.backends.choice import Backend, backend_record
from medsegr.inference.builtin import builtin_models, builtin_path
from medsegr.inference.device import device_named
from medsegr.inference.editing import Asking, Editing
from medsegr.inference.finding_result import finding_result
from medsegr.inference.host_alone import refuse_unmarked, without_support
from medsegr.inference.looks import Looks
from medsegr.inference.picture_memory import REMEMBERED, PictureMemory
from medsegr.inference.plane import Ask, look_at
from medsegr.inference.prepared import Prepared, Request, answer_all, question_of
from medsegr.inference.request import (
    check_modality,
    check_question,
    check_thresholds,
    checked_names,
    joined,
    meant,
    read_together,
)
from medsegr.inference.result import Result, unique_ids
from medsegr.inference.result_warnings import all_warnings
from medsegr.inference.user_prompt import UserPrompt, prompts_by_place
from medsegr.inference.volume import FindingVolume
from medsegr.model.attach import build_model
from medsegr.model.host_identity import Host
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.model.thresholds import SupportThresholds, Thresholds
from medsegr.model.trained_targets import TrainedTargets, Untrained, policy_of


@overload
def load(  # type: ignore[overload-overlap]
    name: Literal["auto"] = "auto", device: str = ..., *,
    flips: bool = ..., second_look: bool = ..., trunk_memory: int = ...,
    backend: str = ..., precision: str = ...,
) -> AutoPredictor: ...  # fmt: skip
@overload
def load(
    name: str | Path, device: str = ..., host: Host | None = ..., *,
    flips: bool = ..., second_look: bool = ..., trunk_memory: int = ...,
    backend: str = ..., precision: str = ...,
) -> "Predictor": ...  # fmt: skip
def load(
    name: str | Path = AUTO,
    device: str = "cpu",
    host: Host | None = None,
    *,
    flips: bool = False,
    second_look: bool = False,
    trunk_memory: int = 0,
    backend: str = AUTO,
    precision: str = "f32",
) -> "Predictor | AutoPredictor":
    """A model that is ready to segment.

    Args:
        name: A built-in name (``lite``, ``tiny``), a folder, or a Hugging Face id such as ``me/my-adapter``;
            ``auto``, which takes for each study the built-in model that knows such pictures; or a host alone,
            ``lite_medsam`` or the path of such a checkpoint, which needs a click or a box for every finding.
        device: ``cpu``, ``cuda``, ``cuda:1``, ``mps``, or ``auto`` for the best there is.
        host: The host of an adapter, as an object or by name, where its own name is not enough: a
            host of one's own (``module:function``, or an object with its ``HostSpec``), or one that was moved.
        flips: See :class:`Predictor`.
        second_look: See :class:`Predictor`.
        trunk_memory: See :class:`Predictor`.
        backend: What computes: ``torch``, ``openvino``, ``onnx``, or ``auto``; see
            :class:`~medsegr.inference.backends.choice.Backend`.
        precision: ``f32``, or ``bf16``, with which some pixels of the outlines change.

    Raises:
        ConfigError: No such model, device, backend or precision, the backend cannot run the model, or the weights
            of a built-in model's host are missing.
        CheckpointError: The weights are damaged, of another host, or of a newer schema.
    """
    ways = Backend(backend, precision)
    if name == AUTO:
        if host is not None:
            raise ConfigError("A host belongs to one adapter, and 'auto' takes one of several: name the model as well.")
        device_named(device)
        options: dict[str, Any] = {"backend": backend, "precision": precision, "trunk_memory": trunk_memory}
        return AutoPredictor(
            lambda one: load(one, device, flips=flips, second_look=second_look, **options), Looks(flips, second_look)
        )
    chosen, builtin = device_named(device), builtin_models()
    if str(name) in builtin:
        source = str(builtin_path(str(name)))
    elif names_checkpoint(str(name)):
        if host is not None:
            raise ConfigError(f"'{name}' is a host itself; leave 'host' out, or name an adapter for it.")
        alone = build_model(str(name)).to(chosen)
        alone.engine = ways.engine(alone)
        return Predictor(
            alone, str(name), flips=flips, second_look=second_look, trunk_memory=trunk_memory, host_alone=True
        )
    elif Path(name).is_dir() or re.fullmatch(r"[\w.-]+/[\w.-]+", str(name)):
        source = str(name)
    else:
        raise ConfigError(
            f"No model '{name}'. Expected a built-in name ({', '.join([AUTO, *builtin])}), lite_medsam (a host alone, "
            "for clicks and boxes), a folder written by save_pretrained, or a Hugging Face id such as 'me/my-adapter'."
        )
    model = ReportGuidedSam.from_pretrained(source, host).to(chosen).eval()
    model.engine = ways.engine(model)
    return Predictor(model, name=str(name), flips=flips, second_look=second_look, trunk_memory=trunk_memory)


class Predictor:
    """Segments cases with one model. Calls from several threads wait for each other.

    Args:
        model: A model; it is used as it is, in evaluation mode.
        name: Shown in results.
        flips: Also look at the mirrored picture, with mirrored findings, and average; see ``flips.py``.
        second_look: Look again, closer, where a finding is small; see ``second_look.py``.
        host_alone: Its adapter is a fresh one; see ``host_alone.py``.
        trunk_memory: Bytes in which the work on a picture is kept for the next report or click on it; see
            ``picture_memory.py``.
    """

    def __init__(
        self,
        model: ReportGuidedSam,
        name: str = "model",
        *,
        flips: bool = False,
        second_look: bool = False,
        host_alone: bool = False,
        trunk_memory: int = 0,
    ) -> None:
        self.model = model
        self.name = name
        self.looks = Looks(flips, second_look)
        self.host_alone = host_alone
        self.memory: PictureMemory | None = PictureMemory(trunk_memory) if trunk_memory else None
        self._lock = threading.Lock()

    @property
    def metadata(self) -> dict[str, Any]:
        """What the checkpoint says of itself: training data, seed, hash of the weights, thresholds."""
        return self.model.metadata

    @property
    def backend(self) -> dict[str, Any]:
        """What computes, as results name it: name, version, precision."""
        return backend_record(self.model.engine)

    @property
    def support_thresholds(self) -> SupportThresholds:
        """Supports below which the image does not show a finding, by modality; the checkpoint's own.

        Raises:
            CheckpointError: The checkpoint's are no numbers from 0 to 1.
        """
        return SupportThresholds.from_metadata(self.metadata)

    @property
    def trained_targets(self) -> TrainedTargets:
        """What the model was trained to find, by modality, where its checkpoint says so.

        Raises:
            CheckpointError: The checkpoint's are no lists of names.
        """
        return TrainedTargets.from_metadata(self.metadata)

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
        """Outline every finding of a report, and every structure asked for by name.

        Args:
            image: A path, an array (H, W), (H, W, 3) or (D, H, W), a PIL image, or a MedicalImage.
            report: Text, or what :func:`medsegr.parse_report` made of it.
            targets: Names of structures to outline besides, as in the vocabulary, synonyms allowed; what the model
                did not learn by that name is read as a report's word would be ("mass" in an ultrasound of the
                breast). One that the report already names is not asked for twice.
            modality: For example ``chest_xray``; else the image's own, else the one that the report names.
            threshold: Of the mask's probability, 0..1.
            support_threshold: Below it the image does not show a finding; the model's own for this modality by
                default.
            lexicon: Names and words that reports and targets may use; the built-in lexicon by default.
            prompts: Clicks and boxes besides, by the id (``nodule-left``) or target of a finding.
            untrained: What becomes of findings that the model was not trained for in such pictures: ``refuse`` (no
                mask, unless a prompt says where it is) or ``draw``, with a caution; the model's own by default, which
                is ``draw`` of models that one has trained. Models without a record of names refuse nothing.

        Raises:
            ConfigError: Nothing was asked for, an unknown target or modality, a threshold outside 0..1, a
                prompt that fits no finding, lies outside the picture, or is more than the host takes; or none
                where the model is a host alone.
            ImageError: The image cannot be used.
            ReportError: The report is no report, is empty and no target is named, or holds too many findings.
        """
        asked = Request(image, report, targets, modality, threshold, support_threshold, lexicon, prompts, untrained)
        return self.answer([self.prepare(asked)])[0]

    def open(self, image: ImageSource, modality: str | None = None, *, asking: Asking | None = None) -> Editing:
        """A picture to be asked again and again: reports, changed priors, clicks and boxes; see :class:`Editing`.

        The host's work on a picture that can be kept is done now. Errors as of :meth:`segment`.
        """
        self.remember()
        editing = Editing(self, image, Asking.of(asking, modality))
        with self._lock:
            look_at(self.model.eval(), editing.image, self.memory)
        return editing

    def remember(self, limit_bytes: int = REMEMBERED, folder: Path | None = None) -> None:
        """Keep the work on pictures from now on, in a folder too, where none is kept yet; see ``PictureMemory``."""
        self.memory = self.memory or PictureMemory(limit_bytes, folder)

    def prepare(self, asked: Request) -> Prepared:
        """Read and understand a case, without asking the model; errors as of :meth:`segment`."""
        lexicon, report = asked.lexicon or load_lexicon(), asked.report
        modality = check_modality(asked.modality, asked.image, lexicon)
        names = [canonical_target(name, lexicon, modality) for name in checked_names(report, asked.targets)]
        check_thresholds(asked.threshold, asked.support_threshold)
        policy = policy_of(asked.untrained, self.metadata)
        check_question(report, names)
        picture, priors = read_together(load_image(asked.image, modality), report, lexicon, asked.modality)
        modality, support = picture.modality, asked.support_threshold
        own = self.support_thresholds.of(modality) if support is None else support
        thresholds, trained = Thresholds(asked.threshold, 0.0 if self.host_alone else own), self.trained_targets
        names = [meant(name, modality, trained, lexicon) for name in names]
        findings = joined(priors, [finding_for_target(name, modality, lexicon) for name in dict.fromkeys(names)])
        ids, known = unique_ids(findings), [trained.knows(finding.target, modality) for finding in findings]
        placed = prompts_by_place(asked.prompts or {}, findings, ids, picture)
        allowed = [known[k] or k in placed or policy == "draw" for k in range(len(findings))]
        sought = [k for k, finding in enumerate(findings) if finding.presence != "absent" and allowed[k]]
        if self.host_alone:
            refuse_unmarked(self.name, ids, placed, sought)
        told = question_of([findings[k] for k in sought], picture, priors.text, [placed.get(k) for k in sought])
        return Prepared(
            self, picture, priors, tuple(findings), tuple(ids), tuple(known), tuple(sought), told, thresholds, lexicon
        )

    def answer(self, cases: Sequence[Prepared]) -> list[Result]:
        """Ask the model; neighbours among pictures share a call of it, as far as memory allows."""
        return [case.predictor._result(case, volumes) for case, volumes in zip(cases, answer_all(cases), strict=True)]

    @contextmanager
    def asking(self, thresholds: Thresholds, lexicon: Lexicon) -> Iterator[Ask]:
        """The way to ask this model, while nobody else does."""
        with self._lock:
            yield self.looks.ask(self.model.eval(), thresholds, lexicon, self.memory)

    def _result(self, case: Prepared, volumes: Sequence[FindingVolume]) -> Result:
        found, picture = dict(zip(case.sought, volumes, strict=True)), case.picture
        results = tuple(
            finding_result(id, finding, found.get(k), picture, case.thresholds, trained=case.known[k])
            for k, (id, finding) in enumerate(zip(case.ids, case.findings, strict=True))
        )
        if self.host_alone:
            results = tuple(map(without_support, results))
        warnings = all_warnings(case, results, self.model.vocabulary, self.trained_targets)
        return Result(results, picture, picture.modality, case.priors.text, warnings, self.looks, self.name,
                      case.chosen, not_read=case.priors.not_read, backend=self.backend)  # fmt: skip
