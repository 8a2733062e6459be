"""The real worker, with a model that outlines what is bright in place of a trained one."""

from medsegr.inference.predictor import Predictor
from medsegr.serve import worker
from tests.inference.bright_model import BrightModel


def loaded(setup: worker.Setup) -> Predictor:
    """Instead of the model that was named."""
    model = BrightModel(128)
    model.metadata = {
        "weights_sha256": "bright",
        "trained_targets": {"chest_ct": ["nodule", "pleural_effusion", "consolidation"]},
    }
    return Predictor(model, "bright", trunk_memory=0)


if __name__ == "__main__":
    worker._loaded = loaded
    worker.main()
