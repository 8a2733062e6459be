"""Small random hosts and priors for tests; nothing is downloaded."""

from collections.abc import Callable

import torch
from torch import nn
from transformers import SamConfig, SamMaskDecoderConfig, SamModel, SamPromptEncoderConfig, SamVisionConfig

from medsegr.backbones.tiny import TinyConfig, TinySam
from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.model.report_guided_sam import ReportGuidedSam

NODULE = Finding(
    "nodule", location=Location("left", ("upper_zone",)), texture=Texture(("solid",)), shape=Shape(("round", "small"))
)
EFFUSION = Finding("pleural_effusion", location=Location("right", ("lower_zone",)), shape=Shape(("large",)))
HEART = Finding("cardiomediastinum")


def random_sam(size: int = 64, seed: int = 0) -> SamModel:
    """A SAM of four small blocks. ``initializer_range`` 0.02: the default of 1e-10 gives outputs of zero."""
    torch.manual_seed(seed)
    grid = size // 16
    config = SamConfig(
        vision_config=SamVisionConfig(
            hidden_size=32,
            num_hidden_layers=4,
            num_attention_heads=4,
            mlp_dim=64,
            image_size=size,
            output_channels=32,
            num_pos_feats=16,
            global_attn_indexes=[1, 3],
            window_size=2,
            initializer_range=0.02,
        ).to_dict(),
        prompt_encoder_config=SamPromptEncoderConfig(
            hidden_size=32, image_size=size, image_embedding_size=grid, mask_input_channels=4
        ).to_dict(),
        mask_decoder_config=SamMaskDecoderConfig(
            hidden_size=32, mlp_dim=64, num_attention_heads=4, iou_head_hidden_dim=32
        ).to_dict(),
        initializer_range=0.02,
    )
    model = SamModel(config).eval()
    with torch.no_grad():
        for parameter in model.vision_encoder.parameters():
            if parameter.abs().max() == 0:
                parameter.normal_(std=0.02)
    return model


def random_tiny(size: int = 64, seed: int = 0) -> TinySam:
    """The tiny host with narrow stages."""
    torch.manual_seed(seed)
    return TinySam(TinyConfig(image_size=size, widths=(8, 8, 16, 16, 16), depths=(1, 1, 1, 1), dim=32)).eval()


HOSTS: dict[str, Callable[[], nn.Module]] = {"sam": random_sam, "tiny": random_tiny}


def open_gates(model: ReportGuidedSam, value: float = 0.5) -> ReportGuidedSam:
    """A model whose gates are open, as after training."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.adapter.named_parameters():
            if name.endswith("_gate"):
                parameter.copy_(value * torch.randn_like(parameter))
    return model
