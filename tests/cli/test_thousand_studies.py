"""A thousand studies, killed five times at random moments and resumed: what is there is what an unbroken run leaves.

It takes minutes and is run by hand: MEDSEGR_THOUSAND=1 pytest tests/cli/test_thousand_studies.py
"""

import os
import random
import signal
import time

import pytest

from tests.cli.test_folders import cases_in, command, content, folder_of, started

COUNT, DAMAGED, KILLS = 1000, 20, 5

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get("MEDSEGR_THOUSAND"), reason="takes minutes: MEDSEGR_THOUSAND=1 runs it"),
]


def test_killed_five_times_a_thousand_studies_end_byte_for_byte_as_unbroken(random_model, tmp_path):
    draw = random.Random(11)
    damaged = sorted(draw.sample(range(COUNT), DAMAGED))
    folder, out = folder_of(tmp_path, COUNT, damaged), tmp_path / "killed"
    unbroken = started(command(folder, random_model, tmp_path / "whole", "--workers", "2"))
    for _ in range(KILLS):
        running = started(command(folder, random_model, out, "--workers", "2", "--resume"))
        enough = len(cases_in(out)) + draw.randint(1, COUNT // KILLS - 20)
        while len(cases_in(out)) < enough:
            assert running.poll() is None, running.communicate()[1]
            time.sleep(0.05)
        time.sleep(draw.random())
        running.send_signal(signal.SIGKILL)
        running.communicate()
        assert not (out / "run.json").exists()
    there = len(cases_in(out))
    last = started(command(folder, random_model, out, "--workers", "2", "--resume"))
    told, said = last.communicate()
    assert last.returncode == 1, said
    assert f"{COUNT - DAMAGED:,} cases are complete ({there:,} were there before), {DAMAGED} failed" in told
    unbroken.communicate()
    assert unbroken.returncode == 1
    ours = content(out)
    assert ours == content(tmp_path / "whole")
    assert [entry["case"] for entry in ours["run.json"]["failures"]] == sorted(f"s{number:02}" for number in damaged)
    assert not [name for name in ours if name.startswith(".")]
