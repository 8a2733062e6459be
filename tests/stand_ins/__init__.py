"""Small stand-ins for hosts whose packages cannot be imported here: the same parts, names and layouts.

They are written from the interfaces alone: what blocks return (BHWC, BCHW, tokens, changing from stage
to stage), how prompt encoder and mask decoder are called. The packages themselves are tested where present.
"""

from tests.stand_ins.blocks import DIM
from tests.stand_ins.encoders import ImageEncoderViT, TinyViT
from tests.stand_ins.hosts import ConvNet, EfficientSam, Sam, SAM2Base, conv_net_features

__all__ = ["DIM", "ConvNet", "EfficientSam", "ImageEncoderViT", "SAM2Base", "Sam", "TinyViT", "conv_net_features"]
