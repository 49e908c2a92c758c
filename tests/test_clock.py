"""The simulated clock: a straight line over wall time."""

import time

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from mockbatch import clock

WALL = 1_763_000_000.25
INSTANTS = st.integers(0, 2**31)
WALLS = st.floats(1_600_000_000, 2_000_000_000)


@pytest.mark.parametrize("mode", ["manual", "on-poll"])
def test_a_standing_clock_stands(mode: str) -> None:
    """A manual or on-poll clock says the same whatever the wall clock says."""
    stands = clock.start_clock(mode, 100, WALL)
    assert stands.now(WALL + 5) == 100
    assert stands.speed == 0


def test_realtime_with_no_offset_is_wall_time_to_the_last_bit() -> None:
    """A realtime clock without a start time says exactly what the wall clock says."""
    assert clock.start_clock("realtime", None, WALL).now(WALL + 0.1) == WALL + 0.1


def test_a_fast_clock_multiplies_what_has_passed() -> None:
    """On an x60 clock a second of wall time is a minute."""
    assert clock.start_clock("x60", 1000, WALL).now(WALL + 2) == 1120


def test_a_standing_clock_starts_on_a_whole_second() -> None:
    """A clock that stands still and begins now begins on the second that has begun."""
    assert clock.start_clock("manual", None, WALL).now(WALL) == 1_763_000_000


def test_a_start_time_is_taken_as_it_is() -> None:
    """A start time is where the clock begins, a fraction included."""
    assert clock.start_clock("manual", 12.5, WALL).now(WALL) == 12.5


@given(INSTANTS, WALLS, st.sampled_from(["manual", "realtime", "on-poll", "x60", "x0.5"]))
def test_a_clock_that_was_moved_says_that_instant(instant: int, wall: float, mode: str) -> None:
    """Moved to a whole second, a clock of any mode says exactly that second."""
    assert clock.start_clock(mode, 0, wall).moved_to(instant, wall).now(wall) == instant


@given(INSTANTS, WALLS, st.floats(0, 1e6))
def test_a_change_of_mode_takes_no_time(start: int, wall: float, passed: float) -> None:
    """A clock that changes its mode goes on from the instant at which it stands."""
    before = clock.start_clock("x60", start, wall)
    after = before.with_mode("manual", wall + passed)
    assert after.now(wall) == before.now(wall + passed)


def test_a_change_of_mode_is_told_by_the_mode() -> None:
    """The mode of a changed clock is the new one in its normal form."""
    assert clock.start_clock("manual", 0, WALL).with_mode("x1", WALL).mode == "realtime"


@pytest.mark.parametrize("text", ["manual", "realtime", "on-poll", "x60", "x0.5", "x1000000"])
def test_a_mode_is_its_own_normal_form(text: str) -> None:
    """Every mode but x1 is kept as it is written."""
    assert clock.parse_mode(text) == text


@pytest.mark.parametrize("text", ["x1", "x1.0"])
def test_once_as_fast_is_realtime(text: str) -> None:
    """A clock that is once as fast as the wall clock is a realtime clock."""
    assert clock.parse_mode(text) == "realtime"


@pytest.mark.parametrize(
    "text", ["", "x", "x0", "x-1", "x1000001", "x1e3", "xnan", "x60 ", "x60\n", "X60", "fast"]
)
def test_anything_else_is_no_mode(text: str) -> None:
    """What is no mode is a ValueError that lists the modes."""
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
    """An instant is epoch seconds or ISO 8601, in UTC when it names no zone."""
    assert clock.parse_instant(text) == instant


@pytest.mark.parametrize(
    "text", ["", "soon", "nan", "inf", "-1", "4294967296", "1969-12-31", "2107-01-01", "2024-13-01"]
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    """What is no instant, or lies before 1970 or after 2106, is a ValueError."""
    with pytest.raises(ValueError, match=r".+"):
        clock.parse_instant(text)


def test_wall_time_is_read_late() -> None:
    """Time that is frozen after the import is the time that is read."""
    with freeze_time("2024-04-23 17:53:20"):
        assert clock.wall_time() == 1_713_894_800


def test_the_stopwatch_runs_while_time_is_frozen() -> None:
    """The stopwatch never goes backwards."""
    before = clock.monotonic()
    assert clock.monotonic() >= before


def test_wall_time_is_what_the_process_says() -> None:
    """Without anything frozen the wall clock is the process's own."""
    assert abs(clock.wall_time() - time.time()) < 5
