"""Weights between those of two models."""

import pytest
import torch
from benchmarks.average_weights import average

from medsegr.errors import ConfigError
from medsegr.model.attach import build_model, enlarged
from medsegr.model.report_guided_sam import ReportGuidedSam
from tests.training.small_dataset import TINY_HOST


def small(seed: int, **host: object) -> ReportGuidedSam:
    torch.manual_seed(seed)
    return build_model("tiny", None, None, {**TINY_HOST, **host})


def weights(model: ReportGuidedSam) -> dict[str, torch.Tensor]:
    parts = {"host": model.backbone.model, "adapter": model.adapter}
    return {f"{part}.{k}": v.clone() for part, m in parts.items() for k, v in m.state_dict().items()}


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_every_weight_lies_between_the_two(share: float) -> None:
    before, after = small(0), small(1)
    first, second = weights(before), weights(after)
    found = weights(average(before, after, share))
    assert found.keys() == first.keys()
    for name, value in found.items():
        if value.is_floating_point():
            assert torch.allclose(value, (1 - share) * first[name] + share * second[name], atol=1e-6), name


def test_parts_that_came_later_are_taken_as_they_are() -> None:
    before, after = small(0, mask_embedding=False), enlarged(small(1, mask_embedding=False), {"mask_embedding": True})
    own = {name: value for name, value in weights(after).items() if name not in weights(before)}
    found = weights(average(before, after))
    assert own and all(torch.equal(found[name], value) for name, value in own.items())
    with pytest.raises(ConfigError, match="is not the same part in both models"):
        average(small(0), small(1, mask_embedding=False))
    with pytest.raises(ConfigError, match=r"The share is 1\.5"):
        average(small(0), small(1), 1.5)
