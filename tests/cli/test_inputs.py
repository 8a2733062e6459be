"""``--overwrite`` never deletes what the command itself reads."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medsegr.cli.inputs import data_places, model_places
from medsegr.cli.main import main
from tests.data.dataset_maker import labelled, structured
from tests.data.foreign_maker import qata

TEXT = ["--text", "Nodule."]


@pytest.fixture
def place(tmp_path: Path, random_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one of everything that commands read, to work in."""
    case = tmp_path / "case"
    case.mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)).save(case / "scan.png")
    (case / "report.txt").write_text("Nodule.")
    (case / "reports.csv").write_text("image,report\nscan.png,Nodule.\n")
    (case / "own.yaml").write_text("triggers:\n  absent_before: [kein]\n")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "scan.png").symlink_to(case / "scan.png")
    shutil.copy(case / "scan.png", tmp_path / "other.png")
    shutil.copytree(random_model, tmp_path / "run" / "best")
    labelled(tmp_path / "sets" / "labelled")
    structured(tmp_path / "sets" / "structured")
    qata(tmp_path / "lvit")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


COMMANDS = {
    "the image": ("segment case/scan.png --out case", TEXT),
    "the image by another way": ("segment run/../case/scan.png --out case", TEXT),
    "the folder of images": ("segment case --out case", TEXT),
    "a linked image": ("segment links --out case", TEXT),
    "the link itself": ("segment links/scan.png --out links", TEXT),
    "the report": ("segment other.png --report case/report.txt --out case", []),
    "the table of reports": ("segment case/scan.png other.png --reports case/reports.csv --out case", []),
    "the lexicon": ("segment other.png --lexicon case/own.yaml --out case", TEXT),
    "the model": ("segment other.png --model run/best --out run/best", TEXT),
    "the folder around the model": ("segment other.png --model run/best --out run", TEXT),
    "the host": ("segment other.png --host case --out case", TEXT),
    "the demo's model": ("demo --model run/best --out run", []),
    "the data set": ("evaluate --data sets/labelled --out sets/labelled", []),
    "one of several data sets": ("evaluate --data sets --out sets/labelled", []),
    "the images of a data set": ("report-card --data sets/labelled --out sets/labelled/images", []),
    "masks of a data set": ("report-card --data sets/structured --out sets/structured/masks/lung", []),
    "the evaluated model": ("evaluate --data sets/labelled --model run/best --out run", []),
    "the examined model": ("report-card --data sets/labelled --model run/best --out run", []),
    "a compared run": ("compare sets case --out case", []),
    "the sources": ("data referring sets/labelled sets", []),
    "the suite's lexicon": ("data referring sets/labelled case --lexicon case/own.yaml", []),
    "the converted set's lexicon": (
        "data convert lvit case --from lvit --modality chest_xray --target pneumonia --lexicon case/own.yaml", [],
    ),
    "the foreign set": ("data convert lvit lvit --from lvit --modality chest_xray --target pneumonia", []),
    "its images": (
        "data convert lvit lvit/Test_Folder/img --from lvit --modality chest_xray --target pneumonia", [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", COMMANDS)
def test_a_command_keeps_what_it_reads(what, place, capsys):
    line, more = COMMANDS[what]
    before = contents(place)
    assert main([*line.split(), *more, "--overwrite"]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert "which this command reads, and is not overwritten" in printed.err
    assert contents(place) == before


def test_results_beside_what_was_read_are_replaced(place):
    for _ in range(2):
        asked = "segment case/scan.png --model run/best --no-pictures --out case/results --overwrite"
        assert main([*asked.split(), *TEXT]) == 0
    assert (place / "case" / "scan.png").is_file()
    assert (place / "case" / "results" / "scan" / "findings.json").is_file()


def test_reports_are_not_replaced_by_their_findings(place, capsys):
    (place / "reports.jsonl").write_text('{"id": 1, "report": "Nodule."}\n')
    assert main(["parse", "--jsonl", "reports.jsonl", "case/../reports.jsonl"]) == 2
    assert "would replace the reports" in capsys.readouterr().err
    assert "Nodule" in (place / "reports.jsonl").read_text()


def test_a_built_in_name_is_no_folder(place):
    assert model_places("tiny", "tiny") == []
    assert model_places("run/best", "case") == [Path("run/best"), Path("case")]


def test_a_data_set_is_read_from_its_folders(place):
    folder = place / "sets" / "structured"
    masks = [folder / "masks" / name for name in ("lung", "nodule_1", "nodule_2", "tube")]
    assert set(data_places([folder])) == {folder, folder / "images", folder / "masks", *masks}
