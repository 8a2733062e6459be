"""The loop of a run: gives out chunks, takes outcomes, gives lost cases to others, and stops when it is told."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from medsegr.batch.crew import Chunk, Crew
from medsegr.batch.outcome import Outcome
from medsegr.batch.study import Study

LOSSES = 3
"""How often a case may be under way when a worker dies, before it is tried alone at the end."""

LOST = ("ended its worker, also when it was alone with it; perhaps it needs more memory than there is, or a library "
        "fails at it. Open it with another program.")  # fmt: skip


def run_all(
    studies: Iterable[Study],
    crew: Crew,
    size: int,
    took: Callable[[Outcome], None],
    stopped: Callable[[], bool] = lambda: False,
) -> bool:
    """Bring every study to its end; False where it was stopped before.

    A case whose worker died is given to another one; one that was under way at several deaths is tried alone once
    all others are done, so that no neighbour suffers for it, and fails if its worker dies again.

    Args:
        studies: Read only as fast as they are worked on.
        crew: Who works.
        size: Studies in one chunk.
        took: Told of every outcome, in the order of their ends.
        stopped: Whether to give out nothing more; what is under way is still done.
    """
    waiting = _chunks(studies, size)
    again: deque[Chunk] = deque()
    suspects: deque[Chunk] = deque()
    losses: Counter[int] = Counter()
    under_way, alone, more = 0, False, True
    while True:
        while not stopped() and not alone and under_way < crew.slots:
            chunk = again.popleft() if again else next(waiting, None)
            if chunk is None:
                more = False
                if under_way == 0 and suspects:
                    chunk, alone = suspects.popleft(), True
                else:
                    break
            crew.submit(chunk)
            under_way += 1
        if under_way == 0:
            return not (again or suspects) and (not more or next(waiting, None) is None)
        for done in crew.finished():
            under_way -= 1
            if done.outcomes is not None:
                for outcome in done.outcomes:
                    took(outcome)
            elif alone:
                took(Outcome(done.chunk[0], error=f"{done.chunk[0].case} {LOST}"))
            else:
                _give_back(done.chunk, losses, again, suspects)
            alone = False


def _give_back(chunk: Chunk, losses: Counter[int], again: deque[Chunk], suspects: deque[Chunk]) -> None:
    """A lost chunk, to be done again; after a second loss case by case, and after several alone."""
    losses.update(study.number for study in chunk)
    if losses[chunk[0].number] == 1:
        again.append(chunk)
        return
    for study in chunk:
        (suspects if losses[study.number] >= LOSSES else again).append((study,))


def _chunks(studies: Iterable[Study], size: int) -> Iterator[Chunk]:
    left = iter(studies)
    while chunk := tuple(islice(left, size)):
        yield chunk
