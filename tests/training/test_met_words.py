"""Attributes that a training told: the model says which it met, and a further training adds to them."""

from medsegr.cognition import taught_words
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.training.train import train

from .small_dataset import make_dataset, small_config


def test_the_best_model_says_which_attributes_it_met_and_goes_on_with_more(tmp_path, monkeypatch):
    data = make_dataset(tmp_path / "discs")
    monkeypatch.setattr(taught_words, "ENOUGH", 1)
    train(small_config(data, tmp_path / "run", steps=2), show_progress=False)
    taught = ReportGuidedSam.from_pretrained(tmp_path / "run" / "best").vocabulary.taught
    met = {aspect for _, aspect, _ in taught.words}
    assert "location" in met and len(taught.words) < 20
    config = small_config(data, tmp_path / "on", init=str(tmp_path / "run" / "best"), seed=5, steps=1)
    train(config, show_progress=False)
    more = ReportGuidedSam.from_pretrained(tmp_path / "on" / "best").vocabulary.taught
    assert more.words >= taught.words
    config = small_config(data, tmp_path / "old", init="tiny", host_settings={}, image_size=64, steps=1)
    train(config, show_progress=False)
    assert ReportGuidedSam.from_pretrained(tmp_path / "old" / "best").vocabulary.taught is None, "tiny knows more"
