"""Days as they are typed, and as a PACS is asked for them."""

import pytest

from medsegr.cli.main import main
from medsegr.errors import ConfigError
from medsegr.pacs.archive import Query
from medsegr.pacs.query_date import query_date


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("20261130", "20261130"),
        ("2026-11-30", "20261130"),
        ("20261101-20261130", "20261101-20261130"),
        ("2026-11-01-2026-11-30", "20261101-20261130"),
        ("20261101-", "20261101-"),
        ("-2026-11-30", "-20261130"),
    ],
)
def test_days_and_ranges_in_dicoms_form(typed, asked):
    assert query_date(typed) == asked
    assert Query(date=typed).fields == {"StudyDate": asked}


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("2026-13-01", "no calendar has"),
        ("20260230", "no calendar has"),
        ("20261130-20261101", "ends before it begins"),
        ("30.11.2026", "no day and no range"),
        ("-", "no day and no range"),
        ("2026*", "no day and no range"),
    ],
)
def test_what_is_no_day_is_refused(typed, told):
    with pytest.raises(ConfigError, match=told):
        Query(date=typed)


def test_find_tells_a_wrong_day_and_asks_nobody(capsys):
    assert main(["pacs", "find", "http://127.0.0.1:9/dicom-web", "--date", "2026-13-01"]) == 2
    assert "Expected 20261130 or 2026-11-30" in capsys.readouterr().err
