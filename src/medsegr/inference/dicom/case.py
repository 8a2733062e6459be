"""DicomCase: a result on its way into DICOM, with what all objects made from it share."""

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from medsegr._version import __version__
from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.lexicon_entries import Code
from medsegr.data.dicom.study_report import MAKER
from medsegr.inference.dicom.codes import PRIVATE, place_codes, target_category, target_code
from medsegr.inference.dicom.content_uid import content_uid
from medsegr.inference.dicom.source import SourceImages
from medsegr.inference.result import FindingResult, Result

if TYPE_CHECKING:
    from highdicom.sr import CodedConcept
    from pydicom import Dataset


@dataclass(frozen=True, eq=False)
class DicomCase:
    """A result on its way into DICOM.

    Attributes:
        result: Findings and masks.
        source: The images that it is of.
        lexicon: Knows the codes.
        model_name: As it was named: a built-in name, a folder, an id.
        content: Hash of all that is written; UIDs are made from it.
    """

    result: Result
    source: SourceImages
    lexicon: Lexicon
    model_name: str
    content: str

    @property
    def outlined(self) -> list[FindingResult]:
        """Findings with a mask; segments are numbered in this order, from 1."""
        return [found for found in self.result.findings if found.outcome == "outlined"]

    @property
    def model(self) -> str:
        """Name of the model, without the folder that it lies in; what DICOM can hold of it."""
        name = PurePath(self.model_name.replace("\\", "/")).name or "unknown"
        return name.encode("ascii", "replace").decode()[:40]

    def uid(self, *role: str) -> str:
        """UID of a part of this case; the same content gives the same one."""
        return content_uid(self.content, *role)

    def type_of(self, found: FindingResult) -> Code:
        """What DICOM calls a finding."""
        return target_code(found.finding.target, self.lexicon)

    def category_of(self, found: FindingResult) -> Code:
        """What kind of thing it is."""
        return target_category(found.finding.target, self.lexicon)

    def places_of(self, found: FindingResult) -> tuple[Code, ...]:
        """Where it lies."""
        return place_codes(found.finding, self.lexicon, self.result.modality)

    def described(self, words: str, offset: int) -> dict[str, Any]:
        """What highdicom wants to know of every new object: series, dates, maker and our code scheme."""
        from highdicom.coding_schemes import CodingSchemeIdentificationItem

        date, time = self.source.moment
        return {
            "series_number": self.source.series_number(offset),
            "instance_number": 1,
            "manufacturer": MAKER,
            "manufacturer_model_name": self.model,
            "software_versions": __version__,
            "device_serial_number": MAKER,
            "series_description": f"{MAKER}: {words}",
            "content_date": date,
            "content_time": time,
            "coding_schemes": [CodingSchemeIdentificationItem(PRIVATE, name="Names of medsegr's lexicon")],
        }


def concept(code: Code) -> "CodedConcept":
    """A code as highdicom takes it."""
    from highdicom.sr import CodedConcept

    scheme, value, meaning = code
    return CodedConcept(value=value, scheme_designator=scheme, meaning=meaning)


def settle(made: "Dataset", source: SourceImages) -> None:
    """Put the study's date in place of now, so that the same content gives the same bytes; say if it is anonymous."""
    made.InstanceCreationDate, made.InstanceCreationTime = source.moment
    if source.anonymous:
        made.PatientIdentityRemoved = "YES"
        made.DeidentificationMethod = "medsegr: fields of geometry kept, all others left out, UIDs hashed"
    for item in made.ContributingEquipmentSequence:
        if "ContributionDateTime" in item:
            del item.ContributionDateTime
