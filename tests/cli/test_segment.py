import json

import nibabel as nib
import numpy as np
import pytest
import torch
from PIL import Image

from medsegr.batch.case_errors import in_words
from medsegr.batch.study import CaseNames
from medsegr.cli.main import main
from medsegr.cli.run_record import command_line
from medsegr.errors import OutputError
from medsegr.explain import figure
from medsegr.inference.predictor import Predictor

TEXT = "Nodule in the left upper lobe. No pleural effusion."


def save_picture(path, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 255, (80, 100), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def segment(random_model, tmp_path, *arguments):
    out = tmp_path / "out"
    return main(["segment", *map(str, arguments), "--model", str(random_model), "--out", str(out)]), out


def test_one_image_one_report(random_model, tmp_path, capsys):
    image = save_picture(tmp_path / "scan.png")
    code, out = segment(random_model, tmp_path, image, "--text", TEXT, "--modality", "chest_xray")
    assert code == 0
    record = json.loads((out / "scan" / "findings.json").read_text())
    assert [entry["id"] for entry in record["findings"]] == ["nodule-left", "pleural_effusion"]
    assert (out / "scan" / "overlay.png").is_file()
    assert (out / "scan" / "explanation.png").is_file()
    for entry in record["findings"]:
        if entry["mask"]:
            mask = np.asarray(Image.open(out / "scan" / entry["mask"]))
            assert mask.shape == (80, 100)
            assert (mask > 0).sum() == entry["area_px"]
    run = json.loads((out / "run.json").read_text())
    assert run["failures"] == []
    assert run["cases"][0]["case"] == "scan"
    assert len(run["model"]["weights_sha256"]) == 64
    everything = "".join(path.read_text() for path in out.rglob("*.json"))
    assert "in the left" not in everything
    printed = capsys.readouterr()
    assert "nodule-left" in printed.out
    assert "absent by the report" in printed.out


def test_without_pictures_and_with_text(random_model, tmp_path):
    image = save_picture(tmp_path / "scan.png")
    (tmp_path / "report.txt").write_text(TEXT)
    code, out = segment(
        random_model, tmp_path, image, "--report", tmp_path / "report.txt", "--no-pictures", "--keep-text"
    )
    assert code == 0
    assert json.loads((out / "scan" / "findings.json").read_text())["report"] == TEXT
    assert not list(out.rglob("overlay.png"))


@pytest.mark.parametrize("option", [[], ["--keep-text"]])
def test_the_picture_holds_the_reports_text_only_where_it_is_kept(option, random_model, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(figure, "save_page", lambda page, path: drawn.extend(each.text for each in page.texts))
    report = f"Mr Miller, MRN 4471123. {TEXT}"
    code, _ = segment(random_model, tmp_path, save_picture(tmp_path / "scan.png"), "--text", report, *option)
    assert code == 0 and {"Nodule", "upper", "effusion"} <= set(drawn)
    assert ("4471123." in drawn) == ("Miller," in drawn) == bool(option)


def test_options_of_looking_are_recorded(random_model, tmp_path):
    image = save_picture(tmp_path / "scan.png")
    code, out = segment(random_model, tmp_path, image, "--text", TEXT, "--flips", "--second-look", "--no-pictures")
    assert code == 0
    assert json.loads((out / "scan" / "findings.json").read_text())["looks"] == {"flips": True, "second_look": True}
    model = json.loads((out / "run.json").read_text())["model"]
    assert model["flips"] is model["second_look"] is True


def test_targets_without_a_report(random_model, tmp_path):
    image = save_picture(tmp_path / "scan.png")
    code, out = segment(random_model, tmp_path, image, "--target", "left lung", "--target", "aorta", "--no-pictures")
    assert code == 0
    findings = json.loads((out / "scan" / "findings.json").read_text())["findings"]
    assert [entry["target"] for entry in findings] == ["left_lung", "aorta"]


def test_a_folder_with_a_table_of_reports_and_one_bad_image(random_model, tmp_path, capsys):
    folder = tmp_path / "images"
    folder.mkdir()
    save_picture(folder / "a.png")
    save_picture(folder / "b.png", 1)
    (folder / "c.png").write_bytes(b"")
    (folder / "notes.txt").write_text("not an image")
    (tmp_path / "reports.csv").write_text("image,report\na.png,Nodule.\nb,No nodule.\nc.png,Nodule.\n")
    code, out = segment(random_model, tmp_path, folder, "--reports", tmp_path / "reports.csv", "--no-pictures")
    assert code == 1
    assert sorted(p.name for p in out.iterdir()) == ["a", "b", "run.json"]
    findings = json.loads((out / "b" / "findings.json").read_text())["findings"]
    assert findings[0]["presence"] == "absent"
    failures = json.loads((out / "run.json").read_text())["failures"]
    assert [failure["case"] for failure in failures] == ["c"]
    assert "0 bytes" in failures[0]["error"]
    assert "Failed: c:" in capsys.readouterr().err


def test_a_name_and_a_text_that_are_no_utf8_are_written_with_a_mark(random_model, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    save_picture(folder / "a.png")
    try:
        save_picture(folder / "b\udce9.png", 1)
    except OSError:
        pytest.skip("names of files are UTF-8 here")
    code, out = segment(random_model, tmp_path, folder, "--text", "Nodule \udce9.", "--keep-text")
    assert code == 0
    record = json.loads((out / "b_" / "findings.json").read_text())
    assert (record["image"], record["report"]) == ("b?.png", "Nodule ?.")
    assert (out / "b_" / "explanation.png").is_file()
    assert [case["case"] for case in json.loads((out / "run.json").read_text())["cases"]] == ["a", "b_"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(36, "File name too long"), "File name too long"),
        (UnicodeEncodeError("utf-8", "Smith", 0, 1, "Smith"), "UnicodeEncodeError"),
        (OutputError("Cannot write to it."), "Cannot write to it."),
    ],
)
def test_what_goes_wrong_with_one_case_leaves_the_others(error, told, random_model, tmp_path, monkeypatch, capsys):
    images = [save_picture(tmp_path / name) for name in ("a.png", "b.png")]
    draw = figure.save_figures

    def fail(folder, result, title, keep_text):
        if title == "a":
            raise error
        return draw(folder, result, title, keep_text)

    monkeypatch.setattr(figure, "save_figures", fail)
    code, out = segment(random_model, tmp_path, *images, "--target", "aorta")
    assert code == 1
    assert sorted(path.name for path in out.iterdir()) == ["b", "run.json"]
    (failure,) = json.loads((out / "run.json").read_text())["failures"]
    assert failure["case"] == "a" and told in failure["error"]
    assert "Smith" not in (out / "run.json").read_text() + capsys.readouterr().err


def test_a_case_that_needs_too_much_memory_leaves_the_others(random_model, tmp_path, monkeypatch, capsys):
    images = [save_picture(tmp_path / f"{name}.png") for name in "abcd"]
    wrong = {
        "a.png": MemoryError(),
        "b.png": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB."),
        "d.png": RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
    }
    real = Predictor.prepare

    def fail(self, asked):
        if asked.image.name in wrong:
            raise wrong[asked.image.name]
        return real(self, asked)

    monkeypatch.setattr(Predictor, "prepare", fail)
    code, out = segment(random_model, tmp_path, *images, "--target", "aorta", "--no-pictures")
    assert code == 1
    assert sorted(path.name for path in out.iterdir()) == ["c", "run.json"]
    assert (out / "c" / "findings.json").is_file()
    failures = json.loads((out / "run.json").read_text())["failures"]
    assert [(each["case"], "needs more memory than there is;" in each["error"]) for each in failures] == [
        ("a", True), ("b", True), ("d", True),
    ]  # fmt: skip
    assert capsys.readouterr().err.count("needs more memory") == 3


def test_errors_of_the_program_itself_are_not_put_down_to_a_case():
    assert in_words(RuntimeError("shapes do not fit"), "a") is None
    assert in_words(NotImplementedError(), "a") is None
    assert "needs more memory" in str(in_words(OSError(12, "Cannot allocate memory"), "a"))


def test_run_json_tells_cases_of_one_name_apart(random_model, tmp_path, monkeypatch):
    for folder in ("one", "two", "three"):
        (tmp_path / folder).mkdir()
        save_picture(tmp_path / folder / "scan.png")
    (tmp_path / "three" / "scan.png").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    code, out = segment(random_model, tmp_path, "one", "two/scan.png", "three", "--target", "aorta", "--no-pictures")
    assert code == 1
    run = json.loads((out / "run.json").read_text())
    told = {entry["case"]: entry["image"] for entry in run["cases"] + run["failures"]}
    assert told == {"scan": "one/scan.png", "scan-2": "two/scan.png", "scan-3": "three/scan.png"}
    assert json.loads((out / "scan-2" / "findings.json").read_text())["image"] == "scan.png"


def test_nifti_keeps_its_geometry(random_model, tmp_path):
    affine = np.diag([-1.2, -0.8, 4.0, 1.0])
    affine[:3, 3] = 10, 20, 30
    stored = np.random.default_rng(0).random((40, 48, 3)).astype(np.float32)
    nib.save(nib.Nifti1Image(stored, affine), tmp_path / "liver.nii.gz")
    code, out = segment(
        random_model, tmp_path, tmp_path / "liver.nii.gz", "--target", "liver", "--modality", "abdomen_ct",
        "--threshold", "0.0",
    )  # fmt: skip
    assert code == 0
    mask = nib.load(out / "liver" / "liver.nii.gz")
    assert mask.shape == (40, 48, 3)
    np.testing.assert_allclose(mask.affine, affine)
    entry = json.loads((out / "liver" / "findings.json").read_text())["findings"][0]
    assert entry["volume_mm3"] == pytest.approx(40 * 48 * 3 * 1.2 * 0.8 * 4.0, rel=1e-4)


def test_overwrite(random_model, tmp_path, capsys):
    image = save_picture(tmp_path / "scan.png")
    assert segment(random_model, tmp_path, image, "--target", "aorta", "--no-pictures")[0] == 0
    assert segment(random_model, tmp_path, image, "--target", "liver", "--no-pictures")[0] == 2
    assert "not empty" in capsys.readouterr().err
    code, out = segment(random_model, tmp_path, image, "--target", "liver", "--no-pictures", "--overwrite")
    assert code == 0
    assert json.loads((out / "scan" / "findings.json").read_text())["findings"][0]["target"] == "liver"


def test_case_names_are_unique_and_fit_for_folders(tmp_path):
    paths = [tmp_path / name for name in ("a/scan.png", "b/Scan.nii.gz", "c/my scan (1).png", "d/...png")]
    names = CaseNames()
    assert [names.next(path.name) for path in paths] == ["scan", "Scan-2", "my_scan_1_", "case"]


def test_the_command_is_that_which_main_was_given(random_model, tmp_path, monkeypatch):
    """Another program that calls ``main`` may have secrets among its own arguments."""
    monkeypatch.setattr("sys.argv", ["hospital", "--name", "Jane Doe"])
    code, out = segment(random_model, tmp_path, save_picture(tmp_path / "a.png"), "--text", "Nodule.", "--no-pictures")
    command = json.loads((out / "run.json").read_text())["command"]
    assert code == 0 and command[:5] == ["medsegr", "segment", str(tmp_path / "a.png"), "--text", "(report)"]
    assert "monai" not in (out / "run.json").read_text() and "Jane" not in (out / "run.json").read_text()


def test_the_command_is_recorded_without_the_report():
    assert command_line(["segment", "a.png", "--text", "Secret.", "--out", "x"]) == [
        "medsegr", "segment", "a.png", "--text", "(report)", "--out", "x",
    ]  # fmt: skip
    assert command_line(["--text=Secret.", "-t", "Secret."]) == ["medsegr", "--text=(report)", "-t", "(report)"]
    assert command_line(["-tSecret.", "-t=Secret.", "--target"]) == ["medsegr", "-t(report)", "-t(report)", "--target"]
