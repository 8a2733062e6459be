"""The support score against a loop over findings and pixels; and what it must not touch."""

import math

import numpy as np
import torch

from medsegr.model.support_head import SupportHead

N, C, H, W, D = 3, 5, 2, 4, 6


def made() -> tuple[SupportHead, dict[str, torch.Tensor]]:
    torch.manual_seed(0)
    given = {
        "features": torch.randn(N, C, H, W),
        "shared": torch.randn(N, C, H, W),
        "tokens": torch.randn(N, 4, D),
        "logits": 3 * torch.randn(N, 3 * H, 3 * W),
        "agreement": -torch.rand(N, 3, H, W),
    }
    return SupportHead(C, D, 16), given


def by_loops(head: SupportHead, given: dict[str, torch.Tensor]) -> list[float]:
    """One finding, one cell, one pixel at a time."""
    found = []
    for n in range(N):
        soft = 1 / (1 + np.exp(-given["logits"][n].double().numpy()))
        weights = np.array([[soft[3 * i : 3 * i + 3, 3 * j : 3 * j + 3].mean() for j in range(W)] for i in range(H)])
        total = weights.sum() + 1e-4
        both = torch.cat([given["features"][n], given["shared"][n]]).double().numpy()
        covered = np.array([(channel * weights).sum() / total for channel in both])
        agreed = [(given["agreement"][n, a].double().numpy() * weights).sum() / total for a in range(3)]
        pooled = head.norm(head.project(torch.tensor(covered, dtype=torch.float32)))
        certainty = [
            soft.max(),
            (soft**2).sum() / (soft.sum() + 1e-4),
            math.log1p(soft.sum()) / 8,
            (soft > 0.5).mean(),
        ]
        products = [given["tokens"][n, place] * pooled for place in range(4)]
        read = torch.cat([pooled, *products, torch.tensor([*certainty, *agreed], dtype=torch.float32)])
        found.append(head.read(read).item())
    return found


def test_it_is_what_it_says():
    head, given = made()
    with torch.no_grad():
        np.testing.assert_allclose(head(**given).numpy(), by_loops(head, given), atol=1e-5, rtol=1e-4)


def test_it_teaches_neither_the_mask_nor_the_agreement():
    head, given = made()
    for tensor in given.values():
        tensor.requires_grad_()
    head(**given).sum().backward()
    assert given["logits"].grad is None and given["agreement"].grad is None
    assert all(given[name].grad.abs().sum() > 0 for name in ("features", "shared", "tokens"))


def test_a_finding_without_a_mask_has_a_finite_score():
    head, given = made()
    given["logits"] = torch.full((N, 3 * H, 3 * W), -200.0)
    assert torch.isfinite(head(**given)).all()
