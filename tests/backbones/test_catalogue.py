"""Hosts by name: every family that can be saved here is loaded back, and what cannot be is refused with advice."""

import importlib
import pickle
import sys

import huggingface_hub
import pytest
import torch

import medsegr
from medsegr.backbones.catalogue import CATALOGUE, build_host, wrap_host
from medsegr.backbones.host_spec import HostSpec
from medsegr.errors import CheckpointError, ConfigError
from medsegr.model.adapter import AdapterConfig
from tests import stand_ins
from tests.hosts import CONV_SPEC, HOSTS
from tests.random_hosts import random_sam2, random_sam3_tracker, random_sam_hq

SAVED = {"sam_hq": random_sam_hq, "sam2": random_sam2, "sam3_tracker": random_sam3_tracker}


def test_a_host_that_is_not_here_without_the_hub_is_said_to_be_so(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ConfigError, match="hub was not reached.*hf download"):
        build_host("facebook/no-such-sam")
    with pytest.raises(ConfigError, match="holds no readable Hugging Face model"):
        build_host(str(tmp_path))


@pytest.mark.parametrize("family", SAVED)
def test_from_pretrained_reads_each_family_saved_to_disk(family, tmp_path):
    host = SAVED[family]()
    host.save_pretrained(tmp_path / "host")
    backbone = build_host(str(tmp_path / "host"))
    assert backbone.spec.family == family
    pixels = torch.randn(1, 3, backbone.image_size, backbone.image_size)
    with torch.no_grad():
        assert torch.equal(backbone.encode(pixels).features, wrap_host(host).encode(pixels).features)


@pytest.mark.parametrize("family", sorted(HOSTS.keys() & CATALOGUE.keys()))
def test_sizes_that_configurations_tell_are_those_that_blocks_show(family):
    backbone = wrap_host(HOSTS[family].build())
    shown = backbone.shapes
    assert backbone.block_dims() == list(shown.block_dims)
    assert backbone.embedding_dim == shown.embedding[0]


@pytest.mark.parametrize(("make", "size"), [(random_sam_hq, 128), (random_sam2, 96)])
def test_other_input_sizes_run(make, size, tmp_path):
    make().save_pretrained(tmp_path / "host")
    backbone = build_host(str(tmp_path / "host"), size)
    assert backbone.image_size == size
    with torch.no_grad():
        embedding = backbone.encode(torch.randn(1, 3, size, size))
        masks = backbone.decode(embedding, None, None, backbone.mask_decoder())
        own = backbone.model(pixel_values=torch.randn(1, 3, size, size), multimask_output=False).pred_masks
    assert embedding.features.shape[-1] == size // 16
    assert masks.shape[-2:] == own.shape[-2:] == (size // 4, size // 4)


def test_a_family_of_one_size_says_so(tmp_path):
    random_sam3_tracker().save_pretrained(tmp_path / "host")
    with pytest.raises(ConfigError, match="takes 112 px only"):
        build_host(str(tmp_path / "host"), 224)


def test_a_host_of_ones_own_by_module_and_function(tmp_path, monkeypatch):
    (tmp_path / "my_hosts.py").write_text(
        "from tests import stand_ins\nfrom tests.hosts import CONV_SPEC\n"
        "def conv():\n    return stand_ins.ConvNet().eval(), CONV_SPEC\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("my_hosts", None)
    backbone = build_host("my_hosts:conv")
    assert (backbone.name, backbone.image_size, backbone.block_dims()) == ("my_hosts:conv", 64, [24] * 4)
    with pytest.raises(ConfigError, match="takes pictures of 64 px, not of 128"):
        build_host("my_hosts:conv", 128)
    for wrong in ("my_hosts:nothing", "no_such_module:conv"):
        with pytest.raises(ConfigError, match="Expected module:function"):
            build_host(wrong)


def test_a_module_of_the_working_folder_leaves_pythons_path_as_it_was(tmp_path, monkeypatch):
    (tmp_path / "near_hosts.py").write_text(
        "import sys\nfrom tests import stand_ins\nfrom tests.hosts import CONV_SPEC\nsys.path.append('their own')\n"
        "def conv():\n    import near_part\n    return near_part.Net().eval(), CONV_SPEC\n"
    )
    (tmp_path / "near_part.py").write_text("from tests import stand_ins\nclass Net(stand_ins.ConvNet):\n    pass\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = list(sys.path)
    backbone = build_host("near_hosts:conv")
    assert sys.path == [*before, "their own"]
    assert type(pickle.loads(pickle.dumps(backbone)).model).__name__ == "Net"
    with pytest.raises(ConfigError, match="Expected module:function"):
        build_host("near_hosts:nothing")
    assert sys.path == [*before, "their own"]


def test_an_adapter_for_a_host_of_ones_own_needs_that_host_by_hand(tmp_path):
    torch.manual_seed(0)
    net = stand_ins.ConvNet().eval()
    guided = medsegr.attach(net, AdapterConfig(token_dim=16, heads=2, bottleneck=8), host=CONV_SPEC)
    guided.save_pretrained(tmp_path / "m")
    with pytest.raises(CheckpointError, match="--host module:function"):
        medsegr.load(tmp_path / "m")
    again = medsegr.load(tmp_path / "m", host=wrap_host(net, spec=CONV_SPEC))
    assert again.model.backbone.image_size == 64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"blocks": "nowhere"}, "no list of blocks at 'nowhere'"),
        ({"decoder": "nowhere"}, "has no part 'nowhere'"),
        ({"image_size": 0}, "needs image_size"),
        ({"decoder": ""}, "needs image_size, encoder .* and decoder"),
    ],
)
def test_a_spec_that_does_not_fit_is_refused(change, message):
    fields = {
        "family": "net",
        "blocks": "body",
        "layout": "BCHW",
        "image_size": 64,
        "encoder": "stem",
        "decoder": "head",
    }
    with pytest.raises(ConfigError, match=message):
        medsegr.attach(stand_ins.ConvNet(), host=HostSpec(**{**fields, **change}))


def test_tokens_that_fill_no_square_need_a_grid():
    class Tokens(stand_ins.ImageEncoderViT):
        def forward(self, pixels):
            x = self.patch_embed(pixels).flatten(2).transpose(1, 2)
            x = torch.cat([x.mean(1, keepdim=True), x], dim=1)
            for block in self.blocks:
                x = block(x)
            return self.neck(x[:, 1:].transpose(1, 2).unflatten(2, (4, 4)))

    host = torch.nn.ModuleDict({"encoder": Tokens(), "head": torch.nn.Conv2d(stand_ins.DIM, 1, 1)})
    fields = {"family": "vit", "blocks": "encoder.blocks", "layout": "BNC", "image_size": 64}
    spec = HostSpec(**fields, encoder="encoder", decoder="head")
    with pytest.raises(ConfigError, match="17 tokens, which fill no square"):
        medsegr.attach(host, host=spec)
    spec = HostSpec(**fields, encoder="encoder", decoder="head", prefix_tokens=1)
    model = medsegr.attach(host, AdapterConfig(token_dim=16, heads=2, bottleneck=8), host=spec)
    assert model.backbone.shapes.block_grids == ((4, 4),) * 4


@pytest.mark.parametrize("wrap", [torch.compile, torch.nn.DataParallel])
def test_a_host_inside_of_something_else_is_refused_with_advice(wrap):
    for host, spec in ((random_sam2(), None), (stand_ins.ConvNet(), CONV_SPEC)):
        with pytest.raises(ConfigError, match=r"comes wrapped, as (OptimizedModule|DataParallel).*compile\(guided\)"):
            medsegr.attach(wrap(host), host=spec)


@pytest.mark.parametrize("layout", ["HWC", "BCWH"])
def test_unknown_layouts_are_refused(layout):
    with pytest.raises(ConfigError, match="expected 'BHWC', 'BCHW' or 'BNC'"):
        HostSpec("x", "blocks", layout)


@pytest.mark.parametrize(
    ("package", "build", "family"),
    [
        ("segment_anything", "build_sam_vit_b", "segment_anything"),
        ("mobile_sam", "build_sam_vit_t", "mobile_sam"),
        ("efficient_sam", "build_efficient_sam_vitt", "efficient_sam"),
    ],
)
def test_hosts_of_their_own_packages_are_recognised_where_present(package, build, family):
    try:
        module = importlib.import_module(package)
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"{package} cannot be imported here ({error}); its layout is tested by a stand-in")
    backbone = wrap_host(getattr(module, build)())
    assert backbone.spec.family == family
    assert len(backbone.blocks()) == len(backbone.block_dims())


def test_edgetam_where_timm_is_present():
    pytest.importorskip("timm", reason="EdgeTAM needs timm; its layout (BCHW, stages) is tested by stand-ins")
    from transformers import EdgeTamConfig, EdgeTamModel

    backbone = wrap_host(EdgeTamModel(EdgeTamConfig()).eval())
    assert backbone.spec.family == "edgetam"
    assert backbone.block_dims() == list(backbone.shapes.block_dims)
