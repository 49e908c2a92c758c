"""Contents in a folder."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mockbatch.errors import ApiError
from mockbatch.stores.blobs import FolderBlobs


def test_a_content_is_read_by_its_name(tmp_path: Path) -> None:
    """What was put can be read with its name and world."""
    name = FolderBlobs(tmp_path).put("w", [b"one", b"two"])
    with FolderBlobs(tmp_path).open("w", name) as content:
        assert content.read() == b"onetwo"


def test_a_content_that_is_not_there_is_a_503(tmp_path: Path) -> None:
    """A content that was removed is an error of the server, which names no path."""
    blobs = FolderBlobs(tmp_path)
    name = blobs.put("w", [b""])
    blobs.remove("w", name)
    with pytest.raises(ApiError, match="does not find the content of this file") as caught:
        blobs.open("w", name)
    assert caught.value.status == 503


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _link(path: Path) -> None:
    path.symlink_to(__file__)


@pytest.mark.parametrize("make", [_pipe, _link, Path.mkdir])
def test_what_is_no_regular_file_is_a_500_at_once(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    """A pipe would be waited for, and a link may lead out of the folder."""
    blobs = FolderBlobs(tmp_path)
    name = blobs.put("w", [b"one"])
    [path] = (path for path in tmp_path.rglob("*") if path.is_file())
    path.unlink()
    make(path)
    next_descriptor = os.dup(0)
    os.close(next_descriptor)
    with pytest.raises(ApiError, match="cannot read the content") as caught:
        blobs.open("w", name)
    assert caught.value.status == 500
    assert os.dup(0) == next_descriptor, "it left a descriptor open"
    os.close(next_descriptor)


def test_too_many_open_files_are_not_taken_for_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server has an error of its own for them, which says what to do."""
    name = FolderBlobs(tmp_path).put("w", [b"one"])

    def refuse(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OSError, match="Too many open files"):
        FolderBlobs(tmp_path).open("w", name)


@pytest.mark.parametrize(
    ("number", "status", "message"),
    [
        (errno.ENOSPC, 507, "has no room left: No space left"),
        (errno.EACCES, 503, "a content cannot be written: Permission denied"),
    ],
)
def test_a_write_that_fails_leaves_nothing(
    tmp_path: Path, number: int, status: int, message: str
) -> None:
    """A content that could not be written whole is not there at all; the error names no path."""

    def broken() -> Iterator[bytes]:
        yield b"one"
        raise OSError(number, os.strerror(number), str(tmp_path))

    with pytest.raises(ApiError, match=message) as caught:
        FolderBlobs(tmp_path).put("w", broken())
    assert caught.value.status == status
    assert str(tmp_path) not in str(caught.value)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_folder_that_cannot_be_written_is_a_503(tmp_path: Path) -> None:
    """It was a 500 that spoke of a bug, for each upload."""
    tmp_path.joinpath("w").write_bytes(b"not a folder")
    with pytest.raises(ApiError, match="a content cannot be written: File exists") as caught:
        FolderBlobs(tmp_path).put("w", [b"one"])
    assert caught.value.status == 503


def test_contents_are_for_their_owner_only(tmp_path: Path) -> None:
    """Other users of the machine can read neither the files of a client nor their names."""
    folder = tmp_path / "files"
    FolderBlobs(folder).put("w", [b"one"])
    found = [folder, *folder.rglob("*")]
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in found}
    assert modes == {(True, 0o700), (False, 0o600)}


def test_too_many_open_files_are_not_taken_for_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A content that is written fails as one that is read does."""

    def refuse(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OSError, match="Too many open files"):
        FolderBlobs(tmp_path).put("w", [b"one"])


def test_the_contents_of_a_world_have_names(tmp_path: Path) -> None:
    """Those of other worlds are not among them; what is being written is."""
    blobs = FolderBlobs(tmp_path)
    names = {blobs.put("w", [b"1"]) for _ in range(3)}
    blobs.put("other", [b"2"])

    def chunks() -> Iterator[bytes]:
        assert len(set(blobs.names("w")) - names) == 1
        yield b"3"

    blobs.put("w", chunks())
    assert len(blobs.names("w")) == 4
    assert not blobs.names("none")


def test_contents_are_listed_while_others_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the last content of a folder goes the folder, just before it is looked into."""
    blobs, iterdir = FolderBlobs(tmp_path), Path.iterdir
    names = {blobs.put("w", [b"1"]) for _ in range(3)}
    removed: list[str] = []

    def remove_and_list(folder: Path) -> Any:
        if folder.parent.name == "w" and not removed:
            found = [path.name for path in iterdir(folder)]
            removed.extend(found)
            for name in found:
                blobs.remove("w", name)
        return iterdir(folder)

    monkeypatch.setattr(Path, "iterdir", remove_and_list)
    assert set(blobs.names("w")) == names - {*removed}
    assert removed


def test_a_world_without_contents_has_no_folder(tmp_path: Path) -> None:
    """With the last content of a world go its folders, and those of other worlds stay."""
    blobs = FolderBlobs(tmp_path)
    names = [blobs.put("w", [b"1"]) for _ in range(3)]
    blobs.put("other", [b"2"])
    for name in names:
        assert tmp_path.joinpath("w").is_dir()
        blobs.remove("w", name)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_what_a_killed_process_has_left_is_removed(tmp_path: Path) -> None:
    """With the other contents of a world goes what was never written to its end."""
    blobs = FolderBlobs(tmp_path)
    folder = tmp_path / "w" / "ab"
    folder.mkdir(parents=True)
    folder.joinpath("abcd.part").write_bytes(b"not whole")
    for name in blobs.names("w"):
        blobs.remove("w", name)
    assert not list(tmp_path.iterdir())


def test_a_content_is_kept_while_its_folder_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may remove the last content of the world just before it is created."""
    blobs, mkdir = FolderBlobs(tmp_path), Path.mkdir
    removed: list[Path] = []

    def make_and_lose(path: Path, *arguments: Any, **options: Any) -> None:
        mkdir(path, *arguments, **options)
        if len(path.name) == 2 and not removed:
            path.rmdir()
            path.parent.rmdir()
            removed.append(path)

    monkeypatch.setattr(Path, "mkdir", make_and_lose)
    name = blobs.put("w", [b"one"])
    assert removed
    with blobs.open("w", name) as content:
        assert content.read() == b"one"
