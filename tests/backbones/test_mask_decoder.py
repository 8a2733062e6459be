"""The decoder and the prompt encoder built here are those of transformers: same names, same answers."""

import pytest
import torch
import torch.nn.functional as F
from transformers import SamConfig, SamMaskDecoderConfig, SamPromptEncoderConfig, SamVisionConfig
from transformers.models.resnet.configuration_resnet import ResNetConfig
from transformers.models.resnet.modeling_resnet import ResNetStage
from transformers.models.sam.modeling_sam import SamMaskDecoder, SamPromptEncoder
from transformers.models.sam2.configuration_sam2 import Sam2MaskDecoderConfig, Sam2PromptEncoderConfig
from transformers.models.sam2.modeling_sam2 import Sam2MaskDecoder, Sam2PromptEncoder

from medsegr.backbones.mask_decoder import MaskDecoder, in_quarters, quarters
from medsegr.backbones.prompt_encoder import PromptEncoder
from medsegr.backbones.residual_layers import ResidualStage
from medsegr.backbones.two_way_transformer import DecoderSizes, attended

DIM, SIZE, GRID = 32, 64, 8


def _theirs(build):
    if build == "sam2":
        prompts = Sam2PromptEncoderConfig(hidden_size=DIM, image_size=SIZE, patch_size=SIZE // GRID)
        decoder = Sam2MaskDecoderConfig(
            hidden_size=DIM, mlp_dim=48, num_attention_heads=4, iou_head_hidden_dim=DIM,
            dynamic_multimask_via_stability=False, attn_implementation="eager",
        )  # fmt: skip
        return Sam2PromptEncoder(prompts), Sam2MaskDecoder(decoder)
    decoder = SamMaskDecoderConfig(
        hidden_size=DIM, mlp_dim=48, num_attention_heads=4, iou_head_hidden_dim=DIM, layer_norm_eps=1e-5
    )
    sam = SamConfig(
        vision_config=SamVisionConfig(image_size=SIZE, patch_size=SIZE // GRID, num_pos_feats=DIM // 2),
        prompt_encoder_config=SamPromptEncoderConfig(hidden_size=DIM, image_size=SIZE, patch_size=SIZE // GRID),
        mask_decoder_config=decoder,
    )
    decoder._attn_implementation = "sdpa"
    return SamPromptEncoder(sam), SamMaskDecoder(decoder)


@pytest.fixture(params=["sam", "sam2"])
def both(request):
    """Ours and theirs with the same weights, none of them zero: (prompt encoder, decoder), twice."""
    torch.manual_seed(0)
    theirs = _theirs(request.param)
    ours = (
        PromptEncoder(DIM, SIZE, GRID, build=request.param),
        MaskDecoder(DecoderSizes(DIM, 48, heads=4, build=request.param)),
    )
    for own, other in zip(ours, theirs, strict=True):
        for tensor in other.state_dict().values():
            tensor.copy_(0.3 * torch.randn_like(tensor))
        assert list(own.state_dict()) == list(other.state_dict())
        own.load_state_dict(other.state_dict())
    return ours, theirs


PROMPTS = {
    "clicks": {"input_points": True, "input_labels": True},
    "boxes": {"input_boxes": True},
    "clicks and boxes": {"input_points": True, "input_labels": True, "input_boxes": True},
    "a mask": {"input_masks": True},
}


@pytest.mark.parametrize("given", PROMPTS.values(), ids=PROMPTS)
def test_prompts_are_encoded_as_transformers_does(both, given):
    labels = torch.tensor([[[1, 0, -1, -10]], [[0, 1, 1, -1]]])
    all_of_them = {
        "input_points": 60 * torch.rand(2, 1, 4, 2),
        "input_labels": labels,
        "input_boxes": torch.tensor([[[3.0, 5.0, 40.0, 21.0]], [[0.0, 1.0, 2.0, 63.0]]]),
        "input_masks": torch.randn(2, 1, 4 * GRID, 4 * GRID),
    }
    asked = {name: tensor if given.get(name) else None for name, tensor in all_of_them.items()}
    ours, theirs = (encoder(**asked) for encoder, _ in both)
    for own, other in zip(ours, theirs, strict=True):
        assert (own is None) == (other is None)
        if own is not None:
            torch.testing.assert_close(own, other)


@pytest.mark.parametrize("multimask", [False, True])
def test_masks_are_decoded_as_transformers_does(both, multimask):
    (_, ours), (_, theirs) = both
    grid = (2, DIM, GRID, GRID)
    asked = {
        "image_embeddings": torch.randn(grid),
        "image_positional_embeddings": torch.randn(grid),
        "sparse_prompt_embeddings": torch.randn(2, 3, 5, DIM),
        "dense_prompt_embeddings": torch.randn(grid),
        "multimask_output": multimask,
    }
    if ours.newer:
        finer = [torch.randn(2, DIM // 8, 4 * GRID, 4 * GRID), torch.randn(2, DIM // 4, 2 * GRID, 2 * GRID)]
        asked["high_resolution_features"] = finer
    masks, scores = ours(**asked)
    wanted, wanted_scores, *_ = theirs(**asked)
    assert masks.shape == (2, 3, 3 if multimask else 1, 4 * GRID, 4 * GRID)
    assert wanted.abs().mean() > 0.1
    torch.testing.assert_close(masks, wanted, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(scores, wanted_scores, atol=1e-4, rtol=1e-4)


def test_residual_stages_are_those_of_transformers():
    torch.manual_seed(0)
    ours = ResidualStage(6, 10, 2)
    theirs = ResNetStage(ResNetConfig(layer_type="basic", hidden_act="relu"), 6, 10, stride=2, depth=2)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    features = torch.randn(2, 6, 12, 20)
    torch.testing.assert_close(ours.eval()(features), theirs.eval()(features))


@pytest.mark.parametrize(("queries", "keys"), [(40, 5), (5, 40)])
@pytest.mark.parametrize("mixed", [False, True], ids=["float32", "bfloat16"])
def test_plain_products_are_the_fused_attention(queries, keys, mixed):
    torch.manual_seed(0)
    query, key, value = (torch.randn(3, 2, cells, 8) for cells in (queries, keys, keys))
    wanted = F.scaled_dot_product_attention(query, key, value, scale=0.4)
    given = [part.bfloat16() if mixed else part for part in (query, key, value)]
    found = attended(*given, 0.4)
    assert found.dtype == given[0].dtype
    error = {"atol": 0.03, "rtol": 0.03} if mixed else {}
    torch.testing.assert_close(found.float(), wanted, **error)


@pytest.mark.parametrize("times", [1, 2])
def test_quarters_are_the_transposed_convolution(times):
    torch.manual_seed(0)
    layers = [torch.nn.ConvTranspose2d(3, 3, 2, 2) for _ in range(times)]
    maps = torch.randn(2, 3, 4, 5)
    cells, wanted = maps.flatten(2).transpose(1, 2), maps
    for layer in layers:
        cells, wanted = quarters(layer, cells), layer(wanted)
    torch.testing.assert_close(cells, in_quarters(wanted, times))


def test_a_step_in_mixed_precision_reaches_every_weight_of_the_decoder():
    torch.manual_seed(0)
    decoder, grid = MaskDecoder(DecoderSizes(DIM, 48, heads=4)), (2, DIM, GRID, GRID)
    with torch.autocast("cpu", torch.bfloat16):
        masks, scores = decoder(
            torch.randn(grid), image_positional_embeddings=torch.randn(1, DIM, GRID, GRID).expand(grid),
            sparse_prompt_embeddings=torch.randn(2, 1, 5, DIM), dense_prompt_embeddings=torch.zeros(grid),
            multimask_output=True,
        )  # fmt: skip
    (masks.float().square().mean() + scores.float().square().mean()).backward()
    idle = {name for name, weight in decoder.named_parameters() if weight.grad is None or not weight.grad.any()}
    assert all(name.startswith("output_hypernetworks_mlps.0.") or name.endswith("k_proj.bias") for name in idle)
