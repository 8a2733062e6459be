"""Tests of the service need the extra ``serve``."""

from collections.abc import Iterator

import pytest

for module in ("fastapi", "uvicorn", "prometheus_client", "python_multipart"):
    pytest.importorskip(module, reason=f"the extra 'serve' is not installed ({module} is missing)")

from tests.serve.browser import Browser, browser  # noqa: E402
from tests.serve.running import Running  # noqa: E402


@pytest.fixture
def opened(served: Running, tmp_path) -> Iterator[Browser]:
    """The page of the file's own service, ready."""
    with browser(tmp_path) as one:
        one.open(served.address)
        yield one
