"""The same job on a Ray cluster of this machine alone."""

import os
import signal
import threading
import time

import pytest

from medsegr.batch import ray_crew
from medsegr.batch.ray_crew import PATIENCE_MS, STORE_BYTES
from medsegr.cli.main import main
from tests.cli.test_folders import cases_in, command, content, folder_of

pytestmark = pytest.mark.slow
ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'medsegr[ray]'")


@pytest.fixture(scope="module")
def cluster():
    os.environ.update({"RAY_USAGE_STATS_ENABLED": "0", "RAY_agent_register_timeout_ms": str(PATIENCE_MS)})
    try:
        ray.init(num_cpus=2, object_store_memory=STORE_BYTES, include_dashboard=False, log_to_driver=False,
                 logging_level="ERROR")  # fmt: skip
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


def kill_one_after(out, count, killed):
    """Kill a worker once so many cases are there."""

    def wait_and_kill():
        while len(cases_in(out)) < count:
            time.sleep(0.01)
        killed.extend(worker_processes()[:1])
        for pid in killed:
            os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=wait_and_kill, daemon=True)
    killer.start()
    return killer


def test_two_actors_write_what_one_process_writes_also_when_one_is_killed(cluster, random_model, tmp_path):
    folder = folder_of(tmp_path, 40, damaged=[4])
    assert main(command(folder, random_model, tmp_path / "one", "--workers", "1")) == 1
    killed = []
    killer = kill_one_after(tmp_path / "two", 15, killed)
    assert main(command(folder, random_model, tmp_path / "two", "--ray", "local", "--workers", "2")) == 1
    killer.join(10)
    assert killed and content(tmp_path / "two") == content(tmp_path / "one")
    (tmp_path / "two" / "s03" / "case.json").unlink()
    assert main(command(folder, random_model, tmp_path / "two", "--ray", "local", "--workers", "1", "--resume")) == 1
    assert content(tmp_path / "two") == content(tmp_path / "one")


def test_a_case_that_kills_every_actor_is_listed_alone(cluster, random_model, tmp_path, monkeypatch, capsys):
    whole = ray_crew._Actor

    class Poisoned(whole):
        def do(self, chunk):
            if any(study.case == "s07" for study in chunk):
                os._exit(1)
            return super().do(chunk)

    folder = folder_of(tmp_path, 20)
    assert main(command(folder, random_model, tmp_path / "one", "--workers", "1")) == 0
    monkeypatch.setattr(ray_crew, "_Actor", Poisoned)
    assert main(command(folder, random_model, tmp_path / "two", "--ray", "local", "--workers", "2")) == 1
    assert "s07 ended its worker" in capsys.readouterr().err
    ours, theirs = content(tmp_path / "two"), content(tmp_path / "one")
    assert len(ours["run.json"]["cases"]) == 19 and len(ours["run.json"]["failures"]) == 1
    others = {name: kept for name, kept in theirs.items() if not name.startswith(("s07/", "run.json"))}
    assert {name: kept for name, kept in ours.items() if name != "run.json"} == others


def test_a_model_that_is_not_there_is_told_once(cluster, tmp_path, capsys):
    folder = folder_of(tmp_path, 1)
    assert main(command(folder, "tinny", tmp_path / "out", "--ray", "local", "--workers", "1")) == 2
    assert "No model 'tinny'" in capsys.readouterr().err and not (tmp_path / "out").exists()
