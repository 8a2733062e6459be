"""Threads of a worker take memory from one heap."""

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sys, threading
from medsegr.batch.one_heap import share_one_heap
share_one_heap()
together = threading.Barrier(4)
def work():
    kept = bytes(100_000)
    together.wait()
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's heaps alone are counted")
@pytest.mark.parametrize(("asked", "count"), [(None, 1), ("4", 2)])
def test_threads_share_a_heap_unless_its_variable_says_otherwise(asked, count):
    environment = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    environment |= {} if asked is None else {"MALLOC_ARENA_MAX": asked}
    ran = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    heaps = ran.stderr.count("Arena")
    assert heaps == 1 if count == 1 else heaps >= count, ran.stderr
