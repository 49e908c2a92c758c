"""The simulated clock, a linear function of wall time."""

import time
from dataclasses import dataclass
from threading import RLock
from typing import Any

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from mockbatch import clock
from tests.support.rival import is_free

WALL = 1_763_000_000.25
INSTANTS = st.integers(0, 2**31)
WALLS = st.floats(1_600_000_000, 2_000_000_000)


@pytest.mark.parametrize("mode", ["manual", "on-poll"])
def test_a_manual_clock_does_not_move(mode: str) -> None:
    """Neither does an on-poll clock, whatever the wall time is."""
    stands = clock.start_clock(mode, 100, WALL)
    assert stands.now(WALL + 5) == 100
    assert stands.speed == 0


def test_realtime_with_no_offset_is_wall_time_to_the_last_bit() -> None:
    """A realtime clock without a start time shows exactly the wall time."""
    assert clock.start_clock("realtime", None, WALL).now(WALL + 0.1) == WALL + 0.1


def test_a_fast_clock_multiplies_elapsed_time() -> None:
    """On an x60 clock a second of wall time is a minute."""
    assert clock.start_clock("x60", 1000, WALL).now(WALL + 2) == 1120


def test_a_manual_clock_starts_on_a_whole_second() -> None:
    """A clock that does not move begins at the second that has begun."""
    assert clock.start_clock("manual", None, WALL).now(WALL) == 1_763_000_000


def test_a_start_time_keeps_its_fraction() -> None:
    """The clock begins exactly there."""
    assert clock.start_clock("manual", 12.5, WALL).now(WALL) == 12.5


@given(INSTANTS, WALLS, st.sampled_from(["manual", "realtime", "on-poll", "x60", "x0.5"]))
def test_a_moved_clock_shows_the_instant_it_was_moved_to(
    instant: int, wall: float, mode: str
) -> None:
    """To the very second, in any mode."""
    assert clock.start_clock(mode, 0, wall).moved_to(instant, wall).now(wall) == instant


@given(INSTANTS, WALLS, st.floats(0, 1e6))
def test_a_change_of_mode_does_not_move_the_clock(start: int, wall: float, passed: float) -> None:
    """It continues from the instant at which it was."""
    before = clock.start_clock("x60", start, wall)
    after = before.with_mode("manual", wall + passed)
    assert after.now(wall) == before.now(wall + passed)


def test_a_changed_clock_has_the_new_mode() -> None:
    """In its normal form."""
    assert clock.start_clock("manual", 0, WALL).with_mode("x1", WALL).mode == "realtime"


@pytest.mark.parametrize("text", ["manual", "realtime", "on-poll", "x60", "x0.5", "x1000000"])
def test_a_mode_is_its_own_normal_form(text: str) -> None:
    """Every mode but x1 stays as it is written."""
    assert clock.parse_mode(text) == text


@pytest.mark.parametrize("text", ["x1", "x1.0"])
def test_x1_is_realtime(text: str) -> None:
    """A clock of that speed is a realtime clock."""
    assert clock.parse_mode(text) == "realtime"


@pytest.mark.parametrize(
    "text", ["", "x", "x0", "x-1", "x1000001", "x1e3", "xnan", "x60 ", "x60\n", "X60", "fast"]
)
def test_any_other_text_is_an_invalid_mode(text: str) -> None:
    """The ValueError lists the modes."""
    with pytest.raises(ValueError, match="use manual, realtime, on-poll or xN"):
        clock.parse_mode(text)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("0", 0),
        ("1713894800", 1_713_894_800),
        ("1713894800.5", 1_713_894_800.5),
        ("2024-04-23T17:53:20Z", 1_713_894_800),
        ("2024-04-23T17:53:20", 1_713_894_800),
        ("2024-04-23T19:53:20+02:00", 1_713_894_800),
        ("2024-04-23", 1_713_830_400),
    ],
)
def test_an_instant_is_a_number_or_iso_text(text: str, instant: float) -> None:
    """Epoch seconds, or ISO 8601, in UTC if it names no zone."""
    assert clock.parse_instant(text) == instant


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows has no tzset()")
def test_a_time_without_a_zone_is_utc_on_any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The zone of the machine does not matter."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "XYZ+5")
        time.tzset()
        instant = clock.parse_instant("2024-04-23T17:53:20")
    time.tzset()
    assert instant == 1_713_894_800


@pytest.mark.parametrize(
    "text", ["", "soon", "nan", "inf", "-1", "4294967296", "1969-12-31", "2107-01-01", "2024-13-01"]
)
def test_any_other_text_is_an_invalid_instant(text: str) -> None:
    """So is an instant before 1970 or after 2106."""
    with pytest.raises(ValueError, match=r".+"):
        clock.parse_instant(text)


def test_wall_time_is_read_late() -> None:
    """A time frozen after the import is the time that is read."""
    with freeze_time("2024-04-23 17:53:20"):
        assert clock.wall_time() == 1_713_894_800


def test_monotonic_time_does_not_go_back() -> None:
    """Not even in two reads at once."""
    before = clock.monotonic()
    assert clock.monotonic() >= before


def test_wall_time_is_the_process_time() -> None:
    """Without any freezing."""
    assert abs(clock.wall_time() - time.time()) < 5


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1970-01-01 00:00:00Z"), (1_713_894_800.9, "2024-04-23 17:53:20Z")],
)
def test_an_instant_is_shown_in_utc(seconds: float, text: str) -> None:
    """With the second that has begun."""
    assert clock.format_instant(seconds) == text


@pytest.mark.parametrize("mode", ["manual", "x60"])
def test_a_paused_clock_does_not_move(mode: str) -> None:
    """Afterwards it continues from the same instant."""
    running = clock.start_clock(mode, 100, WALL)
    paused = running.with_pause(WALL + 1, is_paused=True)
    assert paused.now(WALL + 9) == running.now(WALL + 1)
    continued = paused.with_pause(WALL + 9, is_paused=False)
    assert continued.now(WALL + 10) == running.now(WALL + 2)


@dataclass
class Wall:
    """The time of the process, which a test sets."""

    now: float = WALL


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    """Replace the time of the process."""
    wall = Wall()
    monkeypatch.setattr(clock, "wall_time", lambda: wall.now)
    return wall


def world_clock(mode: str = "realtime") -> clock.WorldClock:
    """Return the clock of a world, which begins at 1000."""
    return clock.WorldClock(mode, 1000, RLock())


class TestWorldClock:
    """The clock of a world."""

    def test_it_does_not_go_back_behind_a_command(self, wall: Wall) -> None:
        """It stands at the command's second until the time of the process is there again."""
        world = world_clock()
        wall.now += 10.5
        with world.command() as now:
            assert now == 1010
        wall.now -= 5
        assert (world.now(), world.is_behind()) == (1010, True)
        wall.now += 6
        assert (world.now(), world.is_behind()) == (1011.5, False)

    def test_it_does_not_go_back_behind_an_instant_that_it_was_moved_to(self, wall: Wall) -> None:
        """The events up to there have been reported."""
        world = world_clock()
        world.move_to(2000.5)
        wall.now -= 500
        assert (world.now(), world.is_behind()) == (2000, True)

    def test_it_is_not_moved_back(self, wall: Wall) -> None:
        """A move to the past leaves it where it is."""
        world = world_clock()
        world.move_to(2000)
        world.move_to(1500)
        wall.now += 1
        assert world.now() == 2001

    def test_a_move_to_the_past_lets_it_go_back_no_further(self, wall: Wall) -> None:
        """The events up to the later instant have been reported."""
        world = world_clock()
        world.move_to(2000)
        world.move_to(1500)
        wall.now -= 500
        assert (world.now(), world.is_behind()) == (2000, True)

    def test_a_clock_that_was_set_back_stays_behind(self, wall: Wall) -> None:
        """Only the time of the process leads it back to the last command."""
        world = world_clock()
        world.move_to(2000)
        wall.now -= 500
        world.move_to(1800)
        wall.now += 500
        assert (world.now(), world.is_behind()) == (2000, False)

    def test_it_continues_when_the_last_pause_ends(self, wall: Wall) -> None:
        """From where it then is."""
        world = world_clock("x60")
        with world.pause():
            wall.now += 1
            with world.pause():
                wall.now += 1
            wall.now += 1
            assert world.now() == 1000
            world.move_to(1500)
        wall.now += 1
        assert world.now() == 1560

    def test_it_goes_on_without_those_that_paused_it(self, wall: Wall) -> None:
        """However many there were, it continues from where it stood."""
        crashed, world = world_clock("x60"), world_clock("x60")
        with crashed.pause(), crashed.pause():
            world.restore(crashed.state())
        wall.now += 1
        assert world.now() == 1000
        world.end_pauses()
        wall.now += 1
        assert world.now() == 1060

    def test_it_continues_after_a_pause_that_an_error_ends(self, wall: Wall) -> None:
        """One failure does not stop the clock for good."""
        world = world_clock("x60")
        with pytest.raises(ValueError, match="failed"), world.pause():
            raise ValueError("failed")
        wall.now += 1
        assert world.now() == 1060

    def test_a_pause_that_was_ended_before_its_end_ends_no_other(self, wall: Wall) -> None:
        """The next pause stops the clock."""
        world = world_clock("x60")
        with world.pause():
            world.end_pauses()
        with world.pause():
            wall.now += 1
            assert world.now() == 1000

    def test_a_restored_clock_does_not_go_back_behind_a_command(self, wall: Wall) -> None:
        """The last command is a part of its state."""
        original, world = world_clock(), world_clock()
        original.move_to(2000)
        world.restore(original.state())
        wall.now -= 500
        assert (world.now(), world.is_behind()) == (2000, True)

    def test_a_mode_that_is_set_during_a_pause_counts_afterwards(self, wall: Wall) -> None:
        """The pause goes on."""
        world = world_clock("manual")
        with world.pause():
            world.set_mode("x60")
            wall.now += 1
            assert world.now() == 1000
        wall.now += 1
        assert world.now() == 1060

    def test_polls_are_counted_while_time_stands_still(self, wall: Wall) -> None:
        """Those of each object, from 1 again when time has moved."""
        world = world_clock()
        assert [world.count_poll(id) for id in ("a", "a", "b", "a")] == [1, 2, 1, 3]
        wall.now += 1
        assert [world.count_poll(id) for id in ("a", "b", "a")] == [1, 1, 2]
        assert world.polls() == {"a": 2, "b": 1}
        wall.now += 1
        assert world.polls() == {}


@pytest.mark.parametrize("act", [("move_to", 2000), ("set_mode", "realtime")])
def test_the_clock_is_set_under_its_lock(
    monkeypatch: pytest.MonkeyPatch, act: tuple[str, Any]
) -> None:
    """So no command runs at an instant before and ends at one after."""
    world_clock = clock.WorldClock("manual", 1000, RLock())
    are_locked = []

    def record() -> float:
        are_locked.append(not is_free(world_clock.lock))
        return 0

    monkeypatch.setattr(clock, "wall_time", record)
    name, argument = act
    getattr(world_clock, name)(argument)
    assert are_locked
    assert all(are_locked)


def test_a_command_reads_the_clock_under_its_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a command that waits for another one happens after it."""
    world_clock = clock.WorldClock("realtime", 1000, RLock())
    are_locked = []

    def record() -> float:
        are_locked.append(not is_free(world_clock.lock))
        return 0

    monkeypatch.setattr(clock, "wall_time", record)
    with world_clock.command():
        pass
    assert are_locked
    assert all(are_locked)
