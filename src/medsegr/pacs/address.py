"""Where a PACS is: the URL of a DICOMweb service, or title, host and port of a DICOM node."""

import re
from dataclasses import dataclass

from medsegr.errors import ConfigError

TITLE = re.compile(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?")
"""An application entity's title: 1 to 16 letters of ASCII without a backslash (PS3.5, VR AE)."""

_NODE = re.compile(r"dimse://(?P<title>[^@/]+)@(?P<host>\[[0-9a-fA-F:.]+\]|[\w.-]+):(?P<port>\d{1,5})/?")
_WEB = re.compile(r"https?://[\w.\-\[\]:]+(?:/[\w./~-]*)?")


@dataclass(frozen=True)
class WebAddress:
    """A DICOMweb service.

    Attributes:
        url: Without a slash at its end.
    """

    url: str


@dataclass(frozen=True)
class NodeAddress:
    """A DICOM node.

    Attributes:
        title: Of its application entity.
        host: Name or number.
        port: It listens on.
    """

    title: str
    host: str
    port: int


def pacs_address(told: str) -> WebAddress | NodeAddress:
    """An address as it is typed.

    Args:
        told: ``http://HOST:PORT/PATH`` or ``https://...`` for DICOMweb, ``dimse://TITLE@HOST:PORT`` for a DICOM node.

    Raises:
        ConfigError: It is neither, or holds a user's name or a password.
    """
    if _WEB.fullmatch(told):
        return WebAddress(told.rstrip("/"))
    node = _NODE.fullmatch(told)
    if node is not None and TITLE.fullmatch(node["title"]) and 0 < int(node["port"]) < 65536:
        return NodeAddress(node["title"], node["host"].strip("[]"), int(node["port"]))
    raise ConfigError(
        "That is no address of a PACS. Expected DICOMweb, such as http://127.0.0.1:8042/dicom-web, or a DICOM node, "
        "such as dimse://ORTHANC@127.0.0.1:4242. Logins do not belong in it (docs/pacs.md)."
    )


def web_address(told: str) -> WebAddress:
    """The address of a DICOMweb service.

    Raises:
        ConfigError: It is none.
    """
    place = pacs_address(told)
    if isinstance(place, NodeAddress):
        raise ConfigError("A DICOMweb service is needed here, such as http://127.0.0.1:8042/dicom-web.")
    return place


def own_title(told: str) -> str:
    """Check the title by which this side calls itself.

    Raises:
        ConfigError: It is none.
    """
    if not TITLE.fullmatch(told):
        raise ConfigError("--title is no title of an application entity: expected 1 to 16 letters of ASCII.")
    return told
