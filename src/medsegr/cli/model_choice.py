"""Which model answers: one that was named, or what ``auto`` takes for each study."""

from typing import TYPE_CHECKING, Any

from medsegr.errors import ConfigError

if TYPE_CHECKING:
    from medsegr.inference.auto import AutoPredictor
    from medsegr.inference.predictor import Predictor
    from medsegr.inference.result import Result


def one_model(name: str) -> str:
    """The name of a model that is to be measured.

    Raises:
        ConfigError: It is ``auto``, which may take several.
    """
    from medsegr.inference.auto import AUTO

    if name == AUTO:
        raise ConfigError("'auto' takes one of several models for each study. Measure one of them: --model lite.")
    return name


def model_record(name: str, predictor: "Predictor | AutoPredictor") -> dict[str, Any]:
    """What ``run.json`` says of the model: its name and the hash of its weights, of ``auto`` those of what it took."""
    from medsegr.inference.predictor import Predictor

    if isinstance(predictor, Predictor):
        return {"name": name, "weights_sha256": predictor.metadata.get("weights_sha256")}
    hashes = {taken: one.metadata.get("weights_sha256") for taken, one in sorted(predictor.taken.items())}
    return {"name": name, "taken": hashes}


def taken(result: "Result") -> dict[str, str]:
    """What ``run.json`` says beside a case: which model was taken for it, and why; nothing where one was named."""
    return {} if result.chosen is None else {"model": result.model, "model_chosen": result.chosen}
