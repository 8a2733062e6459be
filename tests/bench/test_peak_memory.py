"""The peak of a row is that row's own."""

import pytest

from medsegr.bench.peak_memory import forget_peak, peak_bytes

BLOCK = 80_000_000


def test_a_peak_is_of_what_came_after():
    if not forget_peak():
        pytest.skip("this system cannot begin a peak anew")
    before = peak_bytes()
    block = bytearray(b"x" * BLOCK)
    held = peak_bytes()
    del block
    assert held >= before + BLOCK * 0.9
    forget_peak()
    assert peak_bytes() <= held - BLOCK * 0.5
