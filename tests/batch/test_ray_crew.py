"""The same job on a Ray cluster of this machine alone."""

import os
import signal
import threading
import time

import pytest

from medsegr.cli.main import main
from tests.cli.test_folders import cases_in, command, content, folder_of

pytestmark = pytest.mark.slow
ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'medsegr[ray]'")


@pytest.fixture(scope="module")
def cluster():
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # after 30 s, where a machine is too busy
        ray.shutdown()
        pytest.skip(f"Ray does not start here: {error}")
    yield
    ray.shutdown()


def worker_processes():
    """Processes of actors, by what Ray calls them."""
    found = []
    for entry in os.listdir("/proc"):  # noqa: PTH208
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:  # noqa: PTH123
                found += [int(entry)] if entry.isdigit() and file.read().startswith(b"ray::_Actor") else []
        except OSError:
            continue
    return found


def test_two_actors_write_what_one_process_writes_also_when_one_is_killed(cluster, random_model, tmp_path):
    folder = folder_of(tmp_path, 12, damaged=[4])
    assert main(command(folder, random_model, tmp_path / "one", "--workers", "1")) == 1
    killed = []

    def kill_one():
        while not cases_in(tmp_path / "two"):
            time.sleep(0.01)
        killed.extend(worker_processes()[:1])
        for pid in killed:
            os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_one, daemon=True)
    killer.start()
    assert main(command(folder, random_model, tmp_path / "two", "--ray", "local", "--workers", "2")) == 1
    killer.join(10)
    assert killed and content(tmp_path / "two") == content(tmp_path / "one")
    (tmp_path / "two" / "s03" / "case.json").unlink()
    assert main(command(folder, random_model, tmp_path / "two", "--ray", "local", "--workers", "1", "--resume")) == 1
    assert content(tmp_path / "two") == content(tmp_path / "one")


def test_a_model_that_is_not_there_is_told_once(cluster, tmp_path, capsys):
    folder = folder_of(tmp_path, 1)
    assert main(command(folder, "tinny", tmp_path / "out", "--ray", "local", "--workers", "1")) == 2
    assert "No model 'tinny'" in capsys.readouterr().err and not (tmp_path / "out").exists()
