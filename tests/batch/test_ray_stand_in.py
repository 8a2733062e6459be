"""How the Ray crew treats actors that die, with a stand-in for Ray, so that it is tested where Ray does not start."""

import sys
from pathlib import Path
from types import SimpleNamespace as Plain

import pytest

from medsegr.batch.job import Job
from medsegr.batch.outcome import Outcome
from medsegr.batch.ray_crew import RayCrew
from medsegr.batch.run import run_all
from medsegr.batch.study import Study
from medsegr.errors import ConfigError, InputError


class RayError(Exception):
    pass


class Named(Plain):
    """Some attributes; unlike a plain one it can be a key, as Ray's references can."""

    __hash__ = object.__hash__


class Actor:
    """Ends chunks, and dies with all that it has when it meets a case that it cannot bear."""

    made = 0

    def __init__(self, deadly, about):
        Actor.made += 1
        self.alive, self.deadly = True, deadly
        self.about = Named(remote=lambda: Named(actor=self, value=lambda: about))
        self.do = Named(remote=lambda chunk: Named(actor=self, value=lambda: self.work(chunk)))

    def work(self, chunk):
        self.alive = self.alive and not any(self.deadly(study) for study in chunk)
        if not self.alive:
            raise RayError
        return [Outcome(study) for study in chunk]


class StandIn:
    """As much of Ray as the crew uses."""

    exceptions = Named(RayError=RayError)

    def __init__(self, deadly=lambda study: False, about=None):
        self.deadly, self._about, self.ended, self.asked = deadly, about or {"name": "tiny"}, 0, {}

    def is_initialized(self):
        return False

    def init(self, **options):
        self.asked = options

    def cluster_resources(self):
        return {"CPU": 3.0}

    def remote(self, kind):
        return Named(options=lambda **_: Named(remote=lambda job: Actor(self.deadly, self._about)))

    def wait(self, references, num_returns, timeout):
        return references[-1:], references[:-1]  # the last first: order is nobody's promise

    def get(self, reference):
        return reference.value()

    def kill(self, actor):
        self.ended += 1

    def shutdown(self):
        self.ended += 100


@pytest.fixture
def ray(monkeypatch):
    def put(**options):
        Actor.made = 0
        made = StandIn(**options)
        monkeypatch.setitem(sys.modules, "ray", made)
        return made

    return put


def run(crew, count):
    told = []
    assert run_all((Study(f"c{n}", Path(f"{n}.png"), number=n) for n in range(count)), crew, 2, told.append)
    assert sorted(outcome.study.number for outcome in told) == list(range(count))
    return {outcome.study.number for outcome in told if outcome.error}


def test_every_case_comes_back_though_the_order_is_another(ray):
    there = ray()
    crew = RayCrew(Job(Path("out")), None)
    assert run(crew, 20) == set() and Actor.made == 3 and crew.about == {"name": "tiny"}
    crew.close()
    assert there.ended == 103 and there.asked["include_dashboard"] is False


def test_an_actor_that_dies_is_replaced_and_poison_does_not_stop_the_job(ray):
    ray(deadly=lambda study: study.number == 7)
    assert run(RayCrew(Job(Path("out")), 2), 20) == {7}
    assert 2 < Actor.made <= 2 + 4


def test_a_model_that_cannot_be_loaded_and_a_cluster_that_dies_are_told(ray):
    ray(about="No model 'tinny'.")
    with pytest.raises(ConfigError, match="tinny"):
        RayCrew(Job(Path("out")), 1)
    ray(deadly=lambda study: True)
    with pytest.raises(InputError, match="died one after another"):
        run(RayCrew(Job(Path("out")), 1), 20)


def test_an_address_where_nobody_is(ray, monkeypatch):
    there = ray()
    monkeypatch.setattr(there, "init", lambda **_: (_ for _ in ()).throw(ConnectionError("10.0.0.1")))
    with pytest.raises(ConfigError, match=r"No Ray cluster .*\(ConnectionError\)"):
        RayCrew(Job(Path("out")), 1, "10.0.0.1:6379")
