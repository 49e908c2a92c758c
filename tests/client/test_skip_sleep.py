"""Sleeps that move the simulated clock instead of taking time."""

import asyncio
import functools
import importlib.util
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from math import inf, nan
from pathlib import Path
from time import sleep as bound_early
from types import ModuleType, SimpleNamespace
from typing import Any

import anyio
import openai
import pytest
from freezegun import freeze_time

from mockbatch import ControlError, MockBatch, MockBatchWarning
from mockbatch.client import WorldClient, asyncio_sleep
from mockbatch.client import skip_sleep as skip_sleep_module
from mockbatch.client.asyncio_sleep import AsyncioSleeps
from mockbatch.client.skip_sleep import is_asyncio_clock_frozen, skip_sleep
from tests.support.simulated import START, Simulated

INPUT = (Path(__file__).parents[2] / "fixtures/requests/chat_completions.jsonl").read_bytes()
DAY = 24 * 3600

# Not names of this module, which would be caught.
real = SimpleNamespace(sleep=time.sleep, asyncio_sleep=asyncio.sleep)


@pytest.fixture
def simulated() -> Simulated:
    """Return a clock that nothing else moves."""
    return Simulated()


@pytest.fixture(autouse=True)
def _at_once() -> Iterator[None]:
    """Every test here sleeps for minutes, and none takes them."""
    begun = time.perf_counter()
    before = time.sleep, asyncio.sleep  # watched, in a test that takes a fixture of the plugin
    yield
    assert (time.sleep, asyncio.sleep) == before
    assert time.perf_counter() - begun < 30


@contextmanager
def module(called: str = "of_a_user", /, **names: Any) -> Iterator[Any]:
    """Give a loaded module with these names in it."""
    made = ModuleType(called)
    vars(made).update(names)
    sys.modules[called] = made
    try:
        yield made
    finally:
        del sys.modules[called]


def together(*coroutines: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run coroutines as the tasks of one event loop; returns what they return."""

    async def gather() -> list[Any]:
        return await asyncio.gather(*coroutines)

    return asyncio.run(gather())


def in_thread(function: Callable[[], Any]) -> None:
    """Run a function in a thread of its own, to its end."""
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


class TestSleep:
    """`time.sleep`, in the thread that entered."""

    def test_moves_the_clock(self, simulated: Simulated) -> None:
        """A sleep of a minute is a simulated minute, at once."""
        with skip_sleep(simulated):
            time.sleep(60)
            time.sleep(0.5)
        assert simulated.moves == [60, 60.5]

    def test_bound_early_moves_it_too(self, simulated: Simulated) -> None:
        """`from time import sleep`, as this very module has it, is caught."""
        with skip_sleep(simulated):
            bound_early(60)
        assert simulated.passed == 60

    def test_any_name_is_caught(self, simulated: Simulated) -> None:
        """A module may call it as it likes."""
        with module(pause=time.sleep) as user, skip_sleep(simulated):
            user.pause(60)
        assert simulated.passed == 60
        assert user.pause is real.sleep

    def test_takes_an_integer_of_any_kind(self, simulated: Simulated) -> None:
        """What is no int but can be one is a number of seconds, as it is for the real one."""

        class Minute:
            def __index__(self) -> int:
                return 60

        with skip_sleep(simulated):
            time.sleep(Minute())
        assert simulated.passed == 60

    @pytest.mark.parametrize("seconds", [0, 0.0])
    def test_of_nothing_moves_nothing(self, simulated: Simulated, seconds: float) -> None:
        """A sleep of zero only yields."""
        with skip_sleep(simulated):
            time.sleep(seconds)
        assert simulated.moves == []

    @pytest.mark.parametrize(
        ("seconds", "error"),
        [(-1, ValueError), (nan, ValueError), (inf, OverflowError), ("60", TypeError)],
    )
    def test_fails_as_the_real_one_does(
        self, simulated: Simulated, seconds: Any, error: type[Exception]
    ) -> None:
        """What the real sleep refuses is refused, and moves nothing."""
        with skip_sleep(simulated), pytest.raises(error):
            time.sleep(seconds)
        assert simulated.moves == []

    def test_tells_the_caller_what_the_clock_says(self, simulated: Simulated) -> None:
        """A clock that cannot move is an error of the sleep."""
        simulated.advance_by = broken  # type: ignore[method-assign, assignment]
        with skip_sleep(simulated), pytest.raises(OSError, match="no clock"):
            time.sleep(60)

    def test_of_the_standard_library_stays_real(self, simulated: Simulated) -> None:
        """Who waits for a real program with subprocess does so."""
        program = [sys.executable, "-c", "import time; time.sleep(0.1)"]
        with skip_sleep(simulated), subprocess.Popen(program) as child:
            assert child.wait(timeout=20) == 0
        assert simulated.moves == []

    @pytest.mark.parametrize("called", ["cheroot.of_a_user", "mockbatch.of_a_user", "_pytest.x"])
    def test_of_the_machinery_stays_real(self, simulated: Simulated, called: str) -> None:
        """In any module of a server or of the test run, whichever way it has the sleep."""
        with module(called, pause=time.sleep, time=time) as machinery, skip_sleep(simulated):
            exec("def by_attribute(): time.sleep(0.001)", vars(machinery))
            assert machinery.pause is real.sleep
            machinery.by_attribute()
        assert simulated.moves == []


def broken(_: float) -> float:
    """Fail as a clock whose server has gone."""
    raise OSError("no clock")


class TestThreads:
    """Sleeps of other threads."""

    def test_stay_real(self, simulated: Simulated) -> None:
        """Another thread's sleep takes its time and moves nothing."""
        with skip_sleep(simulated):
            begun = time.perf_counter()
            in_thread(lambda: time.sleep(0.05))
            in_thread(lambda: asyncio.run(asyncio.sleep(0.05)))
            assert time.perf_counter() - begun >= 0.1
        assert simulated.moves == []

    def test_are_caught_when_requested(self, simulated: Simulated) -> None:
        """`threads=True` is for every thread."""
        with skip_sleep(simulated, threads=True):
            in_thread(lambda: time.sleep(60))
            in_thread(lambda: asyncio.run(asyncio.sleep(60)))
        assert simulated.moves == [60, 120]

    def test_each_has_its_own(self, simulated: Simulated) -> None:
        """Two threads with a world each never meet, whichever leaves first."""
        other, entered, left = Simulated(), threading.Event(), threading.Event()

        def beside() -> None:
            with skip_sleep(other):
                entered.set()
                left.wait(20)
                time.sleep(60)

        thread = threading.Thread(target=beside)
        with skip_sleep(simulated):
            thread.start()
            entered.wait(20)
            time.sleep(30)
        left.set()
        thread.join()
        assert (simulated.moves, other.moves) == ([30], [60])


class TestAsyncioSleep:
    """`asyncio.sleep` of one task."""

    def test_moves_the_clock(self, simulated: Simulated) -> None:
        """Awaited, a minute is a simulated minute, and its result is returned."""
        with skip_sleep(simulated):
            assert together(asyncio.sleep(60, "slept")) == ["slept"]
        assert simulated.moves == [60]

    def test_bound_early_moves_it_too(self, simulated: Simulated) -> None:
        """A module that imported the function by name is caught."""
        with module(nap=asyncio.sleep) as user, skip_sleep(simulated):
            together(user.nap(60))
        assert simulated.passed == 60
        assert user.nap is real.asyncio_sleep

    def test_of_anyio_moves_it_too(self, simulated: Simulated) -> None:
        """anyio, on which the SDK's retries wait, binds the name early."""
        with skip_sleep(simulated):
            together(anyio.sleep(60))
        assert simulated.passed == 60

    @pytest.mark.parametrize("seconds", [0, -1])
    def test_of_nothing_yields(self, simulated: Simulated, seconds: float) -> None:
        """A sleep of zero or less is a turn of the loop."""
        with skip_sleep(simulated):
            together(asyncio.sleep(seconds))
        assert simulated.moves == []

    def test_yields(self, simulated: Simulated) -> None:
        """A task that sleeps lets the others have their turn."""
        order = []

        async def sleeper() -> None:
            await asyncio.sleep(60)
            order.append("sleeper")

        async def other() -> None:
            order.append("other")

        with skip_sleep(simulated):
            together(sleeper(), other())
        assert order == ["other", "sleeper"]

    def test_for_ever_is_for_ever(self, simulated: Simulated) -> None:
        """An infinite sleep, which anyio uses, ends by cancellation only."""

        async def cancel() -> None:
            with anyio.move_on_after(0.05) as scope:
                await anyio.sleep_forever()
            assert scope.cancelled_caught

        with skip_sleep(simulated):
            together(cancel())
        assert simulated.moves == []

    def test_tells_the_task_what_the_clock_says(self, simulated: Simulated) -> None:
        """A clock that cannot move is an error of the sleep that would move it, and no hang."""
        simulated.advance_to = broken  # type: ignore[method-assign, assignment]
        with skip_sleep(simulated), pytest.raises(OSError, match="no clock"):
            together(asyncio.sleep(60))

    def test_ends_before_a_timeout(self, simulated: Simulated) -> None:
        """A timeout measures real time: the sleep within it is over before."""

        async def limit() -> None:
            await asyncio.wait_for(asyncio.sleep(60), timeout=30)

        with skip_sleep(simulated):
            together(limit())
        assert simulated.passed == 60

    def test_that_is_cancelled_moves_nothing(self, simulated: Simulated) -> None:
        """The deadline of a cancelled sleep wakes no task."""

        async def cancelling() -> None:
            task = asyncio.create_task(asyncio.sleep(60))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.sleep(90)
            assert task.cancelled()

        with skip_sleep(simulated):
            together(cancelling())
        assert simulated.moves == [90]

    def test_of_two_loops_in_turn(self, simulated: Simulated) -> None:
        """One loop may follow another."""
        with skip_sleep(simulated):
            asyncio.run(asyncio.sleep(60))
            asyncio.run(asyncio.sleep(60))
        assert simulated.moves == [60, 120]


class TestConcurrentSleeps:
    """`asyncio.sleep` of several tasks."""

    def test_overlap(self, simulated: Simulated) -> None:
        """Ten sleeps of a minute at the same time are a minute."""
        with skip_sleep(simulated):
            together(*(asyncio.sleep(60) for _ in range(10)))
        assert simulated.moves == [60]

    def test_end_in_order_of_their_deadlines(self, simulated: Simulated) -> None:
        """Each wakes at its own deadline, the earliest first."""
        woken = []

        async def nap(seconds: float) -> None:
            await asyncio.sleep(seconds)
            woken.append((seconds, simulated.passed))

        with skip_sleep(simulated):
            together(*(nap(seconds) for seconds in (50, 10, 30, 20, 40)))
        assert woken == [(10, 10), (20, 20), (30, 30), (40, 40), (50, 50)]

    def test_of_different_periods_interleave(self, simulated: Simulated) -> None:
        """Who sleeps again is woken again before who sleeps longer."""
        beats = []

        async def beat(name: str, period: float) -> None:
            for _ in range(int(240 / period)):
                await asyncio.sleep(period)
                beats.append((simulated.passed, name))

        with skip_sleep(simulated):
            together(beat("slow", 120), beat("fast", 30), beat("middle", 60))
        assert beats == sorted(beats, key=lambda one: one[0])
        assert len(beats) == 14
        assert simulated.passed == 240

    def test_wait_for_a_request_under_way(self, simulated: Simulated) -> None:
        """Time stands until a task that is at work goes to sleep itself."""
        seen = []

        async def works(seconds: float) -> None:
            for _ in range(3):
                await asyncio.to_thread(real.sleep, seconds)  # stands for a request
                seen.append(simulated.passed)
                await asyncio.sleep(60)

        with skip_sleep(simulated):
            together(works(0.02), works(0.001))
        assert seen == [0, 0, 60, 60, 120, 120]

    def test_wait_for_a_task_that_works_on(self, simulated: Simulated) -> None:
        """Each of many short waits counts anew, however long they are together."""
        seen = []

        async def works() -> None:
            for _ in range(20):
                await asyncio.to_thread(real.sleep, 0.005)
            seen.append(simulated.passed)

        with skip_sleep(simulated):
            together(works(), asyncio.sleep(60))
        assert seen == [0]

    @pytest.mark.parametrize("seconds", [0, 0.001])
    def test_do_not_wait_for_the_restless(
        self, simulated: Simulated, monkeypatch: pytest.MonkeyPatch, seconds: float
    ) -> None:
        """A task that neither sleeps nor rests stops time for a while only, and once."""
        monkeypatch.setattr(asyncio_sleep, "MAX_SLICES", 10)
        done: list[bool] = []

        async def restless() -> None:
            while not done:
                await real.asyncio_sleep(seconds)

        async def sleeper() -> None:
            for _ in range(1000):
                await asyncio.sleep(60)
            done.append(True)

        with skip_sleep(simulated):
            together(restless(), sleeper())
        assert simulated.passed == 60_000

    def test_do_not_wait_for_those_who_wait_for_them(self, simulated: Simulated) -> None:
        """Who waits for an event, a queue or a group that a sleeper ends does not stop time."""

        async def waits(event: asyncio.Event, queue: asyncio.Queue[float]) -> None:
            await event.wait()
            assert await queue.get() == 120

        async def sets(event: asyncio.Event, queue: asyncio.Queue[float]) -> None:
            await asyncio.sleep(60)
            event.set()
            await asyncio.sleep(60)
            queue.put_nowait(simulated.passed)

        async def both() -> None:
            event, queue = asyncio.Event(), asyncio.Queue[float]()
            async with anyio.create_task_group() as group:
                group.start_soon(waits, event, queue)
                group.start_soon(sets, event, queue)

        with skip_sleep(simulated):
            together(both())
        assert simulated.moves == [60, 120]

    def test_let_who_waited_have_their_turn(self, simulated: Simulated) -> None:
        """What the end of sleepers sets off happens before the next deadline."""
        seen = []

        async def rounds() -> None:
            for _ in range(3):
                await asyncio.gather(asyncio.sleep(60), asyncio.sleep(30))
                await asyncio.to_thread(real.sleep, 0.01)
                seen.append(simulated.passed)

        with skip_sleep(simulated):
            together(rounds(), asyncio.sleep(1000))
        assert seen == [60, 120, 180]

    def test_notice_who_else_moves_the_clock(self, simulated: Simulated) -> None:
        """Never backwards: a deadline that has passed moves nothing."""
        woken = []

        async def sleeper() -> None:
            await asyncio.sleep(60)
            woken.append(simulated.passed)

        async def mover() -> None:
            await asyncio.to_thread(real.sleep, 0.01)
            simulated.at += DAY
            await asyncio.to_thread(real.sleep, 0.1)
            woken.append(-1)

        with skip_sleep(simulated):
            together(sleeper(), mover())
        assert woken == [DAY, -1]
        assert simulated.moves == []

    def test_thousand_are_quick(self, simulated: Simulated) -> None:
        """The sleepers of a large program do not slow each other down."""

        async def beats() -> None:
            for _ in range(5):
                await asyncio.sleep(60)

        with skip_sleep(simulated):
            together(*(beats() for _ in range(1000)))
        assert simulated.moves == [60, 120, 180, 240, 300]


def fails(_: float) -> None:
    """Fail where no sleep is expected."""
    raise AssertionError("the test's own sleep was called")


async def fails_too(_: float, result: Any = None) -> Any:
    """Stand where no task should sleep."""
    raise AssertionError("the test's own asyncio sleep was called")


class TestWithin:
    """Entering and leaving."""

    def test_the_innermost_counts(self, simulated: Simulated) -> None:
        """Of two worlds the one entered last is moved, and then the other again."""
        other = Simulated()
        with skip_sleep(simulated):
            with skip_sleep(other):
                time.sleep(60)
            time.sleep(30)
        assert (simulated.moves, other.moves) == ([30], [60])

    def test_everything_is_put_back_after_an_error(self, simulated: Simulated) -> None:
        """An exception passes through, and all names are what they were."""
        with module(pause=time.sleep, nap=asyncio.sleep) as user:
            with pytest.raises(LookupError), skip_sleep(simulated):
                raise LookupError
            assert (user.pause, user.nap) == (real.sleep, real.asyncio_sleep)

    def test_what_was_kept_is_real_again(self, simulated: Simulated) -> None:
        """A module imported meanwhile has a sleep that takes its time afterwards."""
        with skip_sleep(simulated):
            kept, kept_asyncio = time.sleep, asyncio.sleep
        begun = time.perf_counter()
        kept(0.05)
        together(kept_asyncio(0.05))
        assert time.perf_counter() - begun >= 0.1
        assert simulated.moves == []

    def test_what_was_kept_works_again_later(self, simulated: Simulated) -> None:
        """The same module is caught the next time."""
        with skip_sleep(Simulated()):
            kept = time.sleep
        with skip_sleep(simulated):
            kept(60)
        assert simulated.passed == 60

    def test_own_sleep_of_a_test_is_put_back(
        self, simulated: Simulated, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What a test has put in the place of sleep is there again, and gets what is no wait."""
        slept: list[float] = []
        with monkeypatch.context() as patch:
            patch.setattr(time, "sleep", slept.append)
            with skip_sleep(simulated):
                time.sleep(60)
                time.sleep(0)
            time.sleep(5)
        assert (simulated.moves, slept) == ([60], [0, 5])

    def test_own_asyncio_sleep_of_a_test_is_put_back(
        self, simulated: Simulated, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In its module and in others; it gets what is no wait."""
        slept: list[float] = []

        async def own(delay: float, result: Any = None) -> Any:
            slept.append(delay)
            return result

        with monkeypatch.context() as patch, module(nap=own) as user:
            patch.setattr(asyncio, "sleep", own)
            with skip_sleep(simulated):
                assert together(asyncio.sleep(60, "a"), user.nap(60, "b")) == ["a", "b"]
                assert together(asyncio.sleep(0, "c")) == ["c"]
            assert asyncio.sleep is user.nap is own
            together(asyncio.sleep(5))
        assert (simulated.moves, slept) == ([60], [0, 5])

    def test_the_real_sleeps_are_caught_beside_those_of_a_test(
        self, simulated: Simulated, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A module that bound them before the test put its own in their place keeps them."""
        with monkeypatch.context() as patch, module(pause=time.sleep, nap=asyncio.sleep) as user:
            patch.setattr(time, "sleep", fails)
            patch.setattr(asyncio, "sleep", fails_too)
            with skip_sleep(simulated):
                user.pause(60)
                together(user.nap(60))
            assert (user.pause, user.nap) == (real.sleep, real.asyncio_sleep)
        assert simulated.moves == [60, 120]

    def test_own_sleeps_of_a_test_are_forgotten(
        self, simulated: Simulated, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What was kept beyond the end sleeps for real, not as that test had it."""
        with monkeypatch.context() as patch:
            patch.setattr(time, "sleep", fails)
            patch.setattr(asyncio, "sleep", fails_too)
            with skip_sleep(simulated):
                kept, kept_asyncio = time.sleep, asyncio.sleep
        kept(0)
        assert together(kept_asyncio(0, "slept")) == ["slept"]

    def test_names_are_put_back_at_the_end_of_the_last(self, simulated: Simulated) -> None:
        """However many were in effect at a time, in whatever order they end."""
        with module(pause=time.sleep, nap=asyncio.sleep) as user:
            first, second = skip_sleep(Simulated()), skip_sleep(simulated)
            first.__enter__()
            second.__enter__()
            first.__exit__(None, None, None)
            user.pause(60)
            together(user.nap(60))
            second.__exit__(None, None, None)
            assert (user.pause, user.nap) == (real.sleep, real.asyncio_sleep)
        assert simulated.moves == [60, 120]

    @pytest.mark.parametrize("changed", [None, print])
    def test_what_a_test_changed_within_is_left(self, simulated: Simulated, changed: Any) -> None:
        """A name that was changed meanwhile is not changed again."""
        with module(pause=time.sleep, nap=asyncio.sleep) as user:
            with skip_sleep(simulated):
                user.pause = user.nap = changed
            assert (user.pause, user.nap) == (changed, changed)

    def test_what_a_test_deleted_within_stays_so(self, simulated: Simulated) -> None:
        """A name that is gone is not made anew."""
        with module(pause=time.sleep, nap=asyncio.sleep) as user:
            with skip_sleep(simulated):
                del user.pause, user.nap
            assert not {"pause", "nap"} & vars(user).keys()

    def test_replacement_put_back_too_late_is_healed(self, simulated: Simulated) -> None:
        """A monkeypatch that outlives it leaves a sleep that is real, until the next end."""
        with skip_sleep(Simulated()):
            kept = time.sleep
        time.sleep = kept
        time.sleep(0)
        with skip_sleep(simulated):
            time.sleep(60)
        assert time.sleep is real.sleep
        assert simulated.passed == 60

    def test_asyncio_replacement_put_back_too_late_is_healed(self, simulated: Simulated) -> None:
        """As that of time.sleep is."""
        with skip_sleep(Simulated()):
            kept = asyncio.sleep
        asyncio.sleep = kept
        together(asyncio.sleep(0))
        with skip_sleep(simulated):
            together(asyncio.sleep(60))
            together(asyncio.sleep(0))
        assert asyncio.sleep is real.asyncio_sleep
        assert simulated.passed == 60

    def test_lazy_modules_stay_asleep(
        self, simulated: Simulated, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Looking for names neither loads a lazy module nor asks any for an attribute."""
        (tmp_path / "lazy_one.py").write_text("raise SystemExit")
        spec = importlib.util.spec_from_file_location("lazy_one", tmp_path / "lazy_one.py")
        assert spec is not None
        assert spec.loader is not None
        spec.loader = importlib.util.LazyLoader(spec.loader)
        lazy = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "lazy_one", lazy)
        spec.loader.exec_module(lazy)
        with module(__getattr__=pytest.fail), skip_sleep(simulated):
            time.sleep(60)
        assert simulated.passed == 60

    def test_odd_modules_are_passed_over(
        self, simulated: Simulated, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """sys.modules may hold None and things that are no modules."""
        monkeypatch.setitem(sys.modules, "odd.none", None)
        monkeypatch.setitem(sys.modules, "odd.object", object())
        with skip_sleep(simulated):
            time.sleep(60)
        assert simulated.passed == 60

    def test_entering_is_quick(self, simulated: Simulated) -> None:
        """All loaded modules are looked through in milliseconds."""
        begun = time.process_time()
        for _ in range(5):
            with skip_sleep(simulated):
                pass
        assert time.process_time() - begun < 1

    def test_tasks_asleep_at_the_end_sleep_the_rest(self, simulated: Simulated) -> None:
        """Nobody is left hanging: what is left of a sleep takes its time."""

        async def leave() -> float:
            with skip_sleep(simulated):
                task = asyncio.create_task(asyncio.sleep(0.1))
                await asyncio.sleep(0)
            begun = time.perf_counter()
            await task
            return time.perf_counter() - begun

        assert asyncio.run(leave()) >= 0.09
        assert simulated.moves == []

    def test_tasks_of_every_loop_are_let_go_at_the_end(self, simulated: Simulated) -> None:
        """None of them moves the clock any more."""
        loops = [asyncio.new_event_loop() for _ in range(2)]
        with skip_sleep(simulated):
            tasks = [loop.create_task(asyncio.sleep(0.001)) for loop in loops]
            for loop in loops:  # one turn: its task has gone to sleep
                loop.call_soon(loop.stop)
                loop.run_forever()
        for loop, task in zip(loops, tasks, strict=True):
            loop.run_until_complete(task)
            loop.close()
        assert simulated.moves == []

    def test_a_loop_that_starts_at_the_end_does_no_harm(
        self, simulated: Simulated, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As the loop of another thread may, while the sleeping tasks are let go."""
        loops = [asyncio.new_event_loop() for _ in range(2)]
        ended: list[AsyncioSleeps] = []

        def end(sleeps: AsyncioSleeps) -> None:
            ended.append(sleeps)
            active.sleeps_on(loops[1])

        monkeypatch.setattr(AsyncioSleeps, "end", end)
        with skip_sleep(simulated):
            active = skip_sleep_module._patch.innermost()
            first = active.sleeps_on(loops[0])
        assert ended == [first]
        for loop in loops:
            loop.close()

    def test_decorates_a_function(self, simulated: Simulated) -> None:
        """As every context manager of contextlib does."""

        @skip_sleep(simulated)
        def slow() -> None:
            time.sleep(60)

        slow()
        assert simulated.passed == 60


@pytest.fixture
def mock(make_mockbatch: Callable[..., WorldClient]) -> WorldClient:
    """Return a world on a manual clock."""
    return make_mockbatch(start_time=START, poll_limit=None)


def submit(client: openai.OpenAI, scenario: str = "happy") -> str:
    """Upload an input file, create a batch of it, and return its id."""
    file = client.files.create(file=("in.jsonl", INPUT), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={"mockbatch_scenario": scenario},
    )
    return batch.id


async def submit_expiring(client: openai.AsyncOpenAI) -> str:
    """Do as `submit` does, for a batch that expires."""
    file = await client.files.create(file=("in.jsonl", INPUT), purpose="batch")
    batch = await client.batches.create(
        input_file_id=file.id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={"mockbatch_scenario": "expired_partial"},
    )
    return batch.id


async def expires(client: openai.AsyncOpenAI, period: float) -> int:
    """Create a batch and poll it until it has expired; return how often it was retrieved."""
    id = await submit_expiring(client)
    polls = 1
    while (await client.batches.retrieve(id)).status != "expired":
        await asyncio.sleep(period)
        polls += 1
    return polls


class TestWorld:
    """A world whose clock sleeps move."""

    def test_unchanged_loop_ends(self, mock: WorldClient) -> None:
        """A loop that polls every minute sees the batch complete."""
        id = submit(mock.client)
        with mock.skip_sleep():
            while mock.client.batches.retrieve(id).status != "completed":
                time.sleep(60)
        assert mock.clock.now == START + 180

    @pytest.mark.parametrize("mode", ["manual", "realtime", "x60", "on-poll"])
    def test_any_clock_can_be_moved(self, mock: WorldClient, mode: str) -> None:
        """A sleep adds itself to a clock that stands and to one that runs."""
        mock.clock.mode = mode
        with mock.skip_sleep():
            time.sleep(DAY)
            together(asyncio.sleep(DAY), asyncio.sleep(DAY))
        assert 2 * DAY <= mock.clock.now - START < 2 * DAY + 3600

    def test_ten_pollers_see_the_same(self, mock: WorldClient) -> None:
        """Batches created at once expire at once, in whatever periods they are polled."""

        async def poll() -> list[int]:
            async with openai.AsyncOpenAI(base_url=mock.base_url, api_key=mock.api_key) as client:
                return await asyncio.gather(
                    *(expires(client, 3600 * (1 + number % 3)) for number in range(10))
                )

        with mock.skip_sleep():
            polls = asyncio.run(poll())
        assert polls == [25, 13, 9] * 3 + [25]
        assert mock.clock.now == START + DAY

    def test_of_two_the_innermost_is_moved(
        self, mock: WorldClient, make_mockbatch: Callable[..., WorldClient]
    ) -> None:
        """A sleep moves one world only."""
        other = make_mockbatch(start_time=START)
        with mock.skip_sleep(), other.skip_sleep():
            time.sleep(60)
        assert (mock.clock.now, other.clock.now) == (START, START + 60)

    def test_the_sleeper_gets_an_error_at_the_end_of_time(self, mock: WorldClient) -> None:
        """The clock ends in 2106, and who sleeps longer hears of it."""
        with mock.skip_sleep(), pytest.raises(ControlError, match="2106"):
            time.sleep(3e9)

    def test_the_sleeper_gets_an_error_when_the_world_is_gone(
        self, make_mockbatch: Callable[..., WorldClient]
    ) -> None:
        """Another world may have its key by then, and stays where it is."""
        mock = make_mockbatch(start_time=START)
        with mock.skip_sleep():
            mock.close()
            with pytest.raises(ControlError, match="This world is gone"):
                time.sleep(60)
            with pytest.raises(ControlError, match="This world is gone"):
                together(asyncio.sleep(60))

    def test_a_webhook_receiver_sleeps(self, mock: WorldClient) -> None:
        """The advance of its sleep does not wait for the delivery that the receiver handles."""
        slept_until: list[float] = []

        def receive(_: Any) -> None:
            time.sleep(60)
            slept_until.append(mock.clock.now)

        mock.webhook(receive)
        submit(mock.client)
        with mock.skip_sleep(threads=True):
            time.sleep(DAY)
        assert slept_until
        assert mock.clock.now >= START + DAY

    def test_a_sleep_delivers_the_webhooks_of_a_running_clock(
        self, make_mockbatch: Callable[..., WorldClient]
    ) -> None:
        """Those due within the sleep arrive before it ends."""
        mock = make_mockbatch(start_time=START, clock="realtime")
        received: list[Any] = []
        mock.webhook(received.append)
        submit(mock.client)
        with mock.skip_sleep():
            time.sleep(DAY)
        assert len(received) == 1

    def test_app_without_a_socket(self, mockbatch_app: Any) -> None:
        """The fixture without a server has it too."""
        mock = mockbatch_app.mock
        before = mock.clock.now
        with mock.skip_sleep():
            time.sleep(60)
        assert mock.clock.now == before + 60

    def test_server_elsewhere(self) -> None:
        """The clock of a server over HTTP moves as well."""
        from mockbatch.testing.servers import RemoteServer

        with MockBatch() as mock, RemoteServer(mock.base_url).world(start_time=START) as world:
            with world.skip_sleep():
                together(asyncio.sleep(60), asyncio.sleep(30))
                time.sleep(60)
            assert world.clock.now == START + 120

    def test_costs_little_beside_the_calls(self, mock: WorldClient) -> None:
        """A retrieve with a sleep behind it takes about as long as one without."""
        id = submit(mock.client, "expired_partial")
        plain, sleeping = 0.0, 0.0
        with mock.skip_sleep():
            for _ in range(200):
                begun = time.process_time()  # of the server, too, which is in this process
                mock.client.batches.retrieve(id)
                plain += (between := time.process_time()) - begun
                mock.client.batches.retrieve(id)
                time.sleep(60)
                sleeping += time.process_time() - between
        assert sleeping < 3 * plain


class TestMarker:
    """`@pytest.mark.mockbatch(skip_sleep=True)`."""

    @pytest.mark.mockbatch(skip_sleep=True, start_time=START)
    def test_lets_the_whole_test_run_within(self, mockbatch: WorldClient) -> None:
        """No line of the test names it."""
        id = submit(mockbatch.client)
        time.sleep(180)
        assert mockbatch.client.batches.retrieve(id).status == "completed"
        assert mockbatch.clock.now == START + 180

    @pytest.mark.mockbatch(skip_sleep=True, start_time=START)
    def test_is_for_an_app_too(self, mockbatch_app: Any) -> None:
        """The fixture without a socket takes it as well."""
        time.sleep(60)
        assert mockbatch_app.mock.clock.now == START + 60

    @pytest.mark.mockbatch(skip_sleep=False, start_time=START)
    def test_can_say_no(self, mockbatch: WorldClient) -> None:
        """False is the default."""
        mockbatch.client.files.list()
        time.sleep(0.01)
        assert mockbatch.clock.now == START


class TestFreezegun:
    """Time that freezegun has stopped."""

    def test_sleeps_move_the_simulated_clock_only(self, mock: WorldClient) -> None:
        """Sleeps skip while the process's own time stands."""
        with freeze_time("2024-04-23"), mock.skip_sleep():
            before = time.time()
            time.sleep(60)
            assert time.time() == before
        assert mock.clock.now == START + 60

    def test_realtime_clock_moves_from_the_frozen_instant(
        self, make_mockbatch: Callable[..., WorldClient]
    ) -> None:
        """A clock that follows the frozen one is moved on from it."""
        with freeze_time("2030-01-01") as frozen:
            mock = make_mockbatch(clock="realtime")
            with mock.skip_sleep():
                time.sleep(60)
            frozen.tick(5)
            assert mock.clock.now == time.time() + 60

    def test_concurrent_sleeps_need_no_clock_of_the_loop(self, simulated: Simulated) -> None:
        """Tasks that wait for sleepers are found out while the loop's clock stands."""

        async def waits() -> None:
            async with anyio.create_task_group() as group:
                for seconds in (60, 30):
                    group.start_soon(anyio.sleep, seconds)

        with freeze_time("2024-04-23"), skip_sleep(simulated):
            together(waits())
        assert simulated.moves == [30, 60]

    def test_async_retry_does_not_hang(self, simulated: Simulated) -> None:
        """The SDK's back-off, which never ends on a frozen clock, is a sleep like others."""
        with (
            freeze_time("2024-04-23"),
            skip_sleep(simulated),
            pytest.raises(openai.APIConnectionError),
        ):
            asyncio.run(connect_in_vain())
        assert len(simulated.moves) == 2

    @pytest.mark.parametrize("options", [{"real_asyncio": True}, {"tick": True}])
    def test_that_leaves_asyncio_its_clock_is_fine(self, options: dict[str, Any]) -> None:
        """Only a loop whose clock stands is warned of."""
        with freeze_time("2024-04-23", **options):
            assert not is_asyncio_clock_frozen()

    def test_that_is_absent_is_fine(self) -> None:
        """Without it nothing stands still."""
        assert not is_asyncio_clock_frozen()

    def test_warns_about_async_client_once(self, mock: WorldClient) -> None:
        """The warning names the line that takes the async client where it would hang."""
        with freeze_time("2024-04-23"):
            with pytest.warns(MockBatchWarning, match="real_asyncio=True") as warned:
                client = mock.async_client
            assert mock.async_client is client
        assert [one.filename for one in warned] == [__file__]
        asyncio.run(client.close())

    @pytest.mark.anyio
    async def test_warns_of_a_coroutine_test(
        self, frozen: pytest.WarningsRecorder, mockbatch: WorldClient, anyio_backend: str
    ) -> None:
        """A test that may build an async client of its own learns so when it begins."""
        mockbatch.client.files.list()
        assert "real_asyncio=True" in str(frozen.pop(MockBatchWarning).message)

    def test_does_not_warn_where_sleeps_are_skipped(self, mock: WorldClient) -> None:
        """Within skip_sleep the retry does not hang."""
        with freeze_time("2024-04-23"), mock.skip_sleep():
            client = mock.async_client
        asyncio.run(client.close())


@pytest.fixture
def frozen(
    recwarn: pytest.WarningsRecorder, monkeypatch: pytest.MonkeyPatch
) -> pytest.WarningsRecorder:
    """Let it look, before a world is made, as if freezegun had been there."""
    monkeypatch.setattr("mockbatch.client.skip_sleep.is_asyncio_clock_frozen", lambda: True)
    return recwarn


@pytest.fixture
def anyio_backend() -> str:
    """Return what runs the coroutine tests."""
    return "asyncio"


async def connect_in_vain() -> None:
    """Ask a server that is not there, and try again as the SDK does."""
    async with openai.AsyncOpenAI(base_url="http://127.0.0.1:9/v1", api_key="-") as client:
        await client.files.list()


def test_partials_are_not_caught(simulated: Simulated) -> None:
    """What is bound otherwise than to a name of a module sleeps for real, as documented."""
    nap = functools.partial(time.sleep, 0.05)
    with skip_sleep(simulated):
        nap()
    assert simulated.moves == []


class BehindByRounding(Simulated):
    """A clock that never quite gets where it is moved."""

    def now(self) -> float:
        """Return the present instant, and a touch less."""
        return self.at - 1e-6

    def advance_to(self, instant: float) -> float:
        """Move on, almost."""
        return super().advance_to(instant) - 1e-6


class TestEdgesOfTheClock:
    """Simulated clocks that are not as exact as a test's."""

    def test_a_clock_that_stops_just_before_the_deadline_wakes_the_sleeper(self) -> None:
        """Rounding may leave a running clock a touch before the instant it was moved to."""
        behind = BehindByRounding()
        with skip_sleep(behind):
            together(asyncio.sleep(60))
        assert behind.moves == [pytest.approx(60)]

    def test_time_stands_until_the_end_of_a_task_has_reached_who_awaits_it(
        self, simulated: Simulated
    ) -> None:
        """A task that has long waited for a gather goes on before time moves for others."""

        async def worker() -> None:
            loop = asyncio.get_running_loop()
            for _ in range(20):
                await loop.run_in_executor(None, real.sleep, 0.01)

        async def waiting() -> None:
            await asyncio.gather(worker())
            await asyncio.sleep(5)

        with skip_sleep(simulated):
            together(waiting(), asyncio.sleep(100))
        assert simulated.moves == [5, 100]
