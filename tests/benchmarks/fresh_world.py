"""What the `mockbatch` fixture costs a test: a world made, looked at and let go."""

from mockbatch.testing.options import TEST_SETTINGS
from mockbatch.testing.servers import LocalServer
from tests.benchmarks.measuring import Row, by_turns

WORLDS = 100
ROUNDS = 9


def measure() -> list[Row]:
    """Return the row of one world."""
    server = LocalServer(defaults={**TEST_SETTINGS, "seed": "0"})

    def worlds() -> None:
        for number in range(WORLDS):
            world = server.world(f"test {number}")
            assert world.review() == ([], False)
            world.close()

    [seconds] = by_turns(ROUNDS, worlds)
    server.close()
    return [Row("a fresh world for a test", "ms", seconds / WORLDS * 1000, goal=2, stretch=0.5)]
