"""An address -> the archive behind it."""

from dataclasses import dataclass
from typing import Literal, get_args

from medsegr.errors import ConfigError
from medsegr.pacs.address import WebAddress, own_title, pacs_address
from medsegr.pacs.archive import Archive

Retrieve = Literal["get", "move"]


@dataclass(frozen=True)
class Manner:
    """How this side speaks to a DICOM node; DICOMweb needs none of it.

    Attributes:
        title: By which it calls itself.
        retrieve: ``get``: C-GET, over the same connection; ``move``: C-MOVE, to a port of this side.
        move_port: That port; the PACS must know title, address and port.
    """

    title: str = "MEDSEGR"
    retrieve: str = "get"
    move_port: int = 11113

    def __post_init__(self) -> None:
        own_title(self.title)
        if self.retrieve not in get_args(Retrieve):
            raise ConfigError(f"--retrieve is '{self.retrieve}'; expected get or move.")


def connect(address: str, manner: Manner | None = None) -> Archive:
    """The archive at an address; nothing is asked of it yet.

    Raises:
        ConfigError: It is no address.
        MissingExtraError: The extra is not installed.
    """
    place = pacs_address(address)
    if isinstance(place, WebAddress):
        from medsegr.pacs.dicomweb import DicomWeb

        return DicomWeb(place)
    from medsegr.pacs.dimse import DicomNode

    return DicomNode(place, manner or Manner())
