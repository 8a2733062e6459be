"""What all rooms share: one thread for torch, and a small random model on disk."""

from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an untrained ``tiny`` at 64 px that supports everything it is asked for."""
    from medsegr.model.attach import build_model

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "random"
    return build_model("tiny", image_size=64).save_pretrained(folder, {"support_threshold": 0.0})
