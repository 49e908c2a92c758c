"""The sleeps and clocks of Python programs that know nothing of mockbatch."""

import json
from pathlib import Path

import pytest

from mockbatch.client.world_client import WorldClient
from mockbatch.survive.shims import LONGEST_LEAP_SECONDS, QUIET_SLEEPS
from tests.support.shimmed import Runner, Shimmed

REAL_SECONDS = 60  # many times what a program takes here that skips its sleeps
DEVELOPMENT = ("-X", "dev", "-W", "error", "-c")


def skips(done: Shimmed, seconds: float) -> None:
    """Check that a program moved time by so much, in much less of it."""
    assert done.status == 0, done.stderr
    assert done.world_seconds == pytest.approx(seconds, abs=2)
    assert done.log.skipped_seconds == pytest.approx(done.world_seconds)
    assert done.real_seconds < REAL_SECONDS
    assert done.log.errors == ()


def submit(world: WorldClient) -> None:
    """Create a batch of one line."""
    body = {"model": "text-embedding-3-small", "input": "a"}
    line = {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": body}
    file = world.client.files.create(file=json.dumps(line).encode(), purpose="batch")
    world.client.batches.create(
        input_file_id=file.id, endpoint="/v1/embeddings", completion_window="24h"
    )


def test_a_sleep_moves_the_world(python: Runner) -> None:
    """It takes no time, and the world's clock moves by exactly the requested time."""
    done = python.run("from time import sleep; sleep(86400.5)")
    assert done.world_seconds == 86400.5
    assert done.real_seconds < REAL_SECONDS
    assert done.log.runtimes == frozenset({"python"})
    assert (done.log.sleeps, done.log.leaps) == (1, 0)


def test_mockbatch_is_not_needed(python: Runner) -> None:
    """The program's environment has no mockbatch, and the path it had before."""
    done = python.run(
        """
        import importlib.util, json, sys, time
        time.sleep(60)
        shims = [entry for entry in sys.path if "shim" in entry]
        print(json.dumps([importlib.util.find_spec("mockbatch"), shims]))
        """
    )
    assert done.printed == [None, []]
    assert done.world_seconds == 60


def test_clocks_move_along(python: Runner) -> None:
    """Every clock of the process has moved by what was slept."""
    done = python.run(
        """
        import datetime, json, time
        from datetime import date, timezone
        names = ["time", "monotonic", "perf_counter"]
        def read():
            stamp = lambda moment: moment.replace(tzinfo=timezone.utc).timestamp()
            return [
                *[getattr(time, name)() for name in names],
                *[getattr(time, name + "_ns")() / 1e9 for name in names],
                time.clock_gettime(time.CLOCK_REALTIME),
                time.clock_gettime_ns(time.CLOCK_MONOTONIC) / 1e9,
                time.mktime(time.localtime()),
                time.mktime(time.strptime(time.ctime())),
                time.mktime(time.strptime(time.strftime("%Y %j %X"), "%Y %j %X")),
                time.mktime(time.strptime(time.asctime())),
                datetime.datetime.now().timestamp(),
                datetime.datetime.now(timezone.utc).timestamp(),
                datetime.datetime.now(tz=timezone.utc).timestamp(),
                stamp(datetime.datetime.utcnow()),
                datetime.datetime.today().timestamp(),
                date.today().toordinal() * 86400,
            ]
        before = read()
        time.sleep(10 * 86400)
        print(json.dumps([after - first for first, after in zip(before, read())]))
        """
    )
    assert done.printed == pytest.approx([10 * 86400] * 18, abs=REAL_SECONDS)


def test_cpu_time_does_not_move(python: Runner) -> None:
    """What a process has computed does not grow because it slept."""
    done = python.run("import time; time.sleep(3600); print(time.process_time())")
    assert done.printed < REAL_SECONDS


def test_datetime_stays_the_class_it_was(python: Runner) -> None:
    """Instances, subclasses and pickles are those of every other program."""
    done = python.run(
        """
        import copy, datetime, json, pickle, time
        class Own(datetime.datetime):
            pass
        time.sleep(86400)
        now = datetime.datetime.now(datetime.timezone.utc)
        print(json.dumps([
            type(now) is datetime.datetime,
            isinstance(now, datetime.date),
            pickle.loads(pickle.dumps(now)) == copy.deepcopy(now) == now,
            pickle.loads(pickle.dumps(datetime.datetime)) is datetime.datetime,
            type(Own.now()) is Own,
            Own.now().timestamp() - time.time() < 60,
        ]))
        """
    )
    assert done.printed == [True] * 6


def test_functions_stay_functions_of_their_module(python: Runner) -> None:
    """They pickle by name, and do not become methods as attributes of a class."""
    done = python.run(
        """
        import json, pickle, time
        class Poller:
            clock, nap = time.time, time.sleep
        Poller().nap(60)
        print(json.dumps([
            pickle.loads(pickle.dumps(time.sleep)) is time.sleep,
            Poller().clock() > 0,
            repr(time.sleep),
        ]))
        """
    )
    assert done.printed == [True, True, "<built-in function sleep>"]
    assert done.world_seconds == 60


@pytest.mark.parametrize("seconds", ["-1", "'x'", "None", "float('nan')"])
def test_odd_sleeps_fail_as_ever(python: Runner, seconds: str) -> None:
    """What `time.sleep` refuses, it refuses with a shim, too."""
    done = python.run(f"import time; time.sleep({seconds})")
    assert done.stderr.splitlines()[-1].startswith(("ValueError", "TypeError"))
    assert done.log.sleeps == 0


def test_quiet_sleeps_leap(python: Runner) -> None:
    """After 30 sleeps in which nothing happened each next one is doubled, up to an hour."""
    program = "import time\nfor _ in range(40): time.sleep(60)"
    doubled = [min(60 * 2**n, LONGEST_LEAP_SECONDS) for n in range(1, 11)]
    done = python.run(program)
    assert done.world_seconds == QUIET_SLEEPS * 60 + sum(doubled)
    assert (done.log.sleeps, done.log.leaps) == (40, 10)
    assert python.run(program, leap=False).world_seconds == 40 * 60


def test_an_event_ends_a_leap(python: Runner) -> None:
    """A status change makes sleeps as long as they are; then the quiet ones are counted again."""
    world = python.world(scenario="expired_partial")
    submit(world)
    done = python.run(
        """
        import json, time
        def slept(seconds):
            before = time.time()
            time.sleep(seconds)
            return round(time.time() - before)
        print(json.dumps([slept(600) for _ in range(90)]))
        """,
        world,
    )
    seconds = done.printed
    assert seconds[:35] == [600] * 31 + [1200, 2400, 3600, 3600]
    expired = seconds.index(600, 31)
    assert sum(seconds[:expired]) >= 86400
    assert seconds[expired : expired + 31] == [600] * 30 + [1200]


def test_threads_share_their_sleep(python: Runner) -> None:
    """Three threads that sleep for a minute at once move time by a minute."""
    done = python.run(
        """
        import threading, time
        threads = [threading.Thread(target=time.sleep, args=[60]) for _ in range(3)]
        for one in threads: one.start()
        for one in threads: one.join()
        """
    )
    skips(done, 60)


def test_the_shorter_sleep_ends_first(python: Runner) -> None:
    """A thread that polls each minute does so sixty times while another sleeps for an hour."""
    done = python.run(
        """
        import json, threading, time
        polls = []
        def poll():
            while True:
                time.sleep(60)
                polls.append(1)
        threading.Thread(target=poll, daemon=True).start()
        time.sleep(3600)
        print(json.dumps(len(polls)))
        """,
        leap=False,
    )
    assert done.printed in (59, 60)
    assert done.world_seconds in (3600, 3660)  # the other thread may have begun its next sleep


def test_a_busy_thread_holds_time_still(python: Runner) -> None:
    """A sleep does not end before another thread has done the work it is at."""
    done = python.run(
        """
        import json, threading, time
        order = []
        def work():
            end = time.process_time() + 0.05
            while time.process_time() < end: pass
            order.append("worked")
        thread = threading.Thread(target=work)
        thread.start()
        time.sleep(60)
        order.append("slept")
        print(json.dumps(order))
        """
    )
    assert done.printed == ["worked", "slept"]


@pytest.mark.slow
def test_a_thread_that_never_rests_does_not_hold_time_for_ever(python: Runner) -> None:
    """One that computes all the time, or waits for a socket, lets sleeps go on after a while."""
    done = python.run(
        """
        import socket, threading, time
        def compute():
            while True: pass
        for work in (compute, socket.create_server(("127.0.0.1", 0)).accept):
            threading.Thread(target=work, daemon=True).start()
        time.sleep(3600)
        time.sleep(3600)
        """
    )
    assert done.status == 0, done.stderr
    assert done.world_seconds == 7200


def test_waiting_for_an_event_is_a_sleep(python: Runner) -> None:
    """`Event.wait`, as pollers that can be stopped do, and `threading.Timer`."""
    done = python.run(
        """
        import json, threading, time
        stop, fired = threading.Event(), []
        print(json.dumps([stop.wait(60) for _ in range(3)]), end="")
        timer = threading.Timer(600, fired.append, [1])
        timer.start()
        timer.join()
        assert fired == [1]
        """
    )
    assert done.printed == [False] * 3
    skips(done, 780)


def test_an_event_that_is_set_ends_the_wait(python: Runner) -> None:
    """The world moves no further than to the moment when another thread sets it."""
    done = python.run(
        """
        import json, threading, time
        done = threading.Event()
        def work():
            for _ in range(3): time.sleep(60)
            done.set()
        threading.Thread(target=work).start()
        print(json.dumps(done.wait(86400)))
        """
    )
    assert done.printed is True
    skips(done, 180)


@pytest.mark.parametrize(
    "wait",
    [
        "executor.submit(poll).result(timeout=7200)",
        "list(futures.as_completed([executor.submit(poll)], timeout=7200))",
        "executor.submit(poll) and queue.Queue().get(timeout=7200)",
        "threading.Thread(target=poll, daemon=True).start() or thread().join(timeout=7200)",
    ],
)
def test_a_time_limit_for_another_thread_passes(python: Runner, wait: str) -> None:
    """A program that gives a polling thread two hours goes on after two hours, of no real time."""
    done = python.run(
        f"""
        import json, os, queue, threading, time
        from concurrent import futures
        executor = futures.ThreadPoolExecutor()
        def poll():
            while True: time.sleep(60)
        def thread():
            return [one for one in threading.enumerate() if one.daemon][-1]
        before = time.monotonic()
        try:
            {wait}
        except (futures.TimeoutError, queue.Empty):
            pass
        print(json.dumps(time.monotonic() - before), flush=True)
        os._exit(0)
        """,
        leap=False,
    )
    assert 7200 <= done.printed < 2 * 7200  # the polls go on until the other thread runs
    assert done.real_seconds < REAL_SECONDS


def test_a_thread_that_is_done_in_time(python: Runner) -> None:
    """A result, an item and the end of a thread arrive as ever, in simulated time."""
    done = python.run(
        """
        import json, queue, threading, time
        from concurrent import futures
        items = queue.Queue()
        def work():
            time.sleep(600)
            items.put(2)
            return 1
        with futures.ThreadPoolExecutor() as executor:
            result = executor.submit(work).result(timeout=3600)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(timeout=3600)
        got = [items.get(timeout=3600) for _ in range(2)]
        print(json.dumps([result, got, thread.is_alive()]))
        """
    )
    assert done.printed == [1, [2, 2], False]
    skips(done, 1200)


def test_asyncio_sleeps(python: Runner) -> None:
    """Tasks that sleep at once share the time, each wakes in its order, and the loop agrees."""
    done = python.run(
        """
        import asyncio, json
        async def nap(seconds, order):
            await asyncio.sleep(seconds)
            order.append(seconds)
        async def main():
            order, before = [], asyncio.get_running_loop().time()
            await asyncio.gather(*(nap(seconds, order) for seconds in (180, 60, 120)))
            await asyncio.sleep(0.3)
            print(json.dumps([order, asyncio.get_running_loop().time() - before]))
        asyncio.run(main())
        """
    )
    order, passed = done.printed
    assert order == [60, 120, 180]
    assert 180.3 <= passed < 180.3 + REAL_SECONDS
    assert done.world_seconds == pytest.approx(180.3, abs=0.002)


def test_asyncio_timeouts(python: Runner) -> None:
    """`wait_for` an event that never comes ends in simulated time, one around sleeps as well."""
    done = python.run(
        """
        import asyncio, json
        async def poll():
            while True:
                await asyncio.sleep(60)
        async def main():
            ended = []
            for waited, seconds in ((asyncio.Event().wait(), 600), (poll(), 3570)):
                try:
                    await asyncio.wait_for(waited, seconds)
                except asyncio.TimeoutError:
                    ended.append(seconds)
            print(json.dumps(ended))
        asyncio.run(main())
        """,
        leap=False,
    )
    assert done.printed == [600, 3570]
    skips(done, 4170)


def test_a_request_in_flight_holds_time_still(python: Runner) -> None:
    """The time limit of a request does not pass while its answer is on its way."""
    done = python.run(
        """
        import asyncio, json, socket, threading, time
        listener = socket.create_server(("127.0.0.1", 0))
        real_wait = threading.Condition().wait_for
        def serve():
            connection, _ = listener.accept()
            connection.recv(10)
            end = time.process_time() + 0.3
            while time.process_time() < end: pass
            connection.sendall(b"answer")
        threading.Thread(target=serve, daemon=True).start()
        async def ask():
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            writer.write(b"question")
            return (await reader.read(10)).decode()
        async def main():
            asyncio.ensure_future(asyncio.sleep(3600))
            print(json.dumps(await asyncio.wait_for(ask(), 10)))
        asyncio.run(main())
        """
    )
    assert done.printed == "answer"
    assert done.world_seconds == 0


def test_child_processes_inherit(python: Runner) -> None:
    """A child skips its sleeps, starts with its parent's clock, and its parent waits for it."""
    done = python.run(
        """
        import json, subprocess, sys, time
        time.sleep(86400)
        child = "import time; print(time.time()); time.sleep(3600)"
        with subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE) as process:
            while process.poll() is None:
                time.sleep(0.1)
            print(json.dumps(float(process.stdout.read()) - time.time()))
        """
    )
    assert abs(done.printed) < REAL_SECONDS
    skips(done, 90000)


def test_forked_processes_sleep(python: Runner) -> None:
    """A process that was forked while threads slept skips its sleeps as well."""
    done = python.run(
        """
        import os, threading, time
        threading.Thread(target=time.sleep, args=[60], daemon=True).start()
        child = os.fork()
        if not child:
            time.sleep(3600)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        """
    )
    assert done.status == 0, done.stderr
    assert done.world_seconds >= 3600


def test_another_sitecustomize_is_loaded(python: Runner, tmp_path: Path) -> None:
    """The one that the environment had before does its work under its own name."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import builtins; builtins.customized = __file__")
    program = """
        import json, sys, time
        time.sleep(60)
        print(json.dumps([customized, sys.modules["sitecustomize"].__file__]))
        """
    done = python.run(program, PYTHONPATH=str(folder))
    assert done.printed == [str(folder / "sitecustomize.py")] * 2
    assert done.world_seconds == 60


def test_proxies_are_not_used(python: Runner) -> None:
    """The call that moves the clock goes straight to the server."""
    done = python.run("import time; time.sleep(60)", HTTP_PROXY="http://127.0.0.1:9", NO_PROXY="")
    assert done.world_seconds == 60


def test_a_server_that_is_gone(python: Runner) -> None:
    """The sleep takes its time, the program goes on, and the log says why."""
    done = python.run("import time; time.sleep(0.05); print(1)", url="http://127.0.0.1:9")
    assert (done.printed, done.stderr) == (1, "")
    assert "a sleep of 0.05 s was not skipped" in done.log.errors[0]


def test_no_shim_called(python: Runner) -> None:
    """An isolated Python loads no shim, which its log tells."""
    isolated = [*python.runtime[:1], "-I", "-c"]
    done = python.run("print(1)", runtime=isolated)
    assert done.printed == 1
    assert not done.log.called


def test_files_that_take_the_place_of_a_connection_are_the_program_s(python: Runner) -> None:
    """A program may close every file that it has not opened, as one does that becomes a daemon."""
    done = python.run(
        """
        import json, os, time
        time.sleep(60)
        os.closerange(3, 64)
        files = [open(f"file-{number}", "w+") for number in range(20)]
        time.sleep(60)
        print(json.dumps([file.read() for file in files] + [file.write("a") for file in files]))
        """
    )
    assert done.printed == [""] * 20 + [1] * 20
    skips(done, 120)


def test_a_child_does_not_use_the_connection_of_its_parent(python: Runner) -> None:
    """The parent goes on when the child has ended."""
    done = python.run(
        """
        import os, time
        time.sleep(1)
        child = os.fork()
        time.sleep(1) if child == 0 else os.waitpid(child, 0)
        time.sleep(1)
        """
    )
    assert done.status == 0, done.stderr
    assert done.log.errors == ()
    assert done.log.sleeps == 4


def test_no_connection_is_left_open(python: Runner) -> None:
    """A program that makes errors of warnings ends without one."""
    done = python.run(
        "import time; time.sleep(60); time.sleep(60)", runtime=[*python.runtime[:1], *DEVELOPMENT]
    )
    assert done.stderr == ""
    skips(done, 120)
