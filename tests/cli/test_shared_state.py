"""`mockbatch serve --state`: where it cannot keep its worlds, and what it leaves when it stops."""

import shutil
import signal
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from mockbatch.stores.location import open_blobs
from tests.cli.conftest import Serve, submit
from tests.support.commands import read_error, run_process


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_stops_leaves_all_in_the_file(
    serve: Serve, tmp_path: Path, workers: int, by: int
) -> None:
    """No log is left beside it, so a copy of the file and its two folders is whole."""
    folder = tmp_path / "before"
    state = f"sqlite:///{folder}/state.db"
    server = serve("--workers", workers, "--state", state, "--clock", "manual")
    made = {submit(server.client(), 1).id for _ in range(6)}
    assert server.stop(by)[0] == 0
    names = {path.name for path in folder.iterdir()}
    assert names == {"state.db", "state.db-files", "state.db-locks"}
    copy = tmp_path / "after"
    shutil.copytree(folder, copy)
    again = serve("--state", f"sqlite:///{copy}/state.db", "--clock", "manual")
    assert {batch.id for batch in again.client().batches.list()} == made


@pytest.mark.parametrize(
    "removed", [["state.db"], ["state.db", "state.db-files", "state.db-locks"]]
)
def test_workers_begin_anew_when_files_are_removed(
    serve: Serve, tmp_path: Path, removed: Sequence[str]
) -> None:
    """Even if the log stays, which belongs to the old file; each change was a 503 for ever."""
    state = f"sqlite:///{tmp_path}/state.db"
    server = serve("--workers", 2, "--state", state, "--clock", "manual")
    for _ in range(4):
        submit(server.client(), 1)
    for name in removed:
        path = tmp_path / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    made = {submit(server.client(), 1).id for _ in range(8)}
    for _ in range(8):
        assert {batch.id for batch in server.client().batches.list()} == made


@pytest.mark.parametrize("state", ["sqlite:///state.db", "redis://127.0.0.1:1"])
def test_a_folder_for_files_that_cannot_be_made_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """The error names --files, and nothing has been made for --state."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    done = run_process("serve", "--state", state, "--files", "file/folder")
    line = read_error(done)
    assert "Invalid value for '--files': the folder file/folder cannot be made: Not a" in line
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_for_files_that_cannot_be_written_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server started, and each upload was a 500."""

    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(ValueError, match="cannot be written: Permission denied"):
        open_blobs(f"sqlite:///{tmp_path}/state.db", str(tmp_path / "files"))


def test_a_folder_for_files_needs_a_state(tmp_path: Path) -> None:
    """It was ignored, and the contents were lost with the process."""
    line = read_error(run_process("serve", "--files", tmp_path / "files"))
    assert "--files needs --state sqlite:///FILE or --state redis://HOST" in line
    assert not (tmp_path / "files").exists()


def test_a_state_of_another_version_is_reported(tmp_path: Path) -> None:
    """The error says what to do, and does not advise to try again."""
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    line = read_error(run_process("serve", "--port", 0, "--state", f"sqlite:///{path}"))
    assert f"Invalid value for '--state': {path} is of another version of mockbatch" in line
    assert line.endswith(f"use that version, name another file, or remove {path}* to begin anew")
