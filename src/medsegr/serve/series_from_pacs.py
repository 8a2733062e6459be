"""A series of the configured PACS as the picture of a job, with its study's report."""

import tempfile
import zipfile
from pathlib import Path

from medsegr.errors import ImageError, PacsError
from medsegr.serve.worker import PICTURE


def fetch_series(pacs: str, series: str, folder: Path) -> str | None:
    """Fetch a series into a job's folder, and read the report that lies beside it, if there is one.

    Args:
        pacs: Address of the DICOMweb service.
        series: SeriesInstanceUID, as a client names it.
        folder: Of the job.

    Raises:
        ImageError: It is no UID.
        PacsError: The PACS refused, failed, or has no such series.
        ReportError: The report is damaged.
        MissingExtraError: The extra ``pacs`` is not installed.
    """
    from medsegr.data.dicom.study_report import report_of
    from medsegr.pacs.address import web_address
    from medsegr.pacs.archive import FoundSeries
    from medsegr.pacs.dicomweb import DicomWeb

    if len(series) > 64 or not series.isascii() or not series.replace(".", "").isdigit():
        raise ImageError("The image's name is neither that of a picture that was sent nor a SeriesInstanceUID.")
    archive = DicomWeb(web_address(pacs))
    study = archive.study_of(series)
    with tempfile.TemporaryDirectory(dir=folder) as private:
        images, reports = (Path(private) / name for name in ("images", "reports"))
        for place in (images, reports):
            place.mkdir()
        if not archive.fetch(study, [FoundSeries(series, "")], images):
            raise PacsError("The PACS sent nothing of that series.")
        with zipfile.ZipFile(folder / f"{PICTURE}.zip", "w") as packed:
            for file in sorted(images.iterdir()):
                packed.write(file, file.name)
        archive.fetch(study, [one for one in archive.series(study) if one.modality in ("SR", "DOC")], reports)
        return report_of(reports) if any(reports.iterdir()) else None
