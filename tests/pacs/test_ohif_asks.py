"""The service asked by OHIF's MONAI Label extension: it names a series of the PACS, and the report lies beside it."""

import io

import numpy as np
import pytest

for module in ("fastapi", "uvicorn", "prometheus_client", "python_multipart"):
    pytest.importorskip(module, reason=f"the extra 'serve' is not installed ({module} is missing)")
nrrd = pytest.importorskip("nrrd", reason="pynrrd, of the extra 'serve', is not installed")

from medsegr.pacs.connect import connect  # noqa: E402
from medsegr.serve.config import ServeConfig  # noqa: E402
from tests.pacs.studies import drawn, write_study  # noqa: E402
from tests.serve.monai_client import ohif_infer  # noqa: E402
from tests.serve.running import running  # noqa: E402
from tests.serve.test_monai_label import WORKER  # noqa: E402


def test_a_series_is_fetched_with_its_report(orthanc, tmp_path):
    study = write_study(tmp_path / "in", 71)
    archive = connect(orthanc.web)
    archive.store(sorted((tmp_path / "in").iterdir()))
    series = next(one.uid for one in archive.series(study) if one.modality == "CT")
    with running(ServeConfig(tmp_path / "state", port=0, model="bright", pacs=orthanc.web), WORKER) as service:
        answer = ohif_infer(service.port, "bright", series, {})
        assert answer.status == 200, answer.body
        unknown = ohif_infer(service.port, "bright", series + "9", {})
        assert unknown.status == 422 and "no series of that UID" in unknown.json["detail"]
        assert ohif_infer(service.port, "bright", "../../x", {}).status == 422
        assert service.job_folders() == []
    stream = io.BytesIO(answer.body)
    header = nrrd.read_header(stream)
    labels = np.frombuffer(stream.read(), "<u2").reshape(header["sizes"], order="F")
    nodule = drawn()[0].T
    assert not labels[..., 0].any() and labels.max() == 3
    for slice in (1, 2):
        np.testing.assert_array_equal(labels[..., slice] > 0, nodule)
    np.testing.assert_allclose(header["space origin"], [-30, 20, -50])
    np.testing.assert_allclose(header["space directions"], np.diag([0.6, 0.8, 2.5]), atol=1e-6)
