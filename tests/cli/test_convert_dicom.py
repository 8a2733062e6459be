"""``medsegr data convert --from dicom``: series with DICOM-SEG become a data set; overlap and places are kept."""

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medsegr.cli.main import main
from medsegr.cognition.lexicon import load_lexicon
from medsegr.data.check import check_dataset
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.dicom.files import DicomFile, read_whole
from medsegr.data.image import MedicalImage, load_image
from medsegr.inference.mask_files import Writing
from medsegr.inference.result import Result
from medsegr.inference.writer import write_case
from tests.cli.test_convert import run
from tests.data.dicom.series_maker import PLANTED, Dataset, dataset, lopsided, uid, write, write_series
from tests.inference.dicom.results import LABEL, overlapping, series
from tests.pacs.studies import basic_report
from tests.shared_data import shared

pytest.importorskip("highdicom", reason='needs pip install "medsegr[dicom]"')


def arguments(source: Path, out: Path, *more: object) -> list[object]:
    return [source, out, "--from", "dicom", "--modality", "chest_ct", *more]


def add_segmentation(folder: Path, result: Result) -> None:
    """Lay a segmentation of a result beside its series."""
    (folder / "out").mkdir(parents=True)
    write_case(folder / "out", result, **LABEL, writing=Writing(("dicom",)))
    shutil.move(folder / "out" / "segmentation.dcm", folder / "drawn.dcm")
    shutil.rmtree(folder / "out")


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Result]]:
    """Two patients: one with two series, one with one; a series and a segmentation that nothing goes with."""
    folder = tmp_path_factory.mktemp("studies")
    results = []
    for number, patient in ((1, "ZQ-123456"), (2, "ZQ-123456"), (3, "ZQ-9")):
        values = {"SeriesNumber": number, "PatientID": patient, "WindowCenter": 500, "WindowWidth": 601,
                  "FrameOfReferenceUID": uid(3, number)}  # fmt: skip
        write_series(folder / str(number), lopsided((4, 18, 29), seed=number).astype(np.int16), **values)
        results.append(overlapping(load_image(folder / str(number))))
        add_segmentation(folder / str(number), results[-1])
    write(folder / "alone.dcm", dataset(lopsided((18, 29)).astype(np.int16), SeriesNumber=9))
    gone = series(folder / "gone", "sagittal")
    gone = replace(gone, dicom=replace(gone.dicom, headers=tuple(map(_moved, gone.dicom.headers))))
    add_segmentation(folder / "homeless", overlapping(gone))
    shutil.rmtree(folder / "gone")
    return folder, results


def _moved(header: object) -> object:
    header.SeriesInstanceUID = uid(2, 77)
    return header


def shown(image: MedicalImage) -> np.ndarray:
    return np.stack([image.plane(k) for k in range(image.planes)])


@pytest.mark.parametrize("packed", [False, True])
def test_series_become_images_with_overlapping_structures(studies, packed, tmp_path, capsys) -> None:
    source, results = studies
    if packed:
        with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
            for path in source.rglob("*.dcm"):
                archive.write(path, path.relative_to(source).as_posix())
        source = tmp_path / "all.zip"
    code, printed, err = run(capsys, *arguments(source, tmp_path / "set", "--incomplete", "nodule", "--val", 0))
    assert code == 0, err
    assert "1 segmentations are of no series that is there, the first is " in err and err.endswith("drawn.dcm\n")
    assert printed.startswith(f"{tmp_path / 'set'}: 3 images (train 2, val 0, test 1)")
    data = DatasetFolder(tmp_path / "set")
    assert data.images() == ["p001-1.nii.gz", "p001-2.nii.gz", "p002-1.nii.gz"]
    assert data.split_of("p001-1.nii.gz") == data.split_of("p001-2.nii.gz")
    assert (data.targets, data.incomplete) == ({"nodule", "pleural_effusion"}, {"nodule"})
    assert check_dataset(tmp_path / "set", load_lexicon().targets) == []
    for name, result in zip(data.images(), results, strict=True):
        case = data.load(name)
        np.testing.assert_array_equal(case.structures["nodule"], result.findings[0].mask)
        np.testing.assert_array_equal(case.structures["pleural_effusion"], result.findings[2].mask)
        np.testing.assert_allclose(shown(case.image), shown(result.image), atol=1 / 500)
        assert case.image.geometry.agrees_with(result.image.geometry)
        assert case.image.geometry.affine is not None
    written = b"".join(path.read_bytes() for path in (tmp_path / "set").rglob("*") if path.is_file())
    for word in (PLANTED, "ZQ-123456", "1.2.826"):
        assert word.encode() not in written and word not in printed + err
    split = (tmp_path / "set" / "split.csv").read_text()
    assert split.startswith("image,split,patient\n") and "p002-1.nii.gz,test,p002" in split.replace("train", "test")


def test_labels_are_named_by_hand_or_by_their_code_and_instances_stay_apart(tmp_path, capsys) -> None:
    image = series(tmp_path / "in", "axial")
    result = overlapping(image)
    twin = replace(result.findings[0], id="nodule-2", mask=np.roll(result.findings[0].mask, 3, axis=-1))
    add_segmentation(tmp_path / "in", replace(result, findings=(result.findings[0], twin, result.findings[2])))
    _rename(tmp_path / "in" / "drawn.dcm", ["Herd", "Herd", "Erguss links"])
    code, _, err = run(capsys, *arguments(tmp_path / "in", tmp_path / "set", "--label", "Erguss links=ascites"))
    assert code == 0, err
    manifest = json.loads((tmp_path / "set" / "dataset.json").read_text())
    assert manifest["structures"] == {"erguss_links": "ascites", "herd": "nodule", "herd_2": "nodule"}
    case = DatasetFolder(tmp_path / "set").load("p001-1.nii.gz")
    np.testing.assert_array_equal(case.structures["nodule"], result.findings[0].mask | twin.mask)
    code, _, err = run(capsys, *arguments(tmp_path / "in", tmp_path / "two", "--label", "Erguss links="))
    assert code == 0 and DatasetFolder(tmp_path / "two").targets == {"nodule"}, err
    code, _, err = run(capsys, *arguments(tmp_path / "in", tmp_path / "three", "--label", "Tumor=mass"))
    assert code == 2 and "--label names 'Tumor', which is no label of the data set: Herd, Erguss links" in err


def _rename(path: Path, labels: list[str]) -> None:
    made = read_whole(DicomFile(path))
    for segment, label in zip(made.SegmentSequence, labels, strict=True):
        segment.SegmentLabel = label
    made.save_as(path)


def text_pdf(words: str) -> bytes:
    """A PDF of one page with one line of text, made by hand."""
    drawn = f"BT /F1 12 Tf 20 100 Td ({words}) Tj ET".encode()
    parts = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
             b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 500 200] /Contents 4 0 R "
             b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
             b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn)]  # fmt: skip
    made, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(b"%010d 00000 n \n" % len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"xref\n0 5\n0000000000 65535 f \n" + b"".join(places)
    return made + table + b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(made)


def pdf_report(words: str, same: dict) -> Dataset:
    """A PDF in DICOM; the element is of even length."""
    made = basic_report(words, 1, same)
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    del made.ContentSequence
    document = text_pdf(words)
    made.EncapsulatedDocument, made.MIMETypeOfEncapsulatedDocument = document + b"\n" * (len(document) % 2), "x/pdf"
    return made


@pytest.mark.parametrize("packed", [False, True])
def test_the_report_of_a_study_is_that_of_its_images(packed, tmp_path, capsys) -> None:
    pytest.importorskip("pypdf", reason='needs pip install "medsegr[pdf]"')
    source = tmp_path / "in"
    for number in (1, 2, 3, 4):
        same = {"StudyInstanceUID": uid(1, number), "PatientID": f"ZQ-{number}"}
        volume = lopsided((4, 18, 29), seed=number).astype(np.int16)
        write_series(source / str(number), volume, SeriesNumber=number, FrameOfReferenceUID=uid(3, number), **same)
        add_segmentation(source / str(number), overlapping(load_image(source / str(number))))
        reports = {1: [basic_report("Nodule on the left.", 1, same), basic_report("An older one.", 1, same),
                       basic_report("Of another study.", 1, {"StudyInstanceUID": uid(1, 9)})],
                   2: [pdf_report("Effusion on the right.", same)],
                   3: [basic_report(" ", 1, same)]}  # fmt: skip
        for place, one in enumerate(reports.get(number, ())):
            one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = uid(9, number, 7, place)
            one.ContentDate = f"202602{9 - place:02d}"
            write(source / str(number) / f"a-report-{place}.dcm", one)
    if packed:
        source = Path(shutil.make_archive(str(tmp_path / "all"), "zip", source))
    code, printed, err = run(capsys, *arguments(source, tmp_path / "set"))
    assert code == 0 and "2 reports" in printed, err
    assert "1 reports cannot be used and were left out\n" in err and "Nodule" not in err + printed
    assert "a-report" not in err + printed, "names of DICOM files may be those of patients"
    data = DatasetFolder(tmp_path / "set")
    said = [(data.report(f"p{number:03d}-1.nii.gz") or "").strip() for number in (1, 2, 3, 4)]
    assert said == ["Nodule on the left.", "Effusion on the right.", "", ""]


def test_a_radiograph_becomes_a_picture(tmp_path, capsys) -> None:
    result = overlapping(series(tmp_path / "in", "radiograph"))
    add_segmentation(tmp_path / "in", result)
    code, _, err = run(capsys, *arguments(tmp_path / "in", tmp_path / "set"))
    assert code == 0, err
    case = DatasetFolder(tmp_path / "set").load("p001-1.png")
    np.testing.assert_allclose(shown(case.image), shown(result.image), atol=1e-4)
    np.testing.assert_array_equal(case.structures["nodule"], result.findings[0].mask)


def test_what_cannot_be_converted(tmp_path, capsys) -> None:
    series(tmp_path / "in", "axial")
    code, _, err = run(capsys, *arguments(tmp_path / "in", tmp_path / "set"))
    assert code == 2 and "holds no DICOM segmentations and no image that one of them was drawn on" in err
    code, _, err = run(capsys, *arguments(tmp_path / "nosuch", tmp_path / "set"))
    assert code == 2 and "nosuch does not exist" in err and "damaged" not in err
    code, _, err = run(capsys, *arguments(tmp_path / "in", tmp_path / "set", "--channel", "1"))
    assert code == 2 and "--channel is of nnU-Net's layout" in err
    assert not (tmp_path / "set").exists()


def test_why_a_series_makes_no_image_is_told(tmp_path, capsys) -> None:
    add_segmentation(tmp_path / "in", overlapping(series(tmp_path / "in", "axial")))
    images = sorted(path for path in (tmp_path / "in").iterdir() if path.name != "drawn.dcm")
    images[1].unlink()
    code, _, err = run(capsys, *arguments(tmp_path / "in", tmp_path / "set"))
    assert code == 2 and "not evenly spaced" in err and "no image that one of them" not in err


def test_real_series_and_segmentations(tmp_path, capsys) -> None:
    source = shared("data/clinical_files/ct/ct_feet_first_seg")
    names = ["GREEN=", "ORANGE=aorta", "PURPLE=", "LIGHT_BLUE=mass", "DARK_BLUE="]
    told = [word for name in names for word in ("--label", name)]
    code, printed, err = run(capsys, *arguments(source, tmp_path / "set", *told))
    assert code == 0 and "1 images have several segmentations" in err and ", 0 reports" in printed
    case = DatasetFolder(tmp_path / "set").load("p001-1.nii.gz")
    assert {name: int(mask.sum()) for name, mask in case.structures.items()} == {
        "liver": 107098, "aorta": 11888, "mass": 6693}  # fmt: skip


@pytest.mark.slow
def test_a_converted_set_is_evaluated(studies, tmp_path, capsys) -> None:
    assert run(capsys, *arguments(studies[0], tmp_path / "set"))[0] == 0
    asked = ["--model", "tiny", "--data", str(tmp_path / "set"), "--split", "train"]
    code = main(["evaluate", *asked, "--out", str(tmp_path / "scores")])
    assert code == 0, capsys.readouterr().err
    assert "pleural_effusion" in (tmp_path / "scores" / "results.json").read_text()
