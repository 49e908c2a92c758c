"""Locks in a folder whose holder is busy, or has stopped."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import rmtree
from threading import Event, current_thread
from time import monotonic

import pytest

from mockbatch.errors import ApiError
from mockbatch.stores import file_lock, waits
from mockbatch.stores.file_lock import FileLocks, lock_folder
from mockbatch.stores.store import LOCK_SECONDS
from tests.support.unstartable_thread import UnstartableThread


@pytest.fixture
def holder(tmp_path: Path) -> FileLocks:
    """Return the locks of a process that has one."""
    locks = FileLocks(tmp_path)
    locks.acquire("a", LOCK_SECONDS)
    return locks


@pytest.fixture
def waiter(tmp_path: Path) -> FileLocks:
    """Return the locks of another process."""
    return FileLocks(tmp_path)


def test_a_busy_holder_is_waited_for(
    holder: FileLocks, waiter: FileLocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is at it for longer than one that has stopped may be is not given up."""
    monkeypatch.setattr(file_lock, "WAIT_SECONDS", 1.0)

    def wait() -> None:
        waiter.acquire("a", LOCK_SECONDS)
        waiter.release("a")

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        Event().wait(3)
        assert not waiting.done()
        holder.release("a")
        waiting.result(LOCK_SECONDS)


def test_a_stopped_holder_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first wait is short, the next ones are over at once, and it may go on."""
    waited: list[float] = []
    this_thread = current_thread()

    class Counted(Event):
        def wait(self, seconds: float | None = None) -> bool:
            if current_thread() is not this_thread:  # one that touches the locks of another test
                return super().wait(seconds)
            waited.append(seconds or 0)
            return False

    with monkeypatch.context() as context:
        context.setattr(FileLocks, "_touch_held", lambda _: None)  # as if it had been stopped
        holder = FileLocks(tmp_path)
        holder.acquire("a", LOCK_SECONDS)
    waiter = FileLocks(tmp_path)
    monkeypatch.setattr(waits, "Event", Counted)
    with pytest.raises(ApiError, match="has stopped") as caught:
        waiter.acquire("a", None)
    assert (caught.value.status, caught.value.headers["Retry-After"]) == (503, "1")
    assert 1.9 < sum(waited) < 2.1
    waited.clear()
    with pytest.raises(ApiError, match="has stopped"):
        waiter.acquire("a", None)
    assert waited == []
    holder.release("a")
    waiter.acquire("a", None)
    waiter.release("a")


def test_a_holder_that_never_ends_is_given_up_in_the_end(
    holder: FileLocks, waiter: FileLocks
) -> None:
    """A process that goes on is waited for as long as the caller wants."""
    begun = monotonic()
    with pytest.raises(ApiError, match="another process is busy with it"):
        waiter.acquire("a", 0.1)
    assert monotonic() - begun < LOCK_SECONDS
    holder.release("a")


def test_a_folder_that_was_removed_is_made_again(tmp_path: Path) -> None:
    """Each change was a 503 from then on."""
    locks = FileLocks(tmp_path / "locks")
    locks.acquire("a", LOCK_SECONDS)
    locks.release("a")
    rmtree(tmp_path / "locks")
    locks.acquire("a", LOCK_SECONDS)
    locks.release("a")
    assert (tmp_path / "locks").stat().st_mode & 0o777 == 0o700


def test_a_lock_whose_file_is_removed_is_held_by_one_process(tmp_path: Path) -> None:
    """One that has opened the old file just before does not get that of the new one's holder."""
    locks, rival = FileLocks(tmp_path), FileLocks(tmp_path)
    locks.make_folder()
    opened = locks._open

    def open_and_lose(name: str) -> int:
        descriptor = opened(name)
        locks._open = opened  # type: ignore[method-assign]
        rival.remove_all(name)
        assert rival.try_acquire(name)
        return descriptor

    locks._open = open_and_lose  # type: ignore[method-assign]
    assert not locks.try_acquire("a")
    rival.release("a")
    assert locks.try_acquire("a")
    locks.release("a")


def test_a_process_that_can_start_no_thread_releases_its_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file was locked until the process ended."""
    locks, rival = FileLocks(tmp_path), FileLocks(tmp_path)
    with monkeypatch.context() as context:
        context.setattr(file_lock, "Thread", UnstartableThread)
        assert locks.try_acquire("a")
    assert not rival.try_acquire("a")
    locks.release("a")
    assert rival.try_acquire("a")
    rival.release("a")


def test_a_lock_that_is_removed_while_it_is_waited_for_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Someone removes the files of a store while several processes use it."""
    holder, waiter = FileLocks(tmp_path / "locks"), FileLocks(tmp_path / "locks")
    holder.acquire("a", LOCK_SECONDS)
    is_free = waiter.try_acquire

    def remove_after(name: str) -> bool:
        found = is_free(name)
        if not found:
            rmtree(tmp_path / "locks")
        return found

    monkeypatch.setattr(waiter, "try_acquire", remove_after)
    waiter.acquire("a", LOCK_SECONDS)
    for locks in (holder, waiter):
        locks.release("a")


def test_an_error_names_no_path(tmp_path: Path) -> None:
    """Clients need not know where the store of their server is."""
    with pytest.raises(ApiError, match=r"now: No such file or directory\. Nothing"):
        FileLocks(tmp_path / "gone" / "locks").acquire("a", LOCK_SECONDS)


def test_a_folder_is_held_by_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread or process waits, but not for ever, and no file is left."""
    monkeypatch.setattr(file_lock, "WAIT_SECONDS", 0.05)
    with lock_folder(str(tmp_path)), pytest.raises(TimeoutError), lock_folder(str(tmp_path)):
        pass
    with lock_folder(str(tmp_path)):
        assert list(tmp_path.iterdir()) == []
