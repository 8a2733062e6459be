"""The day or the days of a study, as they are typed, in DICOM's form."""

import re
from datetime import datetime

from medsegr.errors import ConfigError

_DAY = r"\d{8}|\d{4}-\d{2}-\d{2}"
_FORM = re.compile(rf"(?P<day>{_DAY})|(?P<first>{_DAY})?-(?P<last>{_DAY})?")


def query_date(told: str) -> str:
    """A day or a range of days as DICOM's queries have it (PS3.4, C.2.2.2.5.1).

    Args:
        told: ``20261130`` or ``2026-11-30``; of two such days with a dash between them, one may be missing.

    Returns:
        ``20261130``, ``20261101-20261130``, ``20261101-`` or ``-20261130``.

    Raises:
        ConfigError: It is neither, names a day that no calendar has, or ends before it begins.
    """
    found = _FORM.fullmatch(told.strip())
    if found is None or not any(found.groups()):
        raise _wrong("no day and no range of days")
    if found["day"]:
        return _day(found["day"])
    first, last = (_day(found[name]) if found[name] else "" for name in ("first", "last"))
    if first and last and last < first:
        raise _wrong("a range that ends before it begins")
    return f"{first}-{last}"


def _day(told: str) -> str:
    plain = told.replace("-", "")
    try:
        datetime.strptime(plain, "%Y%m%d")
    except ValueError:
        raise _wrong(f"a day that no calendar has ({told})") from None
    return plain


def _wrong(what: str) -> ConfigError:
    return ConfigError(f"--date is {what}. Expected 20261130 or 2026-11-30, or a range such as 20261101-20261130.")
