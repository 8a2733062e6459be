"""Unusable input: exit code 2, one message, nothing left behind; or an explained empty result."""

import json
import shutil
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from medsegr.cli.main import main

NODULE = ["--text", "Nodule."]


def good(folder):
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)
    Image.fromarray(pixels).save(folder / "good.png")
    return folder / "good.png"


def written(folder, name, content):
    (folder / name).write_bytes(content)
    return folder / name


def truncated(folder):
    content = good(folder).read_bytes()
    return written(folder, "cut.png", content[: len(content) // 2])


def uniform(folder):
    Image.fromarray(np.full((64, 64), 7, np.uint8)).save(folder / "flat.png")
    return folder / "flat.png"


def one_pixel(folder):
    Image.fromarray(np.zeros((1, 1), np.uint8)).save(folder / "dot.png")
    return folder / "dot.png"


def huge_header(folder):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 20000, 20000, 8, 0, 0, 0, 0)
    parts = [
        b"\x89PNG\r\n\x1a\n",
        chunk(b"IHDR", header),
        chunk(b"IDAT", zlib.compress(b"\0" * 100)),
        chunk(b"IEND", b""),
    ]
    return written(folder, "huge.png", b"".join(parts))


def not_finite(folder):
    import nibabel as nib

    voxels = np.random.default_rng(0).random((32, 32, 2)).astype(np.float32)
    voxels[3, 4, 1] = np.nan
    nib.save(nib.Nifti1Image(voxels, np.eye(4)), folder / "nan.nii")
    return folder / "nan.nii"


IMAGES = {
    "missing": (lambda f: f / "nowhere.png", "does not exist"),
    "unreadable": (lambda f: written(f, "a.xyz", b"abc"), "unknown kind"),
    "empty": (lambda f: written(f, "empty.png", b""), "0 bytes"),
    "truncated": (truncated, "cut.png"),
    "text called png": (lambda f: written(f, "note.png", b"Dear colleague"), "holds text"),
    "one pixel": (one_pixel, "1 x 1 px"),
    "20000 x 20000": (huge_header, "too large"),
    "constant": (uniform, "constant"),
    "not finite": (not_finite, "not finite"),
    "empty folder": (lambda f: f / "none", "holds no image"),
}

QUESTIONS = {
    "nothing asked": (lambda f: [], "Nothing to look for"),
    "empty text": (lambda f: ["--text", " "], "report is empty"),
    "empty file": (lambda f: ["--report", str(written(f, "r.txt", b""))], "report is empty"),
    "missing file": (lambda f: ["--report", str(f / "no.txt")], "does not exist"),
    "binary": (lambda f: ["--report", str(written(f, "r.txt", bytes(range(256))))], "not a text file"),
    "too long": (lambda f: ["--report", str(written(f, "r.txt", b"a " * 110_000))], "longer than"),
    "a megabyte": (lambda f: ["--report", str(written(f, "r.txt", b"Nodule in the left lung. Mass. " * 32_000))],
                   "longer than"),
    "two reports": (lambda f: ["--text", "Nodule.", "--reports", "x.csv"], "in one way"),
    "no table": (lambda f: ["--reports", str(f / "no.csv")], "cannot be used"),
    "wrong columns": (lambda f: ["--reports", str(written(f, "t.csv", b"a,b\n1,2\n"))], "no column 'image'"),
    "other images": (lambda f: ["--reports", str(written(f, "t.csv", b"image,report\nx.png,Nodule.\n"))], "No image"),
    "named twice": (lambda f: ["--reports", str(written(f, "t.csv", b"image,report\nx,A\nx,B\n"))], "more than once"),
    "unknown target": (lambda f: ["--target", "flux capacitor"], "flux capacitor"),
    "unknown model": (lambda f: [*NODULE, "--model", "tinny"], "No model 'tinny'"),
    "unknown modality": (lambda f: [*NODULE, "--modality", "xray_of_the_moon"], "Unknown modality"),
    "unknown device": (lambda f: [*NODULE, "--device", "warp"], "Device 'warp'"),
    "threshold": (lambda f: [*NODULE, "--threshold", "7"], "threshold is 7"),
}  # fmt: skip


def refused(arguments, folder, capsys):
    """Run a command that must fail; returns its message."""
    before = sorted(folder.rglob("*"))
    code = main([*map(str, arguments), "--out", str(folder / "results" / "deep")])
    printed = capsys.readouterr()
    assert code == 2, printed
    assert printed.out == ""
    lines = [line for line in printed.err.splitlines() if line]
    assert len(lines) == 1
    assert lines[0].startswith("Error: ")
    assert "Traceback" not in printed.err
    assert sorted(folder.rglob("*")) == before
    return lines[0]


@pytest.mark.parametrize("kind", IMAGES)
def test_bad_images(kind, random_model, tmp_path, capsys):
    (tmp_path / "none").mkdir()
    make, message = IMAGES[kind]
    error = refused(["segment", make(tmp_path), *NODULE, "--model", random_model], tmp_path, capsys)
    assert message in error


@pytest.mark.parametrize("kind", QUESTIONS)
def test_bad_questions(kind, random_model, tmp_path, capsys):
    make, message = QUESTIONS[kind]
    arguments = ["segment", good(tmp_path), *make(tmp_path)]
    arguments += [] if "--model" in arguments else ["--model", random_model]
    error = refused(arguments, tmp_path, capsys)
    assert any(part in error for part in message.split("|"))


@pytest.mark.parametrize("name", ["adapter.safetensors", "adapter.json"])
def test_damaged_weights(name, random_model, tmp_path, capsys):
    model = tmp_path / "model"
    shutil.copytree(random_model, model)
    (model / name).write_bytes((model / name).read_bytes()[:50])
    assert str(model) in refused(["segment", good(tmp_path), *NODULE, "--model", model], tmp_path, capsys)


def test_no_images_at_all_are_usable(random_model, tmp_path, capsys):
    images = [written(tmp_path, "a.png", b""), written(tmp_path, "b.png", b"")]
    before = sorted(tmp_path.rglob("*"))
    assert (
        main(
            [
                "segment",
                *map(str, images),
                *NODULE,
                "--model",
                str(random_model),
                "--out",
                str(tmp_path / "o"),
            ]
        )
        == 2
    )
    assert "None of the 2 images" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("place", ["file", "full", "/proc/medsegr"])
def test_output_that_cannot_be_written(place, random_model, tmp_path, capsys):
    image = good(tmp_path)
    (tmp_path / "full").mkdir()
    written(tmp_path / "full", "keep.txt", b"keep")
    written(tmp_path, "file", b"")
    before = sorted(tmp_path.rglob("*"))
    out = place if place.startswith("/") else str(tmp_path / place)
    assert main(["segment", str(image), *NODULE, "--model", str(random_model), "--out", out]) == 2
    printed = capsys.readouterr()
    assert printed.err.count("Error:") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_a_report_without_findings_is_explained(random_model, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = [
        "--text",
        "Thank you for referring this patient.",
        "--model",
        str(random_model),
        "--out",
        str(out),
    ]
    assert main(["segment", str(good(tmp_path)), *arguments]) == 0
    record = json.loads((out / "good" / "findings.json").read_text())
    assert record["findings"] == []
    assert "names no finding" in record["warnings"][0]
    assert "names no finding" in capsys.readouterr().err


MISPLACED = {
    "as an image": ["segment", "{scan}", "{report}", "--target", "nodule", "--out", "out"],
    "as the only image": ["segment", "{report}", "--target", "nodule", "--out", "out"],
    "as the report's file": ["segment", "{scan}", "--report", "{report}", "--out", "out"],
    "as the table of reports": ["segment", "{scan}", "--reports", "{report}", "--out", "out"],
    "as an argument too many": ["parse", "{scan}", "{report}"],
    "as a command": ["{report}"],
    "as a number": ["data", "phantoms", "out", "--cases={report}"],
}


@pytest.mark.parametrize("report", ["Mrs Smith has a nodule.", "Smith nodule", "Smith: a nodule.\nNo mass. " * 300])
@pytest.mark.parametrize("where", MISPLACED)
def test_a_report_in_the_wrong_place_is_not_repeated(where, report, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = [part.format(scan=good(tmp_path), report=report) for part in MISPLACED[where]]
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("Error: ") and printed.err.count("\n") == 1
    assert "Smith" not in printed.err and printed.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["good.png"]
