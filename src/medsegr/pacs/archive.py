"""Archive: what this side asks of a PACS, whichever way it speaks; and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from medsegr.errors import ConfigError
from medsegr.pacs.query_date import query_date

WITHOUT_USE = frozenset({"SEG", "KO", "PR", "RTSTRUCT", "RTPLAN", "RTRECORD", "REG", "FID", "AU", "ECG", "ANN"})
"""Modalities of series that hold neither a picture nor a report; they are not fetched."""


@dataclass(frozen=True)
class Query:
    """What a study must be like; ``None`` for whatever.

    Attributes:
        study: StudyInstanceUID.
        patient_id, accession: As the PACS has them.
        date: ``20261130``, or a range, ``20261101-20261130``; given as :func:`query_date` takes it.
        modality: DICOM's code, such as ``CT``.

    Raises:
        ConfigError: Nothing is named: a PACS would list all that it has. Or the date is none.
    """

    study: str | None = None
    patient_id: str | None = field(default=None, repr=False)
    accession: str | None = field(default=None, repr=False)
    date: str | None = None
    modality: str | None = None

    def __post_init__(self) -> None:
        if not self.fields:
            raise ConfigError("Say which studies: --study, --patient-id, --accession, --date or --modality.")
        if self.date:
            object.__setattr__(self, "date", query_date(self.date))

    @property
    def fields(self) -> Mapping[str, str]:
        """DICOM's keywords -> what is asked for."""
        told = {
            "StudyInstanceUID": self.study,
            "PatientID": self.patient_id,
            "AccessionNumber": self.accession,
            "StudyDate": self.date,
            "ModalitiesInStudy": self.modality,
        }
        return {name: value for name, value in told.items() if value}


@dataclass(frozen=True)
class FoundStudy:
    """A study that a PACS has.

    Attributes:
        uid: StudyInstanceUID.
        date: ``20261130``, or "".
        modalities: DICOM's codes; empty where the PACS does not tell.
        patient_id, accession: "" where it does not tell.
    """

    uid: str
    date: str
    modalities: tuple[str, ...]
    patient_id: str = field(default="", repr=False)
    accession: str = field(default="", repr=False)


@dataclass(frozen=True)
class FoundSeries:
    """A series of a study.

    Attributes:
        uid: SeriesInstanceUID.
        modality: DICOM's code.
        instances: How many; None where the PACS does not tell.
    """

    uid: str
    modality: str
    instances: int | None = None

    @property
    def of_use(self) -> bool:
        """Whether it may hold a picture or a report."""
        return self.modality not in WITHOUT_USE


class Archive(Protocol):
    """A PACS. Every method raises a ``PacsError`` where it refuses, fails or cannot be reached."""

    def echo(self) -> None:
        """Ask whether it is there, and answers us."""

    def studies(self, query: Query) -> list[FoundStudy]:
        """Studies that are as asked, in the PACS' order."""

    def series(self, study: str) -> list[FoundSeries]:
        """All series of a study."""

    def fetch(self, study: str, series: Sequence[FoundSeries], folder: Path) -> int:
        """Fetch series of a study into a folder, one file for each instance; how many came."""

    def store(self, files: Sequence[Path]) -> None:
        """Store DICOM files."""


def series_to_fetch(found: Sequence[FoundSeries], named: str | None = None) -> list[FoundSeries]:
    """The series that a study is segmented from: all that may hold a picture or a report, or one and the reports.

    Raises:
        ConfigError: The study has no series of that name.
    """
    if named is None:
        return [one for one in found if one.of_use]
    if all(one.uid != named for one in found):
        raise ConfigError(f"The study has no series of that UID; it has {len(found)}. 'medsegr pacs find' lists them.")
    return [one for one in found if one.uid == named or one.modality in ("SR", "DOC")]
