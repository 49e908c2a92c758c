"""A clock that only sleeps move."""

START = 1_713_894_800


class Simulated:
    """A clock as a world has one; `moves` are the seconds since its start that it was moved to."""

    def __init__(self) -> None:
        self.at: float = START
        self.moves: list[float] = []
        #: Seconds by which it misses the instant that it is moved to.
        self.error_seconds = 0.0

    def now(self) -> float:
        """Return the present instant."""
        return self.at

    def advance_by(self, seconds: float) -> None:
        """Move on."""
        self.advance_to(self.at + seconds)

    def advance_to(self, instant: float) -> float:
        """Move on, never backwards."""
        self.at = max(self.at, instant + self.error_seconds)
        self.moves.append(self.passed)
        return self.at

    @property
    def passed(self) -> float:
        """How many seconds have passed."""
        return round(self.at - START, 3)
