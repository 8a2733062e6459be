"""The real worker: jobs done as the command line does them, and a trunk that is found again."""

import json
import subprocess
import sys
import threading
import zipfile
from dataclasses import fields, replace
from functools import partial

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from medsegr.client import Client, Question
from medsegr.cognition.parser import parse_report
from medsegr.data.phantoms import generate_study
from medsegr.errors import ImageError, ReportError
from medsegr.inference.predictor import load
from medsegr.serve import worker
from medsegr.serve.config import ServeConfig
from medsegr.serve.read_pictures import ReadPictures
from medsegr.serve.schemas import CaseAnswer, FindingAnswer, ModelAnswer, PriorFinding, SegmentRequest
from medsegr.serve.worker import Setup, segment_job
from medsegr.serve.worker_process import WorkerProcess
from tests.data.dicom.series_maker import lopsided, uid, write_series
from tests.memory import new_word, remembered

from .running import mask_of, running, until

SETUP = Setup("random", "cpu", 0, 1, 1_000_000, 8)


@pytest.fixture(scope="module")
def predictor(random_model):
    return load(random_model)


@pytest.fixture
def folder(tmp_path):
    """Of a job, with a picture."""
    values = np.random.default_rng(0).integers(0, 255, (70, 90), np.uint8)
    (tmp_path / "job").mkdir()
    Image.fromarray(values).save(tmp_path / "job" / "picture.png")
    return tmp_path / "job"


def ask(folder, **fields):
    (folder / "request.json").write_text(SegmentRequest(**fields).model_dump_json())


def answer(folder):
    return json.loads((folder / "result" / "findings.json").read_text())


def test_a_job_gives_what_the_library_gives(folder, predictor):
    report = "Round nodule in the left lung. No effusion."
    ask(folder, report=report, targets=["liver"], modality="chest_xray", pictures=True)
    told = []
    segment_job(predictor, folder, SETUP, lambda event, **more: told.append(more["stage"]))
    assert told == ["reading", "segmenting", "writing"]
    here = predictor.segment(folder / "picture.png", report, targets=["liver"], modality="chest_xray")
    record = answer(folder)
    assert [found["id"] for found in record["findings"]] == [found.id for found in here.findings]
    for found, entry in zip(here.findings, record["findings"], strict=True):
        assert (entry["mask"] is None) == (found.outcome != "outlined")
        if entry["mask"]:
            assert (mask_of((folder / "result" / entry["mask"]).read_bytes()) == found.mask).all()
    assert (folder / "result" / "overlay.png").is_file()
    assert report not in (folder / "result" / "findings.json").read_text()


def test_a_report_is_gone_when_its_job_has_ended(folder, random_model):
    name, told, pictures = new_word(), [], ReadPictures(1_000_000)
    remembers = load(random_model, trunk_memory=1_000_000)
    (folder / "picture.png").unlink()
    nib.save(nib.Nifti1Image(lopsided((24, 30, 2)).astype(np.int16), np.eye(4)), folder / "picture.nii.gz")
    for number in range(2):  # what comes twice is remembered
        ask(folder, report=f"Nodule of {name} in the left lung.\n{number}.", modality="chest_ct", pictures=True)
        do = partial(segment_job, remembers, folder, SETUP, pictures=pictures)
        worker._do(remembers, folder, do, lambda event, **_: told.append(event))
    assert told[-1] == "done" and remembered(name) == []


def test_words_of_a_lexicon_of_ones_own_are_read(folder, predictor, tmp_path):
    (tmp_path / "words.yaml").write_text("targets:\n  nodule: {words: [knobble]}\n")
    ask(folder, report="Round knobble in the left lung.", modality="chest_xray")
    for lexicons, expected in (((), []), ((str(tmp_path / "words.yaml"),), ["nodule"])):
        segment_job(predictor, folder, replace(SETUP, lexicons=lexicons))
        assert [found["target"] for found in answer(folder)["findings"]] == expected


def test_the_schemas_name_what_is_written(folder, predictor):
    ask(folder, report="Nodule in the left lung.", modality="chest_xray")
    segment_job(predictor, folder, SETUP)
    record = answer(folder)
    CaseAnswer.model_validate(record)
    assert {field.alias or name for name, field in CaseAnswer.model_fields.items()} == record.keys()
    assert FindingAnswer.model_fields.keys() == record["findings"][0].keys()
    read = parse_report("Nodule in the left lung.").to_dict()["findings"][0]
    assert PriorFinding.model_fields.keys() == read.keys()


def test_an_examination_is_called_as_people_do(folder, predictor):
    report = "Lesion of 12 mm."
    for named, expected in (("liver MRI", ["liver_lesion"]), ("abdomen_mri", [])):
        ask(folder, report=report, modality=named)
        segment_job(predictor, folder, SETUP)
        assert answer(folder)["modality"] == "abdomen_mri"
        assert [found["target"] for found in answer(folder)["findings"]] == expected
    priors = parse_report("Nodule in the left lung.", "chest_ct").to_dict()
    priors["modality"] = "chest CT"
    ask(folder, report="Nodule in the left lung.", priors=priors, modality="CT thorax")
    segment_job(predictor, folder, SETUP)
    assert answer(folder)["modality"] == "chest_ct"


def test_edited_priors_count(folder, predictor):
    report = "Nodule in the left lung."
    priors = parse_report(report, "chest_xray").to_dict()
    priors["findings"][0]["laterality"] = "right"
    ask(folder, report=report, priors=priors, modality="chest_xray")
    segment_job(predictor, folder, SETUP)
    assert answer(folder)["findings"][0]["location"]["laterality"] == "right"
    assert answer(folder)["findings"][0]["id"] == "nodule-right"
    ask(folder, targets=["nodule"], prompts={"nodule": {"box": [10, 10, 40, 40]}}, modality="chest_xray")
    segment_job(predictor, folder, SETUP)
    assert answer(folder)["findings"][0]["box"] == [10, 10, 40, 40]


def test_what_is_too_much_is_refused(folder, predictor):
    ask(folder, report="Nodule. " * 3, targets=["liver"])
    with pytest.raises(ImageError, match="6,300 pixels"):
        segment_job(predictor, folder, Setup(**{**vars(SETUP), "pixels": 5_000}))
    ask(
        folder, report="Nodule. Mass. Effusion. Cyst. Liver lesion. Cardiomegaly.", targets=["liver", "spleen", "aorta"]
    )
    with pytest.raises(ReportError, match="at most 3"):
        segment_job(predictor, folder, Setup(**{**vars(SETUP), "findings": 3}))
    assert not (folder / "result").exists()


def test_each_answer_is_that_of_its_own_phantom(tmp_path):
    """Forty requests by eight clients; the built-in model, and the phantoms' own truth."""
    studies = [generate_study(3, index, look="xray", suite="plain") for index in range(8)]
    tiny, overlap, wrong = load("tiny"), [], []
    expected = [tiny.segment(study.image, study.report, modality=study.modality) for study in studies]

    def run(first: int) -> None:
        with Client(served.address) as client:
            for turn in range(5):
                k = (first + turn) % len(studies)
                study = studies[k]
                path = tmp_path / f"{k}.png"
                job = client.segment(path, study.report, modality=study.modality)
                masks = {entry["id"]: entry["mask"] for entry in job.result["findings"]}
                for found in expected[k].findings:
                    name = masks[found.id]
                    seen = mask_of(client.file(job, name)) if name else np.zeros_like(found.mask)
                    wrong.extend([k] if (seen != found.mask).any() else [])
                    truth = study.role("described")[0].mask
                    if found.finding.presence != "absent":
                        overlap.append(2 * (seen & truth).sum() / (seen.sum() + truth.sum()))

    for k, study in enumerate(studies):
        Image.fromarray(study.image).save(tmp_path / f"{k}.png")
    config = ServeConfig(tmp_path / "state", port=0, model="tiny")
    with running(config, WorkerProcess) as served:
        threads = [threading.Thread(target=run, args=(k,)) for k in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(500)
        with Client(served.address) as client:
            assert client.models()[0]["name"] == "tiny" and "chest_xray" in client.models()[0]["trained_targets"]
    assert not wrong and len(overlap) >= 40 and np.mean(overlap) > 0.6


def test_a_second_report_on_a_picture_finds_its_trunk(tmp_path, monkeypatch):
    from medsegr.model.adapter import AdapterConfig
    from medsegr.model.attach import build_model
    from tests.random_hosts import random_sam

    random_sam(64).save_pretrained(tmp_path / "host")
    guided = build_model(
        str(tmp_path / "host"), config=AdapterConfig(token_dim=16, heads=2, bottleneck=8, blocks=(1, 2))
    )
    model = guided.save_pretrained(tmp_path / "adapter")
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (70, 90), np.uint8)).save(tmp_path / "p.png")
    config = ServeConfig(tmp_path / "state", port=0, model=str(model))
    with running(config, WorkerProcess) as served, Client(served.address) as client:
        for report in ("Nodule in the left lung.", "Nodule in the right lung."):
            client.segment(tmp_path / "p.png", report, modality="chest_xray")
        until(lambda: b'medsegr_trunks_total{origin="found"} 1.0' in served.service.count())  # counted after its end
        assert b'origin="computed"} 1.0' in served.service.count()
        assert client.models()[0]["name"] == "adapter"


def test_the_client_needs_no_torch():
    code = "import sys; import medsegr.client; print({'torch', 'numpy', 'fastapi', 'pydantic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_question_is_a_form():
    asked = Question("Nodule.", {"findings": []}, ["liver", "aorta"], None, {"threshold": 0.4})
    assert list(asked.fields()) == [
        ("report", "Nodule."), ("priors", '{"findings": []}'), ("threshold", "0.4"), ("targets", "liver"),
        ("targets", "aorta"),
    ]  # fmt: skip
    assert len(fields(Question)) == 5


def test_one_of_several_series_is_read_by_its_name_and_else_they_are_listed(tmp_path):
    made = write_series(tmp_path / "a", lopsided((3, 40, 56)).astype(np.int16), SeriesDescription="thin")
    made += write_series(tmp_path / "b", lopsided((4, 24, 32)).astype(np.int16), SeriesNumber=2)
    path = tmp_path / "picture.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for number, file in enumerate(made):
            packed.write(file, f"{number}.dcm")
    pictures = ReadPictures(10_000_000)
    large = pictures.read(path, None, "largest")
    assert (large.image.voxels.shape, large.chosen) == ((3, 40, 56), "1")
    assert [words.split(", ")[-1] for words in large.series] == ["thin", "series 2"]
    for name in ("2", uid(2, 2)):
        assert pictures.read(path, None, name).image.voxels.shape == (4, 24, 32)
    assert pictures.read(path, None, "largest").image is large.image, "it is not read again"
    with pytest.raises(ImageError, match="holds 2 images, and one was expected"):
        pictures.read(path, None)
    Image.fromarray(np.arange(900, dtype=np.uint8).reshape(30, 30)).save(tmp_path / "picture.png")
    with pytest.raises(ImageError, match="is not DICOM"):
        pictures.read(tmp_path / "picture.png", None, "1")


def test_models_tell_the_support_that_they_need():
    (told,) = worker._models("tiny", load("tiny"))
    ModelAnswer.model_validate(told)
    own = load("tiny").support_thresholds
    assert told["support_threshold"] == own.overall and told["support_thresholds"] == own.of_modality
