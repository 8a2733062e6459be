"""Break the package in one place at a time, and see whether a test notices: ``make mutants``.

The tree is copied to a temporary folder for each job; there one mutant of ``mutants.yaml`` after another is
put in, its tests are run, and the file is put back. The record in ``benchmarks/results/mutants.json`` says of
each mutant whether it was killed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import yaml

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("mutants.yaml")
RECORD = ROOT / "benchmarks" / "results" / "mutants.json"
ENOUGH = 0.95
"""Share of the mutants that tests must notice; of those that must be killed, all."""

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
    """The files that git knows, as they are now, in another folder."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target / name)
    return target


def run_tests(root: Path, tests: tuple[str, ...], limit_s: float) -> tuple[int | None, str]:
    """pytest's exit code, None when it took too long, and the end of what it printed."""
    environment = {**os.environ, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}", "PYTHONDONTWRITEBYTECODE": "1"}
    environment.setdefault("OMP_NUM_THREADS", "1")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", *tests]
    try:
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=limit_s)
    except subprocess.TimeoutExpired:
        return None, "too long"
    return done.returncode, done.stdout[-2000:]


def judge(mutant: Mutant, root: Path, limit_s: float) -> str:
    """``killed``, or ``survived``.

    Raises:
        RuntimeError: The tests could not be run.
    """
    path = root / mutant.file
    whole = path.read_text(encoding="utf-8")
    path.write_text(mutant.applied(root), encoding="utf-8")
    try:
        code, said = run_tests(root, mutant.tests, limit_s)
    finally:
        path.write_text(whole, encoding="utf-8")
    if code not in (0, None, *FAILED):
        raise RuntimeError(f"Mutant '{mutant.id}': pytest ended with {code}.\n{said}")
    return "survived" if code == 0 else "killed"


def all_judged(chosen: list[Mutant], jobs: int, limit_s: float) -> dict[str, str]:
    """What became of each mutant, printed as it comes."""
    judged: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        free: SimpleQueue[Path] = SimpleQueue()
        for job in range(jobs):
            free.put(copy_tree(Path(folder) / str(job)))
        tests = tuple(sorted({test for mutant in chosen for test in mutant.tests}))
        code, said = run_tests(Path(folder) / "0", tests, 20 * limit_s)
        if code != 0:
            sys.exit(f"The tests fail without any mutant:\n{said}")

        def work(mutant: Mutant) -> tuple[Mutant, str]:
            root = free.get()
            try:
                return mutant, judge(mutant, root, limit_s)
            finally:
                free.put(root)

        with ThreadPoolExecutor(jobs) as pool:
            for mutant, verdict in pool.map(work, chosen):
                judged[mutant.id] = verdict
                print(f"{verdict:9} {mutant.id:45} {mutant.why}", flush=True)
    return judged


def main() -> None:
    """Run the mutants that were asked for; exits with 1 where too many survive."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="run mutants whose id or file holds this")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at once")
    parser.add_argument("--limit", type=float, default=300, help="seconds that a mutant's tests may take")
    asked = parser.parse_args()
    known = mutants()
    chosen = [mutant for mutant in known if asked.only in mutant.id or asked.only in mutant.file]
    for mutant in chosen:
        mutant.applied(ROOT)
    judged = all_judged(chosen, asked.jobs, asked.limit)
    before = json.loads(RECORD.read_text()) if RECORD.is_file() else {}
    record = {m.id: verdict for m in known if (verdict := judged.get(m.id, before.get(m.id)))}
    RECORD.write_text(json.dumps(record, indent=2) + "\n")
    survived = [mutant for mutant in chosen if judged[mutant.id] == "survived"]
    print(f"{len(chosen) - len(survived)} of {len(chosen)} killed")
    if any(mutant.must for mutant in survived) or len(survived) > (1 - ENOUGH) * len(chosen):
        sys.exit(1)


if __name__ == "__main__":
    main()
