"""Who sleeps in an event loop, and when time moves: turn by turn, on no real clock."""

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

import pytest

from mockbatch.client import asyncio_sleep as module
from mockbatch.client.asyncio_sleep import SLICES, AsyncioSleeps
from tests.support.simulated import Simulated

MAX_SLICES = 20
# Of the loop; no more than a few follow from anything that happens.
TURNS = 30


class Loop:
    """An event loop that turns only when the test says so, and whose slices the test ends."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.loop = asyncio.new_event_loop()
        self.simulated = Simulated()
        self.sleepers = AsyncioSleeps(self.loop, self.simulated)
        self.tasks: list[asyncio.Task[Any]] = []
        self.timers: list[Callable[[], object]] = []
        #: What went wrong where no task could raise it.
        self.errors: list[object] = []
        self.loop.set_exception_handler(lambda _, context: self.errors.append(context))
        rings = self.timers

        class Timer:
            daemon = False

            def __init__(self, seconds: float, ring: Callable[[], object]) -> None:
                assert seconds == module.SLICE_SECONDS
                self._ring = ring

            def start(self) -> None:
                assert self.daemon
                rings.append(self._ring)

        patch.setattr(module, "Timer", Timer)
        patch.setattr(module, "MAX_SLICES", MAX_SLICES)

    def turn(self, count: int = TURNS) -> None:
        """Let the loop turn."""
        for _ in range(count):
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()

    def slices(self, count: int = 1) -> None:
        """Let slices end, each with all that follows from it."""
        for _ in range(count):
            self.ring()
            self.turn()

    def ring(self) -> None:
        """Let a slice end; the loop has not turned yet."""
        [ring] = self.timers
        self.timers.clear()
        ring()

    def start(self, *coroutines: Coroutine[Any, Any, Any]) -> None:
        """Run coroutines as tasks, as far as they come by themselves."""
        self.tasks += [self.loop.create_task(one) for one in coroutines]
        self.turn()

    async def sleep(self, seconds: float) -> float:
        """Sleep in simulated time."""
        task = asyncio.current_task()
        assert task is not None
        return await self.sleepers.sleep(task, seconds)

    def future(self) -> "asyncio.Future[Any]":
        """Return what a task waits for that neither sleeps nor is ready."""
        return self.loop.create_future()

    def give(self, future: "asyncio.Future[Any]", value: object = None) -> None:
        """Give a task what it waits for."""
        future.set_result(value)
        self.turn()

    @property
    def moves(self) -> list[float]:
        """The seconds since the start to which time was moved."""
        return self.simulated.moves


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    """Return a loop; what still runs in it is cancelled in the end."""
    made = Loop(monkeypatch)
    yield made
    for task in asyncio.all_tasks(made.loop):
        task.cancel()
    made.turn()
    made.loop.close()
    assert made.errors == []


async def waits(*futures: Awaitable[Any]) -> None:
    """Wait for one thing after the other."""
    for one in futures:
        await one


async def spins(is_over: Callable[[], bool]) -> None:
    """Have a turn in each turn of the loop."""
    while not is_over():
        await asyncio.sleep(0)


class TestAlone:
    """A task beside which there is none."""

    def test_time_moves_at_once(self, loop: Loop) -> None:
        """Nobody could want it to stand: not even a slice is waited for."""
        loop.start(loop.sleep(60))
        assert loop.moves == [60]
        assert loop.tasks[0].result() == 0
        assert loop.timers == []

    def test_a_sleep_counts_from_the_present_instant(self, loop: Loop) -> None:
        """Somebody else may have moved the clock before."""
        loop.simulated.at += 5
        loop.start(loop.sleep(60))
        assert loop.moves == [65]

    @pytest.mark.parametrize("error", [-1e-6, 1e-6])
    def test_it_wakes_though_the_clock_is_a_touch_off(self, loop: Loop, error: float) -> None:
        """Rounding may leave a clock that runs by itself before the deadline."""
        loop.simulated.error_seconds = error
        loop.start(loop.sleep(60))
        assert loop.tasks[0].done()
        assert loop.moves == [60]

    def test_all_wake_whom_the_clock_has_passed(self, loop: Loop) -> None:
        """It may go further than requested, where others move it."""
        loop.simulated.error_seconds = 40
        loop.start(loop.sleep(60), loop.sleep(90))
        assert [task.result() for task in loop.tasks] == [0, 0]
        assert loop.moves == [100]

    def test_time_that_has_passed_by_itself_is_not_moved(self, loop: Loop) -> None:
        """A slice is looked at again: then the deadline is past already."""
        held = loop.future()
        loop.start(waits(held), loop.sleep(60))
        loop.simulated.at += 70
        loop.slices()
        assert loop.tasks[1].done()
        assert loop.moves == []


class TestBusy:
    """A task that is awake, and for how long sleepers wait for it."""

    def test_time_stands_for_five_slices(self, loop: Loop) -> None:
        """Then what it waits for is taken to be a sleeper's to give."""
        loop.start(waits(loop.future()), loop.sleep(60))
        loop.slices(SLICES - 1)
        assert loop.moves == []
        loop.slices()
        assert loop.moves == [60]

    def test_each_thing_that_it_waits_for_counts_anew(self, loop: Loop) -> None:
        """A task that gets on is at work."""
        futures = [loop.future() for _ in range(3)]
        loop.start(waits(*futures), loop.sleep(60))
        for future in futures[:2]:
            loop.slices(SLICES - 1)
            loop.give(future)
        loop.slices(SLICES - 1)
        assert loop.moves == []
        loop.slices()
        assert loop.moves == [60]

    def test_who_is_about_to_go_on_is_busy(self, loop: Loop) -> None:
        """What it has waited for so long has come: its turn comes before time moves."""
        reply = loop.future()
        moves: list[list[float]] = []

        async def works() -> None:
            await reply
            moves.append(list(loop.moves))
            await loop.sleep(30)

        async def gives() -> None:
            await loop.sleep(10)
            reply.set_result(None)
            await loop.sleep(60)

        loop.start(works(), gives())
        loop.slices(SLICES)
        assert moves == [[10]]
        assert loop.moves == [10, 40, 70]

    def test_who_has_just_been_woken_is_busy(self, loop: Loop) -> None:
        """Its turn comes before time moves again, though time had moved by itself."""
        moves: list[list[float]] = []

        async def wakes() -> None:
            await loop.sleep(60)
            moves.append(list(loop.moves))

        loop.start(waits(loop.future()), wakes(), loop.sleep(90))
        loop.slices(SLICES - 1)
        loop.simulated.at += 70
        loop.slices()
        assert moves == [[]]
        assert loop.moves == [90]

    def test_who_sleeps_again_is_waited_for_anew(self, loop: Loop) -> None:
        """Awake again, a task without rest is as busy as one that is new."""
        is_over: list[bool] = []

        async def works() -> None:
            await spins(lambda: bool(loop.moves))
            await loop.sleep(5)
            await spins(lambda: bool(is_over))

        loop.start(works(), loop.sleep(60), loop.sleep(100))
        loop.slices(SLICES)
        assert loop.moves == [60, 65]
        loop.slices(SLICES - 2)
        assert loop.moves == [60, 65]
        is_over.append(True)
        loop.turn()
        assert loop.moves == [60, 65, 100]

    def test_one_that_has_kept_all_waiting_is_waited_for_after_its_sleep(self, loop: Loop) -> None:
        """It was taken for one that never sleeps; it does."""
        futures = [loop.future() for _ in range(MAX_SLICES + 2)]
        loop.start(waits(*futures[:-2], loop.sleep(10), *futures[-2:]), loop.sleep(60))
        for future in futures[:-2]:
            loop.slices()
            loop.give(future)
        assert loop.moves == [60, 70]
        loop.start(loop.sleep(30))
        loop.slices()
        loop.give(futures[-2])
        loop.slices()
        assert loop.moves == [60, 70]
        loop.give(futures[-1])
        assert loop.moves == [60, 70, 100]

    def test_the_restless_keep_time_standing_for_a_while_only(self, loop: Loop) -> None:
        """Each look finds another thing that they wait for, and so it could go on for ever."""
        futures = [loop.future() for _ in range(2 * MAX_SLICES)]
        loop.start(waits(*futures), loop.sleep(60), loop.sleep(90))
        for future in futures[: MAX_SLICES - 1]:
            loop.slices()
            loop.give(future)
        assert loop.moves == []
        loop.slices()
        assert loop.moves == [60, 90]

    def test_who_slept_through_that_while_is_waited_for(self, loop: Loop) -> None:
        """Only those are restless that were awake."""
        reply = loop.future()
        futures = [loop.future() for _ in range(MAX_SLICES)]
        loop.start(waits(*futures), waits(loop.sleep(60), reply), loop.sleep(90))
        for future in futures[:-1]:
            loop.slices()
            loop.give(future)
        loop.slices(3)
        assert loop.moves == [60]
        loop.give(reply)
        assert loop.moves == [60, 90]

    def test_that_while_begins_anew_with_each_that_wakes(self, loop: Loop) -> None:
        """A loop that has slept often waits for a new task as long as at first."""
        rounds = [[loop.future() for _ in range(MAX_SLICES - 2)] for _ in range(3)]
        moves = []
        for futures in rounds:
            loop.start(waits(*futures), loop.sleep(60))
            for future in futures:
                loop.slices()
                moves.append(len(loop.moves))
                loop.give(future)
        assert moves == [0] * len(rounds[0]) + [1] * len(rounds[0]) + [2] * len(rounds[0])
        assert loop.moves == [60, 120, 180]


class TestOthers:
    """Tasks that wait for tasks."""

    def test_waiting_for_a_sleeping_task_keeps_no_other_waiting(self, loop: Loop) -> None:
        """It is as busy as that one: time moves without a slice."""

        async def outer() -> None:
            await asyncio.ensure_future(loop.sleep(60))

        loop.start(outer())
        assert loop.moves == [60]
        assert loop.tasks[0].done()

    def test_who_waits_for_a_busy_task_leaves_it_busy(self, loop: Loop) -> None:
        """Time stands for the sake of the inner one."""
        inner = loop.loop.create_task(waits(loop.future()))
        loop.start(waits(inner), loop.sleep(60))
        loop.slices(SLICES - 1)
        assert loop.moves == []

    @pytest.mark.parametrize("depth", [1, 2, 3])
    def test_who_waits_for_a_group_has_its_turn_when_the_group_ends(
        self, loop: Loop, depth: int
    ) -> None:
        """Before time moves to the next deadline, though the group has had groups in it."""
        moves: list[list[float]] = []

        async def gathers() -> None:
            group: Awaitable[Any] = loop.sleep(60)
            for _ in range(depth):
                group = asyncio.gather(group)
            await group
            moves.append(list(loop.moves))

        loop.start(gathers(), loop.sleep(90))
        loop.slices(SLICES)
        assert moves == [[60]]
        assert loop.moves == [60, 90]

    def test_a_task_that_ends_without_a_sleep_lets_time_move(self, loop: Loop) -> None:
        """At its end, and not at the end of a slice."""
        reply = loop.future()
        loop.start(waits(reply), loop.sleep(60))
        loop.give(reply)
        assert loop.moves == [60]

    def test_a_cancelled_sleep_is_no_deadline(self, loop: Loop) -> None:
        """Time moves past it without a stop."""
        loop.start(waits(loop.future()), loop.sleep(30), loop.sleep(60))
        loop.tasks[1].cancel()
        loop.turn()
        loop.slices(SLICES)
        assert loop.moves == [60]

    def test_a_task_that_is_over_is_not_kept(self, loop: Loop) -> None:
        """However often it has slept."""
        loop.start(loop.sleep(60))
        task = weakref.ref(loop.tasks.pop())
        gc.collect()
        assert task() is None

    def test_sleeps_of_one_deadline_wake_in_their_order(self, loop: Loop) -> None:
        """By one move of time."""
        woken: list[str] = []

        async def nap(name: str) -> None:
            await loop.sleep(60)
            woken.append(name)

        loop.start(*(nap(name) for name in "abc"))
        assert (woken, loop.moves) == (["a", "b", "c"], [60])


class TestErrors:
    """A clock that cannot move, and an end before time has moved."""

    def test_an_error_of_the_clock_is_raised_in_the_first(self, loop: Loop) -> None:
        """The one whose deadline it was; the others sleep on."""
        errors = [OSError("no clock")]
        advance_to = loop.simulated.advance_to

        def fails_once(instant: float) -> float:
            if errors:
                raise errors.pop()
            return advance_to(instant)

        loop.simulated.advance_to = fails_once  # type: ignore[method-assign]
        loop.start(loop.sleep(60), loop.sleep(30))
        assert isinstance(loop.tasks[1].exception(), OSError)
        assert loop.moves == [60]
        assert loop.tasks[0].result() == 0

    def test_an_error_that_comes_with_a_cancellation_does_no_harm(self, loop: Loop) -> None:
        """The task that it would have woken no longer sleeps."""
        loop.start(waits(loop.future()), loop.sleep(30), loop.sleep(60))
        now, loop.simulated.now = loop.simulated.now, broken  # type: ignore[method-assign]
        loop.tasks[1].cancel()
        loop.slices()
        loop.simulated.now = now  # type: ignore[method-assign]
        loop.slices(SLICES)
        assert loop.moves == [60]

    def test_an_error_while_reading_the_clock_is_raised_too(self, loop: Loop) -> None:
        """It is no end of the slices."""
        loop.start(waits(loop.future()), loop.sleep(60), loop.sleep(90))
        loop.simulated.now = broken  # type: ignore[method-assign]
        loop.slices(2)
        assert all(isinstance(task.exception(), OSError) for task in loop.tasks[1:])
        assert loop.timers == []

    def test_the_error_of_a_sleep_at_the_end_says_what_is_left(self, loop: Loop) -> None:
        """Seconds to be slept for real, of those that time has not moved."""
        loop.start(waits(loop.future()), loop.sleep(60), loop.sleep(90))
        loop.simulated.at += 20
        loop.slices()
        loop.sleepers.end()
        loop.turn()
        assert [task.result() for task in loop.tasks[1:]] == [40, 70]

    def test_nothing_is_left_of_a_sleep_whose_deadline_is_past(self, loop: Loop) -> None:
        """Somebody else had moved the clock, and the sleeper was not woken yet."""
        loop.start(waits(loop.future()), loop.sleep(60))
        loop.simulated.at += 70
        loop.tasks.append(loop.loop.create_task(loop.sleep(10)))
        loop.turn(1)
        loop.sleepers.end()
        loop.turn()
        assert [task.result() for task in loop.tasks[1:]] == [0, 10]

    def test_a_task_cancelled_at_the_end_gets_no_error(self, loop: Loop) -> None:
        """And the other tasks are still woken."""
        loop.start(waits(loop.future()), loop.sleep(60), loop.sleep(90))
        loop.tasks[1].cancel()
        loop.sleepers.end()
        loop.turn()
        assert loop.tasks[1].cancelled()
        assert loop.tasks[2].result() == 90

    def test_after_the_end_no_sleep_moves_the_clock(self, loop: Loop) -> None:
        """The slice that has just ended changes nothing, and is the last."""
        loop.start(waits(loop.future()), loop.sleep(60))
        loop.slices(SLICES - 1)
        loop.ring()
        loop.sleepers.end()
        loop.turn()
        assert (loop.moves, loop.timers) == ([], [])
        assert loop.tasks[1].result() == 60

    def test_the_end_of_a_closed_loop_is_no_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nor is a slice that ends after it."""
        made = Loop(monkeypatch)
        made.start(waits(made.future()), made.sleep(60))
        for task in made.tasks:
            task.cancel()
        made.turn()
        made.loop.close()
        made.sleepers.end()
        made.ring()
        assert (made.moves, made.errors) == ([], [])

    def test_one_slice_runs_at_a_time(self, loop: Loop) -> None:
        """However many go to sleep meanwhile."""
        loop.start(waits(loop.future()), loop.sleep(60), loop.sleep(70))
        loop.start(loop.sleep(80))
        assert len(loop.timers) == 1


def broken() -> float:
    """Fail as a clock whose server has gone."""
    raise OSError("no clock")
