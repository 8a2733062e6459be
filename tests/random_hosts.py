"""Small random hosts of Hugging Face's SAM families, and of those that are built here; nothing is downloaded.

``initializer_range`` is 0.02 everywhere: some defaults (1e-10) give outputs of zero, on which every test passes.
"""

from typing import Any

import torch
from torch import nn
from transformers import (
    Sam2Config,
    Sam2HieraDetConfig,
    Sam2Model,
    Sam2VisionConfig,
    Sam3TrackerConfig,
    Sam3TrackerModel,
    Sam3VisionConfig,
    Sam3ViTConfig,
    SamConfig,
    SamHQConfig,
    SamHQModel,
    SamModel,
)

from medsegr.backbones.lite_medsam import LiteMedSam
from medsegr.backbones.lite_medsam_encoder import TinyVitConfig
from medsegr.backbones.tiny import TinyConfig, TinySam

VISION = {
    "hidden_size": 32,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "mlp_dim": 64,
    "output_channels": 32,
    "num_pos_feats": 16,
    "global_attn_indexes": [1, 3],
    "window_size": 2,
    "initializer_range": 0.02,
}
DECODER = {"hidden_size": 32, "mlp_dim": 64, "num_attention_heads": 4, "iou_head_hidden_dim": 32}


def woken(model: nn.Module) -> nn.Module:
    """Parameters that start at zero get random values, so that nothing of the host is dead."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.abs().max() == 0:
                parameter.normal_(std=0.02)
    return model.eval()


def reading_masks(model: Any) -> Any:
    """With a mask embedding of several channels: its norm over a single one would leave nothing of a mask."""
    config = model.config.prompt_encoder_config
    config.mask_input_channels = 8
    model.prompt_encoder.mask_embed = woken(type(model.prompt_encoder.mask_embed)(config))
    return model


def random_sam(size: int = 64, seed: int = 0) -> SamModel:
    """A SAM of four small blocks."""
    torch.manual_seed(seed)
    prompts = {"hidden_size": 32, "image_size": size, "image_embedding_size": size // 16, "mask_input_channels": 4}
    config = SamConfig(
        vision_config=VISION | {"image_size": size},
        prompt_encoder_config=prompts,
        mask_decoder_config=DECODER,
        initializer_range=0.02,
    )
    return reading_masks(woken(SamModel(config)))


def random_sam_hq(size: int = 64, seed: int = 0) -> SamHQModel:
    """A SAM-HQ of four small blocks."""
    torch.manual_seed(seed)
    prompts = {"hidden_size": 32, "image_size": size, "image_embedding_size": size // 16, "mask_input_channels": 4}
    config = SamHQConfig(
        vision_config=VISION | {"image_size": size},
        prompt_encoder_config=prompts,
        mask_decoder_config=DECODER | {"vit_dim": 32},
        initializer_range=0.02,
    )
    return reading_masks(woken(SamHQModel(config)))


def random_sam2(size: int = 64, seed: int = 0) -> Sam2Model:
    """A SAM 2 of eight small blocks, whose channels and grid change from stage to stage."""
    torch.manual_seed(seed)
    hiera = Sam2HieraDetConfig(
        hidden_size=16,
        num_attention_heads=1,
        image_size=[size, size],
        blocks_per_stage=[1, 2, 3, 2],
        embed_dim_per_stage=[16, 32, 64, 128],
        num_attention_heads_per_stage=[1, 2, 4, 8],
        window_size_per_stage=[8, 4, 4, 4],
        window_positional_embedding_background_size=[7, 7],
        global_attention_blocks=[4],
    )
    vision = Sam2VisionConfig(
        backbone_config=hiera,
        backbone_channel_list=[128, 64, 32, 16],
        backbone_feature_sizes=[[size // stride, size // stride] for stride in (4, 8, 16)],
        fpn_hidden_size=32,
    )
    prompts = {"hidden_size": 32, "image_size": size, "patch_size": 16, "mask_input_channels": 4}
    config = Sam2Config(vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=DECODER)
    return reading_masks(woken(Sam2Model(config)))


def random_sam3_tracker(size: int = 112, seed: int = 0) -> Sam3TrackerModel:
    """A SAM 3 tracker of four small blocks with patches of 14 px."""
    torch.manual_seed(seed)
    vit = Sam3ViTConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=4,
        num_attention_heads=4,
        image_size=size,
        pretrain_image_size=size,
        patch_size=14,
        window_size=4,
        global_attn_indexes=[1, 3],
    )
    grid = size // 14
    vision = Sam3VisionConfig(
        backbone_config=vit,
        fpn_hidden_size=32,
        backbone_feature_sizes=[[4 * grid, 4 * grid], [2 * grid, 2 * grid], [grid, grid]],
    )
    prompts = {"hidden_size": 32, "image_size": size, "patch_size": 14, "mask_input_channels": 4}
    config = Sam3TrackerConfig(vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=DECODER)
    return reading_masks(woken(Sam3TrackerModel(config)))


def random_tiny(size: int = 64, seed: int = 0, **more: int) -> TinySam:
    """The tiny host with narrow stages; ``more`` of its sizes."""
    torch.manual_seed(seed)
    sizes = {"image_size": size, "widths": (8, 8, 16, 16, 16), "depths": (1, 1, 1, 1), "dim": 32, **more}
    model = TinySam(TinyConfig(**sizes)).eval()
    for part in (model.mask_embedding, model.full_size_embedding):
        if part is not None:
            torch.nn.init.normal_(part.linear.weight, std=0.05)  # as if it had learnt something
    return model


def random_tiny_full_size() -> TinySam:
    """The tiny host with a map at the picture's own grid."""
    return random_tiny(refined=4, full_size=4)


def random_lite_medsam(size: int = 64, seed: int = 0, stem_stride: int = 1) -> LiteMedSam:
    """LiteMedSAM with a quarter of its channels; MobileSAM with a stride of 4."""
    torch.manual_seed(seed)
    return woken(LiteMedSam(TinyVitConfig(size, stem_stride, dims=(16, 32, 40, 80), neck=32)))
