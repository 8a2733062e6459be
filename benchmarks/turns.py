"""Ways to do something, measured in turn: what else a machine does meets all of them."""

import time
from collections.abc import Callable, Mapping

import pandas as pd

Way = Callable[[], object]


def in_turn(ways: Mapping[str, Way], rounds: int, warm: int = 1) -> pd.DataFrame:
    """Do all ways, round by round.

    Args:
        ways: Name -> what to do; a dictionary of figures that it returns is kept.
        rounds: Of each.
        warm: Rounds before, which do not count.

    Returns:
        A row for each ``way`` and ``round``: ``wall_s`` by the clock, ``processor_s`` of this process, and a way's own
        figures, which take the place of these.
    """
    rows = []
    for number in range(-warm, rounds):
        for name, way in ways.items():
            wall, processor = time.perf_counter(), time.process_time()
            told = way()
            spent = {"wall_s": time.perf_counter() - wall, "processor_s": time.process_time() - processor}
            own = told if isinstance(told, dict) else {}
            rows += [{"way": name, "round": number, **spent, **own}] if number >= 0 else []
    return pd.DataFrame(rows).set_index(["way", "round"])


def medians(turns: pd.DataFrame) -> pd.DataFrame:
    """A row for each way."""
    return turns.groupby(level="way", sort=False).median()


def shares(turns: pd.DataFrame, of: str) -> pd.DataFrame:
    """Each way as a share of another in the same round, the median of the rounds."""
    return medians(turns / turns.xs(of).reindex(turns.index, level="round"))
