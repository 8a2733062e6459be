"""The table of jobs: states, limits, and what a restart makes of them."""

import pytest

from medsegr.errors import ConfigError
from medsegr.serve.jobs import Job, JobStore


@pytest.fixture
def store(tmp_path):
    store = JobStore(tmp_path / "jobs.sqlite")
    yield store
    store.close()


def queued(store, owner="a"):
    job = store.admit(owner, 99, 99)
    store.enqueue(job.id)
    return job.id


def test_jobs_are_taken_in_their_order(store):
    ids = [queued(store) for _ in range(3)]
    assert [store.claim(0.0).id for _ in range(3)] == ids
    assert store.claim(0.0) is None
    store.progress(ids[0], "reading", 0.3)
    assert (store.get(ids[0]).stage, store.get(ids[0]).share) == ("reading", 0.3)
    store.finish(ids[0])
    assert store.get(ids[0]).state == "done" and store.get(ids[0]).ended


def test_there_is_room_for_so_many(store):
    jobs = [store.admit("a", 3, 2), store.admit("a", 3, 2)]
    assert store.admit("a", 3, 2) == "owner"
    assert isinstance(store.admit("b", 3, 2), Job)
    assert store.admit("c", 3, 2) == "all"
    store.cancel(jobs[0].id)
    assert isinstance(store.admit("a", 3, 2), Job)


def test_what_has_ended_stays_so(store):
    id = queued(store)
    store.cancel(id)
    for change in (store.finish, store.enqueue, store.put_back, lambda id: store.fail(id, "input", "no")):
        change(id)
        assert store.get(id).state == "cancelled"
    store.forget(id)
    store.finish(id)
    assert store.get(id) is None


def test_a_worker_may_die_once(store):
    id = queued(store)
    for _ in range(3):
        store.claim(0.0)
        store.put_back(id, counted=False)
    store.claim(0.0)
    store.put_back(id, code="worker_died", error="It died.")
    assert (store.get(id).state, store.get(id).tries) == ("queued", 1)
    store.claim(0.0)
    store.put_back(id, code="worker_died", error="It died.")
    assert (store.get(id).state, store.get(id).code, store.get(id).error) == ("failed", "worker_died", "It died.")


def test_a_restart_goes_on(tmp_path):
    store = JobStore(tmp_path / "jobs.sqlite")
    once, twice, waiting, ended = (queued(store) for _ in range(4))
    store.admit("a", 99, 99)
    assert store.claim(0.0).id == once
    store.claim(0.0)
    store.put_back(twice)
    assert store.claim(0.0).id == twice
    store.cancel(ended)
    with pytest.raises(ConfigError, match="another service uses it"):
        JobStore(tmp_path / "jobs.sqlite")
    store.close()
    store = JobStore(tmp_path / "jobs.sqlite")
    assert store.recover() == {once, twice, waiting, ended}
    assert [store.get(id).state for id in (once, twice, waiting, ended)] == ["queued", "failed", "queued", "cancelled"]
    assert store.claim(0.0).id == once
    store.close()


def test_what_is_no_table_is_refused(tmp_path):
    (tmp_path / "jobs.sqlite").write_text("something else " * 100)
    with pytest.raises(ConfigError, match="cannot be read"):
        JobStore(tmp_path / "jobs.sqlite")


def test_the_oldest_go(store):
    ids = [queued(store) for _ in range(4)]
    for id in ids[:3]:
        store.cancel(id)
    assert store.outdated(0.0) == []
    assert store.outdated(0.0, "a", kept=2) == ids[:1]
    assert store.outdated(0.0, "b", kept=1) == []
    assert store.outdated(1e12) == ids[:3]
