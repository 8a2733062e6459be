"""pydicom and highdicom, imported at use, and kept from telling the values of headers.

They warn, by ``warnings`` and by their loggers, of every value that breaks their rules, and repeat the value: a
name, a date of birth. Such words never leave this room, so they are unheard in the whole process, for good: to
turn them off and on again around each file would not be safe in threads.
"""

import logging
import warnings
from functools import lru_cache
from types import ModuleType
from typing import Any

from medsegr._optional import require

_SPEAKERS = r"(pydicom|highdicom|pylibjpeg|openjpeg|libjpeg|rle|jpeg_ls)(\.|$)"
"""Modules whose warnings may hold values of headers."""


def pydicom(module: str = "pydicom") -> ModuleType:
    """pydicom, or one of its modules.

    Raises:
        MissingExtraError: It is not installed.
    """
    found = require(module, "Reading DICOM", install='"medsegr[dicom]"')
    _hush()
    return found


def highdicom(feature: str) -> Any:
    """highdicom.

    Raises:
        MissingExtraError: It is not installed.
    """
    found = require("highdicom", feature, install='"medsegr[dicom]"')
    _hush()
    return found


@lru_cache(maxsize=1)
def csa_reader() -> ModuleType:
    """nibabel's reader of Siemens's private headers, which warns of itself when it is imported."""
    warnings.filterwarnings("ignore", message="The DICOM readers are highly experimental")
    from nibabel.nicom import csareader

    return csareader


def _hush() -> None:
    if not any(action == "ignore" and spoken is not None and spoken.pattern == _SPEAKERS
               for action, _, _, spoken, _ in warnings.filters):  # fmt: skip
        warnings.filterwarnings("ignore", module=_SPEAKERS)
    for name in ("pydicom", "highdicom"):  # their modules' loggers have the level from these
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
