"""Whole hosts, as their packages put them together."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.stand_ins.blocks import DIM, MapBlock
from tests.stand_ins.decoders import FineDecoder, ManyImagesDecoder, MaskDecoder, PointEncoder, PromptEncoder
from tests.stand_ins.encoders import FpnEncoder, ImageEncoderViT


class Sam(nn.Module):
    """Of ``segment_anything``, MobileSAM and micro-sam."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.image_encoder = encoder
        self.prompt_encoder = PromptEncoder(encoder.img_size, 4)
        self.mask_decoder = MaskDecoder()

    def masks(self, pixels: Tensor, points=None, boxes=None) -> Tensor:
        """As its own ``forward`` does, before anything is resized."""
        sparse, dense = self.prompt_encoder(points, boxes, None)
        image = self.image_encoder(pixels)
        return self.mask_decoder(image, self.prompt_encoder.get_dense_pe(), sparse, dense, False)[0]


class EfficientSam(nn.Module):
    """Of EfficientSAM."""

    def __init__(self) -> None:
        super().__init__()
        self.image_encoder = ImageEncoderViT(tokens=True)
        self.prompt_encoder = PointEncoder(64, 4)
        self.decoder_max_num_input_points = 3
        self.mask_decoder = ManyImagesDecoder()

    def masks(self, pixels: Tensor, points=None, boxes=None) -> Tensor:
        """As its own ``predict_masks`` does, with padding up to its number of points."""
        coords, labels = points if points is not None else (torch.zeros(1, 0, 2), torch.zeros(1, 0, dtype=torch.long))
        if boxes is not None:
            coords, labels = boxes.view(-1, 2, 2), torch.tensor([[2, 3]])
        missing = self.decoder_max_num_input_points - coords.shape[1]
        coords, labels = F.pad(coords, (0, 0, 0, missing), value=-1.0), F.pad(labels, (0, missing), value=-1)
        sparse = self.prompt_encoder(coords, labels)[:, None]
        return self.mask_decoder(self.image_encoder(pixels), self.prompt_encoder.get_dense_pe(), sparse, False)[0]


class SAM2Base(nn.Module):
    """Of Meta's ``sam2``."""

    def __init__(self) -> None:
        super().__init__()
        self.image_size, self.num_feature_levels = 64, 3
        self.use_high_res_features_in_sam = self.directly_add_no_mem_embed = True
        self.image_encoder = FpnEncoder()
        self.sam_prompt_encoder = PromptEncoder(64, 4)
        self.sam_mask_decoder = FineDecoder()
        self.no_mem_embed = nn.Parameter(torch.randn(1, 1, DIM))

    def masks(self, pixels: Tensor, points=None, boxes=None) -> Tensor:
        """As its ``_forward_sam_heads`` does: one that is no point where there is none."""
        if boxes is not None:
            points = (boxes.view(-1, 2, 2), torch.tensor([[2, 3]]))
        elif points is None:
            points = (torch.zeros(1, 1, 2), -torch.ones(1, 1, dtype=torch.long))
        *fine, last = self.image_encoder(pixels)["backbone_fpn"]
        fine = [self.sam_mask_decoder.conv_s0(fine[0]), self.sam_mask_decoder.conv_s1(fine[1])]
        sparse, dense = self.sam_prompt_encoder(points, None, None)
        image = last + self.no_mem_embed.view(1, -1, 1, 1)
        positions = self.sam_prompt_encoder.get_dense_pe()
        return self.sam_mask_decoder(image, positions, sparse, dense, False, False, fine)[0]


class ConvNet(nn.Module):
    """A network that no catalogue knows: convolutional blocks with batch normalisation, and a head."""

    def __init__(self, dim: int = 24) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, dim, 8, 4, 2)
        self.body = nn.ModuleList(MapBlock(dim) for _ in range(4))
        self.head = nn.Sequential(nn.Conv2d(dim, 16, 3, padding=1), nn.GELU(), nn.Conv2d(16, 1, 1))

    def features(self, pixels: Tensor) -> Tensor:
        x = self.stem(pixels)
        for block in self.body:
            x = block(x)
        return x

    def forward(self, pixels: Tensor) -> Tensor:
        return self.head(self.features(pixels))


def conv_net_features(model: ConvNet, pixels: Tensor) -> Tensor:
    """How its encoder is called; importable, so that a model can be pickled."""
    return model.features(pixels)
