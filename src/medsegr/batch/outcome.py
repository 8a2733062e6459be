"""What became of a study."""

from dataclasses import dataclass

from medsegr.batch.resume import CaseRecord
from medsegr.batch.study import Study


@dataclass(frozen=True)
class Outcome:
    """What became of a study.

    Attributes:
        study: With its place in the work list.
        record: Of the complete case; None where it failed.
        error: Why it failed; "" else.
        kept: It was complete before.
    """

    study: Study
    record: CaseRecord | None = None
    error: str = ""
    kept: bool = False
