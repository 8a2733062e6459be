"""Texture prior -> dynamic convolution: filters that fit the expected texture."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class TextureDynamicConvolution(nn.Module):
    """Filters features with kernels mixed after the texture that the report names.

    Finding k's texture token gives mixing weights w_k of E basis depthwise kernels,
    per kernel and channel, and the pixel's kernel is sum_k A_k(x) * w_k. Up to E
    findings, each finding's kernel is mixed first and runs once; with more, the
    basis runs once and its maps are mixed, so that the cost of filtering does
    not grow further. Both are the same sum.

    Args:
        dim: Channels r of the bottleneck.
        token_dim: Width D of one prior token.
        kernels: Number E of basis kernels.
        kernel_size: Side of a kernel in feature cells, odd.

    Source: dynamic convolution (Chen et al., CVPR 2020, eq. 1), mixed per
    position instead of per image, as DESIGN of medsegr; named for MedSeg-R
    (arXiv 2506.18669, abstract).
    """

    def __init__(self, dim: int, token_dim: int, kernels: int = 4, kernel_size: int = 3) -> None:
        super().__init__()
        self.kernels = kernels
        self.basis = nn.Parameter(torch.randn(dim * kernels, 1, kernel_size, kernel_size) * 0.3)
        self.mixing = nn.Linear(token_dim, dim * kernels)

    def forward(
        self,
        features: Float[Tensor, "b r h w"],
        tokens: Float[Tensor, "b k d"],
        attention: Float[Tensor, "b k h w"],
    ) -> Float[Tensor, "b r h w"]:
        """Filtered features.

        Args:
            features: Bottleneck features.
            tokens: Fused texture tokens.
            attention: Where each finding may lie, 0..1; zero for padding.
        """
        batch, dim, height, width = features.shape
        padding = self.basis.shape[-1] // 2
        weights = self.mixing(tokens)
        basis = self.basis.to(features.dtype)
        findings = tokens.shape[1]
        if not torch.compiler.is_compiling() and findings <= self.kernels:  # an export has any number of findings
            mixing = weights.view(batch, findings, dim, -1)
            kernels = torch.einsum("bkre,reij->bkrij", mixing, basis.unflatten(0, (dim, -1))[:, :, 0])
            flat = features[:, None].expand(-1, findings, -1, -1, -1).reshape(1, -1, height, width)
            filtered = F.conv2d(flat, kernels.flatten(0, 2)[:, None], padding=padding, groups=flat.shape[1])
            return (filtered.view(batch, findings, dim, height, width) * attention[:, :, None]).sum(1)
        filtered = F.conv2d(features, basis, padding=padding, groups=dim)
        mixture = torch.einsum("bkhw,bkc->bchw", attention, weights)
        return (filtered * mixture).view(batch, dim, self.kernels, height, width).sum(2)
