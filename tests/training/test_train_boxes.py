"""A run whose findings predict boxes: some are told, and it goes on exactly where it stopped."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.training.train import train

from .small_dataset import make_dataset, small_config
from .test_train import Killed, kill_at, log_of


def test_a_model_that_predicts_boxes_is_told_some_and_resumes_exactly(tmp_path, monkeypatch):
    config = small_config(make_dataset(tmp_path / "discs"), tmp_path / "whole")
    adapter = replace(config.adapter, box=True, mask_prompt=True)
    config = replace(config, adapter=adapter, sampling=replace(config.sampling, told_box=0.5))
    seen, forward = [], ReportGuidedSam.forward
    monkeypatch.setattr(
        ReportGuidedSam,
        "forward",
        lambda self, pixels, priors, prompts=None, trunk=None: (
            seen.append(prompts),
            forward(self, pixels, priors, prompts, trunk),
        )[1],
    )
    train(config, show_progress=False)
    told = torch.cat([prompts.boxes.flatten(0, 1) for prompts in seen if prompts is not None])
    assert told.isnan().any() and not told.isnan().all()
    assert any(prompts is None for prompts in seen), "nothing is told in validation"
    assert all(float(row["box"]) > 0 for row in log_of(tmp_path / "whole") if row["box"])
    assert ReportGuidedSam.from_pretrained(tmp_path / "whole" / "best").adapter.box is not None
    resumed = replace(config, out=str(tmp_path / "resumed"))
    kill_at(3, monkeypatch)
    with pytest.raises(Killed):
        train(resumed, show_progress=False)
    monkeypatch.undo()
    train(resumed, resume=True, show_progress=False)
    one, other = (load_file(tmp_path / run / "best" / "adapter.safetensors") for run in ("whole", "resumed"))
    assert all(torch.equal(one[name], other[name]) for name in one)
