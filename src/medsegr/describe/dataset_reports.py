"""A data set -> a table of derived reports, image,report,origin."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medsegr.cognition.lexicon import Lexicon
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.outputs import is_stream
from medsegr.data.report_table import DERIVED_FILE, ORIGIN_COLUMN, REPORTS_FILE, holds_derived_only
from medsegr.data.split import write_table
from medsegr.describe.derived_report import DerivedReport, write_report
from medsegr.describe.measure_finding import measure_case
from medsegr.errors import DatasetError, OutputError


@dataclass(frozen=True)
class DescribedImage:
    """An image's name, its report, and how many of the measured findings could not be said."""

    image: str
    report: DerivedReport
    unsaid: int


def derive_reports(
    folder: DatasetFolder, names: Sequence[str], lexicon: Lexicon, seed: int = 0
) -> Iterator[DescribedImage]:
    """Describe images of a data set by their masks.

    Args:
        folder: The data set. Reports that it may have are not looked at.
        seed: Picks the wording. An image's report depends on it and on the image's name alone.

    Yields:
        One description per image, also where nothing can be said and the report is empty.

    Raises:
        DatasetError: A modality or target that the vocabulary does not know, or a broken mask.
        ImageError: An image or mask that cannot be read.
    """
    refuse_unknown(folder, lexicon)
    for name in names:
        findings = measure_case(folder.load(name, lexicon), lexicon)
        rng = np.random.default_rng((seed, zlib.crc32(name.encode())))
        report = write_report(findings, folder.modality, rng, lexicon)
        yield DescribedImage(name, report, len(findings) - len(report.findings))


def refuse_unknown(folder: DatasetFolder, lexicon: Lexicon) -> None:
    """Raise a DatasetError where the vocabulary has no word for a data set's pictures, or for what they show."""
    if folder.modality is not None and folder.modality not in lexicon.modalities:
        raise DatasetError(
            f"The modality '{folder.modality}' of the data set {folder.name} is unknown; expected one of "
            f"{', '.join(sorted(lexicon.modalities))}. Correct it in dataset.json."
        )
    strange = sorted(folder.targets - set(lexicon.targets))
    if strange:
        raise DatasetError(
            f"The target '{strange[0]}' is not in the vocabulary, so there are no words for it in the data set "
            f"{folder.name}. `medsegr data check` lists such names; correct them in dataset.json."
        )


def report_path(folder: DatasetFolder, out: Path | None, overwrite: bool = False) -> Path:
    """Where derived reports go, if they may go there.

    Args:
        out: As asked for; ``reports_derived.csv`` in the data set by default.
        overwrite: Replace a table of derived reports.

    Raises:
        OutputError: The data set has reports and no other place was named, the place is one of real
            reports, or it exists and ``overwrite`` is not given.
    """
    if out is None and (folder.path / REPORTS_FILE).exists():
        raise OutputError(f"The data set {folder.name} has {REPORTS_FILE} already. To derive reports all the same, "
                          "name another place with --out FILE.")  # fmt: skip
    path = folder.path / DERIVED_FILE if out is None else out
    if path.name == REPORTS_FILE:
        raise OutputError(f"{path} is the place of real reports and is never written. Choose another name.")
    if is_stream(path):
        return path
    if path.is_file() and not overwrite:
        raise OutputError(f"{path} exists. Choose another name, or pass --overwrite.")
    if path.is_file() and not holds_derived_only(path):
        raise OutputError(
            f"{path} holds other things than derived reports and is not overwritten. Choose another name."
        )
    return path


def save_reports(path: Path, described: Sequence[DescribedImage]) -> None:
    """Write the table; images of which nothing can be said have no row.

    Raises:
        OutputError: The place is not writable.
    """
    rows = [(each.image, each.report.text, "derived") for each in described if each.report.text]
    write_table(path, ("image", "report", ORIGIN_COLUMN), rows)
