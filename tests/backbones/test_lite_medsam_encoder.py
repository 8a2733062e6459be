"""Attention in windows: plain products in bfloat16 are what the fused kernel gives."""

import torch
import torch.nn.functional as F

from medsegr.backbones.lite_medsam_encoder import attended


def test_plain_products_are_the_fused_attention():
    torch.manual_seed(0)
    query, key, value = (torch.randn(3, 2, 9, 8) for _ in range(3))
    bias = torch.randn(2, 9, 9)
    wanted = F.scaled_dot_product_attention(query, key, value, attn_mask=bias[None])
    assert torch.equal(attended(query, key, value, bias), wanted)
    found = attended(*(part.bfloat16() for part in (query, key, value, bias)))
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), wanted, atol=0.05, rtol=0.05)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = attended(*(part.bfloat16() for part in (query, key, value, bias)))
    assert mixed.dtype == torch.bfloat16
