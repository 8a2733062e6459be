"""The Hugging Face SAM host: input sizes and loading."""

import pytest
import torch

from medsegr.backbones.catalogue import build_host, wrap_host
from medsegr.backbones.sam import set_image_size
from medsegr.errors import ConfigError
from tests.random_hosts import random_sam


@pytest.mark.parametrize("size", [32, 128, 256])
def test_other_input_sizes_run(size):
    sam = set_image_size(random_sam(64), size)
    with torch.no_grad():
        output = sam(pixel_values=torch.randn(1, 3, size, size), multimask_output=False)
    assert output.pred_masks.shape[-2:] == (size // 4, size // 4)
    assert sam.vision_encoder.image_size == size


def test_the_same_size_changes_nothing():
    sam = random_sam(64)
    before = {name: t.clone() for name, t in sam.state_dict().items()}
    set_image_size(sam, 64)
    assert all(torch.equal(before[name], t) for name, t in sam.state_dict().items())


def test_resized_positions_keep_their_mean_and_corners_close():
    sam = random_sam(64)
    table = sam.vision_encoder.pos_embed.detach().clone()
    resized = set_image_size(sam, 128).vision_encoder.pos_embed
    assert resized.shape[1:3] == (8, 8)
    torch.testing.assert_close(resized.mean((1, 2)), table.mean((1, 2)), atol=0.01, rtol=0.1)


def test_resized_positions_stay_at_their_rows_and_columns():
    sam = random_sam(64)
    with torch.no_grad():  # one step down a row, a tenth of a step along it
        rows, columns = torch.meshgrid(torch.arange(4.0), torch.arange(4.0), indexing="ij")
        sam.vision_encoder.pos_embed.copy_((rows + 0.1 * columns)[None, :, :, None])
        attention = sam.vision_encoder.layers[1].attn
        attention.rel_pos_h.copy_(torch.linspace(0, 6, 7)[:, None])
        attention.rel_pos_w.copy_(torch.linspace(0, -3, 7)[:, None])
    resized = set_image_size(sam, 128).vision_encoder
    table = resized.pos_embed[0, :, :, 0]
    assert (table.diff(dim=0) > 0.2).all() and (table.diff(dim=1).abs() < 0.1).all()
    assert (attention.rel_pos_h.diff(dim=0) >= 0).all() and attention.rel_pos_h[-1, 0] > 5.5
    assert (attention.rel_pos_w.diff(dim=0) <= 0).all() and attention.rel_pos_w[-1, 0] < -2.7


def test_a_size_that_the_patches_do_not_divide_is_refused():
    with pytest.raises(ConfigError, match="multiple of the host's patch size 16"):
        set_image_size(random_sam(), 100)


def test_from_pretrained_reads_a_host_saved_to_disk(tmp_path):
    random_sam(seed=4).save_pretrained(tmp_path / "sam")
    backbone = build_host(str(tmp_path / "sam"), image_size=128)
    assert backbone.image_size == 128
    assert backbone.spec.family == "sam"
    assert backbone.default_block_indices() == (0, 1)


def test_unknown_hosts_are_refused_with_what_is_known(tmp_path):
    with pytest.raises(ConfigError, match="Expected 'tiny'"):
        build_host(str(tmp_path / "nothing"))
    with pytest.raises(ConfigError, match="Known: .*SamModel.*HostSpec"):
        wrap_host(torch.nn.Linear(1, 1))


def test_a_damaged_host_is_refused(tmp_path):
    random_sam().save_pretrained(tmp_path / "sam")
    (tmp_path / "sam" / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ConfigError, match="weights of host"):
        build_host(str(tmp_path / "sam"))
