"""``segment`` on DICOM: what it writes, and what stands nowhere."""

import json

import numpy as np
import pytest

from medsegr.cli.main import main
from tests.cli.test_segment import save_picture
from tests.data.dicom.series_maker import PLANTED, dataset, lopsided, write

pytest.importorskip("highdicom", reason='needs pip install "medsegr[dicom]"')


def _radiograph(folder):
    pixels = lopsided((60, 80), seed=2).astype(np.uint16)
    return write(folder / "Quorra_1911.dcm", dataset(pixels, "1.2.840.10008.5.1.4.1.1.1", StudyDate="20110405"))


def _segment(random_model, *arguments):
    return main(["segment", *map(str, arguments), "--model", str(random_model), "--untrained", "draw"])


def test_dicom_in_dicom_out_and_further_files_by_option(random_model, tmp_path, capsys):
    source = _radiograph(tmp_path / "in")
    code = _segment(random_model, source, "--target", "nodule", "--target", "liver", "--out", tmp_path / "out",
                    "--masks", "dicom", "--masks", "4d", "--label-map")  # fmt: skip
    assert code == 0, capsys.readouterr().err
    (case,) = (path for path in (tmp_path / "out").iterdir() if path.is_dir())
    record = json.loads((case / "findings.json").read_text())
    assert (case / "report.dcm").exists()
    assert record["files"]["structured_report"] == "report.dcm"
    assert [entry["segment"] for entry in record["findings"] if entry["mask"]] == [
        entry["channel"] + 1 for entry in record["findings"] if entry["mask"]
    ]
    assert PLANTED.split("^")[0] not in capsys.readouterr().err


def test_deidentified_results_name_nobody_anywhere(random_model, tmp_path, capsys):
    source = _radiograph(tmp_path / "in")
    code = _segment(random_model, source, "--text", "Nodule in the left upper lobe of Quorra.", "--out",
                    tmp_path / "out", "--deidentify")  # fmt: skip
    told = capsys.readouterr()
    assert code == 0, told.err
    assert (tmp_path / "out" / "case-000001" / "findings.json").exists()
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    for word in ("Quorra", "Zyxwvut", "ZQ-123456", "19110203", "20110405"):
        assert not [path.name for path in written if word.encode() in path.read_bytes() or word in str(path)], word
        assert word not in told.out + told.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--masks", "nrrd"], "Unknown kind of mask files 'nrrd'"),
        (["--masks", "dicom"], "--masks dicom needs a DICOM image"),
        (["--deidentify", "--keep-text"], "--keep-text keeps the report's words"),
    ],
)
def test_what_cannot_be_is_told(options, said, random_model, tmp_path, capsys):
    save_picture(tmp_path / "scan.png")
    code = _segment(random_model, tmp_path / "scan.png", "--target", "nodule", "--out", tmp_path / "out", *options)
    assert code == 2
    assert said in " ".join(capsys.readouterr().err.split())
