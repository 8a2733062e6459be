"""Answers of models, a row for each finding and run: what every table of docs/results is made from.

    python -m benchmarks.answers NAME [ARM=]FOLDER...

keeps what ``medsegr evaluate --out FOLDER`` wrote, or a run of a grid with its folder ``scores``, as
``results/answers/NAME.csv.gz``, and how it came to be as ``results/NAME.json``. An arm may have several folders; a
folder ``ARM-SEED`` names arm and seed by itself. Answers of arms that are kept under that name already are replaced.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.record import RESULTS, options, read_record, without_folders, write_record
from medsegr.data.outputs import atomic_write
from medsegr.errors import ConfigError, InputError
from medsegr.evaluation.questions import ASKED_ANYWAY
from medsegr.evaluation.run_files import RESULTS_FILE, Run, read_run
from medsegr.model.thresholds import SupportThresholds

FOLDER = RESULTS / "answers"
QUESTION = ["data", "case", "finding", "report"]
"""What was asked; with arm and seed it names a row."""

WORDS = ("data", "case", "patient", "suite", "origin", "target", "role", "report", "size", "overlap", "truth", "arm")
COUNTS = ("finding", "true_px", "seed", "predicted_px", "both_px", "other_class_px", "competitor_px")
IMAGE = ("image_true_px", "image_predicted_px", "image_both_px")
COLUMNS = [*QUESTION, *(name for name in (*WORDS, *COUNTS, *IMAGE, "support", "threshold") if name not in QUESTION)]

FAMILIES = {"phantoms": "Phantoms", "referring": "Referring suite on real images", "real": "Real data sets"}
"""Kinds of data, in words. No figure is over two of them."""

_REFERRING_CASE = re.compile(r"__\d+_[a-z]+\.\w+$")


def family_of(data: str) -> str:
    """One of :data:`FAMILIES`, by the name of a data set."""
    return next((family for family in ("phantoms", "referring") if re.match(f"{family}(_|$)", data)), "real")


def source_image(data: str, case: str) -> str | None:
    """The image, without its suffix, that a case of the referring suite was made of; None for other data."""
    named = _REFERRING_CASE.search(case) if family_of(data) == "referring" else None
    return case[: named.start()] if named else None


def patient_of(data: str, case: str, patient: str, known: Mapping[tuple[str, str], str]) -> str:
    """Of a case of the referring suite that was made of an image: the image's patient, or at least the image."""
    image = source_image(data, case)
    return patient if image is None or patient != case else known.get((data.removeprefix("referring_"), image), image)


def runs_in(folder: Path) -> list[Run]:
    """What was scored in a folder, or in a run's folder ``scores``.

    Raises:
        ConfigError: Nothing was.
        InputError: A file is damaged.
    """
    inside = sorted(below.parent for below in (folder / "scores").glob(f"*/{RESULTS_FILE}"))
    if not inside and not (folder / RESULTS_FILE).is_file():
        raise ConfigError(
            f"'{folder}' holds no scores: expected {RESULTS_FILE}, as 'medsegr evaluate --out' writes it, or a run of "
            "a grid with its folder 'scores'."
        )
    return [read_run(each) for each in inside or [folder]]


def answers_of(arm: str, seed: int, runs: Sequence[Run]) -> pd.DataFrame:
    """The rows of one model, with :data:`COLUMNS`; denied findings, which are left empty by rule, are left out.

    Cases of the referring suite that were made of one image belong together, and to its patient where the scores on
    the source tell who that is.
    """
    rows = pd.DataFrame([row for run in runs for row in run.rows])
    rows = rows[rows.role != "denied"].assign(arm=arm, seed=seed)
    alike = [own or on_alike(confused, target) for own, confused, target in
             zip(rows.alike_px, rows.confused, rows.target, strict=True)]  # fmt: skip
    rows["other_class_px"] = rows.confused_px.astype(int) - np.array(alike, int)
    on_same = [on_alike(confused, target) for confused, target in zip(rows.confused, rows.target, strict=True)]
    rows["competitor_px"] = np.where(rows.suite == "kind", rows.confused_px.astype(int), on_same)
    rows["threshold"] = rows.data.map({name: value for run in runs for name, value in _thresholds(run).items()})
    known = {(d, PurePath(c).stem): p for d, c, p in zip(rows.data, rows.case, rows.patient, strict=True)}
    whose = zip(rows.data, rows.case, rows.patient, strict=True)
    rows["patient"] = [patient_of(*told, known) for told in whose]
    return rows[COLUMNS]


def on_alike(confused: str, target: str) -> int:
    """Outlined pixels on other objects of the own kind, from the column ``confused`` of ``per_case.csv``."""
    return int(dict(part.rsplit(":", 1) for part in confused.split(";") if part).get(target, 0))


def _thresholds(run: Run) -> dict[str, float]:
    own = SupportThresholds.from_metadata(run.record["settings"])
    return {data["name"]: own.of(data.get("modality")) for data in run.record["data"]}


def keep(rows: pd.DataFrame, path: Path) -> None:
    """Write rows, the same bytes for the same rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = rows.sort_values([*QUESTION, "arm", "seed"], kind="stable")
    with atomic_write(path) as temporary:
        ordered.to_csv(temporary, index=False, compression={"method": "gzip", "compresslevel": 9, "mtime": 0})


def kept(name: str, folder: Path = FOLDER) -> pd.DataFrame:
    """Rows that were kept, with what is reckoned from them: ``dice`` and ``image_dice``, 0..1; ``shown``; ``family``.

    ``image_dice`` takes all findings of a target in an image together; where that was not measured yet, a finding is
    the only one of its target. ``told`` marks findings and structures that every way of asking asks for.

    Raises:
        InputError: The seeds of an arm were asked for other findings.
    """
    types: dict[str, Any] = {**dict.fromkeys(WORDS, str), **dict.fromkeys(COUNTS, int)}
    numbers = (*IMAGE, "support", "threshold")
    rows = pd.read_csv(
        folder / f"{name}.csv.gz", dtype=types, keep_default_na=False, na_values=dict.fromkeys(numbers, "")
    )
    rows["dice"] = _dice(rows.both_px, rows.predicted_px, rows.true_px)
    of_image = _dice(rows.image_both_px, rows.image_predicted_px, rows.image_true_px)
    rows["image_dice"] = of_image.where(rows.image_true_px.notna(), rows.dice)
    rows["shown"], rows["told"] = rows.true_px > 0, rows.role.isin(ASKED_ANYWAY)
    rows["family"] = rows.data.map({data: family_of(data) for data in rows.data.unique()})
    for arm, of_arm in rows.groupby("arm"):
        asked = of_arm.groupby(QUESTION).truth.agg(["size", "nunique"])
        if asked["size"].nunique() > 1 or asked["nunique"].max() > 1:
            raise InputError(f"The seeds of '{arm}' in '{name}' were asked for other findings. Score them alike.")
    return rows


def _dice(both: pd.Series, predicted: pd.Series, true: pd.Series) -> pd.Series:
    """1 where both masks are empty."""
    total = predicted + true
    return (2 * both / total.where(total > 0)).where(total != 0, 1.0)


def facts_of(runs: Sequence[Run]) -> dict[str, Any]:
    """What a record says of an arm, and of the data that it was asked for."""
    commands = {run.record["data"][0]["name"]: " ".join(map(without_folders, run.record["command"])) for run in runs}
    return {"weights": runs[0].record["model"].get("weights"), "commands": commands}


def data_of(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """The data sets, each once, with the hash of its contents.

    Raises:
        InputError: Two runs were scored on other contents of a set.
    """
    found: dict[str, dict[str, Any]] = {}
    for run in runs:
        for data in run.record["data"]:
            known = found.setdefault(data["name"], {**data, "split": run.record["split"]})
            if known["content_sha256"] != data["content_sha256"]:
                raise InputError(
                    f"The runs were scored on other contents of '{data['name']}': its images, masks or reports have "
                    "changed meanwhile. Delete the folder 'scores' of every run, and repeat the command."
                )
    return list(found.values())


def main() -> None:
    """Parse the arguments, read, keep."""
    parser = options(__doc__)
    parser.add_argument("name", help="of the record")
    parser.add_argument("folders", nargs="+", metavar="[ARM=]FOLDER")
    given = parser.parse_args()
    arms: dict[tuple[str, int], list[Run]] = {}
    for each in given.folders:
        named, _, place = each.rpartition("=")
        stem, _, seed = Path(place).resolve().name.rpartition("-")
        own = (named, 0) if named else (stem, int(seed)) if stem and seed.isdigit() else (Path(place).resolve().name, 0)
        arms.setdefault(own, []).extend(runs_in(Path(place)))
    frames = [answers_of(arm, seed, runs) for (arm, seed), runs in arms.items()]
    path = FOLDER / f"{given.name}.csv.gz"
    new = {arm for arm, _ in arms}
    before = read_record(given.name) if path.is_file() else {"arms": {}, "data": []}
    if path.is_file():
        old = kept(given.name)
        frames.append(old[~old.arm.isin(new)][COLUMNS])
    keep(pd.concat(frames), path)
    data = {each["name"]: each for each in [*before["data"], *data_of([run for runs in arms.values() for run in runs])]}
    facts = {arm: facts_of([run for (a, _), runs in arms.items() if a == arm for run in runs]) for arm in new}
    write_record(given.name, 0, {"arms": {**before["arms"], **facts}, "data": list(data.values())})


if __name__ == "__main__":
    main()
