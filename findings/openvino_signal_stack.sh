#!/usr/bin/env bash
# OpenVINO's CPU plugin changes where its caller's thread handles signals, and does not always put it back.
#
# Versions: openvino 2026.4.1, Linux on x86_64.
# Seen: the first model that a core compiles gives the calling thread an alternate signal stack of OpenVINO's own, in
# place of one that was there (Python's faulthandler has one, and Python asks that its handlers run there). With one
# core, which goes after its models, the stack from before is back. With two cores, of which the first goes first, the
# thread is left with the first one's stack, whose memory is no longer mapped. What then handles a signal in that
# thread, the end of a child process among them, cannot: no traceback, no word of faulthandler's.
# So: one core in a process, kept to its end.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openvino==2026.4.1 "numpy<3"
"$folder/venv/bin/python" - <<'PY'
import ctypes
import faulthandler
import gc

import numpy as np
import openvino as ov
from openvino import opset8


class Stack(ctypes.Structure):
    _fields_ = (("begin", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


def stack():
    """Where this thread's alternate signal stack begins, and whether that is memory."""
    found = Stack()
    assert ctypes.CDLL(None).sigaltstack(None, ctypes.byref(found)) == 0
    ranges = (line.split()[0].split("-") for line in open("/proc/self/maps"))
    return found.begin, any(int(a, 16) <= found.begin < int(b, 16) for a, b in ranges)


def compiled():
    given = opset8.parameter([1, 3, 8, 8], np.float32)
    return ov.Core().compile_model(ov.Model([opset8.relu(given)], [given]), "CPU")


faulthandler.enable()
before = stack()
assert before[1], before
one = compiled()
assert stack()[0] != before[0], "the thread keeps its own stack"
del one
gc.collect()
alone = stack()
first, second = compiled(), compiled()
del first
gc.collect()
del second
gc.collect()
after = stack()
assert alone == before, f"after one core: {alone}, before {before}"
assert after[0] != before[0] and not after[1], f"after two cores: {after}, before {before}"
print("after one core the stack from before is back; after two it is the first one's, which is not mapped")
PY
