"""A file of SQLite that is missing, broken or of another version."""

import gc
import sqlite3
import threading
from pathlib import Path

import pytest

from mockbatch.errors import ApiError
from mockbatch.stores.location import default_files_folder, open_blobs, open_store
from mockbatch.stores.sqlite import SqliteStore
from mockbatch.stores.store import NOTHING


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
    with pytest.raises(ValueError, match=reason):
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


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    """A file that a later version has written is not touched."""
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ValueError, match="of another version of mockbatch"):
        open_store(f"sqlite:///{path}")


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    """Nothing is added to a database that has tables already, and it is not changed at all."""
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE accounts (name TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(ValueError, match="is of another program"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path], "something was left beside it"


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """It was a 500 for each upload."""
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="cannot be made: File exists"):
        open_blobs("sqlite:///state.db", str(dangling))


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """A file with something else in it is refused at the start."""
    path = tmp_path / "state.db"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(ValueError, match="not a database"):
        open_store(f"sqlite:///{path}")


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


def test_a_file_that_was_removed_begins_anew(tmp_path: Path) -> None:
    """Where the file was removed, a new and empty one takes its place."""
    path = tmp_path / "state.db"
    store = open_store(f"sqlite:///{path}")
    version = store.replace("w", NOTHING, "", {"a": "1"})
    for file in tmp_path.glob("state.db*"):
        if file.is_file():
            file.unlink()
    assert store.pull("w", version).version == NOTHING
    store.close()


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
