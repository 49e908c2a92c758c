"""`mockbatch serve --state`: where it cannot keep its worlds, and what it leaves when it stops."""

from pathlib import Path

import pytest

from tests.support.commands import Run, read_error


@pytest.mark.parametrize("state", ["sqlite:///state.db", "redis://127.0.0.1:1"])
def test_a_folder_for_files_that_cannot_be_made_is_reported(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """The error names --files, and nothing has been made for --state."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    done = run("serve", "--state", state, "--files", "file/folder")
    line = read_error(done)
    assert "Invalid value for '--files': the folder file/folder cannot be made: Not a" in line
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_for_files_that_cannot_be_written_is_reported(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server started, and each upload was a 500."""

    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    done = run("serve", "--state", f"sqlite:///{tmp_path}/state.db", "--files", tmp_path / "files")
    line = read_error(done)
    assert "Invalid value for '--files': the folder" in line
    assert line.endswith("cannot be written: Permission denied")


def test_a_folder_for_files_needs_a_state(run: Run, tmp_path: Path) -> None:
    """It was ignored, and the contents were lost with the process."""
    line = read_error(run("serve", "--files", tmp_path / "files"))
    assert "--files needs --state sqlite:///FILE or --state redis://HOST" in line
    assert not (tmp_path / "files").exists()
