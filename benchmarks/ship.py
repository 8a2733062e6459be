"""A finished run -> a model inside the package, with its card (``cards/NAME.yaml``).

    python -m benchmarks.ship tiny --run last --phantoms phantoms size
    python -m benchmarks.ship lite --run lite --data SETS...

Sets the support thresholds on the validation splits (they keep 95 % of what is there), stores the weights as
float16, and writes the card. Only what real data sets show counts as trained in ``lite``: a name that it knows from
generated pictures alone is refused. Run it again after the tests (``benchmarks.answers built_in``) and the card shows
their figures too; the weights stay the same.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmarks.answers import kept
from benchmarks.record import options, read_record
from medsegr.data.dataset_folder import DatasetFolder, discover
from medsegr.evaluation.evaluate import evaluate
from medsegr.inference.builtin import builtin_folder
from medsegr.inference.predictor import Predictor
from medsegr.model.checkpoint import CARD, CONFIG, WEIGHTS, save_checkpoint
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.model.thresholds import SupportThresholds
from medsegr.model.trained_targets import POLICY, TrainedTargets

CARDS = Path(__file__).parent / "cards"
MOST_MB = 12.0
"""Of the weights of one model."""

TESTED = "built_in"
"""Record of the built-in models' tests."""

WAYS = {"true": "with its report", "none": "without a report", "other": "with another's"}


def real_names(trained: TrainedTargets, folders: Sequence[DatasetFolder]) -> TrainedTargets:
    """Of what a model was shown, what these data sets outline in their pictures."""
    outlined = {(folder.modality, target) for folder in folders for target in folder.targets}
    pairs = [(m, target) for m, targets in trained.of_modality.items() for target in targets if (m, target) in outlined]
    return TrainedTargets().with_pairs(pairs)


def support_thresholds(
    predictor: Predictor, folders: Sequence[DatasetFolder], limit: int | None = None
) -> SupportThresholds:
    """Those that keep 95 % of the described findings of the validation splits, by modality; ``limit`` cases of each."""
    supports: dict[str | None, list[float]] = defaultdict(list)
    for folder in (each for each in folders if each.images("val")):
        supports[folder.modality] += [
            answer.support
            for answer in evaluate(predictor, folder, "val", ("true",), limit=limit)
            if answer.role == "described" and answer.overlap.true and answer.support is not None
        ]
    return SupportThresholds.keeping(supports)


def ship(
    name: str,
    run: Path,
    out: Path,
    *,
    generated: Sequence[Path] = (),
    real: Sequence[Path] = (),
    limit: int | None = None,
) -> None:
    """Write the model of a run into a folder.

    Args:
        name: Of the model, and of its card.
        run: Its run folder.
        out: Where to.
        generated: Folders of phantoms that it was trained on.
        real: Folders of real sets that it was trained on.
        limit: Validation cases of each set at most.

    Raises:
        SystemExit: The weights are larger than :data:`MOST_MB`.
    """
    model = ReportGuidedSam.from_pretrained(run / "best")
    card = yaml.safe_load((CARDS / f"{name}.yaml").read_text(encoding="utf-8"))
    own = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    real_sets = discover(real) if real else []
    every = [*(discover(generated) if generated else []), *real_sets]
    thresholds = support_thresholds(Predictor(model.eval()), every, limit)
    trained = TrainedTargets.from_metadata(model.metadata)
    trained = trained if card.pop("knows_generated") else real_names(trained, real_sets)
    training = model.metadata.get("training", {})
    metadata = {
        "name": name,
        **{key: card[key] for key in ("licence", "data", "commands")},
        "seed": own["seed"],
        "steps": card["steps"] or training.get("steps"),
        "validation": {k: round(v, 3) for k, v in training.items() if k.startswith("val_")},
        **thresholds.metadata(),
        **trained.metadata(),
        POLICY: "refuse",
        "limits": card["limits"],
    }
    model.metadata = {}
    weights = _save(model, out, metadata)
    _save(model, out, {**metadata, "results": results(name, weights)})
    if (size := (out / WEIGHTS).stat().st_size / 1e6) > MOST_MB:
        raise SystemExit(
            f"{out / WEIGHTS} has {size:.1f} MB; at most {MOST_MB:.0f} MB may ship. Train a smaller adapter."
        )
    print(f"{out}: {size:.1f} MB, support threshold {thresholds.overall}")


def results(name: str, weights: str) -> dict[str, float]:
    """Dice per image of the tests that were made with these weights, by data set and way of asking."""
    if read_record(TESTED)["arms"].get(name, {}).get("weights") != weights:
        return {}
    rows = kept(TESTED)
    rows = rows[(rows.arm == name) & rows.told & (rows.image_true_px.fillna(rows.true_px) > 0)]
    means = rows.drop_duplicates(["data", "case", "target", "report"]).groupby(["data", "report"]).image_dice.mean()
    return {
        f"{data}, Dice per image {WAYS[way]}": round(round(float(dice), 4), 3) for (data, way), dice in means.items()
    }


def _save(model: ReportGuidedSam, out: Path, metadata: dict[str, Any]) -> str:
    """Write the model with a new card; returns the hash of its weights."""
    (out / CARD).unlink(missing_ok=True)
    save_checkpoint(model, out, metadata, half=True)
    return str(json.loads((out / CONFIG).read_text(encoding="utf-8"))["weights_sha256"])


def main() -> None:
    """Parse the arguments and ship."""
    parser = options(__doc__)
    parser.add_argument("model", choices=sorted(path.stem for path in CARDS.glob("*.yaml")))
    parser.add_argument("--run", type=Path, required=True, help="run folder of the training")
    parser.add_argument("--phantoms", type=Path, nargs="*", default=[], help="phantoms that it was trained on")
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="real data sets that it was trained on")
    parser.add_argument("--limit", type=int, help="validation cases of each data set at most")
    parser.add_argument("--out", type=Path, help="folder; the package's own by default")
    given = parser.parse_args()
    out = given.out or builtin_folder() / given.model
    ship(given.model, given.run, out, generated=given.phantoms, real=given.data, limit=given.limit)


if __name__ == "__main__":
    main()
