"""A PACS by DIMSE: C-ECHO, C-FIND, C-GET or C-MOVE, C-STORE (DICOM PS3.4, Study Root)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medsegr._optional import require
from medsegr.data.dicom.quiet_libraries import pydicom
from medsegr.errors import PacsError
from medsegr.pacs.address import NodeAddress
from medsegr.pacs.archive import FoundSeries, FoundStudy, Query
from medsegr.pacs.connect import Manner
from medsegr.pacs.instance_file import read_instance, write_encoded
from medsegr.pacs.receiver import SUCCESS, VERIFICATION, Ear, address_towards, receiving

if TYPE_CHECKING:
    from pydicom import Dataset
    from pynetdicom.association import Association

TIMEOUT_S = 60.0
PENDING = (0xFF00, 0xFF01)
MOST_KINDS = 120
"""Kinds of objects asked for in one association: it has room for 128 presentation contexts."""

FIND, MOVE, GET = (f"1.2.840.10008.5.1.4.1.2.2.{end}" for end in (1, 2, 3))
"""Study Root's query, move and get."""

STUDY_KEYS = ("StudyInstanceUID", "StudyDate", "ModalitiesInStudy", "PatientID", "AccessionNumber")
SERIES_KEYS = ("SeriesInstanceUID", "Modality", "NumberOfSeriesRelatedInstances")


class DicomNode:
    """A DICOM node.

    Raises:
        MissingExtraError: pynetdicom is not installed.
    """

    def __init__(self, address: NodeAddress, manner: Manner) -> None:
        require("pynetdicom", "A PACS", "'medsegr[pacs]'")
        pydicom()
        self.address, self.manner = address, manner

    def echo(self) -> None:
        """C-ECHO."""
        with self._associated({VERIFICATION: ()}) as peer:
            _check(peer.send_c_echo(), "answer a C-ECHO")

    def studies(self, query: Query) -> list[FoundStudy]:
        """C-FIND of studies."""
        return [_study(one) for one in self._found("STUDY", {**dict.fromkeys(STUDY_KEYS, ""), **query.fields})]

    def series(self, study: str) -> list[FoundSeries]:
        """C-FIND of series."""
        asked = {"StudyInstanceUID": study, **dict.fromkeys(SERIES_KEYS, "")}
        return [_series(one) for one in self._found("SERIES", asked)]

    def fetch(self, study: str, series: Sequence[FoundSeries], folder: Path) -> int:
        """C-GET or C-MOVE, series by series."""
        return sum(self._fetched(study, one.uid, folder) for one in series)

    def store(self, files: Sequence[Path]) -> None:
        """C-STORE, over one association."""
        kinds: defaultdict[str, set[str]] = defaultdict(set)
        for file in files:
            meta = read_instance(file, header=True).file_meta
            kinds[str(meta.MediaStorageSOPClassUID)].add(str(meta.TransferSyntaxUID))
        with self._associated(kinds) as peer:
            for file in files:
                try:
                    status = peer.send_c_store(read_instance(file))
                except ValueError as error:  # no context for it was accepted
                    raise PacsError(
                        f"The PACS does not take objects of the kind of {file.name}. It must be set up for "
                        "segmentations and structured reports."
                    ) from error
                _check(status, f"take {file.name}", warnings=True)

    def _found(self, level: str, asked: Mapping[str, str]) -> "list[Dataset]":
        found = []
        with self._associated({FIND: ()}) as peer:
            for status, told in peer.send_c_find(_identifier(level, asked), FIND):
                if _pending(status, "answer a C-FIND") and told is not None:
                    found.append(told)
        return found

    def _fetched(self, study: str, series: str, folder: Path) -> int:
        asked = {"StudyInstanceUID": study, "SeriesInstanceUID": series}
        if self.manner.retrieve == "move":
            here = address_towards(self.address.host, self.address.port)
            ear = Ear(here, self.manner.move_port, self.manner.title, (self.address.title,))
            with receiving(ear, folder) as moved, self._associated({MOVE: ()}) as peer:
                _finish(peer.send_c_move(_identifier("SERIES", asked), self.manner.title, MOVE))
            return len(moved)
        instances = self._found("IMAGE", {**asked, "SOPClassUID": "", "SOPInstanceUID": ""})
        kinds = sorted({str(one.get("SOPClassUID") or "") for one in instances} - {""})[:MOST_KINDS]
        came: list[Path] = []
        with self._associated({GET: (), **dict.fromkeys(kinds, ())}, kinds, folder, came) as peer:
            _finish(peer.send_c_get(_identifier("SERIES", asked), GET))
        return len(came)

    @contextmanager
    def _associated(
        self, kinds: Mapping[str, Iterable[str]], taken: Sequence[str] = (), folder: Path | None = None,
        came: list[Path] | None = None,
    ) -> "Iterator[Association]":  # fmt: skip
        """An association for kinds of objects (with their transfer syntaxes, all where none is named).

        Of those that are ``taken`` this side is the one who stores, into ``folder``.
        """
        from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, build_context, build_role, evt
        from pynetdicom.pdu import A_ASSOCIATE_RJ

        def take(event: Any) -> int:
            assert folder is not None
            assert came is not None
            came.append(write_encoded(folder, str(event.request.AffectedSOPInstanceUID), event.encoded_dataset()))
            return SUCCESS

        def heard(event: Any) -> None:
            # is_rejected is not enough: pynetdicom 3.0.4 calls a rejection that came at once an abort
            if isinstance(event.pdu, A_ASSOCIATE_RJ):
                rejected.append(True)

        rejected: list[bool] = []
        entity = AE(self.manner.title)
        entity.connection_timeout = entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = TIMEOUT_S
        every = {True: ALL_TRANSFER_SYNTAXES, False: None}
        contexts = [build_context(kind, sorted(told) or every[kind in taken]) for kind, told in kinds.items()]
        peer = entity.associate(
            self.address.host,
            self.address.port,
            contexts,
            self.address.title,
            ext_neg=[build_role(kind, scp_role=True) for kind in taken],
            evt_handlers=[(evt.EVT_PDU_RECV, heard), *([(evt.EVT_C_STORE, take)] if taken else [])],
        )
        if not peer.is_established:
            raise PacsError(_not_associated(self.address, rejected=any(rejected)))
        try:
            yield peer
        finally:
            if peer.is_established:
                peer.release()


def _not_associated(address: NodeAddress, *, rejected: bool) -> str:
    if rejected:
        return (f"The PACS at {address.host}:{address.port} rejects the association. It must know our title, and call "
                f"itself '{address.title}'.")  # fmt: skip
    return (f"The PACS at {address.host}:{address.port} cannot be reached, or speaks no DICOM there. Check host and "
            "port.")  # fmt: skip


def _identifier(level: str, asked: Mapping[str, str]) -> "Dataset":
    made: Dataset = pydicom().Dataset()
    made.QueryRetrieveLevel = level
    for name, value in asked.items():
        setattr(made, name, value)
    return made


def _check(status: "Dataset", what: str, *, warnings: bool = False) -> None:
    """Raise a PacsError for any answer but success, or also a warning (0xBnnn)."""
    if "Status" not in status:
        raise PacsError(f"The PACS did not {what} within {TIMEOUT_S:g} s, or ended the association.")
    if status.Status != SUCCESS and not (warnings and status.Status >> 12 == 0xB):
        raise PacsError(f"The PACS did not {what}: status 0x{status.Status:04X}. Its log says more.")


def _pending(status: "Dataset", what: str) -> bool:
    """Whether more comes; all else must be success."""
    if "Status" in status and status.Status in PENDING:
        return True
    _check(status, what)
    return False


def _finish(answers: "Iterable[tuple[Dataset, Dataset | None]]") -> None:
    """Wait for the end of a retrieval in which nothing may be missing."""
    for status, _ in answers:
        more = _pending(status, "send a series")
        if not more and int(status.get("NumberOfFailedSuboperations") or 0):
            raise PacsError("The PACS could not send all instances of a series. Its log says more.")


def _study(told: "Dataset") -> FoundStudy:
    modalities = told.get("ModalitiesInStudy") or ()
    codes = (modalities,) if isinstance(modalities, str) else tuple(map(str, modalities))
    return FoundStudy(_text(told, "StudyInstanceUID"), _text(told, "StudyDate"), codes, _text(told, "PatientID"),
                      _text(told, "AccessionNumber"))  # fmt: skip


def _series(told: "Dataset") -> FoundSeries:
    count = _text(told, "NumberOfSeriesRelatedInstances")
    return FoundSeries(_text(told, "SeriesInstanceUID"), _text(told, "Modality"), int(count) if count else None)


def _text(told: "Dataset", name: str) -> str:
    return str(told.get(name) or "")
