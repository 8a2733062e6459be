"""SAM's mask decoder, for the hosts that are built here; see ``two_way_transformer.py`` for why and whence."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from medsegr.backbones.decoder_input import per_finding
from medsegr.backbones.fused_layers import weighted
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
        wanted = range(1, len(self.output_hypernetworks_mlps)) if multimask_output else range(1)
        tokens, read = self.transformer(tokens, features, positions, int(self.newer) + 1 + wanted.stop)
        tokens = tokens[:, :, int(self.newer) :]
        finest = self._enlarged(read.squeeze(1), features.shape[-1], high_resolution_features)
        weights = torch.stack([self.output_hypernetworks_mlps[k](tokens[:, :, 1 + k]) for k in wanted], dim=2)
        masks = _as_maps(weights.flatten(0, 1) @ finest.transpose(1, 2), features.shape[-1])
        scores = self.iou_prediction_head(tokens[:, :, 0])[:, :, wanted.start : wanted.stop]
        return masks.unflatten(0, (count, prompts)), scores

    def _enlarged(
        self, features: Float[Tensor, "n hw d"], width: int, finer: Sequence[Float[Tensor, "b _ _ _"]]
    ) -> Float[Tensor, "n cells c"]:
        """Features at four times their grid, with the finer maps added on the way; cell by cell, channels last.

        A transposed convolution whose kernel is its stride is a linear layer: of 2 x 2 cells for each one. The cells
        stay with the one that they come from, and only masks are laid out as maps.
        """
        up = _divided(features, self.upscale_conv1)
        if finer:
            up = up + per_finding(_as_cells(finer[1], width), features.shape[0])
        up = F.gelu(self.upscale_layer_norm(up))
        if not finer:
            return _divided(up, self.upscale_conv2, gelu=True)
        finest = per_finding(_as_cells(finer[0], width), features.shape[0])
        return F.gelu(_divided(up, self.upscale_conv2) + finest)


def _divided(cells: Float[Tensor, "n l c"], layer: nn.ConvTranspose2d, gelu: bool = False) -> Float[Tensor, "n m e"]:
    """Each cell as 2 x 2, one after another; the GELU of them."""
    weight, bias = layer.weight.permute(2, 3, 1, 0).flatten(0, 2), layer.bias
    assert bias is not None
    return weighted(cells, weight, bias.repeat(4), gelu).reshape(cells.shape[0], -1, len(bias))


def _as_cells(maps: Float[Tensor, "n c y x"], width: int) -> Float[Tensor, "n l c"]:
    """A map in the order of :func:`_divided`, from a grid of this width on."""
    times = (maps.shape[-1] // width).bit_length() - 1
    rows, columns = (maps.shape[-2] >> times, *[2] * times), (width, *[2] * times)
    cells = maps.reshape(*maps.shape[:2], *rows, *columns)
    pairs = [axis for step in range(times + 1) for axis in (2 + step, 3 + times + step)]
    return cells.permute(0, *pairs, 1).flatten(1, -2)


def _as_maps(cells: Float[Tensor, "n m l"], width: int) -> Float[Tensor, "n m y x"]:
    """Cells of a grid of this width, divided twice, as maps."""
    height = cells.shape[-1] // (16 * width)
    apart = cells.reshape(*cells.shape[:2], height, width, 2, 2, 2, 2)
    return apart.permute(0, 1, 2, 4, 6, 3, 5, 7).reshape(*cells.shape[:2], 4 * height, 4 * width)
