"""A file of SQLite that is missing, broken or of another version."""

import gc
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from mockbatch.errors import ApiError
from mockbatch.stores import sqlite
from mockbatch.stores.location import check_store, default_files_folder, open_blobs, open_store
from mockbatch.stores.sqlite import SqliteStore
from mockbatch.stores.store import NOTHING, Version


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite://", "does not name a file"),
        ("sqlite://host/file", "does not name a file"),
        ("sqlite:///file?mode=ro", "does not name a file"),
        ("sqlite:///file#1", "does not name a file"),
        ("sqlite:state.db", "does not name a file"),
        ("sqlite:/state.db", "does not name a file"),
        ("sqlite:///.", "does not name a file"),
        ("sqlite:///folder/..", "does not name a file"),
        ("sqlite:///folder/", "does not name a file"),
        ("sqlite:///a%00b", "does not name a file"),
        ("sqlite:////", "does not name a file"),
        ("sqlite:////tmp", "/tmp is a folder: name a file"),
        ("redis://host/abc", "'abc' is not the number of a database"),
        ("redis://host/0/1", "'0/1' is not the number of a database"),
        ("redis://host?password=x&foo=2", "not know one of these options: password, foo$"),
        ("mysql://host", "'mysql' is not a store"),
        ("state.db", "'state.db' is not a store"),
    ],
)
def test_a_url_that_names_no_store_is_refused(url: str, reason: str) -> None:
    """What is wrong with a URL is said in one line."""
    with pytest.raises(ValueError, match=reason):  # noqa: PT012 - a server does both
        check_store(url)
        open_store(url)


def test_memory_has_no_store() -> None:
    """Worlds in memory are kept by no store."""
    assert open_store("memory") is None
    assert default_files_folder("memory") is None


def test_a_path_may_be_relative_or_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three slashes begin a relative path, four an absolute one."""
    monkeypatch.chdir(tmp_path)
    open_store("sqlite:///a%20b.db").close()
    open_store(f"sqlite:///{tmp_path}/c.db").close()
    assert (tmp_path / "a b.db").exists()
    assert (tmp_path / "c.db").exists()
    assert default_files_folder("sqlite:///c.db") == Path("c.db-files")
    open_store("SQLITE:///d.db").close()
    assert default_files_folder("SQLITE:///d.db") == Path("d.db-files")


def test_a_file_may_have_a_name_that_sqlite_gives_to_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each thread had a store of its own."""
    monkeypatch.chdir(tmp_path)
    open_store("sqlite:///:memory:").replace("w", NOTHING, "", {})
    assert open_store("sqlite:///:memory:").worlds() == [("w", "")]


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    """A file that a later version has written is not touched."""
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ValueError, match="of another version of mockbatch: use that version, name"):
        open_store(f"sqlite:///{path}")


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    """Nothing is added to a database that has tables already, and it is not changed at all."""
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE accounts (name TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(ValueError, match="is of another program: name another file"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path], "something was left beside it"


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """It was a 500 for each upload."""
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="cannot be made: File exists"):
        open_blobs("sqlite:///state.db", str(dangling))


def test_a_file_that_is_damaged_is_refused(tmp_path: Path) -> None:
    """The message says that, and what to do."""
    path = tmp_path / "state.db"
    SqliteStore(path).close()
    data = path.read_bytes()
    path.write_bytes(data[:100] + b"\xff" * (len(data) - 100))
    advice = re.escape(f"{path} is damaged: restore a backup, or remove {path}* to begin anew")
    with pytest.raises(ValueError, match=f"^{advice}$"):
        open_store(f"sqlite:///{path}")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """A file with something else in it is refused at the start."""
    path = tmp_path / "state.db"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(ValueError, match=f"^{path} is not a SQLite file: name another one$"):
        open_store(f"sqlite:///{path}")


def test_a_file_that_cannot_be_opened_is_refused_with_the_reason(tmp_path: Path) -> None:
    """The message does not advise to try again, as it does to a client."""
    path = tmp_path / "state.db"
    SqliteStore(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as rival:
        rival.execute("PRAGMA locking_mode = EXCLUSIVE")
        rival.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ValueError, match=f"^{path} cannot be opened: database is locked$"):
            open_store(f"sqlite:///{path}")
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"/file/state.db cannot be opened: [A-Z][a-z ]+$"):
        open_store(f"sqlite:///{tmp_path}/file/state.db")


def test_a_file_that_breaks_later_is_a_503(tmp_path: Path) -> None:
    """A file that was overwritten while the server ran is a 503, and used again once restored."""
    path = tmp_path / "state.db"
    store = open_store(f"sqlite:///{path}")
    version = store.replace("w", NOTHING, "", {"a": "1"})
    store.close()
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(ApiError) as caught:
        store.pull("w", version)
    assert (caught.value.status, caught.value.code) == (503, "state_unavailable")
    path.unlink()
    path.write_bytes(whole)
    assert store.pull("w", version).version == version
    store.close()


@pytest.mark.parametrize("left", [(), ("-wal", "-shm")], ids=["no log", "its log"])
def test_a_file_that_was_removed_begins_anew(tmp_path: Path, left: tuple[str, ...]) -> None:
    """A new one takes its place in all threads, even if its log is still there."""
    path = tmp_path / "state.db"
    store = open_store(f"sqlite:///{path}")
    version = store.replace("w", NOTHING, "", {"a": "1"})
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(store.pull, "w", NOTHING).result().version == version
        for ending in {"", "-wal", "-shm"} - set(left):
            path.with_name(f"state.db{ending}").unlink()
        assert store.pull("w", version).version == NOTHING
        again = store.replace("w", NOTHING, "", {"b": "2"})
        assert pool.submit(store.pull, "w", version).result().cells == [("b", "2")]
        assert pool.submit(store.commit, "w", again, {"b": "3"}).result().number == 2
    assert store.pull("w", again).cells == [("b", "3")]
    store.close()


def test_a_log_that_was_removed_later_harms_nobody(tmp_path: Path) -> None:
    """As when files are removed one by one: the next request made the others again meanwhile."""
    store = SqliteStore(tmp_path / "state.db")
    version = store.replace("w", NOTHING, "", {"a": "1"})
    for ending in ("wal", "shm"):
        (tmp_path / f"state.db-{ending}").unlink()
    pulled = []
    thread = threading.Thread(target=lambda: pulled.append(store.pull("w", NOTHING).version))
    thread.start()
    thread.join()
    assert pulled[0] in (NOTHING, version)
    assert store.pull("w", NOTHING).version == pulled[0]
    store.replace("other", NOTHING, "", {})
    rival = SqliteStore(tmp_path / "state.db")
    assert rival.pull("other", NOTHING).version != NOTHING
    for one in (store, rival):
        one.close()


def test_a_closed_store_leaves_only_its_file(tmp_path: Path) -> None:
    """Not a log beside it: neither threads that go on nor later uses keep the file open."""
    store = SqliteStore(tmp_path / "state.db")
    store.replace("w", NOTHING, "", {"a": "1"})
    is_read, is_closed = threading.Event(), threading.Event()

    def use() -> None:
        store.worlds()
        is_read.set()
        is_closed.wait()
        store.append("w", "record", 10)

    thread = threading.Thread(target=use)
    thread.start()
    is_read.wait()
    with store._connections.using():  # a thread that is not through with its request
        closing_it = threading.Thread(target=store.close)
        closing_it.start()
        closing_it.join()
    names = {path.name for path in tmp_path.iterdir()}
    is_closed.set()
    thread.join()
    assert store.count("w") == 1
    assert {path.name for path in tmp_path.iterdir()} == names == {"state.db", "state.db-locks"}


def test_all_files_are_for_their_owner_only(tmp_path: Path) -> None:
    """Other users of the machine cannot read what clients have sent."""
    store = SqliteStore(tmp_path / "state.db")
    store.replace("w", NOTHING, "", {"a": "1"})
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    files = dict.fromkeys(("state.db", "state.db-shm", "state.db-wal"), 0o600)
    assert modes == {**files, "state.db-locks": 0o700}
    store.close()


OPEN_EACH = """
import sys
from pathlib import Path
from mockbatch.stores.sqlite import SqliteStore
for number in sys.stdin:
    SqliteStore(Path(sys.argv[1]) / number.strip()).close()
    print("opened", flush=True)
"""


def test_several_processes_may_create_a_file(tmp_path: Path) -> None:
    """None of them finds it locked by another; one open of a hundred did."""
    command = [sys.executable, "-c", OPEN_EACH, str(tmp_path)]
    with ExitStack() as stack:
        openers = [
            stack.enter_context(
                subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
                )
            )
            for _ in range(4)
        ]
        for number in range(150):
            for opener in openers:
                opener.stdin.write(f"{number}.db\n")
            assert [opener.stdout.readline() for opener in openers] == ["opened\n"] * 4
        for opener in openers:
            opener.stdin.close()


def test_a_full_disk_refuses_a_commit(tmp_path: Path) -> None:
    """A commit for which there is no room is a 507, and changes nothing."""
    store = SqliteStore(tmp_path / "state.db")
    version = store.replace("w", NOTHING, "", {"a": "1"})
    with store._connections.using() as connection:
        [(pages,)] = connection.execute("PRAGMA page_count")
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(ApiError) as caught:
        store.commit("w", version, {"a": "x" * 1_000_000})
    assert (caught.value.status, caught.value.type) == (507, "server_error")
    assert store.pull("w", NOTHING).cells == [("a", "1")]
    assert store.commit("w", version, {"a": "2"}).number == 2
    store.close()


def test_a_thread_that_ended_leaves_no_open_connection(tmp_path: Path) -> None:
    """Python 3.13 and later warn of each, which fails this test."""
    store = SqliteStore(tmp_path / "state.db")
    thread = threading.Thread(target=store.worlds)
    thread.start()
    thread.join()
    store.close()
    gc.collect()


def follow(store: SqliteStore, cells: Mapping[str, str], seen: Version) -> Mapping[str, str | None]:
    """Return the cells of a replica, which has these of the version `seen`, after a pull."""
    changes = store.pull("w", seen)
    known: Mapping[str, str | None] = {} if changes.is_whole else cells
    return {name: text for name, text in {**known, **dict(changes.cells)}.items() if text}


@pytest.mark.parametrize("change", ["reset", "removals"])
def test_a_change_while_a_pull_begins_is_pulled_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """A pull has looked at the version, and begins to read: what it reads may be a later one."""
    monkeypatch.setattr(sqlite, "_MOST_REMOVED", 1)
    store, rival = (SqliteStore(tmp_path / "state.db") for _ in range(2))
    cells = {"settings": "1", "file:1": "1", "file:2": "1"}
    seen = store.replace("w", NOTHING, "", cells)
    later = rival.commit("w", seen, {"now": "2"})
    made: list[Version] = []

    def interfere(statement: str) -> None:
        if statement != "BEGIN":
            return
        if change == "reset":
            made.append(rival.replace("w", later, "", {"settings": "2"}))
        else:
            made.append(rival.commit("w", later, {"file:1": None, "file:2": None}))

    with store._connections.using() as connection:
        connection.set_trace_callback(interfere)
        pulled = follow(store, cells, seen)
        connection.set_trace_callback(None)
    assert len(made) == 1, "the rival has not come between"
    assert pulled == follow(rival, {}, NOTHING)
    for one in (store, rival):
        one.close()
