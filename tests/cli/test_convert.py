"""``medsegr data convert``: what comes out loads, passes the check, and lies where it lay."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from medsegr.cli.main import main
from medsegr.cognition.lexicon import load_lexicon
from medsegr.data.check import check_dataset
from medsegr.data.dataset_folder import DatasetFolder
from tests.data import foreign_maker as make


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    code = main(["data", "convert", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def lvit(source: Path, out: Path, *more: object) -> list[object]:
    return [source, out, "--from", "lvit", "--modality", "chest_xray", "--target", "pneumonia", *more]


def nnunet(source: Path, out: Path, *more: object) -> list[object]:
    return [source, out, "--from", "nnunet", "--modality", "abdomen_ct", *more]


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert "medsegr data convert QaTa-COV19 qata --from lvit" in out


def test_qata(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = make.qata(tmp_path / "Covid19"), tmp_path / "qata"
    code, printed, err = run(capsys, *lvit(source, out, "--licence", "by request"))
    assert (code, err) == (0, "")
    assert printed == f"{out}: 4 images (train 2, val 1, test 1), 4 reports\n"
    assert check_dataset(out, load_lexicon().targets) == []
    data = DatasetFolder(out)
    assert (data.name, data.licence, data.frame, data.modality) == ("Covid19", "by request", "patient", "chest_xray")
    case = data.load("sub-4.png")
    assert case.report == make.SENTENCE
    assert case.structures["pneumonia"].sum() == 10 * 6
    assert case.structures["pneumonia"][2:12, 14:20].all()
    assert (out / "images/sub-4.png").read_bytes() == (source / "Test_Folder/img/sub-4.png").read_bytes()
    assert main(["data", "check", str(out)]) == 0


def test_the_patients_side_survives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report says "left", and the mask lies on the picture's right, where the patient's left is."""
    from medsegr.cognition.parser import parse_report
    from medsegr.model.truth import match_findings

    run(capsys, *lvit(make.qata(tmp_path / "Covid19"), tmp_path / "qata"))
    data = DatasetFolder(tmp_path / "qata")
    case = data.load("sub-4.png", load_lexicon())
    (finding,) = parse_report(case.report, data.modality)
    assert (finding.target, finding.location.laterality) == ("pneumonia", "left")
    (match,) = match_findings([finding], case)
    assert match.mask is not None and np.argwhere(match.mask)[:, 1].mean() > case.image.size[1] / 2


def test_volumes_keep_spacing_and_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "Dataset003_Liver", tmp_path / "out"
    make.nnunet(source, file_ending=".nii.gz")
    affine = np.array([[-0.7, 0, 0, 90], [0, -0.7, 0, 120], [0, 0, 5.0, -40], [0, 0, 0, 1]])  # LPS, as scanners write
    voxels = np.random.default_rng(0).normal(size=(18, 16, 4)).astype(np.float32)
    labels = np.zeros((18, 16, 4), np.uint8)
    labels[2:6, 4:9, 1] = 1  # towards the patient's right, for the first axis runs to the left
    labels[2:4, 4:9, 2] = 2
    image = make.volume(source / "imagesTr" / "v_0000.nii.gz", voxels, affine)
    make.volume(source / "labelsTr" / "v.nii.gz", labels, affine)
    code, printed, err = run(capsys, *nnunet(source, out, "--label", "cancer=", "--val", 0, "--test", 0))
    assert (code, err) == (0, "")
    assert printed == f"{out}: 1 images (train 1, val 0, test 0), 0 reports\n"
    assert check_dataset(out, load_lexicon().targets) == []
    assert (out / "images/v.nii.gz").read_bytes() == image.read_bytes()
    mask = nib.load(out / "masks/v.nii.gz")
    assert np.allclose(mask.affine, affine)
    assert int(mask.header["sform_code"]) == 1
    assert np.array_equal(np.asanyarray(mask.dataobj), labels * (labels != 2)), "cancer is left out, in place"
    case = DatasetFolder(out).load("v.nii.gz")
    assert case.image.geometry.spacing_mm == pytest.approx((5.0, 0.7, 0.7))
    planes, _, columns = np.nonzero(case.structures["liver"])
    assert set(planes) == {1}
    assert columns.mean() < 9, "the patient's right is on the picture's left"


def test_regions_channels_and_own_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "Dataset001", tmp_path / "out"
    make.nnunet(source, {"background": 0, "liver": [1, 2], "cancer": 2}, channel_names={"0": "CT", "1": "PET"})
    for part, case in (("Tr", "a"), ("Tr", "b"), ("Ts", "c")):
        make.grey(source / f"images{part}" / f"{case}_0001.png", 7)
    (source / "reports.csv").write_text("image,report\na,A liver lesion.\n")
    code, printed, _ = run(
        capsys,
        *nnunet(source, out, "--label", "cancer=liver lesion", "--channel", "PET", "--incomplete", "liver_lesion"),
        *("--val", 0),
    )
    assert code == 0
    assert printed == f"{out}: 3 images (train 2, val 0, test 1), 1 reports\n"
    data = DatasetFolder(out)
    assert data.manifest.labels == {"liver": (1, 2), "liver_lesion": (2,)}
    assert data.incomplete == {"liver_lesion"}
    case = data.load("a.png")
    assert {t: int(m.sum()) for t, m in case.structures.items()} == {"liver": 80, "liver_lesion": 20}
    assert (out / "images/a.png").read_bytes() == (source / "imagesTr/a_0001.png").read_bytes()


def test_a_label_that_a_part_of_a_set_does_not_show_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "Dataset001", tmp_path / "out"
    make.nnunet(source, {"background": 0, "liver": 1, "cancer": 2, "spleen": 3})
    code, _, err = run(capsys, *nnunet(source, out, "--label", "cancer="))
    assert code == 0, err
    assert check_dataset(out, load_lexicon().targets) == ["dataset.json: no mask holds the label 'spleen'"]


def test_smeared_masks_are_cut_at_half_of_the_white(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = make.qata(tmp_path / "Covid19")
    make.painted(source / "Val_Folder/labelcol/mask_covid_3.png", {255: slice(4, 8), 90: slice(8, 9), 200: slice(3, 4)})
    assert run(capsys, *lvit(source, tmp_path / "qata"))[0] == 0
    assert DatasetFolder(tmp_path / "qata").load("covid_3.png").structures["pneumonia"].sum() == 50


def moved(folder: Path) -> Path:
    source = make.nnunet(folder / "s", file_ending=".nii.gz")
    voxels = np.random.default_rng(0).normal(size=(16, 16, 3)).astype(np.float32)
    make.volume(source / "imagesTr/v_0000.nii.gz", voxels, np.diag([1.0, 1, 1, 1]))
    make.volume(source / "labelsTr/v.nii.gz", (voxels > 0).astype(np.uint8), np.diag([-1.0, 1, 1, 1]))
    return source


def resized(folder: Path) -> Path:
    make.painted(make.qata(folder / "s") / "Train_Folder/labelcol/mask_covid_2.png", {}, (8, 8))
    return folder / "s"


def strange_value(folder: Path) -> Path:
    make.painted(make.nnunet(folder / "s") / "labelsTr/a.png", {7: slice(2, 5)})
    return folder / "s"


def damaged(folder: Path) -> Path:
    (make.qata(folder / "s") / "Train_Folder/labelcol/mask_covid_1.png").write_bytes(b"\x89PNG\r\n")
    return folder / "s"


def bad_sheet(folder: Path) -> Path:
    make.sheet(make.qata(folder / "s") / "Val_Folder/Val_text.xlsx", [("1", "2")], ("No", "Secret"))
    return folder / "s"


def taken(folder: Path) -> Path:
    (folder / "out").mkdir()
    (folder / "out" / "mine").touch()
    return make.qata(folder / "s")


KEEP = ("--label", "cancer=liver_lesion")
REFUSED = {
    "no folder": (lambda f: lvit(f / "gone", f / "out"), "not in LViT's layout"),
    "no target": (lambda f: lvit(make.qata(f / "s"), f / "out")[:-2], "Name what they show with --target"),
    "unknown target": (lambda f: [*lvit(make.qata(f / "s"), f / "out")[:-1], "pnoimonia"], "Did you mean pneumonia"),
    "label for lvit": (lambda f: lvit(make.qata(f / "s"), f / "out", "--label", "a=b"), "of nnU-Net's layout"),
    "target for nnunet": (lambda f: nnunet(f, f / "out", "--target", "liver"), "of LViT's layout"),
    "unknown label": (lambda f: nnunet(make.nnunet(f / "s"), f / "out", "--label", "tumour=liver"), "no label of the"),
    "label without a sign": (lambda f: nnunet(make.nnunet(f / "s"), f / "out", "--label", "cancer"), "LABEL=TARGET"),
    "unnamed label": (
        lambda f: nnunet(make.nnunet(f / "s", {"background": 0, "T1": 1}), f / "out"),
        "Say what the label 'T1' is",
    ),
    "no label left": (lambda f: nnunet(make.nnunet(f / "s"), f / "out", "--label", "cancer=", "--label", "liver="),
                      "No label of the data set s is kept"),
    "incomplete stranger": (
        lambda f: nnunet(make.nnunet(f / "s"), f / "out", *KEEP, "--incomplete", "spleen"), "'spleen' is to be"),
    "unknown modality": (lambda f: [*lvit(make.qata(f / "s"), f / "out"), "--modality", "xray"], "modality 'xray'"),
    "unknown layout": (lambda f: [f, f / "out", "--from", "coco", "--modality", "chest_ct"], "coco"),
    "masks elsewhere": (lambda f: nnunet(moved(f), f / "out", *KEEP), "has another affine than its image"),
    "masks of another size": (lambda f: lvit(resized(f), f / "out"), "its size is 8 x 8, its image's 20 x 24"),
    "values without a name": (lambda f: nnunet(strange_value(f), f / "out", *KEEP), "the values 7 are no labels"),
    "damaged mask": (lambda f: lvit(damaged(f), f / "out"), "mask_covid_1.png"),
    "bad sheet": (lambda f: lvit(bad_sheet(f), f / "out"), "no column that names the image"),
    "taken place": (lambda f: lvit(taken(f), f / "out"), "is not empty"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_bad_input_is_one_line_and_leaves_nothing(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_arguments, message = REFUSED[kind]
    arguments = make_arguments(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert "Secret" not in err
    assert sorted(tmp_path.rglob("*")) == before


def test_overwrite_and_other_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = lvit(taken(tmp_path), tmp_path / "out", "--overwrite", "--name", "qata", "--frame", "image")
    assert run(capsys, *arguments)[0] == 0
    manifest = json.loads((tmp_path / "out/dataset.json").read_text())
    assert (manifest["name"], manifest["frame"]) == ("qata", "image")
    assert not (tmp_path / "out/mine").exists()
