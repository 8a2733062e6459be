"""Every host that the contract suite runs over, priors to ask, and models with open gates."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from medsegr.backbones.decoder_input import Prompts
from medsegr.backbones.host_spec import HostSpec
from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.model.adapter import AdapterConfig
from medsegr.model.attach import attach
from medsegr.model.report_guided_sam import ReportGuidedSam
from tests import stand_ins
from tests.random_hosts import (
    random_lite_medsam,
    random_sam,
    random_sam2,
    random_sam3_tracker,
    random_sam_hq,
    random_tiny,
    random_tiny_full_size,
    woken,
)

NODULE = Finding(
    "nodule", location=Location("left", ("upper_zone",)), texture=Texture(("solid",)), shape=Shape(("round", "small"))
)
EFFUSION = Finding("pleural_effusion", location=Location("right", ("lower_zone",)), shape=Shape(("large",)))
HEART = Finding("cardiomediastinum")

CONV_SPEC = HostSpec(
    family="conv_net",
    blocks="body",
    layout="BCHW",
    image_size=64,
    encode=stand_ins.conv_net_features,
    decoder="head",
)


@dataclass(frozen=True)
class HostCase:
    """A host of the suite.

    Attributes:
        build: A small one with random weights.
        own: The host's own masks (1, h, w) of one picture, by its own forward; points, labels and box are optional.
        spec: Of a host of one's own.
        clicks: Whether it takes clicks and boxes.
    """

    build: Callable[[], nn.Module]
    own: Callable[[nn.Module, Tensor, Prompts], Tensor]
    spec: HostSpec | None = None
    clicks: bool = True


def hugging_face_masks(model: nn.Module, pixels: Tensor, prompts: Prompts) -> Tensor:
    return model(pixel_values=pixels, multimask_output=False, **prompts.flat()).pred_masks.flatten(0, 2)


def lite_medsam_masks(model: nn.Module, pixels: Tensor, prompts: Prompts) -> Tensor:
    """As ``SamModel`` goes on from its image embedding."""
    embedding = model.image_encoder(pixels)
    grid = embedding.shape[-1]
    steps = (torch.arange(grid) + 0.5) / grid
    places = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), dim=-1)
    positions = model.prompt_encoder.shared_embedding(places).permute(2, 0, 1)[None]
    sparse, dense = model.prompt_encoder(**prompts.flat(), input_masks=None)
    if sparse is None:
        dense = model.prompt_encoder.no_mask_embed.weight.reshape(1, -1, 1, 1).expand(1, -1, grid, grid)
    given = {"sparse_prompt_embeddings": sparse, "dense_prompt_embeddings": dense, "multimask_output": False}
    return model.mask_decoder(embedding, image_positional_embeddings=positions, **given)[0].flatten(0, 2)


def meta_masks(model: nn.Module, pixels: Tensor, prompts: Prompts) -> Tensor:
    points = None if prompts.points is None else (prompts.points[0], prompts.labels[0])
    boxes = None if prompts.boxes is None else prompts.boxes[0]
    return model.masks(pixels, points, boxes)[:, 0]


def tiny_masks(model: nn.Module, pixels: Tensor, prompts: Prompts) -> Tensor:
    from medsegr.backbones.tiny import TinyBackbone

    backbone = TinyBackbone(model)
    return backbone.decode(backbone.encode(pixels), None, prompts, model.mask_decoder)


def conv_net_masks(model: nn.Module, pixels: Tensor, _: Prompts) -> Tensor:
    return model(pixels)[:, 0]


def stand_in(make: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        torch.manual_seed(0)
        return woken(make())

    return build


HOSTS: dict[str, HostCase] = {
    "tiny": HostCase(random_tiny, tiny_masks),
    "tiny_full_size": HostCase(random_tiny_full_size, tiny_masks),
    "sam": HostCase(random_sam, hugging_face_masks),
    "sam_hq": HostCase(random_sam_hq, hugging_face_masks),
    "lite_medsam": HostCase(random_lite_medsam, lite_medsam_masks),
    "sam2": HostCase(random_sam2, hugging_face_masks),
    "sam3_tracker": HostCase(random_sam3_tracker, hugging_face_masks),
    "segment_anything": HostCase(stand_in(lambda: stand_ins.Sam(stand_ins.ImageEncoderViT())), meta_masks),
    "mobile_sam": HostCase(stand_in(lambda: stand_ins.Sam(stand_ins.TinyViT())), meta_masks),
    "sam2_meta": HostCase(stand_in(stand_ins.SAM2Base), meta_masks),
    "efficient_sam": HostCase(stand_in(stand_ins.EfficientSam), meta_masks),
    "conv_net": HostCase(stand_in(stand_ins.ConvNet), conv_net_masks, CONV_SPEC, clicks=False),
}


def guided(case: HostCase, host: nn.Module, config: AdapterConfig) -> ReportGuidedSam:
    """A fresh adapter on a host of the suite."""
    return attach(host, config, host=case.spec)


def open_gates(model: ReportGuidedSam, value: float = 0.5) -> ReportGuidedSam:
    """A model whose gates are open, as after training."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.adapter.named_parameters():
            if name.endswith("_gate"):
                parameter.copy_(value * torch.randn_like(parameter))
    return model
