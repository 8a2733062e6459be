#!/usr/bin/env bash
# On a CPU, training through torch's fused attention in bfloat16 is several times slower than through plain products.
#
# Versions: torch 2.13.0 (CPU), numpy 2.3.5; x86-64 with AVX-512 bf16.
# Seen: attention in windows as SAM-like encoders have it (400 windows of 7 x 7 cells, 10 heads of 32 channels, a bias
# for each pair of cells). The forward pass of scaled_dot_product_attention is as fast as two matrix products with a
# softmax between them. Its backward pass takes about ten times as long in bfloat16, and as long as theirs in float32;
# so mixed precision, which should make training faster, makes it slower, and a profile of inference shows nothing.
# So: where gradients go through attention in bfloat16 on a CPU, write the products out.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.3.5
"$folder/venv/bin/python" - <<'PY'
import time

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(0)
WINDOWS, HEADS, CELLS, WIDTH = 400, 10, 49, 32


def fused(query, key, value, bias):
    return F.scaled_dot_product_attention(query, key, value, attn_mask=bias)


def products(query, key, value, bias):
    return ((query * WIDTH**-0.5) @ key.transpose(-2, -1) + bias).softmax(-1) @ value


def seconds(way, dtype) -> float:
    """Of the backward pass, by the processor's time; the least of five."""
    inputs = [torch.randn(WINDOWS, HEADS, CELLS, WIDTH, dtype=dtype, requires_grad=True) for _ in range(3)]
    bias = torch.randn(1, HEADS, CELLS, CELLS, dtype=dtype)
    spent = []
    for _ in range(5):
        out = way(*inputs, bias).sum()
        begun = time.process_time()
        out.backward()
        spent.append(time.process_time() - begun)
    return min(spent)


ratios = {}
for dtype in (torch.float32, torch.bfloat16):
    one, other = seconds(fused, dtype), seconds(products, dtype)
    ratios[dtype] = one / other
    print(f"{dtype}: fused {one:.3f} s, products {other:.3f} s, {one / other:.1f} times")
assert ratios[torch.bfloat16] > 3 and ratios[torch.float32] < 2, "this has changed"
PY
