"""Break the package in one place at a time, and see whether a test notices: ``make mutants``.

The tree is copied to a temporary folder for each job; there one mutant of ``mutants.yaml`` after another is
put in, its tests are run, and the file is put back. The record in ``benchmarks/results/mutants.json`` says of
each mutant whether it was killed.

Tests run in forks of this process, which has imported what takes long and nothing of the package.
"""

import argparse
import importlib
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("mutants.yaml")
RECORD = ROOT / "benchmarks" / "results" / "mutants.json"
ENOUGH = 0.95
"""Share of the mutants that tests must notice; of those that must be killed, all."""

HEAVY = (
    "pytest", "hypothesis", "torch._dynamo", "lightning", "matplotlib.pyplot", "nibabel", "scipy.stats",
    "monai.metrics", "transformers.models.sam.modeling_sam", "transformers.models.sam_hq.modeling_sam_hq",
    "transformers.models.sam2.modeling_sam2", "transformers.models.sam3_tracker.modeling_sam3_tracker",
    "transformers.models.resnet.modeling_resnet",
)  # fmt: skip
"""Modules that tests need and that take long to import."""

FAILED = (1, 2)
"""pytest's exit codes for a test that failed and for a file that could not be imported any more."""


@dataclass(frozen=True)
class Mutant:
    """One thing done wrongly on purpose.

    Attributes:
        id: Its name.
        file: Of the package, from the root of the repository.
        before, after: Text that stands exactly once in the file, and what is put in its place.
        tests: Files of tests that are to notice.
        why: What goes wrong.
        must: True where a survivor fails the run whatever the others do.
    """

    id: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]
    why: str
    must: bool = False

    def applied(self, root: Path) -> str:
        """The file's text with the mutant in it.

        Raises:
            SystemExit: The text to replace does not stand in the file exactly once.
        """
        text = (root / self.file).read_text(encoding="utf-8")
        if text.count(self.before) != 1:
            sys.exit(f"Mutant '{self.id}': its text stands {text.count(self.before)} times in {self.file}; expected 1.")
        return text.replace(self.before, self.after)


def mutants() -> list[Mutant]:
    """All mutants of the list."""
    read = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return [Mutant(**{**record, "tests": tuple(record["tests"])}) for record in read]


def copy_tree(target: Path) -> Path:
    """The files that git knows or could know, as they are now, in another folder."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target / name)
    return target


def run_tests(root: Path, tests: tuple[str, ...]) -> None:
    """Runs in a fork: pytest in a copy of the tree; the process ends with its exit code."""
    with (root / "said.txt").open("w") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    os.chdir(root)
    sys.path[:0] = [str(root / "src"), str(root)]
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:2])
    sys.dont_write_bytecode = True
    hypothesis, pytest = importlib.import_module("hypothesis"), importlib.import_module("pytest")
    hypothesis.settings.register_profile("unshrunk", phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate])
    once = ["-p", "no:cacheprovider", "--hypothesis-seed=0", "--hypothesis-profile=unshrunk"]
    code = pytest.main(["-x", "-q", *once, *tests])
    sys.stdout.flush()
    os._exit(int(code))


@dataclass
class Job:
    """A copy of the tree, and what runs in it.

    Attributes:
        root: The copy.
        mutant: That is in it, or None.
        process: Of its tests.
        started: Seconds.
    """

    root: Path
    mutant: Mutant | None = None
    process: BaseProcess | None = None
    started: float = 0.0

    def start(self, tests: tuple[str, ...], mutant: Mutant | None = None) -> None:
        """Put a mutant in, and let its tests run."""
        self.mutant = mutant
        if mutant is not None:
            (self.root / mutant.file).write_text(mutant.applied(ROOT), encoding="utf-8")
        self.process = multiprocessing.get_context("fork").Process(target=run_tests, args=(self.root, tests))
        self.started = time.monotonic()
        self.process.start()

    def code(self, limit_s: float) -> int | None:
        """The exit code of its tests; -1 where they took too long, None while they run. The mutant is taken out."""
        if self.process is None or (self.process.is_alive() and time.monotonic() < self.started + limit_s):
            return None
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        if self.mutant is not None:
            shutil.copyfile(ROOT / self.mutant.file, self.root / self.mutant.file)
        code, self.process = self.process.exitcode, None
        if code is None or code > max(FAILED):
            sys.exit(f"pytest ended with {code}:\n{self.said()}")
        return code

    def said(self) -> str:
        """The end of what the tests printed."""
        return (self.root / "said.txt").read_text(errors="replace")[-3000:]


def judged(chosen: list[Mutant], jobs: list[Job], limit_s: float) -> Iterator[tuple[Mutant, str]]:
    """Each mutant with ``killed`` or ``survived``, as it comes; what takes too long or ends Python is killed."""
    waiting = list(chosen)
    while waiting or any(job.process for job in jobs):
        for job in jobs:
            if job.process is None and waiting:
                mutant = waiting.pop(0)
                job.start(mutant.tests, mutant)
            elif job.process is not None and (code := job.code(limit_s)) is not None and job.mutant is not None:
                yield job.mutant, "survived" if code == 0 else "killed"
        time.sleep(0.05)


def unbroken(chosen: list[Mutant], job: Job) -> None:
    """Run all tests without any mutant.

    Raises:
        SystemExit: One fails.
    """
    job.start(tuple(sorted({test for mutant in chosen for test in mutant.tests})))
    while (code := job.code(float("inf"))) is None:
        time.sleep(0.2)
    if code != 0:
        sys.exit(f"The tests fail without any mutant:\n{job.said()}")


def main() -> None:
    """Run the mutants that were asked for; exits with 1 where too many survive."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--only", default="", help="run mutants whose id or file holds this")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at once")
    parser.add_argument("--limit", type=float, default=300, help="seconds that a mutant's tests may take")
    asked = parser.parse_args()
    known = mutants()
    chosen = [mutant for mutant in known if asked.only in mutant.id or asked.only in mutant.file]
    for mutant in chosen:
        mutant.applied(ROOT)
    for name in HEAVY:
        importlib.import_module(name)
    record = json.loads(RECORD.read_text()) if RECORD.is_file() else {}
    survived = []
    with tempfile.TemporaryDirectory() as folder:
        jobs = [Job(copy_tree(Path(folder) / str(job))) for job in range(asked.jobs)]
        unbroken(chosen, jobs[0])
        for mutant, verdict in judged(chosen, jobs, asked.limit):
            print(f"{verdict:9} {mutant.id:42} {mutant.why}", flush=True)
            record[mutant.id] = verdict
            survived += [mutant] if verdict == "survived" else []
    RECORD.write_text(json.dumps({m.id: record[m.id] for m in known if m.id in record}, indent=2) + "\n")
    print(f"{len(chosen) - len(survived)} of {len(chosen)} killed")
    if any(mutant.must for mutant in survived) or len(survived) > (1 - ENOUGH) * len(chosen):
        sys.exit(1)


if __name__ == "__main__":
    main()
