"""A finished run -> a model inside the package, with its card.

    python -m benchmarks.ship tiny --run last --phantoms phantoms size
    python -m benchmarks.ship lite --run lite --data SETS...

Sets the support thresholds on the validation splits (they keep 95 % of what is there), stores the weights as
float16, and writes the card. Only what real data sets show counts as trained in ``lite``: a name that it knows from
generated pictures alone is refused. Run it again after the tests and the card shows their figures too; the weights
stay the same.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmarks.shipped import Shipped
from benchmarks.shipped_lite import LITE
from benchmarks.shipped_tiny import TINY
from benchmarks.support_thresholds import support_thresholds
from medsegr.data.dataset_folder import DatasetFolder, discover
from medsegr.inference.builtin import builtin_folder
from medsegr.inference.predictor import Predictor
from medsegr.inference.thresholds import SupportThresholds
from medsegr.inference.trained_targets import POLICY, TrainedTargets
from medsegr.model.checkpoint import CARD, CONFIG, WEIGHTS, save_checkpoint
from medsegr.model.report_guided_sam import ReportGuidedSam

MODELS = {shipped.name: shipped for shipped in (TINY, LITE)}
MOST_MB = 12.0
"""Of the weights of one model."""


def real_names(trained: TrainedTargets, folders: Sequence[DatasetFolder]) -> TrainedTargets:
    """Of what a model was shown, what these data sets outline in their pictures."""
    outlined = {(folder.modality, target) for folder in folders for target in folder.targets}
    kept = [(m, target) for m, targets in trained.of_modality.items() for target in targets if (m, target) in outlined]
    return TrainedTargets().with_pairs(kept)


def facts(
    shipped: Shipped, model: ReportGuidedSam, seed: int, thresholds: SupportThresholds, trained: TrainedTargets
) -> dict[str, Any]:
    """The metadata of a model inside the package, but for its results."""
    run = model.metadata.get("training", {})
    return {
        "name": shipped.name,
        "licence": shipped.licence,
        "data": list(shipped.data),
        "commands": list(shipped.commands),
        "seed": seed,
        "steps": shipped.steps or run.get("steps"),
        "validation": {k: round(v, 3) for k, v in run.items() if k.startswith("val_")},
        **thresholds.metadata(),
        **trained.metadata(),
        POLICY: "refuse",
        "limits": shipped.limits,
    }


def ship(
    shipped: Shipped,
    run: Path,
    out: Path,
    *,
    generated: Sequence[Path] = (),
    real: Sequence[Path] = (),
    limit: int | None = None,
) -> None:
    """Write the model of a run into a folder.

    Args:
        shipped: What its card says.
        run: Its run folder.
        out: Where to.
        generated: Folders of phantoms that it was trained on.
        real: Folders of real sets that it was trained on.
        limit: Validation cases of each set at most.

    Raises:
        SystemExit: The weights are larger than :data:`MOST_MB`.
    """
    model = ReportGuidedSam.from_pretrained(run / "best")
    settings = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    real_sets = discover(real) if real else []
    every = [*(discover(generated) if generated else []), *real_sets]
    thresholds = support_thresholds(Predictor(model.eval()), every, limit)
    trained = TrainedTargets.from_metadata(model.metadata)
    trained = trained if shipped.knows_generated else real_names(trained, real_sets)
    metadata = facts(shipped, model, settings["seed"], thresholds, trained)
    model.metadata = {}
    weights = _save(model, out, metadata)
    _save(model, out, {**metadata, "results": shipped.results(weights)})
    if (size := (out / WEIGHTS).stat().st_size / 1e6) > MOST_MB:
        raise SystemExit(
            f"{out / WEIGHTS} has {size:.1f} MB; at most {MOST_MB:.0f} MB may ship. Train a smaller adapter."
        )
    print(f"{out}: {size:.1f} MB, support threshold {thresholds.overall}")


def _save(model: ReportGuidedSam, out: Path, metadata: dict[str, Any]) -> str:
    """Write the model with a new card; returns the hash of its weights."""
    (out / CARD).unlink(missing_ok=True)
    save_checkpoint(model, out, metadata, half=True)
    return str(json.loads((out / CONFIG).read_text(encoding="utf-8"))["weights_sha256"])


def main() -> None:
    """Parse the arguments and ship."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("--run", type=Path, required=True, help="run folder of the training")
    parser.add_argument("--phantoms", type=Path, nargs="*", default=[], help="phantoms that it was trained on")
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="real data sets that it was trained on")
    parser.add_argument("--limit", type=int, help="validation cases of each data set at most")
    parser.add_argument("--out", type=Path, help="folder; the package's own by default")
    given = parser.parse_args()
    out = given.out or builtin_folder() / given.model
    ship(MODELS[given.model], given.run, out, generated=given.phantoms, real=given.data, limit=given.limit)


if __name__ == "__main__":
    main()
