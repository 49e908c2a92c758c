"""How the benchmarks measure: a floor and this project by turns, and the median of the rounds.

Other work on the machine slows both down alike, so ratios hold where seconds do not. Time is
that of the processors unless a row says otherwise.
"""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was measured, its floor if it has one, and the goal.

    `goal` and `stretch` bound the ratio to the floor, or the figure itself where there is no
    floor.
    """

    what: str
    unit: str
    measured: float
    floor: float | None = None
    goal: float | None = None
    stretch: float | None = None

    @property
    def ratio(self) -> float | None:
        """The figure over its floor."""
        return self.measured / self.floor if self.floor else None

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        judged = self.measured if self.ratio is None else self.ratio
        return None if self.goal is None else judged <= self.goal


def cpu(work: Callable[[], object]) -> float:
    """Return the seconds of processor time that this process spends on some work."""
    gc.collect()
    begun = time.process_time()
    work()
    return time.process_time() - begun


def wall(work: Callable[[], object]) -> float:
    """Return the seconds that some work takes."""
    gc.collect()
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def by_turns(
    rounds: int,
    *works: Callable[[], object],
    timer: Callable[[Callable[[], object]], float] = cpu,
) -> list[float]:
    """Return the median seconds of each of some works, after a round that is not counted."""
    found: list[list[float]] = [[] for _ in works]
    for number in range(rounds + 1):
        for work, seconds in zip(works, found, strict=True):
            taken = timer(work)
            if number:
                seconds.append(taken)
    return [median(seconds) for seconds in found]


def percentile(figures: list[float], share: float) -> float:
    """Return the figure below which a share of all lies."""
    ordered = sorted(figures)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
