"""The loop of a run, with workers that die, and cases that kill them."""

import random
from pathlib import Path

import pytest

from medsegr.batch.crew import Done
from medsegr.batch.outcome import Outcome
from medsegr.batch.run import LOSSES, run_all
from medsegr.batch.study import Study


def studies(count):
    return [Study(f"case-{number}", Path(f"{number}.png"), number=number) for number in range(count)]


class Crew:
    """Chunks come to an end in any order; a chunk with poison takes all that its worker has with it."""

    slots = 4

    def __init__(self, poison=(), dies=0.0, seed=0):
        self.poison, self.dies, self.random = set(poison), dies, random.Random(seed)
        self.under_way, self.most, self.given = [], 0, 0
        self.about = {}

    def submit(self, chunk):
        self.under_way.append(chunk)
        self.given += len(chunk)
        self.most = max(self.most, len(self.under_way))

    def finished(self):
        chunk = self.random.choice(self.under_way)
        if self.poison & {study.number for study in chunk} or self.random.random() < self.dies:
            lost, self.under_way = self.under_way, []
            return [Done(each, None) for each in lost]
        self.under_way.remove(chunk)
        return [Done(chunk, [Outcome(study, error="") for study in chunk])]

    def close(self):
        pass


def outcomes(crew, count, size=1):
    told = []
    assert run_all(iter(studies(count)), crew, size, told.append)
    assert len(told) == count, "each case comes to its end once"
    return {outcome.study.number: outcome.error for outcome in told}


@pytest.mark.parametrize("size", [1, 3])
def test_every_study_comes_to_its_end_once(size):
    crew = Crew()
    assert outcomes(crew, 10, size) == dict.fromkeys(range(10), "") and crew.most == 4


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("size", [1, 4])
def test_poison_fails_alone_and_its_neighbours_are_done(seed, size):
    told = outcomes(Crew(poison=[3, 8], seed=seed), 12, size)
    assert {number for number, error in told.items() if error} == {3, 8}
    assert "ended its worker" in told[3] and told[3].startswith("case-3 ")


@pytest.mark.parametrize("seed", range(20))
def test_workers_that_are_killed_lose_no_case(seed):
    crew = Crew(dies=0.05, seed=seed)
    told = outcomes(crew, 60, 2)
    assert sum(map(bool, told.values())) <= 1, "one that is killed again when it is alone is given up"
    assert crew.given < 60 * (LOSSES + 1)


def test_when_it_is_told_to_stop_it_ends_what_is_under_way_and_reads_no_further():
    read, told = [], []
    crew = Crew()

    def list_():
        for study in studies(100):
            read.append(study)
            yield study

    finished = run_all(list_(), crew, 1, told.append, stopped=lambda: len(told) >= 5)
    assert not finished and len(told) == 8 and len(read) <= 10 and not crew.under_way


def test_a_stop_after_the_last_case_is_no_stop():
    told = []
    assert run_all(studies(3), Crew(), 1, told.append, stopped=lambda: len(told) > 0)
    assert len(told) == 3


def test_the_work_list_is_read_only_as_fast_as_it_is_worked_on():
    read, ahead = [], []

    def list_():
        for study in studies(50):
            read.append(study)
            yield study

    done = []

    def took(outcome):
        done.append(outcome)
        ahead.append(len(read) - len(done))

    run_all(list_(), Crew(), 2, took)
    assert max(ahead) <= 2 * 4
