"""One case in, one result out: the class behind ``medsegr.load``."""

import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np

from medsegr.backbones.lite_medsam_weights import names_checkpoint
from medsegr.cognition.lexicon import Lexicon, canonical_target, finding_for_target, load_lexicon
from medsegr.cognition.priors import Finding, ReportPriors
from medsegr.cognition.region_map import seen
from medsegr.data.image import ImageSource, MedicalImage, load_image
from medsegr.errors import ConfigError
from medsegr.inference.auto import AUTO, AutoPredictor
from medsegr.inference.builtin import builtin_models, builtin_path
from medsegr.inference.device import device_named
from medsegr.inference.host_alone import refuse_unmarked, without_support
from medsegr.inference.looks import Looks
from medsegr.inference.measure import long_axis_mm, volume_mm3
from medsegr.inference.plane import Question
from medsegr.inference.request import (
    check_modality,
    check_question,
    check_thresholds,
    checked_names,
    joined,
    meant,
    read_together,
)
from medsegr.inference.result import FindingResult, Outcome, Result, unique_ids
from medsegr.inference.result_warnings import (
    contradictions,
    not_understood,
    outside_training,
    unnamed_pictures,
    without_row,
)
from medsegr.inference.thresholds import SupportThresholds, Thresholds
from medsegr.inference.trained_targets import TrainedTargets, Untrained, pictures_of, policy_of
from medsegr.inference.user_prompt import UserPrompt, prompts_by_place
from medsegr.inference.volume import FindingVolume, gather
from medsegr.model.attach import build_model
from medsegr.model.host_identity import Host
from medsegr.model.report_guided_sam import ReportGuidedSam


@overload
def load(  # type: ignore[overload-overlap]
    name: Literal["auto"] = "auto", device: str = ..., *, flips: bool = ..., second_look: bool = ...
) -> AutoPredictor: ...
@overload
def load(
    name: str | Path, device: str = ..., host: Host | None = ..., *, flips: bool = ..., second_look: bool = ...
) -> "Predictor": ...
def load(
    name: str | Path = AUTO,
    device: str = "cpu",
    host: Host | None = None,
    *,
    flips: bool = False,
    second_look: bool = False,
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

    Raises:
        ConfigError: No such model or device, or the weights of a built-in model's host are missing.
        CheckpointError: The weights are damaged, of another host, or of a newer schema.
    """
    if name == AUTO:
        if host is not None:
            raise ConfigError("A host belongs to one adapter, and 'auto' takes one of several: name the model as well.")
        device_named(device)
        return AutoPredictor(
            lambda one: load(one, device, flips=flips, second_look=second_look), Looks(flips, second_look)
        )
    chosen, builtin = device_named(device), builtin_models()
    if str(name) in builtin:
        source = str(builtin_path(str(name)))
    elif names_checkpoint(str(name)):
        if host is not None:
            raise ConfigError(f"'{name}' is a host itself; leave 'host' out, or name an adapter for it.")
        alone = build_model(str(name)).to(chosen)
        return Predictor(alone, name=str(name), flips=flips, second_look=second_look, host_alone=True)
    elif Path(name).is_dir() or re.fullmatch(r"[\w.-]+/[\w.-]+", str(name)):
        source = str(name)
    else:
        raise ConfigError(
            f"No model '{name}'. Expected a built-in name ({', '.join([AUTO, *builtin])}), lite_medsam (a host alone, "
            "for clicks and boxes), a folder written by save_pretrained, or a Hugging Face id such as 'me/my-adapter'."
        )
    model = ReportGuidedSam.from_pretrained(source, host)
    return Predictor(model.to(chosen).eval(), name=str(name), flips=flips, second_look=second_look)


class Predictor:
    """Segments cases with one model. Calls from several threads wait for each other.

    Args:
        model: A model; it is used as it is, in evaluation mode.
        name: Shown in results.
        flips: Also look at the mirrored picture, with mirrored findings, and average; see ``flips.py``.
        second_look: Look again, closer, where a finding is small; see ``second_look.py``.
        host_alone: Its adapter is a fresh one; see ``host_alone.py``.
    """

    def __init__(
        self,
        model: ReportGuidedSam,
        name: str = "model",
        *,
        flips: bool = False,
        second_look: bool = False,
        host_alone: bool = False,
    ) -> None:
        self.model = model
        self.name = name
        self.looks = Looks(flips, second_look)
        self.host_alone = host_alone
        self._lock = threading.Lock()

    @property
    def metadata(self) -> dict[str, Any]:
        """What the checkpoint says of itself: training data, seed, hash of the weights, thresholds."""
        return self.model.metadata

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
        lexicon = lexicon or load_lexicon()
        names = [canonical_target(name, lexicon) for name in checked_names(report, targets)]
        modality = check_modality(modality, image, lexicon)
        check_thresholds(threshold, support_threshold)
        policy = policy_of(untrained, self.metadata)
        check_question(report, names)
        picture, priors = read_together(load_image(image, modality), report, lexicon)
        modality = picture.modality
        own = self.support_thresholds.of(modality) if support_threshold is None else support_threshold
        thresholds, trained = Thresholds(threshold, 0.0 if self.host_alone else own), self.trained_targets
        names = [meant(name, modality, trained, lexicon) for name in names]
        findings = joined(priors, [finding_for_target(name, modality, lexicon) for name in dict.fromkeys(names)])
        ids, known = unique_ids(findings), [trained.knows(finding.target, modality) for finding in findings]
        placed = prompts_by_place(prompts or {}, findings, ids, picture)
        asked = [known[k] or k in placed or policy == "draw" for k in range(len(findings))]
        sought = [k for k, finding in enumerate(findings) if finding.presence != "absent" and asked[k]]
        if self.host_alone:
            refuse_unmarked(self.name, ids, placed, sought)
        told = _question([findings[k] for k in sought], picture, priors.text, [placed.get(k) for k in sought])
        volumes = dict(zip(sought, self._volumes(picture, told, thresholds, lexicon), strict=True))
        results = tuple(
            _finding_result(id, finding, volumes.get(k), picture, thresholds, trained=known[k])
            for k, (id, finding) in enumerate(zip(ids, findings, strict=True))
        )
        if self.host_alone:
            results = tuple(map(without_support, results))
        warnings = (
            *picture.notes,
            *priors.warnings,
            *not_understood(priors.not_read),
            *without_row(self.model.vocabulary.target, [findings[k] for k in sought], modality),
            *unnamed_pictures(results, trained, modality),
            *outside_training(results, trained, modality),
            *contradictions(results, thresholds, told=len(priors)),
        )
        return Result(
            results,
            picture,
            modality,
            priors.text,
            tuple(dict.fromkeys(warnings)),
            self.looks,
            self.name,
            not_read=priors.not_read,
        )

    def _volumes(
        self, picture: MedicalImage, asked: Question, thresholds: Thresholds, lexicon: Lexicon
    ) -> list[FindingVolume]:
        """What the model finds, one for each finding asked for; it is not asked for none."""
        if not asked.findings:
            return []
        with self._lock:
            return gather(self.looks.ask(self.model.eval(), thresholds, lexicon), picture, asked, thresholds)


def _question(
    findings: list[Finding], image: MedicalImage, text: str, prompts: Sequence[UserPrompt | None]
) -> Question:
    """What the model is asked, of the findings that are looked for and a prompt or none for each."""
    given = {place: prompt for place, prompt in enumerate(prompts) if prompt is not None}
    return Question(tuple(seen(finding, image.view) for finding in findings), image.view, text, given)


def _finding_result(
    id: str,
    finding: Finding,
    volume: FindingVolume | None,
    image: MedicalImage,
    thresholds: Thresholds,
    *,
    trained: bool,
) -> FindingResult:
    nothing, middle = np.zeros(image.mask_shape, bool), image.planes // 2
    if volume is None and finding.presence != "absent":
        why = f"the model was not trained to find '{finding.target}' in {pictures_of(image.modality)}"
        return FindingResult(id, finding, nothing, "untrained", reason=why, key_plane=middle)
    if volume is None:
        spans = ", ".join(f"{start}-{end}" for start, end in finding.evidence.presence)
        why = "absent by the report" + (f" (characters {spans})" if spans else "")
        return FindingResult(id, finding, nothing, "absent", reason=why, key_plane=middle)
    mask = np.stack(volume.masks) if image.is_volume else volume.masks[0]
    outcome: Outcome = "outlined"
    reason = None
    if volume.support < thresholds.support:
        outcome = "unsupported" if trained else "untrained"
        said = "the image does not show it" if trained else "the model was not trained for it in such pictures"
        reason = f"{said} (support {volume.support:.2f}, needed {thresholds.support:.2f})"
    elif not mask.any():
        outcome, reason = "empty", f"no pixel reaches the probability threshold of {thresholds.mask:.2f}"
    spacing = image.geometry.spacing_mm if image.geometry.spacing_known else None
    return FindingResult(
        id=id,
        finding=finding,
        mask=mask,
        outcome=outcome,
        support=volume.support,
        reason=reason,
        key_plane=volume.key_plane,
        location_map=volume.location_map,
        probability=volume.probability,
        size_mm=long_axis_mm(mask, spacing),
        volume_mm3=volume_mm3(mask, image.geometry.affine) if mask.any() else None,
        looked_twice=volume.looked_twice,
        box=None if volume.box is None else tuple(volume.box.tolist()),
    )
