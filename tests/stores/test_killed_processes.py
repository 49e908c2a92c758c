"""A process that dies or stops in the middle of a command harms no other."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mockbatch.stores.store import LOCK_SECONDS
from tests.support.processes import LINE, process_serving

# Stops a server in the middle of the commit that adds a batch, before it takes effect.
STOP_BEFORE_COMMIT = """
import time
from mockbatch.stores import redis, sqlite
def stopping(commit):
    def stop(self, world, seen, cells):
        if any(name.startswith("batch:") for name in cells):
            print("stopped", flush=True)
            time.sleep(600)
        return commit(self, world, seen, cells)
    return stop
for kind in (redis.RedisStore, sqlite.SqliteStore):
    kind.commit = stopping(kind.commit)
"""

# Its locks expire only after ten minutes, and others wait half a minute for them.
LONG_LEASE = """
from mockbatch.stores import redis_locks
redis_locks._LEASE_MILLISECONDS = 600_000
"""

# The same, until a line comes on standard input.
PAUSE_BEFORE_COMMIT = STOP_BEFORE_COMMIT.replace(
    "time.sleep(600)", "__import__('sys').stdin.readline()"
)


# Stops a server that plans a batch, which changes the world only afterwards if it has many lines.
PAUSE_WHILE_PLANNING = """
import sys
from mockbatch.batch import create
def stopping(plan):
    def stop(*arguments):
        print("stopped", flush=True)
        sys.stdin.readline()
        return plan(*arguments)
    return stop
create.create_batch = stopping(create.create_batch)
"""


def test_a_killed_process_leaves_nothing_half_done(state_url: str) -> None:
    """A server that is killed before its commit delays no other, and its batch was never there."""
    state, key = state_url, "sk-killed"
    with (
        process_serving(state) as server,
        process_serving(state, before=LONG_LEASE + STOP_BEFORE_COMMIT) as doomed,
        ThreadPoolExecutor(1) as pool,
    ):
        file_id = server.upload(key)
        first = server.create(key, file_id).json["id"]
        lost = pool.submit(doomed.create, key, file_id)
        while doomed.process.stdout.readline() != "stopped\n":
            pass
        doomed.kill()
        second = server.create(key, file_id)
        assert second.status == 200
        with pytest.raises(ConnectionError):
            lost.result()
        listed = [batch["id"] for batch in server.get(key, "/v1/batches")["data"]]
        assert listed == [second.json["id"], first]
        assert server.get(key, "/_mock/state")["numbers"]["batch"] == 2


@pytest.mark.slow
def test_a_stopped_process_makes_no_other_wait_for_long(tmp_path: Path) -> None:
    """With SQLite, changes of its world are 503s until it goes on; then its own change is made."""
    state, key = f"sqlite:///{tmp_path}/state.db", "sk-stopped"
    with (
        process_serving(state) as server,
        process_serving(state, before=PAUSE_BEFORE_COMMIT) as stopped,
        ThreadPoolExecutor(1) as pool,
    ):
        file_id = server.upload(key)
        delayed = pool.submit(stopped.create, key, file_id)
        while stopped.process.stdout.readline() != "stopped\n":
            pass
        stopped.process.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        for _ in range(3):  # the second and the third time nothing is waited for
            answer = server.create(key, file_id)
            assert (answer.status, answer.json["error"]["code"]) == (503, "state_unavailable")
            assert answer.headers["Retry-After"] == "1"
            assert "has stopped" in answer.json["error"]["message"]
        assert time.monotonic() - begun < LOCK_SECONDS
        assert server.get(key, "/v1/batches")["data"] == []
        assert server.upload("sk-other")  # another world
        stopped.process.send_signal(signal.SIGCONT)
        stopped.process.stdin.write("go on\n")
        stopped.process.stdin.flush()
        made = delayed.result().json["id"]
        later = server.create(key, file_id).json["id"]
        assert [batch["id"] for batch in server.get(key, "/v1/batches")["data"]] == [later, made]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pause", "line_count"),
    [(PAUSE_BEFORE_COMMIT, 1), (PAUSE_WHILE_PLANNING, 1001)],
    ids=["before its commit", "while it plans a long batch"],
)
def test_a_stopped_process_is_refused_when_it_goes_on(
    empty_redis: str, pause: str, line_count: int
) -> None:
    """It loses its lock to another server once that expires; its own change is never made."""
    state, key = empty_redis, f"sk-stopped-{line_count}"
    with (
        process_serving(state) as server,
        process_serving(state, before=pause) as stopped,
        ThreadPoolExecutor(1) as pool,
    ):
        file_id = server.upload(key, LINE * line_count)
        refused = pool.submit(stopped.create, key, file_id)
        while stopped.process.stdout.readline() != "stopped\n":
            pass
        stopped.process.send_signal(signal.SIGSTOP)
        made = server.create(key, file_id)
        assert made.status == 200
        stopped.process.send_signal(signal.SIGCONT)
        stopped.process.stdin.write("go on\n")
        stopped.process.stdin.flush()
        answer = refused.result()
        assert (answer.status, answer.json["error"]["code"]) == (503, "state_unavailable")
        for one in (server, stopped):
            assert [batch["id"] for batch in one.get(key, "/v1/batches")["data"]] == [
                made.json["id"]
            ]
