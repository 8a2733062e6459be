"""Three small hosts with random, frozen encoders, to show that one command fine-tunes an adapter on each.

    python -m benchmarks.small_hosts FOLDER      saves the two Hugging Face hosts

The third, a convolutional network that no catalogue knows, is named ``benchmarks.small_hosts:conv``. One more is
trained whole, as ``tiny`` is: ``benchmarks.small_hosts:tiny_convnext``, for ``benchmarks.lift``.
"""

import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import (
    ConvNextConfig,
    Sam2Config,
    Sam2HieraDetConfig,
    Sam2Model,
    Sam2VisionConfig,
    SamConfig,
    SamModel,
    SamVisionConfig,
)
from transformers.models.convnext.modeling_convnext import ConvNextStage

from medsegr.backbones.host_spec import HostSpec
from medsegr.backbones.tiny import TinyConfig, TinySam

SIZE, SAM2_SIZE = 128, 192
DECODER = {"hidden_size": 64, "mlp_dim": 128, "num_attention_heads": 4, "iou_head_hidden_dim": 64}


def sam() -> SamModel:
    """A ViT of six blocks with patches of 8 px; masks at half of the input."""
    torch.manual_seed(0)
    vision = SamVisionConfig(
        hidden_size=96,
        num_hidden_layers=6,
        num_attention_heads=4,
        mlp_dim=192,
        image_size=SIZE,
        patch_size=8,
        output_channels=64,
        num_pos_feats=32,
        global_attn_indexes=[2, 5],
        window_size=8,
        initializer_range=0.02,
    )
    prompts = {"hidden_size": 64, "image_size": SIZE, "patch_size": 8, "image_embedding_size": SIZE // 8}
    config = SamConfig(
        vision_config=vision.to_dict(), prompt_encoder_config=prompts, mask_decoder_config=DECODER,
        initializer_range=0.02,
    )  # fmt: skip
    return SamModel(config).eval()


def sam2() -> Sam2Model:
    """A Hiera of eight blocks; embedding at stride 16, finer maps at 4 and 8, masks at a fourth of the input."""
    torch.manual_seed(0)
    hiera = Sam2HieraDetConfig(
        hidden_size=48,
        num_attention_heads=1,
        image_size=[SAM2_SIZE, SAM2_SIZE],
        blocks_per_stage=[1, 2, 3, 2],
        embed_dim_per_stage=[48, 96, 192, 384],
        num_attention_heads_per_stage=[1, 2, 4, 8],
        window_size_per_stage=[8, 4, 16, 8],
        global_attention_blocks=[4],
    )
    vision = Sam2VisionConfig(
        backbone_config=hiera,
        backbone_channel_list=[384, 192, 96, 48],
        backbone_feature_sizes=[[SAM2_SIZE // stride, SAM2_SIZE // stride] for stride in (4, 8, 16)],
        fpn_hidden_size=64,
    )
    prompts = {"hidden_size": 64, "image_size": SAM2_SIZE, "patch_size": 16}
    return Sam2Model(
        Sam2Config(vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=DECODER)
    ).eval()


class ConvNet(nn.Module):
    """Residual convolutions at stride 4 and a head: a network of one's own."""

    def __init__(self, dim: int = 64) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 32, 5, 2, 2), nn.GELU(), nn.Conv2d(32, dim, 3, 2, 1))
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.GroupNorm(8, dim), nn.Conv2d(dim, dim, 3, padding=1), nn.GELU()) for _ in range(4)
        )
        self.head = nn.Sequential(
            nn.Conv2d(dim, dim, 3, padding=1), nn.GELU(), nn.Conv2d(dim, dim, 3, padding=1), nn.GELU(),
            nn.Conv2d(dim, 1, 1),
        )  # fmt: skip

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits (B, 1, S, S)."""
        return F.interpolate(self.head(features(self, pixels)), pixels.shape[-2:], mode="bilinear")


def features(net: ConvNet, pixels: Tensor) -> Tensor:
    """What the encoder sees: (B, C, S / 4, S / 4)."""
    maps = net.stem(pixels)
    for block in net.blocks:
        maps = maps + block(maps)
    return maps


def conv() -> tuple[ConvNet, HostSpec]:
    """The network with what medsegr must know of it."""
    torch.manual_seed(0)
    spec = HostSpec("conv_net", blocks="blocks", layout="BCHW", image_size=SIZE, encode=features, decoder="head")
    return ConvNet().eval(), spec


def tiny_convnext() -> TinySam:
    """``tiny`` with stages of ConvNeXt blocks (Liu et al., CVPR 2022) in place of residual ones, of the same widths."""
    sizes = TinyConfig()
    model = TinySam(sizes)
    # Layers are not scaled down at first: what that is for, hundreds of layers and epochs, is not meant here.
    blocks = ConvNextConfig(layer_scale_init_value=0.0)
    model.vision_encoder.stages = nn.ModuleList(
        ConvNextStage(blocks, before, after, depth=3)
        for before, after in zip(sizes.widths[:-1], sizes.widths[1:], strict=True)
    )
    return model


if __name__ == "__main__":
    for make in (sam, sam2):
        make().save_pretrained(Path(sys.argv[1]) / make.__name__)
