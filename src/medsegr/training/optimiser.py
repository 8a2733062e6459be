"""AdamW, its schedule, and the running mean of the weights."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from medsegr.cognition.prior_embedding import PriorEmbedding
from medsegr.training.config import OptimiserConfig

Named = dict[str, nn.Parameter]


def build_optimiser(model: nn.Module, named: Named, config: OptimiserConfig) -> torch.optim.AdamW:
    """AdamW over the trained parameters; biases, norms, gates and embeddings do not decay.

    Each group has a ``share`` of the rate: the copy of the host's mask decoder one of its own.

    Args:
        model: Whose modules tell which parameters are embeddings.
        named: The trained parameters.
        config: Rates.
    """
    embeddings = {
        id(parameter)
        for module in model.modules()
        if isinstance(module, nn.Embedding | PriorEmbedding)
        for parameter in module.parameters()
    }
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in named.items():
        decays = parameter.ndim > 1 and id(parameter) not in embeddings
        share = config.decoder_share if ".decoder." in name else 1.0
        groups.setdefault((config.weight_decay if decays else 0.0, share), []).append(parameter)
    listed = [{"params": p, "weight_decay": d, "share": s} for (d, s), p in sorted(groups.items(), reverse=True)]
    return torch.optim.AdamW(listed, lr=config.learning_rate, betas=config.betas, fused=True)


def learning_rate_at(step: int, steps: int, config: OptimiserConfig) -> float:
    """The rate of step ``step`` (from 0) of ``steps``: linear warm-up, then a cosine."""
    warmup = min(config.warmup_steps, steps // 2)
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    share = config.final_share + (1 - config.final_share) * 0.5 * (1 + math.cos(math.pi * done))
    return config.learning_rate * share


class WeightMean:
    """Exponential running mean of the trained weights; early on, the mean over fewer steps.

    Args:
        named: The trained parameters.
        decay: Share of the mean that stays at each step.
    """

    def __init__(self, named: Named, decay: float) -> None:
        self.named = named
        self.decay = decay
        self.mean: dict[str, Tensor] = {name: p.detach().clone() for name, p in named.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after step ``step`` (from 0)."""
        decay = min(self.decay, (1 + step) / (10 + step))
        get_ema_multi_avg_fn(decay)(list(self.mean.values()), [p.detach() for p in self.named.values()], None)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Within the block, the model has the mean for its weights."""
        kept = {name: p.detach().clone() for name, p in self.named.items()}
        for name, parameter in self.named.items():
            parameter.detach().copy_(self.mean[name])
        try:
            yield
        finally:
            for name, parameter in self.named.items():
                parameter.detach().copy_(kept[name])
