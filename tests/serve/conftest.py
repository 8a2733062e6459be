"""Tests of the service need the extra ``serve``."""

import pytest

for module in ("fastapi", "uvicorn", "prometheus_client", "python_multipart"):
    pytest.importorskip(module, reason=f"the extra 'serve' is not installed ({module} is missing)")
