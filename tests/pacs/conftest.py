"""Tests of the PACS need the extra ``pacs``; those with a real one Debian's Orthanc."""

import pytest

for module in ("pydicom", "highdicom", "pynetdicom", "dicomweb_client"):
    pytest.importorskip(module, reason=f"the extra 'pacs' is not installed ({module} is missing)")

from tests.pacs.orthanc import orthanc  # noqa: E402

__all__ = ["orthanc"]
