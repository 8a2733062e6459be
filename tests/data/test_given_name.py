from pathlib import Path

import pytest

from medsegr.data.given_name import may_be_report


@pytest.mark.parametrize(
    "words",
    [
        "Smith nodule",
        "Mrs Smith: nodule, b/l",
        "左肺结节",
        "No nodule.Seen by Smith",
        "Nodule.\n",
        "x" * 300,
        "a b" * 2000,
    ],
)
def test_what_may_be_a_report(words):
    assert may_be_report(words) and may_be_report(Path(words))


@pytest.mark.parametrize(
    "name", ["scan.png", "scan.pgn", "no/such/folder", "my scans/scan 1.nii.gz", "Müller.TXT", "report", ""]
)
def test_what_is_plainly_a_name(name):
    assert not may_be_report(name)


def test_what_exists_is_no_report(tmp_path):
    (tmp_path / "Smith nodule").touch()
    (tmp_path / "a link of it").symlink_to(tmp_path / "nowhere")
    assert not may_be_report(tmp_path / "Smith nodule") and not may_be_report(tmp_path / "a link of it")
    assert may_be_report(tmp_path / "Smith mass")
