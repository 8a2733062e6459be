"""The device that a model works on."""

import pytest
import torch

from medsegr.errors import ConfigError
from medsegr.inference.device import device_named, kinds_here


@pytest.mark.parametrize(
    ("cuda", "mps", "best"), [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_takes_the_fastest_there_is(cuda, mps, best, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert device_named("auto").type == kinds_here()[0] == best
    assert kinds_here()[-1] == "cpu"


@pytest.mark.parametrize("name", ["meta", "gpu", "cuda:77"])
def test_what_is_no_device_here_is_refused(name):
    with pytest.raises(ConfigError, match=f"Device '{name}' cannot be used"):
        device_named(name)
