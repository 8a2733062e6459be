"""A PACS by DICOMweb: QIDO-RS finds, WADO-RS fetches, STOW-RS stores."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from medsegr._optional import require
from medsegr.data.dicom.quiet_libraries import pydicom
from medsegr.errors import MedsegrError, PacsError
from medsegr.pacs.address import WebAddress
from medsegr.pacs.archive import FoundSeries, FoundStudy, Query
from medsegr.pacs.instance_file import read_instance, write_dataset

AUTHORIZATION_VARIABLE = "MEDSEGR_PACS_AUTHORIZATION"
"""Environment variable with the header ``Authorization`` that is sent, such as ``Bearer ...`` or ``Basic ...``."""

TIMEOUT_S = 60.0
AS_STORED = (("application/dicom", "*"),)
"""Instances in the transfer syntax that they were stored in, so that nothing is compressed anew."""


class DicomWeb:
    """A DICOMweb service; asks no other address, whatever it answers. The environment may hold an authorization.

    Raises:
        MissingExtraError: dicomweb-client is not installed.
    """

    def __init__(self, address: WebAddress, environment: Mapping[str, str] = os.environ) -> None:
        client, requests = require("dicomweb_client", "A PACS", "'medsegr[pacs]'"), require("requests", "A PACS")
        pydicom()
        session = requests.Session()
        session.max_redirects = 0
        told = environment.get(AUTHORIZATION_VARIABLE)
        if told:
            session.headers["Authorization"] = told
            session.trust_env = False  # a .netrc would take its place
        self._client = client.DICOMwebClient(address.url, session=session, timeout=TIMEOUT_S, permissive_uid=True)
        self._client.set_http_retry_params(retry=False)

    def echo(self) -> None:
        """Ask for one study."""
        with _in_our_words("be asked"):
            self._client.search_for_studies(limit=1)

    def studies(self, query: Query) -> list[FoundStudy]:
        """QIDO-RS."""
        with _in_our_words("be asked"):
            return [_study(one) for one in self._client.search_for_studies(search_filters=dict(query.fields))]

    def series(self, study: str) -> list[FoundSeries]:
        """QIDO-RS."""
        with _in_our_words("be asked"):
            return [_series(one) for one in self._client.search_for_series(study)]

    def study_of(self, series: str) -> str:
        """StudyInstanceUID of a series; QIDO-RS finds it without its study.

        Raises:
            PacsError: There is no such series.
        """
        with _in_our_words("be asked"):
            found = self._client.search_for_series(search_filters={"SeriesInstanceUID": series})
        if not found:
            raise PacsError("The PACS has no series of that UID.")
        return _text(found[0], "0020000D")

    def fetch(self, study: str, series: Sequence[FoundSeries], folder: Path) -> int:
        """WADO-RS, one instance in memory at a time."""
        count = 0
        with _in_our_words("send a series"):
            for one in series:
                for made in self._client.iter_series(study, one.uid, media_types=AS_STORED):
                    write_dataset(folder, made)
                    count += 1
        return count

    def store(self, files: Sequence[Path]) -> None:
        """STOW-RS, one file after another."""
        for file in files:
            read_instance(file, header=True)
        for file in files:
            instance = read_instance(file)
            with _in_our_words("take a result"):
                answer = self._client.store_instances([instance])
                failed = answer.get("FailedSOPSequence")
            if failed:
                reason = int(failed[0].get("FailureReason", 0))
                raise PacsError(f"The PACS refused {file.name} (failure reason 0x{reason:04X}). Its log says more.")


def _study(told: Mapping[str, Any]) -> FoundStudy:
    modalities = tuple(str(value) for value in _values(told, "00080061"))
    return FoundStudy(_text(told, "0020000D"), _text(told, "00080020"), modalities, _text(told, "00100020"),
                      _text(told, "00080050"))  # fmt: skip


def _series(told: Mapping[str, Any]) -> FoundSeries:
    count = _values(told, "00201209")
    return FoundSeries(_text(told, "0020000E"), _text(told, "00080060"), int(count[0]) if count else None)


def _values(told: Mapping[str, Any], tag: str) -> list[Any]:
    """Of an attribute in DICOM JSON (PS3.18, F.2)."""
    return [value for value in told.get(tag, {}).get("Value", []) if value is not None]


def _text(told: Mapping[str, Any], tag: str) -> str:
    return str(next(iter(_values(told, tag)), ""))


@contextmanager
def _in_our_words(what: str) -> Iterator[None]:
    """Turn what the libraries raise into one error: theirs quote addresses with a patient's id in them."""
    import requests

    try:
        yield
    except (MedsegrError, OSError, MemoryError, RecursionError) as error:
        if not isinstance(error, requests.RequestException):
            raise
        raise PacsError(f"The PACS could not {what}: {_reason(error)}") from error
    except Exception as error:  # an answer that is no DICOMweb
        raise PacsError(f"The PACS could not {what}: {_unreadable(error)}") from error


def _reason(error: Any) -> str:
    import requests

    if isinstance(error, requests.TooManyRedirects):
        return "it sends us to another address, and none but its own is asked. Give its right address."
    status = getattr(error.response, "status_code", None)
    if status in (401, 403):
        return f"it wants a login ({status}). Set {AUTHORIZATION_VARIABLE} to the header, such as 'Bearer TOKEN'."
    if status is not None:
        return f"it answered {status}. Is the address that of its DICOMweb service?"
    if isinstance(error, (requests.ConnectionError, requests.Timeout)):
        return f"it cannot be reached ({type(error).__name__}). Check address and port."
    return _unreadable(error)


def _unreadable(error: Exception) -> str:
    return f"its answer cannot be read ({type(error).__name__}). Is the address that of its DICOMweb service?"
