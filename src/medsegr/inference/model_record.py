"""Which model answered: its name and the hash of its weights, as records of runs and cases have them."""

from typing import Any

from medsegr.inference.auto import FIRST, AutoPredictor
from medsegr.inference.builtin import builtin_models, builtin_record, host_missing
from medsegr.inference.predictor import Predictor
from medsegr.model.host_identity import host_fingerprint


def model_record(name: str, predictor: Predictor | AutoPredictor) -> dict[str, Any]:
    """What ``run.json`` says of the model: its name and the hash of its weights, of ``auto`` those of what it took."""
    if isinstance(predictor, Predictor):
        return {"name": name, "weights_sha256": predictor.metadata.get("weights_sha256"),
                "backend": predictor.backend}  # fmt: skip
    return {"name": name, "taken": {one: weights_of(predictor, one) for one in sorted(predictor.taken)}}


def weights_of(predictor: Predictor | AutoPredictor, name: str = "") -> Any:
    """The hash of a model's weights; of ``auto`` that of the model with this name, or of all that it may take."""
    if isinstance(predictor, Predictor):
        return predictor.metadata.get("weights_sha256") or host_fingerprint(predictor.model.backbone)
    if name:
        return predictor.taken[name].metadata.get("weights_sha256")
    hashes = {one: builtin_record(one).get("weights_sha256") for one in builtin_models()}
    return [hashes, FIRST in hashes and host_missing(FIRST) is None]
