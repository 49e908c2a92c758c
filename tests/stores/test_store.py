"""What every store promises to the worlds that are kept in it."""

import signal
import subprocess
import sys
import time

import pytest

from mockbatch.errors import ApiError
from mockbatch.stores.store import (
    CHANGE,
    DUE,
    NOTHING,
    PLANNING,
    Store,
    Version,
    delivery_lock,
)


def create(store: Store, **cells: str) -> Version:
    """Create the world `w` with these cells."""
    return store.replace("w", NOTHING, "label", cells)


def test_a_store_without_the_world_says_so(store: Store, state_url: str) -> None:
    """A world that does not exist has the version NOTHING and no cells.

    The time is that of the store, unless its processes have one clock.
    """
    *changes, wall = store.pull("w", NOTHING)
    assert changes == [NOTHING, (), True]
    assert (wall is None) == state_url.startswith("sqlite")


def test_another_process_pulls_a_new_world_whole(store: Store, rival: Store) -> None:
    """A process that has not read a world gets all its cells, in the order of their addition."""
    version = create(store, b="1", a="2")
    pulled = rival.pull("w", NOTHING)
    assert pulled[:3] == (version, [("b", "1"), ("a", "2")], True)


def test_a_pull_returns_only_what_has_changed(store: Store, rival: Store) -> None:
    """A pull returns the cells that were committed after the version that the caller has seen."""
    seen = create(store, a="1", b="2")
    version = rival.commit("w", seen, {"b": "3", "c": "4"})
    pulled = store.pull("w", seen)
    assert pulled[:3] == (version, [("b", "3"), ("c", "4")], False)
    assert not store.pull("w", version).cells


def test_a_pull_names_removed_cells(store: Store, rival: Store) -> None:
    """A removed cell is pulled as None by those who may have it, and not at all by others."""
    seen = create(store, a="1", b="2")
    rival.commit("w", seen, {"a": None})
    assert store.pull("w", seen).cells == [("a", None)]
    assert store.pull("w", NOTHING).cells == [("b", "2")]


def test_many_removed_cells_are_forgotten(store: Store, rival: Store) -> None:
    """Those who missed more removals than a store remembers read the whole world again."""
    seen = create(store, kept="1", **{f"c{number}": "" for number in range(1500)})
    version = rival.commit("w", seen, {f"c{number}": None for number in range(1500)})
    assert store.pull("w", seen)[:3] == (version, [("kept", "1")], True)


def test_a_commit_on_an_old_version_is_refused_whole(store: Store, rival: Store) -> None:
    """A commit by someone who has not seen the last one is a 503, and changes nothing."""
    seen = create(store, a="1")
    version = rival.commit("w", seen, {"a": "2"})
    with pytest.raises(ApiError, match="it has changed meanwhile") as caught:
        store.commit("w", seen, {"a": "3", "b": "3"})
    assert (caught.value.status, caught.value.code) == (503, "state_unavailable")
    assert caught.value.headers["Retry-After"] == "1"
    assert store.pull("w", NOTHING)[:2] == (version, [("a", "2")])


def test_a_world_that_begins_again_is_another_one(store: Store, rival: Store) -> None:
    """After a reset all is read again, and a commit to what was there before is refused."""
    seen = create(store, a="1")
    version = rival.replace("w", seen, "label", {"b": "2"})
    assert version.id != seen.id
    assert store.pull("w", seen)[:3] == (version, [("b", "2")], True)
    with pytest.raises(ApiError):
        store.commit("w", Version(seen.id, version.number), {"a": "3"})
    with pytest.raises(ApiError):
        store.replace("w", seen, "label", {})


def test_a_removed_world_is_gone(store: Store, rival: Store) -> None:
    """A removed world has no cells and no records, and is not listed."""
    seen = create(store, a="1")
    store.append("w", "record", 10)
    rival.remove("w")
    assert store.pull("w", seen)[:3] == (NOTHING, (), True)
    assert not store.records("w")
    assert not store.count("w")
    assert not store.worlds()
    store.append("w", "record", 10)
    assert not store.records("w")


def test_there_is_room_for_so_many_worlds(store: Store, rival: Store) -> None:
    """One more is refused, whichever process creates it; those that are there may begin anew."""
    seen = {name: rival.replace(name, NOTHING, "", {}, most=2) for name in ("a", "b")}
    for cells in ({"a": "1"}, {}):
        with pytest.raises(ApiError, match="--limit worlds=N") as refused:
            store.replace("c", NOTHING, "", cells, most=2)
        assert (refused.value.status, refused.value.code) == (429, "too_many_worlds")
        assert refused.value.headers == {"x-should-retry": "false"}
    assert store.pull("c", NOTHING).version == NOTHING
    assert [name for name, _ in store.worlds()] == ["a", "b"]
    store.replace("a", seen["a"], "", {}, most=1)
    rival.remove("b")
    store.replace("c", NOTHING, "", {}, most=2)
    assert [name for name, _ in rival.worlds()] == ["a", "c"]


def test_a_refused_world_leaves_its_locks_free(store: Store, rival: Store) -> None:
    """Once there is room, another process may create it."""
    store.replace("a", NOTHING, "", {}, most=1)
    for lock in (PLANNING, CHANGE):
        store.acquire("b", lock)
    with pytest.raises(ApiError, match="--limit worlds=N"):
        store.replace("b", NOTHING, "", {}, most=1)
    for lock in (CHANGE, PLANNING):
        store.release("b", lock)
    assert rival.try_acquire_both("b", NOTHING) is not None
    for lock in (CHANGE, PLANNING):
        rival.release("b", lock)


def test_worlds_are_listed_in_order_of_creation(store: Store, rival: Store) -> None:
    """The worlds of a store are listed, the oldest first, each with its label."""
    for name in ("b", "a"):
        store.replace(name, NOTHING, f"label {name}", {})
    assert rival.worlds() == [("b", "label b"), ("a", "label a")]


def test_a_store_knows_which_worlds_are_due(store: Store, rival: Store) -> None:
    """A world whose cell `due` has a time is found from that time on."""
    now = time.time()
    for name, due in (("a", now - 1), ("b", now + 3600), ("c", "null")):
        store.replace(name, NOTHING, f"label {name}", {DUE: str(due)})
    assert rival.due() == [("a", "label a")]


def test_records_are_numbered_and_bounded(store: Store, rival: Store) -> None:
    """Records get numbers from 1 in the order of all processes, and the oldest are dropped."""
    create(store)
    for one, text in ((store, "x"), (rival, "y"), (store, "z")):
        one.append("w", text, 2)
    assert (rival.records("w"), rival.count("w")) == ([(2, "y"), (3, "z")], 3)


def test_a_world_may_begin_with_records(store: Store) -> None:
    """A world that begins again has the records that it is given, and their numbers."""
    seen = create(store)
    store.append("w", "old", 10)
    store.replace("w", seen, "", {}, ["x", "y"], 7)
    assert (store.records("w"), store.count("w")) == ([(6, "x"), (7, "y")], 7)
    store.append("w", "z", 2)
    assert store.records("w") == [(7, "y"), (8, "z")]


def test_a_lock_excludes_other_processes(store: Store, rival: Store) -> None:
    """A lock is had by one process at a time; other locks, and those of other worlds, are free."""
    store.acquire("w", CHANGE)
    assert not rival.try_acquire("w", CHANGE)
    assert rival.try_acquire("w", PLANNING)
    assert rival.try_acquire("other", CHANGE)
    store.release("w", CHANGE)
    assert rival.try_acquire("w", CHANGE)
    for world, lock in (("w", CHANGE), ("w", PLANNING), ("other", CHANGE)):
        rival.release(world, lock)


def test_two_locks_are_acquired_at_once(store: Store, rival: Store) -> None:
    """If both are free, they are had, and the changes since are returned; else neither is."""
    seen = create(store, a="1")
    version = rival.commit("w", seen, {"a": "2"})
    assert store.try_acquire_both("w", seen)[:2] == (version, [("a", "2")])
    assert not rival.try_acquire("w", PLANNING)
    assert not rival.try_acquire("w", CHANGE)
    assert rival.try_acquire_both("w", seen) is None
    store.release("w", CHANGE)
    assert rival.try_acquire("w", CHANGE)
    store.release("w", PLANNING)
    assert store.try_acquire_both("w", seen) is None
    assert rival.try_acquire("w", PLANNING)
    for lock in (CHANGE, PLANNING):
        rival.release("w", lock)


def test_a_commit_leaves_a_lock_that_was_acquired_before(store: Store, rival: Store) -> None:
    """A command that holds PLANNING for longer than a change still has it afterwards."""
    seen = create(store, a="1")
    store.acquire("w", PLANNING)
    store.acquire("w", CHANGE)
    store.commit("w", seen, {"a": "2"})
    store.release("w", CHANGE)
    assert not rival.try_acquire("w", PLANNING)
    store.release("w", PLANNING)


HOLDER = """
import sys, time
from mockbatch.stores.location import open_store
store = open_store(sys.argv[1])
store.acquire("w", sys.argv[2])
print("acquired", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("lock", [CHANGE, PLANNING, delivery_lock(1)])
def test_the_locks_of_a_killed_process_are_free_at_once(
    store: Store, state_url: str, lock: str
) -> None:
    """A process that is killed holds no other up."""
    command = [sys.executable, "-c", HOLDER, state_url, lock]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"acquired\n"
        assert not store.try_acquire("w", lock)
        holder.send_signal(signal.SIGKILL)
    store.acquire("w", lock)
    store.release("w", lock)
