"""What a reader of another layout finds: cases, labels, and what it left out. Nothing is decoded yet."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from medsegr.data.split import split_by_patient
from medsegr.errors import ConfigError


@dataclass(frozen=True)
class ForeignCase:
    """One image of a foreign data set.

    Attributes:
        name: File name that the image gets.
        split: ``train``, ``val`` or ``test``.
        patient: Whose it is, where the source says so: a name that stands for the patient, and for nobody else.
    """

    name: str
    image: Path
    mask: Path
    split: str
    report: str | None = None
    patient: str | None = None


@dataclass(frozen=True)
class ForeignDataset:
    """A foreign data set.

    Attributes:
        labels: Its own name of each label -> the values in the masks. Regions may share values. Empty
            where masks are black and white and their one label is named by whoever converts.
        notes: What was left out and why, for the user; no report text.
        meanings: Label -> what its code says that it is, where labels are coded.
    """

    name: str
    labels: dict[str, tuple[int, ...]]
    cases: tuple[ForeignCase, ...]
    licence: str | None = None
    notes: tuple[str, ...] = ()
    meanings: Mapping[str, str] = field(default_factory=dict)


def patient_of(name: str, pattern: str | None) -> str:
    """The patient that an image of this name belongs to.

    It is the first group, or the whole match, of the pattern, a regular expression. Without one each image
    is a patient of its own.

    Raises:
        ConfigError: The pattern is not one, or does not fit the name.
    """
    if pattern is None:
        return name
    try:
        found = re.search(pattern, name)
    except re.error as error:
        raise ConfigError(f"The pattern of patients '{pattern}' is not a regular expression ({error}).") from error
    if found is None:
        raise ConfigError(
            f"The pattern of patients '{pattern}' does not fit the image {name}. Give one that fits every image, "
            "with the patient in its first pair of brackets."
        )
    return found[1] if found.groups() and found[1] is not None else found[0]


def with_missing_splits(
    dataset: ForeignDataset, shares: Mapping[str, float], seed: int, pattern: str | None = None
) -> ForeignDataset:
    """Draw validation and test splits that a data set lacks from its training images, whole patients at a time.

    Args:
        shares: Split -> share of the training images to draw where the split is empty; 0 draws none.
        pattern: See :func:`patient_of`.

    Raises:
        ConfigError: A share is not from 0 to below 1, or they leave nothing to train on, or the pattern does not fit.
    """
    if not (min(shares.values()) >= 0 and sum(shares.values()) < 1):  # so written, it refuses NaN too
        given = ", ".join(f"{name} {share:g}" for name, share in shares.items())
        raise ConfigError(f"The shares of images to draw are {given}; numbers from 0 on, together below 1, "
                          "were expected.")  # fmt: skip
    stated = {case.split for case in dataset.cases}
    drawn = {split: share for split, share in shares.items() if share > 0 and split not in stated}
    if not drawn:
        return dataset
    owners = {case.name: case.patient or patient_of(case.name, pattern) for case in dataset.cases}
    elsewhere = {owners[case.name] for case in dataset.cases if case.split != "train"}
    patients = {case.name: owners[case.name] for case in dataset.cases if case.split == "train"}
    patients = {name: patient for name, patient in patients.items() if patient not in elsewhere}
    split = split_by_patient(list(patients), patients, {"train": 1 - sum(drawn.values()), **drawn}, seed)
    return replace(dataset, cases=tuple(replace(c, split=split.get(c.name, c.split)) for c in dataset.cases))


def counted(names: Sequence[str], what: str) -> tuple[str, ...]:
    """One note on files that were left out, with the first of their names; none where there are none."""
    if not names:
        return ()
    return (f"{len(names)} {what}, the first is {names[0]}",)
