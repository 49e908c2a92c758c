"""Contents that are removed some seconds late."""

import subprocess
import sys
from pathlib import Path

import pytest

from mockbatch.stores import late_removal
from mockbatch.stores.blobs import FolderBlobs
from mockbatch.stores.failure import state_timeout
from mockbatch.stores.late_removal import LateRemoval
from mockbatch.web.context import EXTENSION
from tests.support.caller import Caller, app_of, lines
from tests.support.webhook_recorder import wait_until

WORLD = "a-world"


def put(blobs: LateRemoval, count: int) -> list[str]:
    """Return the names of so many new contents."""
    return [blobs.put(WORLD, [b"one"]) for _ in range(count)]


def test_a_content_can_be_read_until_it_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is removed after the delay, as are those that come later."""
    monkeypatch.setattr(late_removal, "DELAY_SECONDS", 0.2)
    blobs = LateRemoval(FolderBlobs(tmp_path))
    first, second = put(blobs, 2)
    blobs.remove(WORLD, first)
    with blobs.open(WORLD, first) as content:
        assert content.read() == b"one"
    wait_until(lambda: set(blobs.names(WORLD)) == {second})
    blobs.remove(WORLD, second)
    assert blobs.names(WORLD)
    wait_until(lambda: not blobs.names(WORLD))


def test_what_is_noted_is_removed_at_the_end(tmp_path: Path) -> None:
    """By `close`, and without a delay after it."""
    blobs = LateRemoval(FolderBlobs(tmp_path))
    first, second, third = put(blobs, 3)
    blobs.remove(WORLD, first)
    blobs.close()
    assert set(blobs.names(WORLD)) == {second, third}
    blobs.remove(WORLD, second)
    wait_until(lambda: blobs.names(WORLD) == [third])


def test_a_process_that_ends_removes_what_is_noted(tmp_path: Path) -> None:
    """A worker of gunicorn closes nothing."""
    program = """
import sys
from pathlib import Path
from mockbatch.stores.blobs import FolderBlobs
from mockbatch.stores.late_removal import LateRemoval
blobs = LateRemoval(FolderBlobs(Path(sys.argv[1])))
blobs.remove("w", blobs.put("w", [b"one"]))
assert blobs.names("w")
"""
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)
    assert not list(tmp_path.iterdir())


def test_a_content_that_cannot_be_removed_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the reason, and the others are removed."""
    blobs = LateRemoval(FolderBlobs(tmp_path))
    stays, *others = put(blobs, 3)
    path = tmp_path / WORLD / stays[:2] / stays
    path.unlink()
    path.mkdir()
    for name in (stays, *others):
        blobs.remove(WORLD, name)
    blobs.close()
    assert blobs.names(WORLD) == [stays]
    assert len(caplog.messages) == 1
    assert "could not be removed" in caplog.text


def test_a_store_that_hangs_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A process with many contents to remove ends all the same."""

    def hang(*_: object) -> None:
        raise state_timeout()

    monkeypatch.setattr(FolderBlobs, "remove", hang)
    blobs = LateRemoval(FolderBlobs(tmp_path))
    for name in put(blobs, 3):
        blobs.remove(WORLD, name)
    blobs.close()
    assert len(caplog.messages) == 1


def test_a_request_that_has_begun_can_read_what_another_server_deletes(tmp_path: Path) -> None:
    """It was a 503 that went away when the request was repeated."""
    apps = [app_of(server={"state": f"sqlite:///{tmp_path}/state.db"}) for _ in range(2)]
    one, other = map(Caller, apps)
    id = one.upload(lines(1))["id"]
    worlds = apps[0].extensions[EXTENSION].worlds
    [world] = worlds.all().values()
    other.good(other.delete(f"/v1/files/{id}"))
    assert b"".join(world.file(id).content.chunks()) == lines(1)
    for app in apps:
        app.extensions[EXTENSION].worlds.close()
    assert not list(tmp_path.joinpath("state.db-files").iterdir())
