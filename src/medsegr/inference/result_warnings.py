"""What is to be said beside an answer, in plain words and without report text."""

from collections.abc import Sequence

from medsegr.cognition.prior_embedding import PriorVocabulary, stated_names
from medsegr.cognition.priors import Finding, Span
from medsegr.cognition.taught_words import UNKNOWN
from medsegr.inference.prepared import Prepared
from medsegr.inference.result import FindingResult
from medsegr.model.thresholds import Thresholds
from medsegr.model.trained_targets import TrainedTargets, pictures_of

ANYWAY = "To see what it draws nevertheless: --untrained draw (in Python untrained='draw')."
"""Said beside what was refused."""


def all_warnings(
    case: Prepared, results: Sequence[FindingResult], vocabulary: PriorVocabulary, trained: TrainedTargets
) -> tuple[str, ...]:
    """All that is to be said of a case, once each.

    Args:
        case: As it was asked.
        results: Of its findings.
        vocabulary: Of the model.
        trained: What the model was trained to find.
    """
    modality, sought = case.picture.modality, case.looked_for
    warnings = (
        *case.picture.notes,
        *case.priors.warnings,
        *not_understood(case.priors.not_read),
        *without_row(vocabulary.target, sought, modality),
        *untaught(vocabulary, sought, modality),
        *unnamed_pictures(results, trained, modality),
        *outside_training(results, trained, modality),
        *contradictions(results, case.thresholds, told=len(case.priors)),
    )
    return tuple(dict.fromkeys(warnings))


def not_understood(spans: Sequence[Span]) -> list[str]:
    """What the report says that no mask can show, because it was not understood."""
    said = f"{len(spans)} {'stretches' if len(spans) > 1 else 'stretch'} of the report"
    return [f"Not read: {said} that may tell findings (not_read); no mask shows them."] if spans else []


def without_row(rows: Sequence[str], findings: Sequence[Finding], modality: str | None) -> list[str]:
    """Names that the model was not built with: targets and modalities of a user's own lexicon."""
    unknown = [name for name in dict.fromkeys(finding.target for finding in findings) if name not in rows]
    warnings = [
        f"This model has no row for '{name}': it is looked for by place, texture and shape." for name in unknown
    ]
    if modality is not None and f"modality:{modality}" not in rows:
        warnings.append(f"This model has no row for pictures of '{modality}'.")
    return warnings


def untaught(vocabulary: PriorVocabulary, findings: Sequence[Finding], modality: str | None) -> list[str]:
    """Looks of findings that the model was never shown in such pictures, and is therefore not told."""
    taught = vocabulary.taught
    if taught is None:
        return []
    stated = [stated_names(finding, modality) for finding in findings]
    names = {(a, name): None for of in stated for a in ("texture", "shape") for name in of[a]}
    unmet = [name for aspect, name in names if not taught.of(aspect, [name], modality)]
    if not unmet:
        return []
    return [f"This model never met {', '.join(unmet)} in {pictures_of(modality)}: taken as not stated."]


def unnamed_pictures(results: Sequence[FindingResult], trained: TrainedTargets, modality: str | None) -> list[str]:
    """That nobody named the modality, where the model was trained on pictures of named ones only."""
    named = bool(trained.of_modality) and UNKNOWN not in trained.of_modality
    if modality is not None or not named or all(found.outcome == "absent" for found in results):
        return []
    return [
        "The modality is not known: neither the image nor the report names it. "
        "Masks are better where it is given, for example as chest_xray."
    ]


def outside_training(results: Sequence[FindingResult], trained: TrainedTargets, modality: str | None) -> list[str]:
    """What the model's answer is worth for names and pictures that it was not trained for."""
    pictures, asked = pictures_of(modality), [found for found in results if found.outcome != "absent"]
    if not trained.knows_pictures(modality) and asked:
        refused = all(found.refused for found in asked)
        said = f"no mask was made. {ANYWAY}" if refused else "take its masks and its support with care."
        return [f"This model was not trained on {pictures}: {said}"]
    warnings = [
        f"{found.id}: this model was not trained to find '{found.finding.target}' in {pictures}: "
        + ("no mask was made." if found.outcome == "untrained" else "take the mask with care.")
        for found in results
        if found.outcome in ("outlined", "untrained") and not trained.knows(found.finding.target, modality)
    ]
    return [*warnings, ANYWAY] if any(found.refused for found in results) else warnings


def contradictions(results: Sequence[FindingResult], thresholds: Thresholds, told: int) -> list[str]:
    """Where report and image disagree, and why nothing was outlined.

    Args:
        results: The report's findings, then what was asked for by name.
        thresholds: Of the answer.
        told: How many of them are the report's; of the others it says nothing that could be contradicted.
    """
    if not results:
        return ["The report names no finding that the vocabulary knows, so nothing was looked for."]
    warnings = [
        f"{found.id}: the report and the image contradict each other: said to be {found.finding.presence}, but "
        f"its support is {found.support:.2f} (below {thresholds.support:.2f}); no mask was made."
        for found in results[:told]
        if found.outcome == "unsupported" and found.support is not None
    ]
    warnings += [f"{found.id}: nothing was outlined: {found.reason}." for found in results if found.outcome == "empty"]
    if all(found.outcome == "absent" for found in results):
        warnings.append("All findings are absent by the report, so nothing was outlined.")
    return warnings
