"""Break the package in one place at a time, and see whether a test notices: ``make mutants``.

The tree is copied to a temporary folder for each job; there one mutant of ``mutants.yaml`` after another is
put in, its tests are run until one fails, and the file is put back. The record in ``benchmarks/results/mutants.json``
keeps of each mutant the verdict, the commit at which it came, and the test that noticed; that test is asked first the
next time, alone. What noticed is run without mutants, too, and has to pass. ``--missing`` runs what the record lacks.

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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("mutants.yaml")
RECORD = ROOT / "benchmarks" / "results" / "mutants.json"
ENOUGH = 0.95
"""Share of the mutants that tests must notice; of those that must be killed, all."""

BATCH = 16
"""Mutants after which the tests that noticed are run without any, and the record is written."""

HEAVY = (
    "pytest", "hypothesis", "torch._dynamo", "lightning", "matplotlib.pyplot", "nibabel", "scipy.stats",
    "monai.metrics", "transformers.models.sam.modeling_sam", "transformers.models.sam_hq.modeling_sam_hq",
    "transformers.models.sam2.modeling_sam2", "transformers.models.sam3_tracker.modeling_sam3_tracker",
    "transformers.models.resnet.modeling_resnet",
)  # fmt: skip
"""Modules that tests need and that take long to import."""

FAILED = (1, 2)
"""pytest's exit codes for a test that failed and for a file that could not be imported any more."""

UNKNOWN = 4
"""And for a test that is not there (any more)."""


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


@dataclass(eq=False)
class Seen:
    """What pytest tells of a run, as a plugin of it: tests that failed, in order, and how many passed."""

    failed: list[str] = field(default_factory=list)
    passed: int = 0

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Of the parts of a test."""
        self.failed += [report.nodeid] if report.failed else []
        self.passed += report.when == "call" and report.passed

    def pytest_collectreport(self, report: Any) -> None:
        """Of a file."""
        self.failed += [report.nodeid] if report.failed else []


def run_tests(root: Path, tests: Sequence[str], options: Sequence[str]) -> None:
    """Runs in a fork: pytest in a copy of the tree; what it saw is left there, and the process ends with its code."""
    with (root / "said.txt").open("w") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    os.chdir(root)
    sys.path[:0] = [str(root / "src"), str(root)]
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:2])
    sys.dont_write_bytecode = True
    hypothesis, pytest = importlib.import_module("hypothesis"), importlib.import_module("pytest")
    hypothesis.settings.register_profile("unshrunk", phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate])
    once, seen = ["-p", "no:cacheprovider", "--hypothesis-seed=0", "--hypothesis-profile=unshrunk"], Seen()
    code = pytest.main(["-q", *options, *once, *tests], plugins=[seen])
    (root / "seen.json").write_text(json.dumps(vars(seen)))
    sys.stdout.flush()
    os._exit(int(code))


@dataclass
class Job:
    """A copy of the tree, and what runs in it.

    Attributes:
        root: The copy.
        mutant: That is in it, or None.
        tests: To be run, one list after another until a test fails.
        process: Of the list that runs.
        started: Seconds.
    """

    root: Path
    mutant: Mutant | None = None
    tests: list[tuple[str, ...]] = field(default_factory=list)
    process: BaseProcess | None = None
    started: float = 0.0

    def start(self, mutant: Mutant, known: str) -> None:
        """Put a mutant in, and let its tests run, the one that is known to notice first."""
        self.mutant = mutant
        self.tests = [*([(known,)] if known.startswith(mutant.tests) else []), mutant.tests]
        (self.root / mutant.file).write_text(mutant.applied(ROOT), encoding="utf-8")
        self.run(self.tests.pop(0), ["-x"])

    def run(self, tests: Sequence[str], options: Sequence[str]) -> None:
        """Let tests run."""
        (self.root / "seen.json").unlink(missing_ok=True)
        self.process = multiprocessing.get_context("fork").Process(target=run_tests, args=(self.root, tests, options))
        self.started = time.monotonic()
        self.process.start()

    def code(self, limit_s: float) -> int | None:
        """The exit code of what runs; -1 where it took too long, None while it runs."""
        if self.process is None or (self.process.is_alive() and time.monotonic() < self.started + limit_s):
            return None
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        code, self.process = self.process.exitcode, None
        if code is None or not (code < 0 or code in (0, *FAILED) or (code == UNKNOWN and self.tests)):
            sys.exit(f"pytest ended with {code}:\n{self.said()}")
        return code

    def verdict(self, limit_s: float) -> dict[str, str] | None:
        """What the record is to say of the mutant, which is taken out then; None while there are tests to run."""
        code = self.code(limit_s)
        if code is None:
            return None
        if code in (0, UNKNOWN) and self.tests:
            self.run(self.tests.pop(0), ["-x"])
            return None
        assert self.mutant is not None
        shutil.copyfile(ROOT / self.mutant.file, self.root / self.mutant.file)
        if code in FAILED:
            return {"verdict": "killed", "by": self.seen().failed[0]}
        if code < 0:
            return {"verdict": "killed", "by": ""}  # it took too long, or ended Python
        return {"verdict": "survived" if self.seen().passed else "skipped", "by": ""}

    def seen(self) -> Seen:
        """What pytest saw."""
        return Seen(**json.loads((self.root / "seen.json").read_text()))

    def said(self) -> str:
        """The end of what the tests printed."""
        return (self.root / "said.txt").read_text(errors="replace")[-3000:]


Record = dict[str, dict[str, str]]


def judged(
    chosen: Sequence[Mutant], jobs: Sequence[Job], record: Record, limit_s: float
) -> Iterator[tuple[Mutant, dict[str, str]]]:
    """Each mutant with what is to be recorded of it, as it comes."""
    waiting = list(chosen)
    while waiting or any(job.process for job in jobs):
        for job in jobs:
            if job.process is None and waiting:
                mutant = waiting.pop(0)
                job.start(mutant, record.get(mutant.id, {}).get("by", ""))
            elif job.process is not None and (found := job.verdict(limit_s)) and job.mutant is not None:
                yield job.mutant, found
        time.sleep(0.05)


def check_unbroken(tests: Sequence[str], job: Job) -> None:
    """Run tests that noticed something without any mutant.

    Raises:
        SystemExit: One fails.
    """
    job.run(tests, [])
    while job.code(float("inf")) is None:
        time.sleep(0.2)
    if job.seen().failed:
        sys.exit(f"These fail without any mutant: {', '.join(job.seen().failed)}\n{job.said()}")


def write(record: Record) -> None:
    """A line for each mutant of the list."""
    lines = [f"{json.dumps(mutant.id)}: {json.dumps(record[mutant.id])}" for mutant in mutants() if mutant.id in record]
    RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def asked() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--only", default="", help="run mutants whose id or file holds this")
    parser.add_argument("--missing", action="store_true", help="run those that the record lacks")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at once")
    parser.add_argument("--limit", type=float, default=300, help="seconds that a mutant's tests may take")
    return parser.parse_args()


def main() -> None:
    """Run the mutants that were asked for; exits with 1 where too many survive."""
    told = asked()
    record: Record = json.loads(RECORD.read_text()) if RECORD.is_file() else {}
    chosen = [mutant for mutant in mutants() if told.only in mutant.id or told.only in mutant.file]
    chosen = [mutant for mutant in chosen if not (told.missing and mutant.id in record)]
    for mutant in chosen:
        mutant.applied(ROOT)
    for name in HEAVY:
        importlib.import_module(name)
    named = ["git", "describe", "--always", "--exclude=*", "--dirty=+"]
    commit = subprocess.run(named, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    found: Record = {}
    with tempfile.TemporaryDirectory() as folder:
        jobs = [Job(copy_tree(Path(folder) / str(job))) for job in range(told.jobs)]
        for batch in (chosen[start : start + BATCH] for start in range(0, len(chosen), BATCH)):
            for mutant, verdict in judged(batch, jobs, record, told.limit):
                print(f"{verdict['verdict']:9} {mutant.id:42} {mutant.why}", flush=True)
                found[mutant.id] = {**verdict, "commit": commit}
            if noticed := sorted({found[mutant.id]["by"] for mutant in batch} - {""}):
                check_unbroken(noticed, jobs[0])
            write(record := record | {name: of for name, of in found.items() if of["verdict"] != "skipped"})
    survived = [mutant for mutant in chosen if found[mutant.id]["verdict"] == "survived"]
    killed = sum(of["verdict"] == "killed" for of in found.values())
    print(f"{killed} of {len(chosen)} killed, {len(survived)} survived")
    if any(mutant.must for mutant in survived) or len(survived) > (1 - ENOUGH) * len(chosen):
        sys.exit(1)


if __name__ == "__main__":
    main()
