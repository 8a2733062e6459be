"""What all rooms share: shapes that are checked, one thread for torch, and a small random model on disk."""

import errno
import os
import tempfile
from pathlib import Path

import pytest
import torch

from tests.shapes import check_shapes

check_shapes()
torch.set_num_threads(1)


@pytest.fixture
def nothing_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renaming is refused: tests that write to devices by name must not take one from the machine when they fail."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "refused by the test")

    for owner, name in ((tempfile, "mkstemp"), (os, "replace"), (os, "rename"), (Path, "replace"), (Path, "rename")):
        monkeypatch.setattr(owner, name, refuse)


@pytest.fixture(scope="session")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an untrained ``tiny`` at 64 px that supports everything it is asked for."""
    from medsegr.model.attach import build_model

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "random"
    return build_model("tiny", image_size=64).save_pretrained(folder, {"support_threshold": 0.0})
