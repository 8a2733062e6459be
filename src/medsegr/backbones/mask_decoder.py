"""SAM's mask decoder, for the hosts that are built here; see ``two_way_transformer.py`` for why and whence."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from medsegr.backbones.decoder_input import per_finding
from medsegr.backbones.two_way_transformer import DecoderSizes, Perceptron, TwoWayTransformer


class MaskDecoder(nn.Module):
    """Tokens of prompts and the image's features -> masks.

    Args:
        sizes: What it is built of, and in which form.
    """

    def __init__(self, sizes: DecoderSizes) -> None:
        super().__init__()
        dim, tokens, self.newer = sizes.dim, sizes.multimask + 1, sizes.build == "sam2"
        self.iou_token = nn.Embedding(1, dim)
        self.mask_tokens = nn.Embedding(tokens, dim)
        self.transformer = TwoWayTransformer(sizes)
        self.upscale_conv1 = nn.ConvTranspose2d(dim, dim // 4, 2, 2)
        self.upscale_conv2 = nn.ConvTranspose2d(dim // 4, dim // 8, 2, 2)
        self.upscale_layer_norm = nn.LayerNorm(dim // 4, eps=1e-6)
        self.output_hypernetworks_mlps = nn.ModuleList(Perceptron(dim, dim, dim // 8) for _ in range(tokens))
        self.iou_prediction_head = Perceptron(dim, dim, tokens, sigmoid=self.newer)
        if self.newer:
            self.conv_s0 = nn.Conv2d(dim, dim // 8, 1)
            self.conv_s1 = nn.Conv2d(dim, dim // 4, 1)
            self.obj_score_token = nn.Embedding(1, dim)
            self.pred_obj_score_head = Perceptron(dim, dim, 1)

    def forward(
        self,
        image_embeddings: Float[Tensor, "b d h w"],
        *,
        image_positional_embeddings: Float[Tensor, "b d h w"],
        sparse_prompt_embeddings: Float[Tensor, "b k t d"] | None,
        dense_prompt_embeddings: Float[Tensor, "b d h w"],
        multimask_output: bool,
        high_resolution_features: Sequence[Float[Tensor, "b _ _ _"]] = (),
    ) -> tuple[Float[Tensor, "b k m y x"], Float[Tensor, "b k m"]]:
        """Mask logits at four times the embedding's grid, and how good each is said to be; for K prompts of an image.

        Args:
            sparse_prompt_embeddings: Tokens of clicks, boxes and findings; None for none.
            dense_prompt_embeddings: Of masks, or of none.
            multimask_output: The further masks in place of the first one.
            high_resolution_features: Finer maps, the finest first; of SAM 2's form alone.
        """
        count, prompts = image_embeddings.shape[0], 1
        tokens = torch.cat([self.iou_token.weight, self.mask_tokens.weight])
        if self.newer:
            tokens = torch.cat([self.obj_score_token.weight, tokens])
        if sparse_prompt_embeddings is not None:
            prompts = sparse_prompt_embeddings.shape[1]
        tokens = tokens.repeat(count, prompts, 1, 1)
        if sparse_prompt_embeddings is not None:
            tokens = torch.cat((tokens, sparse_prompt_embeddings), dim=2).to(self.iou_token.weight.dtype)
        features = per_finding(image_embeddings + dense_prompt_embeddings, count * prompts)
        positions = per_finding(image_positional_embeddings, count * prompts)
        tokens, read = self.transformer(tokens, features, positions)
        tokens = tokens[:, :, int(self.newer) :]
        finest = self._enlarged(read[:, 0], high_resolution_features)
        wanted = range(1, len(self.output_hypernetworks_mlps)) if multimask_output else range(1)
        weights = torch.stack([self.output_hypernetworks_mlps[k](tokens[:, :, 1 + k]) for k in wanted], dim=2)
        masks = (finest.flatten(1, 3) @ weights.flatten(0, 1).transpose(1, 2)).unflatten(1, finest.shape[1:4])
        masks = masks.permute(0, 4, 3, 2, 1).flatten(1, 3).unflatten(2, features.shape[-2:])
        masks = F.pixel_shuffle(F.pixel_shuffle(masks, 2), 2)
        scores = self.iou_prediction_head(tokens[:, :, 0])[:, :, wanted.start : wanted.stop]
        return masks.unflatten(0, (count, prompts)), scores

    def _enlarged(
        self, cells: Float[Tensor, "n hw d"], finer: Sequence[Float[Tensor, "b _ _ _"]]
    ) -> Float[Tensor, "n hw 4 4 c"]:
        """Each cell's pixels, in quarters of quarters, with the finer maps added on the way."""
        up = quarters(self.upscale_conv1, cells)
        if finer:
            up = up + in_quarters(per_finding(finer[1], cells.shape[0]), 1)
        up = quarters(self.upscale_conv2, F.gelu(self.upscale_layer_norm(up)))
        if finer:
            up = up + in_quarters(per_finding(finer[0], cells.shape[0]), 2)
        return F.gelu(up)


def quarters(layer: nn.ConvTranspose2d, cells: Float[Tensor, "*n d"]) -> Float[Tensor, "*n 4 c"]:
    """A transposed convolution with a stride and a kernel of 2, for which every cell is by itself.

    As a linear layer, whose backward pass takes half the time of the convolution's on a CPU (torch 2.13).
    """
    weight, bias = layer.weight.permute(2, 3, 1, 0).flatten(0, 2), layer.bias
    assert bias is not None
    return F.linear(cells, weight, bias.repeat(4)).unflatten(-1, (4, -1))


def in_quarters(level: Float[Tensor, "n c y x"], times: int) -> Float[Tensor, "n hw *q c"]:
    """A map in the order of :func:`quarters`, taken once or twice."""
    channels = level.shape[1]
    for _ in range(times):
        level = F.pixel_unshuffle(level, 2)
    return level.unflatten(1, (channels, *[4] * times)).flatten(-2).permute(0, *range(times + 2, 0, -1))
