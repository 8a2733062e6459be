"""The real worker, with a model that outlines what is bright, and what is clicked, in place of a trained one."""

from medsegr.inference.predictor import Predictor
from medsegr.serve import worker
from tests.inference.bright_model import BrightModel

REACH = 2
"""Pixels of the host's square on each side of a click that are outlined."""


class ClickedModel(BrightModel):
    """Also outlines a square around each click."""

    def outline(self, encoding, prompts=None):
        output = super().outline(encoding, prompts)
        for x, y in [] if prompts is None else prompts.points[0, 0].round().int().tolist():
            output.logits[0, 0, y - REACH : y + REACH, x - REACH : x + REACH] = 9.0
        return output


def loaded(setup: worker.Setup) -> Predictor:
    """Instead of the model that was named."""
    model = ClickedModel(128)
    model.metadata = {
        "weights_sha256": "bright",
        "trained_targets": {"chest_ct": ["nodule", "pleural_effusion", "consolidation"]},
        "support_threshold": 0.4,
        "support_thresholds": {"chest_ct": 0.45},
    }
    return Predictor(model, "bright", trunk_memory=0)


if __name__ == "__main__":
    worker._loaded = loaded
    worker.main()
