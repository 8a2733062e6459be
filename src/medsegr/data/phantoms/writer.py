"""Phantom studies as data sets on disk, one for each look."""

from pathlib import Path

from medsegr.data.case import FindingRecord
from medsegr.data.dataset_manifest import DatasetManifest
from medsegr.data.dataset_writer import DatasetWriter
from medsegr.data.outputs import staged_folder
from medsegr.data.phantoms.scenes import LOOKS
from medsegr.data.phantoms.study import ALL_SUITES, MODALITIES, Lesion, PhantomStudy, generate_study
from medsegr.data.split import SPLITS
from medsegr.data.stored_picture import MAX_SIDE
from medsegr.errors import ConfigError
from medsegr.view import Frame


def write_phantoms(  # noqa: PLR0917 - as the command line has them
    out: Path,
    cases: int,
    seed: int,
    size: int = 256,
    split: str | None = None,
    overwrite: bool = False,
    suite: str | None = None,
) -> Path:
    """Write ``OUT/xray``, ``OUT/ct`` and ``OUT/ultrasound``, each a data set. The same seed gives the same bytes.

    Args:
        cases: Studies in all; looks and suites take turns.
        size: Side of the pictures in pixels.
        split: All studies in this split; 80 / 10 / 10 by default.
        suite: All studies of this one of :data:`~medsegr.data.phantoms.study.ALL_SUITES`; :data:`SUITES
            <medsegr.data.phantoms.study.SUITES>` take turns by default.

    Raises:
        ConfigError: ``cases``, ``seed``, ``size``, ``split`` or ``suite`` is out of range.
        OutputError: ``out`` is not empty or not writable.
    """
    if cases < 1 or seed < 0 or not 64 <= size <= MAX_SIDE or split not in (None, *SPLITS):
        raise ConfigError(
            f"Phantoms need at least 1 case of 64 to {MAX_SIDE} px, a seed of 0 or more and a split of {SPLITS}; "
            f"got {cases} cases of {size} px, seed {seed}, split {split!r}."
        )
    if suite not in (None, *ALL_SUITES):
        raise ConfigError(f"There is no suite '{suite}' of phantoms. Expected one of {', '.join(ALL_SUITES)}.")
    with staged_folder(Path(out), overwrite) as folder:
        for place, look in enumerate(LOOKS):
            numbers = range(place, cases, len(LOOKS))
            if numbers:
                _write_look(
                    folder / look,
                    look,
                    [(i, generate_study(seed, i, look, suite, size)) for i in numbers],
                    split,
                    f"phantoms_{suite}_{look}" if suite else f"phantoms_{look}",
                )
    return Path(out)


def _write_look(
    folder: Path, look: str, studies: list[tuple[int, PhantomStudy]], split: str | None, name_of_set: str
) -> None:
    made = DatasetWriter(folder)
    for index, study in studies:
        name = f"{look}_{index:05d}.png"
        made.picture(name, study.image)
        for organ, mask in study.organs.items():
            made.mask(organ, organ, name, mask)
        records = [_record(number, lesion, name, made) for number, lesion in enumerate(study.lesions, start=1)]
        made.findings(name, records, look=look, suite=study.suite)
        made.reports.append((name, study.report, "derived"))
        own = {8: "val", 9: "test"}.get(index // len(LOOKS) % 10, "train")
        made.splits.append((name, split or own))
    frame: Frame = "image" if look == "ultrasound" else "patient"
    made.finish(DatasetManifest(name_of_set, MODALITIES[look], frame, "CC0", structures=made.structures))


def _record(number: int, lesion: Lesion, image: str, made: DatasetWriter) -> FindingRecord:
    return FindingRecord(
        f"f{number}",
        lesion.role,
        lesion.target,
        lesion.presence,
        lesion.laterality,
        lesion.zones,
        texture=(lesion.texture,) if lesion.texture else (),
        shape=tuple(word for word in (lesion.form, lesion.size) if word),
        mask_path=None if lesion.mask is None else made.object(lesion.target, image, lesion.mask),
    )
