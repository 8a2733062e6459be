"""LiteMedSAM's and MobileSAM's checkpoints: found, checked, read into one encoder, and kept."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import medsegr
from medsegr.backbones import lite_medsam_weights as weights
from medsegr.backbones.catalogue import build_host, resize_host, wrap_host
from medsegr.backbones.decoder_input import Prompts
from medsegr.backbones.host_spec import IMAGENET_MEAN, IMAGENET_STD
from medsegr.backbones.lite_medsam import LiteMedSam
from medsegr.errors import ConfigError
from medsegr.model.adapter import AdapterConfig
from tests.random_hosts import random_lite_medsam
from tests.shared_data import ROOT

SMALL = AdapterConfig(token_dim=16, heads=2, bottleneck=8)
ORIGINAL = (
    ("prompt_encoder.shared_embedding.positional_embedding",
     "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"),
    ("prompt_encoder.point_embed.", "prompt_encoder.point_embeddings."),
    ("mask_embed.conv1.", "mask_downscaling.0."),
    ("mask_embed.layer_norm1.", "mask_downscaling.1."),
    ("mask_embed.conv2.", "mask_downscaling.3."),
    ("mask_embed.layer_norm2.", "mask_downscaling.4."),
    ("mask_embed.conv3.", "mask_downscaling.6."),
    ("upscale_conv1.", "output_upscaling.0."),
    ("upscale_layer_norm.", "output_upscaling.1."),
    ("upscale_conv2.", "output_upscaling.3."),
    ("transformer.layer_norm_final_attn.", "transformer.norm_final_attn."),
)  # fmt: skip


def original(name: str) -> str:
    """The name that ``segment_anything`` has for a tensor."""
    for new, old in ORIGINAL:
        name = name.replace(new, old)
    if re.search(r"mlps\.\d\.|iou_prediction_head\.", name):
        name = name.replace("layers.0.", "layers.1.").replace("proj_in.", "layers.0.").replace("proj_out.", "layers.2.")
    return re.sub(r"(transformer\.layers\.\d\.)layer_norm(\d)", r"\1norm\2", name)


def save(model: LiteMedSam, path: Path) -> Path:
    """A checkpoint as these models' authors write it, with the head of the classifier that the encoder once was."""
    state = {original(name): tensor for name, tensor in model.state_dict().items()}
    torch.save(state | {"image_encoder.head.weight": torch.zeros(5, 320)}, path)
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    torch.manual_seed(0)
    return save(LiteMedSam(), tmp_path_factory.mktemp("weights") / "lite_medsam.pth")


@pytest.fixture
def packaged(checkpoint, tmp_path, monkeypatch) -> Path:
    """As if the package carried this checkpoint; gives the file that the cache keeps."""
    monkeypatch.setenv("MEDSEGR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(weights, "SHA256", weights._sha256(checkpoint))
    monkeypatch.setattr(weights, "find_checkpoint", lambda: checkpoint)
    return weights.cache_file()


@pytest.fixture
def real(tmp_path, monkeypatch) -> Path:
    """The real checkpoint of the package."""
    monkeypatch.setenv("MEDSEGR_CACHE", str(tmp_path / "cache"))
    found = weights.find_checkpoint()
    if found is None:
        pytest.skip(f"LiteMedSAM's weights are not here: {weights.INSTALL}")
    return found


def test_mobile_sams_checkpoint_loads_by_its_path(tmp_path):
    torch.manual_seed(1)
    model = LiteMedSam(weights.MOBILE_SAM)
    path = str(save(model, tmp_path / "mobile_sam.pt"))
    backbone = build_host(path)
    assert (backbone.spec.family, backbone.name, backbone.image_size) == ("mobile_sam", path, 1024)
    assert (backbone.spec.mean, backbone.spec.std, backbone.spec.own_range) == (IMAGENET_MEAN, IMAGENET_STD, False)
    found = backbone.model.state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in model.state_dict().items())
    with pytest.raises(ConfigError, match="takes pictures of 1024 px, not of 512"):
        build_host(path, 512)


def test_mobile_sams_build_has_strides_of_its_own():
    backbone = wrap_host(random_lite_medsam(128, stem_stride=4))
    assert backbone.spec.family == backbone.name == "mobile_sam"
    assert backbone.shapes.block_grids == ((32, 32),) * 2 + ((16, 16),) * 2 + ((8, 8),) * 8
    with torch.no_grad():
        embedding = backbone.encode(torch.randn(1, 3, 128, 128))
        masks = backbone.decode(embedding, None, None, backbone.mask_decoder())
    assert (embedding.features.shape[-1], masks.shape[-1]) == (8, 32)


def test_another_checkpoint_is_recorded_by_its_path(checkpoint, tmp_path):
    guided = medsegr.attach(build_host(str(checkpoint)), SMALL)
    guided.save_pretrained(tmp_path / "m")
    record = (tmp_path / "m" / "adapter.json").read_text("utf-8")
    assert f'"name": "{checkpoint.as_posix()}"' in record and '"family": "lite_medsam"' in record
    assert medsegr.load(tmp_path / "m").model.backbone.name == str(checkpoint)


def test_known_content_is_recorded_by_its_name_wherever_it_lies(packaged, checkpoint, tmp_path, monkeypatch):
    shutil.copy(checkpoint, tmp_path / "renamed.pth")
    monkeypatch.setattr(weights, "find_checkpoint", lambda: None)
    guided = medsegr.attach(build_host(str(tmp_path / "renamed.pth")), SMALL)
    guided.save_pretrained(tmp_path / "m")
    assert '"name": "lite_medsam"' in (tmp_path / "m" / "adapter.json").read_text("utf-8")
    assert medsegr.load(tmp_path / "m").model.backbone.name == "lite_medsam", "what was read once is kept"


class Harmful:
    def __reduce__(self):
        return print, ("this must not run",)


def test_what_is_no_such_checkpoint_is_refused(checkpoint, tmp_path, capsys):
    state = torch.load(checkpoint, weights_only=True)
    name = next(iter(state))
    wrong = {
        "fewer": {key: tensor for key, tensor in state.items() if key != name},
        "reshaped": state | {name: state[name][:1]},
        "others": {"weight": torch.zeros(3)},
        "flat": {name: torch.tensor(1.0)},
        "numbers": [1, 2, 3],
        "numbered": {1: torch.zeros(3)},
        "harmful": {"model": Harmful()},
    }
    messages = {"fewer": f"1 of .* missing or of another shape, the first '{name}'", "reshaped": "1 of",
                "others": "Expected lite_medsam.pth", "flat": "Expected lite_medsam.pth"}  # fmt: skip
    for key, content in wrong.items():
        torch.save(content, tmp_path / f"{key}.pth")
        with pytest.raises(ConfigError, match=messages.get(key, "no checkpoint of tensors that can be read safely")):
            build_host(str(tmp_path / f"{key}.pth"))
    assert capsys.readouterr().out == ""
    (tmp_path / "text.pt").write_text("no tensors, but words")
    (tmp_path / "empty.pt").touch()
    (tmp_path / "torn.pt").write_bytes(checkpoint.read_bytes()[:100_000])
    for file in ("text", "empty", "torn"):
        with pytest.raises(ConfigError, match="no checkpoint of tensors that can be read safely"):
            build_host(str(tmp_path / f"{file}.pt"))
    with pytest.raises(ConfigError, match=r"nowhere.pt' cannot be read \(No such file"):
        build_host(str(tmp_path / "nowhere.pt"))
    (tmp_path / "folder.pt").mkdir()
    with pytest.raises(ConfigError, match="That folder holds no readable"):
        build_host(str(tmp_path / "folder.pt"))


@pytest.mark.parametrize("damage", ["torn", "empty", "other"])
def test_a_damaged_file_of_the_cache_is_made_anew(packaged, damage):
    first = build_host("lite_medsam")
    whole = packaged.read_bytes()
    if damage == "other":
        weights.save_file({"weight": torch.zeros(3)}, packaged)
    else:
        packaged.write_bytes(whole[: len(whole) // 2 if damage == "torn" else 0])
    again = build_host("lite_medsam")
    assert packaged.read_bytes() == whole
    assert [entry.name for entry in packaged.parent.iterdir()] == [packaged.name]
    assert all(torch.equal(t, again.model.state_dict()[n]) for n, t in first.model.state_dict().items())


def test_a_cache_that_cannot_be_written_is_done_without(packaged, monkeypatch):
    packaged.parent.write_text("a file where the folder should be")
    assert build_host("lite_medsam").image_size == 256
    assert packaged.parent.read_text() == "a file where the folder should be"

    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(weights, "cache_file", no_home)
    assert build_host("lite_medsam").image_size == 256


def test_a_missing_or_changed_package_says_the_command(packaged, checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "find_checkpoint", lambda: None)
    with pytest.raises(ConfigError, match=re.escape(weights.INSTALL)):
        build_host("lite_medsam")
    assert weights.find_weights() is None
    (tmp_path / "changed.pth").write_bytes(checkpoint.read_bytes()[:-1])
    monkeypatch.setattr(weights, "find_checkpoint", lambda: tmp_path / "changed.pth")
    with pytest.raises(ConfigError, match="SHA-256 differs.*--force-reinstall"):
        build_host("lite_medsam")
    assert weights.find_weights() == tmp_path / "changed.pth" and not packaged.exists()


def test_the_cache_lies_where_the_user_wants_it(monkeypatch, tmp_path):
    for variable, folder in (("MEDSEGR_CACHE", ""), ("XDG_CACHE_HOME", "medsegr")):
        monkeypatch.delenv("MEDSEGR_CACHE", raising=False)
        monkeypatch.setenv(variable, str(tmp_path))
        assert weights.cache_file().parent == tmp_path / folder
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert weights.cache_file().parent == Path.home() / ".cache" / "medsegr"


def test_other_input_sizes_run_and_wrong_ones_are_refused():
    backbone = wrap_host(random_lite_medsam(64))
    resize_host(backbone, 96)
    small = random_lite_medsam(96)
    pixels, box = torch.rand(1, 3, 96, 96), Prompts(boxes=torch.tensor([[[10.0, 20.0, 60.0, 90.0]]]))
    with torch.no_grad():
        one, other = (b.decode(b.encode(pixels), None, box, b.mask_decoder()) for b in (backbone, wrap_host(small)))
    assert backbone.image_size == 96 and torch.equal(one, other)
    with pytest.raises(ConfigError, match="98 is not a multiple of 4"):
        resize_host(backbone, 98)


def test_each_picture_is_stretched_to_its_own_range_and_padded_with_zeros():
    backbone = wrap_host(random_lite_medsam(64))
    picture = np.random.default_rng(0).random((40, 64, 3)).astype(np.float32)
    (pixels, dim), _ = backbone.preprocess([picture, 0.25 * picture + 0.5])
    torch.testing.assert_close(pixels, dim, atol=1e-5, rtol=0)
    assert (pixels[:, :40].min(), pixels[:, :40].max()) == (0, 1) and not pixels[:, 40:].any()
    flat, _ = backbone.preprocess([np.full((40, 64), 0.7, np.float32)])
    assert not flat.any()


def test_guidance_begins_where_the_trunk_ends():
    guided = medsegr.attach(random_lite_medsam(), SMALL)
    assert guided.adapter.block_indices == (4, 7)
    sides = [grid[0] for grid in guided.backbone.shapes.block_grids]
    assert sides[:4] == [64, 64, 32, 32] and set(sides[4:]) == {16}


def test_the_real_weights_draw_what_a_box_marks(real):
    """Drawn by arithmetic; the numbers are of the package's own code: docs/studies.md says at which commit."""
    backbone = build_host("lite_medsam")
    y, x = np.mgrid[:200, :256]
    disc = ((y - 90) ** 2 + (x - 150) ** 2) < 40**2
    pixels, (view,) = backbone.preprocess([(0.3 + 0.4 * disc).astype(np.float32)])
    box = Prompts(boxes=torch.tensor([[[110.0, 50.0, 190.0, 130.0]]]))
    with torch.no_grad():
        logits = backbone.decode(backbone.encode(pixels), None, box, backbone.mask_decoder())
    mask = view.square.logits_out(logits)[0].numpy() > 0
    assert 2 * (mask & disc).sum() / (mask.sum() + disc.sum()) > 0.95
    assert logits[0, [90, 20, 90], [150, 30, 195]].tolist() == pytest.approx([11.0372, -33.4978, -17.4857], abs=1e-3)


@pytest.mark.parametrize("name", ["Makefile", "README.md", "docs/hosts.md"])
def test_the_command_that_brings_the_weights_is_the_same_everywhere(name):
    told = re.findall(r"--no-deps (\S+==[\w.]+)", (ROOT / name).read_text("utf-8"))
    assert told and {f"{weights.PACKAGE}=={weights.VERSION}"} == set(told)
