"""The most memory that this process held since a moment."""

import resource
import sys
from pathlib import Path

OWN = Path("/proc/self")
FORGET_PEAK = "5"
"""What Linux takes in ``clear_refs`` to begin its peak anew (``man 5 proc``)."""


def forget_peak() -> bool:
    """Begin the peak anew; False where the system cannot, and the peak is that of the process's whole life."""
    try:
        (OWN / "clear_refs").write_text(FORGET_PEAK, encoding="ascii")
    except OSError:
        return False
    return True


def peak_bytes() -> int:
    """The most memory since :func:`forget_peak`, in bytes."""
    try:
        lines = (OWN / "status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))
