"""The page about hosts: its example of a host of one's own runs as it stands."""

import re
from pathlib import Path

import torch

from medsegr.backbones.catalogue import CATALOGUE
from tests.views import view_of

PAGE = Path(__file__).parents[1] / "docs" / "hosts.md"


def test_the_example_of_a_host_of_ones_own_runs():
    code = next(
        block for block in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S) if "MyNet" in block
    )
    assert len(code.strip().splitlines()) <= 22
    names: dict = {}
    exec(code, names)
    guided, net = names["guided"], names["guided"].backbone.model
    pixels = torch.randn(1, 3, 256, 256)
    priors = guided.encode_findings([[]], [view_of("chest_xray")])
    assert guided.adapter.block_indices == (0, 1)
    with torch.no_grad():
        assert torch.equal(guided.backbone.encode(pixels).features, names["encode"](net, pixels))
    assert priors.target.shape[0] == 1


def test_every_family_of_the_catalogue_is_on_the_page():
    text = PAGE.read_text("utf-8")
    assert all(f"| `{family}` |" in text for family in CATALOGUE)
