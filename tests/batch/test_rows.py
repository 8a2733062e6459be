"""What a row of a table names: examinations as people call them, and nothing that is repeated."""

import json

import pytest

from medsegr.batch.job import Job
from medsegr.batch.study import Study
from medsegr.batch.worker import Worker
from tests.cli.test_segment import save_picture


@pytest.fixture
def worker(random_model, tmp_path):
    (tmp_path / "out").mkdir()
    return Worker(Job(tmp_path / "out", str(random_model), pictures=False))


def test_a_row_calls_its_examination_as_people_do(worker, tmp_path):
    image = save_picture(tmp_path / "scan.png")
    for case, named, expected in (("a", "liver MRI", ["liver_lesion"]), ("b", "abdomen_mri", [])):
        (outcome,) = worker.do([Study(case, image, "Lesion of 12 mm.", modality=named)])
        assert not outcome.error
        record = json.loads((tmp_path / "out" / case / "findings.json").read_text())
        assert record["modality"] == "abdomen_mri"
        assert [found["target"] for found in record["findings"]] == expected


def test_a_wrong_column_is_told_without_its_words_and_the_case_s_name(worker, tmp_path):
    image = save_picture(tmp_path / "scan.png")
    for named, told in (("abdomen_mrj", "abdomen_mri"), ("Jane Doe", "chest_xray")):
        (outcome,) = worker.do([Study("case7", image, "Nodule.", modality=named)])
        assert "its row names a modality" in outcome.error.lower() and told in outcome.error
        assert named not in outcome.error and "case7" not in outcome.error
