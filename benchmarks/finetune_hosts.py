"""One training command on three hosts, with only ``--host`` changed: what is the report worth on each?

    python -m benchmarks.finetune_hosts --work folder [--steps 1200] [--cases 600]

Makes phantoms, saves the small hosts of ``small_hosts``, trains an adapter, LoRA and a copy of the mask decoder on each
frozen, random encoder, and asks 60 phantoms of another seed with their report and without. A run that is there
already is gone on with. Writes ``results/finetune_hosts.json``.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.record import write_record
from benchmarks.small_hosts import sam, sam2
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.phantoms.writer import write_phantoms
from medsegr.evaluation.evaluate import evaluate
from medsegr.inference.predictor import load

LOOKS = ("xray", "ct", "ultrasound")
TEST_SEED, TRAIN_SEED = 7101, 3
SETTINGS = (
    "batch_size=8", "validate_cases=0", "validate_every=100000", "checkpoint_every=100", "workers=1",
    "adapter.train_decoder=yes", "optimiser.learning_rate=2e-3", "optimiser.ema_decay=0.99",
    "sampling.max_findings=3", "sampling.aspect_dropout=0", "lora.rank=16",
)  # fmt: skip


def command(host: str, work: Path, out: Path, steps: int) -> list[str]:
    """The training command; only the host differs."""
    data = [part for look in LOOKS for part in ("-d", str(work / "train" / look))]
    settings = [part for setting in (f"steps={steps}", *SETTINGS) for part in ("--set", setting)]
    medsegr = str(Path(sys.executable).with_name("medsegr"))
    return [medsegr, "train", *data, "-o", str(out), "--host", host, "--resume", *settings]


def measure(run: Path, host: str, work: Path) -> dict[str, Any]:
    """Dice of described findings with their report and by name alone, in pairs."""
    predictor = load(run / "best", host=host if ":" in host else None)
    folders = [DatasetFolder(work / "test" / look) for look in LOOKS]
    answers = [a for folder in folders for a in evaluate(predictor, folder, "test", ("true", "none"))]
    told = {
        mode: [a.overlap.dice for a in answers if a.role == "described" and a.report == mode]
        for mode in ("true", "none")
    }
    dice = {mode: round(sum(values) / len(values), 3) for mode, values in told.items()}
    return {**dice, "findings": len(told["true"]), "gain": round(dice["true"] - dice["none"], 3)}


def main() -> None:
    """Parse the arguments, train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--cases", type=int, default=600)
    parser.add_argument("--hosts", default="sam,sam2,conv")
    arguments = parser.parse_args()
    work = arguments.work
    if not (work / "train").exists():
        write_phantoms(work / "train", arguments.cases, TRAIN_SEED, split="train")
        write_phantoms(work / "test", 60, TEST_SEED, split="test")
        sam().save_pretrained(work / "sam")
        sam2().save_pretrained(work / "sam2")
    hosts = {"sam": str(work / "sam"), "sam2": str(work / "sam2"), "conv": "benchmarks.small_hosts:conv"}
    found = {}
    for name in arguments.hosts.split(","):
        run = work / f"run_{name}"
        subprocess.run(command(hosts[name], work, run, arguments.steps), check=True)
        found[name] = measure(run, hosts[name], work)
        print(name, found[name], flush=True)
    settings = {"steps": arguments.steps, "cases": arguments.cases, "test_seed": TEST_SEED, "settings": list(SETTINGS)}
    write_record("finetune_hosts", TRAIN_SEED, {**settings, "hosts": found})


if __name__ == "__main__":
    main()
