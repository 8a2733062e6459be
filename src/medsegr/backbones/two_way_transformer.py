"""The transformer of SAM's mask decoder: prompt tokens and the image's features attend to each other.

Built and named as ``transformers`` builds and names it, in SAM's form and in SAM 2's, without its import, which would
be most of the time that a short command takes; a test holds the two against each other.

Source: Kirillov et al., "Segment Anything", ICCV 2023, appendix A; Ravi et al., "SAM 2", 2024.
"""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

LAYERS = 2
"""Blocks of the transformer."""


@dataclass(frozen=True)
class DecoderSizes:
    """Sizes of a mask decoder.

    Attributes:
        dim: Channels of tokens and features.
        mlp_dim: Channels inside the token's two linear layers.
        heads: Of the attentions.
        multimask: Masks beside the first one.
        build: Whose names and parts: ``sam2`` has a token for the object's score and takes finer maps.
    """

    dim: int = 256
    mlp_dim: int = 2048
    heads: int = 8
    multimask: int = 3
    build: Literal["sam", "sam2"] = "sam"


class TokenAttention(nn.Module):
    """Attention whose keys and queries may have fewer channels than what it reads.

    Args:
        sizes: Of the decoder.
        shrunk: By how much the channels are divided inside.
    """

    def __init__(self, sizes: DecoderSizes, shrunk: int = 2) -> None:
        super().__init__()
        inside = sizes.dim // shrunk
        self.heads, self.scaling = sizes.heads, (inside // sizes.heads) ** -0.5
        # SAM 2's few tokens by plain products: the fused kernel takes several times as long in bfloat16 on a CPU.
        self.fused = sizes.build == "sam"
        self.q_proj = nn.Linear(sizes.dim, inside)
        self.k_proj = nn.Linear(sizes.dim, inside)
        self.v_proj = nn.Linear(sizes.dim, inside)
        self.last = "out_proj" if sizes.build == "sam" else "o_proj"
        self.add_module(self.last, nn.Linear(inside, sizes.dim))

    def forward(
        self, query: Float[Tensor, "b k q d"], key: Float[Tensor, "c l n d"], value: Float[Tensor, "c l n d"]
    ) -> Float[Tensor, "b k q d"]:
        """What the queries read, for each of K prompts of an image; B x K is C x L."""
        q, k, v = self._heads(self.q_proj(query)), self._heads(self.k_proj(key)), self._heads(self.v_proj(value))
        if self.fused:
            read = F.scaled_dot_product_attention(q, k, v, scale=self.scaling)
        else:
            weights = torch.matmul(q, k.transpose(2, 3)) * self.scaling
            read = torch.matmul(torch.softmax(weights, dim=-1, dtype=torch.float32).to(q.dtype), v)
        joined = read.transpose(1, 2).reshape(*query.shape[:3], -1)
        return self.get_submodule(self.last)(joined)

    def of_image(
        self, query: Float[Tensor, "b k q d"], placed: Float[Tensor, "m 1 hw d"], image: Float[Tensor, "m 1 hw d"]
    ) -> Float[Tensor, "b k q d"]:
        """What the tokens read of an image: :meth:`forward` with the image for keys and values.

        Few tokens are asked in the image's own channels, each head's question led back through the keys' projection,
        so that no projection of the image is made. The keys' bias is the same at every place and falls out.
        """
        if not self._few(query):
            return self(query, placed, image)
        asked = self._led_back(self._heads(self.q_proj(query)), self.k_proj)
        shares = torch.softmax(self.scaling * (asked @ placed.squeeze(1).transpose(1, 2)), dim=-1)
        seen = (shares @ image.squeeze(1)).unflatten(1, (self.heads, -1))
        read = torch.einsum("mhqd,hed->mqhe", seen, self._by_head(self.v_proj.weight)).flatten(2) + self.v_proj.bias
        return self.get_submodule(self.last)(read.view(*query.shape[:3], -1))

    def to_image(
        self, placed: Float[Tensor, "m 1 hw d"], key: Float[Tensor, "b k q d"], value: Float[Tensor, "b k q d"]
    ) -> Float[Tensor, "m 1 hw d"]:
        """What the places of an image read of the tokens: :meth:`forward` with the image for queries.

        Of few tokens in the image's own channels, as :meth:`of_image`. Each head's shares sum to 1, so that the last
        bias goes to the heads in equal parts.
        """
        if not self._few(key):
            return self(placed, key, value)
        keys, last = self._heads(self.k_proj(key)), self.get_submodule(self.last)
        assert isinstance(last, nn.Linear)
        logits = self._led_back(keys, self.q_proj) @ placed.squeeze(1).transpose(1, 2)
        bias = keys @ self.q_proj.bias.view(self.heads, -1, 1)
        shares = torch.softmax(self.scaling * (logits.unflatten(1, (self.heads, -1)) + bias), dim=2)
        told = torch.einsum(
            "mhqe,dhe->mhqd", self._heads(self.v_proj(value)), last.weight.unflatten(1, (self.heads, -1))
        )
        return (shares.flatten(1, 2).transpose(1, 2) @ (told + last.bias / self.heads).flatten(1, 2))[:, None]

    def _few(self, tokens: Float[Tensor, "b k q d"]) -> bool:
        """Whether asking in the image's channels takes no more products than projecting the image."""
        return tokens.shape[2] * self.heads <= self.q_proj.out_features

    def _led_back(self, inside: Float[Tensor, "m h q e"], layer: nn.Linear) -> Float[Tensor, "m hq d"]:
        return torch.einsum("mhqe,hed->mhqd", inside, self._by_head(layer.weight)).flatten(1, 2)

    def _by_head(self, weight: Float[Tensor, "c d"]) -> Float[Tensor, "h e d"]:
        return weight.unflatten(0, (self.heads, -1))

    def _heads(self, tokens: Float[Tensor, "b k n c"]) -> Float[Tensor, "bk h n e"]:
        return tokens.reshape(tokens.shape[0] * tokens.shape[1], tokens.shape[2], self.heads, -1).transpose(1, 2)


class Perceptron(nn.Module):
    """Linear layers with ReLUs between them.

    Args:
        before, inside, after: Channels.
        depth: Linear layers.
        sigmoid: Whether the output is squashed.
    """

    def __init__(self, before: int, inside: int, after: int, depth: int = 3, sigmoid: bool = False) -> None:
        super().__init__()
        self.proj_in = nn.Linear(before, inside)
        self.proj_out = nn.Linear(inside, after)
        self.layers = nn.ModuleList(nn.Linear(inside, inside) for _ in range(depth - 2))
        self.sigmoid = sigmoid

    def forward(self, tokens: Float[Tensor, "*b c"]) -> Float[Tensor, "*b e"]:
        """Each token by itself."""
        hidden = F.relu(self.proj_in(tokens))
        for layer in self.layers:
            hidden = F.relu(layer(hidden))
        out = self.proj_out(hidden)
        return torch.sigmoid(out) if self.sigmoid else out


class TwoLayers(nn.Module):
    """The same of two layers, by SAM's names."""

    def __init__(self, dim: int, inside: int) -> None:
        super().__init__()
        self.lin1 = nn.Linear(dim, inside)
        self.lin2 = nn.Linear(inside, dim)

    def forward(self, tokens: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
        """Each token by itself."""
        return self.lin2(F.relu(self.lin1(tokens)))


class TwoWayBlock(nn.Module):
    """Tokens attend to each other and to the image, pass two linear layers, and the image attends to them.

    Args:
        sizes: Of the decoder.
        first: Whether it is the first block, whose tokens are their own positions.
    """

    def __init__(self, sizes: DecoderSizes, first: bool) -> None:
        super().__init__()
        dim = sizes.dim
        self.self_attn = TokenAttention(sizes, shrunk=1)
        self.layer_norm1 = nn.LayerNorm(dim)
        self.cross_attn_token_to_image = TokenAttention(sizes)
        self.layer_norm2 = nn.LayerNorm(dim)
        sam = sizes.build == "sam"
        self.mlp = TwoLayers(dim, sizes.mlp_dim) if sam else Perceptron(dim, sizes.mlp_dim, dim, depth=2)
        self.layer_norm3 = nn.LayerNorm(dim)
        self.layer_norm4 = nn.LayerNorm(dim)
        self.cross_attn_image_to_token = TokenAttention(sizes)
        self.first = first

    def forward(self, tokens: Tensor, image: Tensor, places: Tensor, grid: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (B, K, N, D) and features (BK, 1, HW, D), with what says where each of them is."""
        if self.first:
            tokens = self.self_attn(tokens, tokens, tokens)
        else:
            placed = tokens + places
            tokens = tokens + self.self_attn(placed, placed, tokens)
        tokens = self.layer_norm1(tokens)
        placed = image + grid
        tokens = self.layer_norm2(tokens + self.cross_attn_token_to_image.of_image(tokens + places, placed, image))
        tokens = self.layer_norm3(tokens + self.mlp(tokens))
        image = image + self.cross_attn_image_to_token.to_image(placed, tokens + places, tokens)
        return tokens, self.layer_norm4(image)


class TwoWayTransformer(nn.Module):
    """Two blocks, and a last look of the tokens at the image."""

    def __init__(self, sizes: DecoderSizes) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TwoWayBlock(sizes, first=layer == 0) for layer in range(LAYERS))
        self.final_attn_token_to_image = TokenAttention(sizes)
        self.layer_norm_final_attn = nn.LayerNorm(sizes.dim)

    def forward(
        self,
        tokens: Float[Tensor, "b k n d"],
        features: Float[Tensor, "m d h w"],
        positions: Float[Tensor, "m d h w"],
        kept: int,
    ) -> tuple[Float[Tensor, "b k kept d"], Float[Tensor, "m 1 hw d"]]:
        """The first tokens and the features after both have read each other; M is B x K.

        Of the last look only ``kept`` tokens are wanted, and none of them sees another's.
        """
        image = features.flatten(2).transpose(1, 2).unsqueeze(1)
        grid = positions.flatten(2).transpose(1, 2).unsqueeze(1)
        places = tokens
        for layer in self.layers:
            tokens, image = layer(tokens, image, places, grid)
        tokens, places = tokens[:, :, :kept], places[:, :, :kept]
        tokens = tokens + self.final_attn_token_to_image.of_image(tokens + places, image + grid, image)
        return self.layer_norm_final_attn(tokens), image
