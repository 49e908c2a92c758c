"""The timers and clocks of Node programs that know nothing of mockbatch."""

import pytest

from tests.support.shimmed import Runner

REAL_SECONDS = 60  # many times what a program takes here that skips its timers


def test_a_timer_moves_the_world(node: Runner) -> None:
    """It takes no time, and the world's clock moves by exactly the requested time."""
    done = node.run("setTimeout(() => console.log(JSON.stringify('fired')), 86400_500)")
    assert done.printed == "fired"
    assert done.world_seconds == 86400.5
    assert done.real_seconds < REAL_SECONDS
    assert done.log.runtimes == frozenset({"node"})
    assert (done.log.sleeps, done.log.leaps, done.log.errors) == (1, 0, ())


@pytest.mark.parametrize(
    "wait",
    [
        "await new Promise((resolve) => setTimeout(resolve, 60_000))",
        "await (await import('node:timers/promises')).setTimeout(60_000)",
        "await (await import('node:timers/promises')).scheduler.wait(60_000)",
        "await (await import('node:util')).promisify(setTimeout)(60_000)",
        "(await import('node:timers')).setTimeout(() => {}, 60_000)",
        "const stop = setInterval(() => clearInterval(stop), 60_000)",
        "for await (const _ of (await import('timers/promises')).setInterval(60_000)) break",
        "(await import('node:module')).createRequire('/')('timers').setTimeout(() => {}, 60_000)",
    ],
)
def test_each_way_to_wait(node: Runner, wait: str) -> None:
    """Each of Node's ways to wait for a minute moves time by a minute."""
    done = node.run(wait)
    assert done.status == 0, done.stderr
    assert done.world_seconds == 60


def test_clocks_move_along(node: Runner) -> None:
    """Every clock of the process has moved by what was waited."""
    done = node.run(
        """
        import { performance as imported } from "node:perf_hooks";
        const read = () => [
          Date.now(), new Date().getTime(), +new Date(Date()), performance.now(), imported.now(),
          process.hrtime()[0] * 1000, Number(process.hrtime.bigint() / 1000000n),
        ];
        const before = read(), start = process.hrtime();
        await new Promise((resolve) => setTimeout(resolve, 86400_000));
        const passed = read().map((now, at) => now - before[at]);
        console.log(JSON.stringify([...passed, process.hrtime(start)[0] * 1000]));
        """
    )
    assert done.printed == pytest.approx([86400_000] * 8, abs=REAL_SECONDS * 1000)


def test_dates_stay_dates(node: Runner) -> None:
    """Dates of the program and of Node itself are instances of one class."""
    done = node.run(
        """
        import { statSync } from "node:fs";
        class Own extends Date {}
        console.log(JSON.stringify([
          new Date() instanceof Date,
          statSync(".").mtime instanceof Date,
          new Date(0).constructor === Date,
          new Own() instanceof Own && new Own() instanceof Date,
          new Date(2020, 0, 1).getFullYear() === 2020,
          structuredClone(new Date(5)).getTime() === 5,
          typeof Date() === "string",
        ]));
        """
    )
    assert done.printed == [True] * 7


def test_timers_stay_timers(node: Runner) -> None:
    """They can be cleared by object or number, refreshed, and queried by hasRef."""
    done = node.run(
        """
        const fired = [];
        const note = (name) => fired.push(name);
        clearTimeout(setTimeout(note, 1000, "cleared"));
        clearTimeout(+setTimeout(note, 1000, "cleared by number"));
        clearInterval(setInterval(note, 1000, "cleared interval"));
        const unref = setTimeout(note, 10_000, "unref").unref();
        const refreshed = setTimeout(note, 1500, "refreshed");
        setTimeout(() => { note("first"); refreshed.refresh(); }, 1000);
        setTimeout(note, 2000, "second", "more");
        setTimeout(note, 0, "none");
        setTimeout(note, 5, "short");
        process.on("exit", () => console.log(JSON.stringify([unref.hasRef(), fired])));
        """
    )
    assert done.printed == [False, ["none", "short", "first", "second", "refreshed"]]
    assert done.world_seconds == 2.5


def test_a_wait_can_be_aborted(node: Runner) -> None:
    """A signal ends it with Node's own error, without moving time."""
    done = node.run(
        """
        import { setTimeout as wait } from "node:timers/promises";
        const control = new AbortController();
        setTimeout(() => control.abort(), 1000);
        try {
          await wait(86400_000, "done", { signal: control.signal });
        } catch (error) {
          console.log(JSON.stringify(error.code));
        }
        """
    )
    assert done.printed == "ABORT_ERR"
    assert done.world_seconds == 1


def test_a_signal_with_a_time_limit(node: Runner) -> None:
    """It aborts in simulated time, with Node's own error, and keeps no process alive."""
    done = node.run(
        """
        const signal = AbortSignal.timeout(7200_000);
        const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
        let waits = 0;
        while (!signal.aborted) { await wait(600_000); waits += 1; }
        AbortSignal.timeout(86400_000);
        console.log(JSON.stringify([waits, signal.reason.name, signal.reason.message]));
        """
    )
    reason = ["TimeoutError", "The operation was aborted due to timeout"]
    assert done.printed in ([12, *reason], [13, *reason])
    assert done.world_seconds <= 7800


def test_promises_settle_between_timers(node: Runner) -> None:
    """What a timer resolves goes on before the next timer of the same instant."""
    done = node.run(
        """
        const order = [];
        const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
        setTimeout(() => { order.push("a"); Promise.resolve().then(() => order.push("b")); }, 1000);
        setTimeout(() => order.push("c"), 1000);
        await wait(2000);
        console.log(JSON.stringify(order));
        """
    )
    assert done.printed == ["a", "b", "c"]


@pytest.mark.slow
def test_quiet_sleeps_leap(node: Runner) -> None:
    """After 30 waits in which nothing happened each next one is doubled, up to an hour."""
    program = """
        const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
        for (let i = 0; i < 40; i++) await wait(60_000);
        """
    done = node.run(program)
    assert done.world_seconds == 30 * 60 + sum(min(60 * 2**n, 3600) for n in range(1, 11))
    assert (done.log.sleeps, done.log.leaps) == (40, 10)
    assert node.run(program, leap=False).world_seconds == 40 * 60


SLOW_SERVER = """
    import http from "node:http";
    const server = http.createServer((request, response) => {
      // 60 ms of real time, whatever the clocks say: a machine may be 20 times slower.
      const until = process.cpuUsage().user + 60_000;
      while (process.cpuUsage().user < until);
      response.write("ans");
      setInterval(() => response.end("wer"), 100);
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    server.unref();
    const url = `http://127.0.0.1:${server.address().port}/`;
    """


@pytest.mark.slow
@pytest.mark.parametrize(
    "ask",
    [
        "(await fetch(url)).text()",
        """new Promise((resolve, reject) => http.get(url, (response) => {
             let text = "";
             response.on("data", (piece) => { text += piece; }).on("end", () => resolve(text));
           }).on("error", reject))""",
    ],
)
def test_a_request_in_flight_holds_time_still(node: Runner, ask: str) -> None:
    """The time limit of a request does not fire while its answer is on its way."""
    done = node.run(
        SLOW_SERVER
        + f"""
    const limit = setTimeout(() => console.log(JSON.stringify("timed out")), 10_000);
    const text = await {ask};
    clearTimeout(limit);
    console.log(JSON.stringify(text));
    process.exit(0);
    """
    )
    assert done.printed == "answer"
    assert done.world_seconds == 0


def test_reading_a_file_holds_time_still(node: Runner) -> None:
    """A timer does not fire before the file is read, however long it is."""
    done = node.run(
        """
        import { readFile, writeFile } from "node:fs/promises";
        await writeFile("big", Buffer.alloc(50_000_000));
        const limit = setTimeout(() => console.log(JSON.stringify("timed out")), 1000);
        const { length } = await readFile("big");
        clearTimeout(limit);
        console.log(JSON.stringify(length));
        """
    )
    assert done.printed == 50_000_000


def test_child_processes_inherit(node: Runner) -> None:
    """A child skips its timers, starts with its parent's clock, and its parent waits for it."""
    done = node.run(
        """
        import { spawn } from "node:child_process";
        const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
        await wait(86400_000);
        const child = spawn(process.execPath, ["-e",
          "console.log(Date.now()); setTimeout(() => {}, 3600_000)"]);
        let text = "", isOver = false;
        child.stdout.on("data", (piece) => { text += piece; });
        child.on("close", () => { isOver = true; });
        while (!isOver) await wait(100);
        console.log(JSON.stringify(Number(text) - Date.now()));
        """
    )
    assert abs(done.printed) < REAL_SECONDS * 1000
    assert done.world_seconds == pytest.approx(90000, abs=2)


def test_a_server_that_is_gone(node: Runner) -> None:
    """The timer takes its time, the program goes on, and the log says why."""
    done = node.run(
        "setTimeout(() => console.log(1), 50)",
        url="http://127.0.0.1:9",
    )
    assert (done.printed, done.stderr) == (1, "")
    assert "a sleep of 0.05 s was not skipped" in done.log.errors[0]
