"""Import and load from nothing, each in a process of its own."""

import json
import subprocess
import sys

from medsegr.errors import MedsegrError

CODE = """
import json, resource, sys, time
began = time.perf_counter()
from medsegr.inference.predictor import load
imported = time.perf_counter()
from medsegr.errors import MedsegrError
try:
    load(sys.argv[1], backend=sys.argv[2], precision=sys.argv[3])
except MedsegrError as error:
    sys.exit(" ".join(str(error).split()))
loaded = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps({"import": imported - began, "load": loaded - imported, "peak": peak}))
"""


def cold_start(model: str, backend: str, precision: str = "f32") -> dict[str, float]:
    """Seconds of ``import`` and ``load`` in a fresh process, and its peak memory in bytes.

    Raises:
        MedsegrError: The process failed.
    """
    command = [sys.executable, "-c", CODE, model, backend, precision]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        told = done.stderr.strip().splitlines()
        raise MedsegrError(f"A fresh process could not load '{model}': {told[-1] if told else 'no message'}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures
