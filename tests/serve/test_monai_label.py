"""MONAI Label's contract, asked as its clients for 3D Slicer and OHIF ask."""

import gzip
import io
import json
import sys
from functools import partial

import nibabel
import numpy as np
import pytest

from medsegr.serve.config import Limits, ServeConfig
from medsegr.serve.label_file import Wish, write_label_file
from medsegr.serve.worker_process import WorkerProcess

from .monai_client import ask, form, ohif_infer, slicer_infer
from .running import png, running

nrrd = pytest.importorskip("nrrd", reason="pynrrd, of the extra 'serve', is not installed")

WORKER = partial(WorkerProcess, command=(sys.executable, "-m", "tests.serve.bright_worker"))
AFFINE = np.array([[-0.7, 0, 0, 40], [0, -0.8, 0, 30], [0, 0, 2.5, -60], [0, 0, 0, 1]])
REPORT = "Nodule. Pleural effusion. No consolidation."


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    state = tmp_path_factory.mktemp("serve") / "state"
    with running(ServeConfig(state, port=0, model="bright", limits=Limits(keep_seconds=600)), WORKER) as service:
        yield service


@pytest.fixture
def port(served):
    return served.port


def volume() -> tuple[bytes, np.ndarray]:
    """A NIfTI volume (columns, rows, slices) as 3D Slicer sends it, and where it is bright."""
    shape = (48, 40, 3)
    x, y, z = np.mgrid[: shape[0], : shape[1], : shape[2]]
    bright = (x > 8) & (x < 30) & (y > 5) & (y < 20) & (z > 0)
    image = nibabel.Nifti1Image(np.where(bright, 1000, 3 * z + x % 2).astype(np.int16), AFFINE)
    return gzip.compress(image.to_bytes()), bright


def read(content: bytes) -> nibabel.Nifti1Image:
    return nibabel.Nifti1Image.from_bytes(gzip.decompress(content))


def test_info_tells_models_labels_and_where_the_report_goes(port):
    told = ask(port, "GET", "/info/").json
    assert told["labels"] == ["consolidation", "nodule", "pleural_effusion"]
    assert list(told["models"]) == ["bright"]
    assert told["models"]["bright"]["type"] == "segmentation"
    assert {"report", "targets", "modality"} <= set(told["models"]["bright"]["config"])
    assert "config" not in told, "Slicer takes a server that has it for one of an older version"
    assert told["trainers"] == {} and told["strategies"] == {}


def test_slicer_sends_a_session_ahead_and_gets_a_label_map_in_place(port):
    content, bright = volume()
    made = ask(port, "PUT", "/session/", *form({"client_id": "user-xyz"}, {"files": ("tmp.nii.gz", content)}))
    session = made.json["session_id"]
    assert made.status == 200 and ask(port, "GET", f"/session/{session}").status == 200
    answer = slicer_infer(port, "bright", "CTChest", {"report": REPORT, "modality": "", "threshold": 0.5}, session)
    assert answer.status == 200, answer.body
    parts = answer.parts()
    file, content = parts["image"]
    params = json.loads(parts["params"][1])
    labels = read(content)
    assert file == "label.nii.gz"
    np.testing.assert_allclose(labels.affine, AFFINE, atol=1e-5)
    assert labels.get_data_dtype() == np.uint8 and int(labels.header["sform_code"]) > 0
    voxels = np.asarray(labels.dataobj)
    np.testing.assert_array_equal(voxels > 0, bright)
    assert params["label_names"] == {"pleural_effusion": 1}, "two masks that are equal leave one label"
    assert params["crowded"] == bright.sum()
    assert [one["id"] for one in params["findings"]] == ["nodule", "pleural_effusion", "consolidation"]
    assert ask(port, "DELETE", f"/session/{session}").status == 200
    assert ask(port, "GET", f"/session/{session}").status == 404


def test_a_picture_of_the_datastore_is_asked_twice(port):
    content, bright = volume()
    assert ask(port, "PUT", "/datastore/?image=scan+1", *form({"params": "{}"}, {"file": ("a", content)})).json == {
        "image": "scan 1"
    }
    for report in (REPORT, "Nodule."):
        answer = slicer_infer(port, "bright", "scan 1", {"report": report})
        np.testing.assert_array_equal(np.asarray(read(answer.parts()["image"][1]).dataobj) > 0, bright)
    assert slicer_infer(port, "bright", "scan 2", {"report": REPORT}).status == 404


def test_seg_nrrd_keeps_masks_that_overlap(port):
    content, bright = volume()
    params = {"report": REPORT, "result_extension": ".seg.nrrd"}
    answer = slicer_infer(port, "bright", "scan", params, file=("scan.nii.gz", content))
    file, content = answer.parts()["image"]
    stream = io.BytesIO(content)
    header = nrrd.read_header(stream)
    voxels = nrrd.read_data(header, stream, index_order="F")
    assert file == "label.seg.nrrd" and voxels.shape == (2, *bright.shape)
    for layer in voxels:
        np.testing.assert_array_equal(layer > 0, bright)
    assert [header[f"Segment{number}_{field}"] for number in (0, 1) for field in ("ID", "Layer", "LabelValue")] == [
        "nodule", "0", "1", "pleural_effusion", "1", "1",
    ]  # fmt: skip
    np.testing.assert_allclose(header["space directions"][1:], np.diag([0.7, 0.8, 2.5]), atol=1e-6)
    np.testing.assert_allclose(header["space origin"], [-40, -30, -60], atol=1e-5)


def test_ohif_gets_raw_nrrd_with_the_values_of_the_models_labels(port):
    content, bright = volume()
    ask(port, "PUT", "/datastore/?image=1.2.3", *form({}, {"file": ("a", content)}))
    answer = ohif_infer(port, "bright", "1.2.3", {"targets": "pleural_effusion"})
    assert answer.kind == "application/octet-stream"
    stream = io.BytesIO(answer.body)
    header = nrrd.read_header(stream)
    assert (header["encoding"], header["type"]) == ("raw", "uint16")
    raw = np.frombuffer(stream.read(), "<u2").reshape(bright.shape, order="F")
    np.testing.assert_array_equal(raw, np.where(bright, 3, 0))


def test_only_the_words_are_answered_where_only_they_are_asked_for(port):
    answer = ask(port, "POST", "/infer/bright?output=json",
                 *form({"params": '{"report": "No consolidation."}'}, {"file": ("a", volume()[0])}))  # fmt: skip
    assert [one["presence"] for one in answer.json["findings"]] == ["absent"]


@pytest.mark.parametrize(
    ("path", "params", "status", "told"),
    [
        ("/infer/other", '{"report": "Nodule."}', 404, "The model that answers here is 'bright'"),
        ("/infer/bright", '{"report": "No nodule."}', 422, "No finding has a mask. nodule:"),
        ("/infer/bright", "{}", 422, "Nothing to look for"),
        ("/infer/bright", '{"report": "Nodule.", "support_threshold": 1.0}', 422, "No finding has a mask. nodule:"),
        ("/infer/bright", '{"report": "Nodule.", "support_threshold": 7}', 422, "support_threshold"),
        ("/infer/bright", "[1]", 422, "no JSON object"),
        ("/infer/bright", '{"report": "Nodule.", "result_extension": ".exe"}', 422, "'result_extension'"),
        ("/infer/bright?output=dicom_seg", '{"report": "Nodule."}', 422, "needs a DICOM image"),
    ],
)
def test_what_cannot_be_answered_is_told(port, path, params, status, told):
    answer = ask(port, "POST", path, *form({"params": params}, {"file": ("scan.nii.gz", volume()[0])}))
    assert answer.status == status and told in answer.json["detail"]


def test_nothing_is_left_of_an_inference(port, served):
    assert slicer_infer(port, "bright", "", {"report": "Nodule."}, file=("a.png", png(3))).status == 200
    assert served.job_folders() == [] and served.service.store.count("done", "failed", "cancelled", "queued") == 0


def test_another_owners_pictures_are_not_seen(tmp_path):
    tokens = ("a" * 20, "b" * 20)
    config = ServeConfig(tmp_path / "state", port=0, tokens=tokens)
    with running(config) as service:
        sent = form({}, {"file": ("a", png(1))})
        for token in tokens:
            bearer = {"Authorization": f"Bearer {token}"}
            assert ask(service.port, "GET", "/session/mine", **bearer).status == 404
            assert ask(service.port, "PUT", "/datastore/?image=mine", *sent, **bearer).status == 200
            assert ask(service.port, "GET", "/session/mine", **bearer).status == 200
        assert ask(service.port, "GET", "/info/").status == 401


def test_where_masks_meet_the_smallest_keeps_the_label(tmp_path):
    masks = np.zeros((6, 5, 2, 3), np.uint8)
    masks[1:5, 1:4, :, 0] = 1
    masks[2:4, 2:3, :, 1] = 1
    masks[3, 2, 0, 2] = 1
    nibabel.save(nibabel.Nifti1Image(masks, AFFINE), tmp_path / "masks.nii.gz")
    found = [{"id": name, "target": name, "channel": place} for place, name in enumerate(("mass", "cyst", "nodule"))]
    made = write_label_file(tmp_path, found, Wish())
    labels = np.asarray(nibabel.load(made.path).dataobj)
    assert made.names == {"mass": 1, "cyst": 2, "nodule": 3} and made.crowded == 4
    assert (labels[3, 2, 0], labels[3, 2, 1], labels[1, 1, 0], labels[0, 0, 0]) == (3, 2, 1, 0)
    named = write_label_file(tmp_path, found, Wish(values={"cyst": 7, "mass": 2}))
    assert named.names == {"mass": 2, "cyst": 7, "nodule": 10}
