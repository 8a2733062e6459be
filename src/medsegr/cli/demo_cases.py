"""The generated studies that ``medsegr demo`` shows."""

from medsegr.data.case import Case, FindingRecord
from medsegr.data.image import load_image
from medsegr.data.phantoms import PhantomStudy, generate_study
from medsegr.data.phantoms.study import MODALITIES

SEED = 20_260
"""Of the demo's series; no model is trained on it."""

SHOWN = (
    ("xray", "place", 0),
    ("ct", "texture", 1),
    ("ultrasound", "form", 2),
    ("xray", "overlap", 3),
    ("ct", "small", 4),
    ("ultrasound", "low_contrast", 5),
)
"""Look, suite and number of each study; each look twice, so that each has "another case"."""


def demo_cases() -> list[Case]:
    """The studies, the same in every run."""
    return [case_of(generate_study(SEED, number, look, suite), f"{look}_{suite}") for look, suite, number in SHOWN]


def case_of(study: PhantomStudy, name: str) -> Case:
    """A generated study as a case, as if it had been read from a data set."""
    records, masks = [], {}
    for number, lesion in enumerate(study.lesions, 1):
        record = FindingRecord(
            id=f"f{number}",
            role=lesion.role,
            target=lesion.target,
            presence=lesion.presence,
            laterality=lesion.laterality,
            zones=tuple(lesion.zones),
            texture=(lesion.texture,) if lesion.texture else (),
            shape=(lesion.form,) if lesion.form else (),
        )
        records.append(record)
        if lesion.mask is not None:
            masks[record.id] = lesion.mask
    return Case(
        image=load_image(study.image, MODALITIES[study.look]),
        report=study.report,
        structures=dict(study.organs),
        findings=tuple(records),
        masks=masks,
        name=name,
        suite=study.suite,
        look=study.look,
    )
