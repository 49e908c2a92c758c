"""Contents of a store that has been given another folder for them."""

from pathlib import Path

import pytest

from mockbatch.errors import ApiError
from mockbatch.stores.blobs import FolderBlobs
from mockbatch.stores.location import open_blobs


def test_contents_from_before_the_folder_are_found(tmp_path: Path) -> None:
    """They are read and removed where they are; new ones are in the folder."""
    url = f"sqlite:///{tmp_path}/state.db"
    before = open_blobs(url, None)
    name = before.put("w", [b"before"])
    blobs = open_blobs(url, str(tmp_path / "files"))
    new = blobs.put("w", [b"after"])
    assert set(blobs.names("w")) == {name, new}
    assert list(before.names("w")) == [name]
    for content, text in ((name, b"before"), (new, b"after")):
        with blobs.open("w", content) as file:
            assert file.read() == text
        blobs.remove("w", content)
    assert not blobs.names("w")
    assert not before.names("w")


def test_a_content_that_is_in_neither_place_is_missing(tmp_path: Path) -> None:
    """The error names the folder, where it should be."""
    blobs = open_blobs(f"sqlite:///{tmp_path}/state.db", str(tmp_path / "files"))
    with pytest.raises(ApiError, match="in its folder of contents") as caught:
        blobs.open("w", "none")
    assert caught.value.status == 503


def test_a_content_that_cannot_be_read_is_not_missing(tmp_path: Path) -> None:
    """The error of either place says why."""
    url, folder = f"sqlite:///{tmp_path}/state.db", tmp_path / "files"
    blobs = open_blobs(url, str(folder))
    for place, name in ((tmp_path / "state.db-files", "ab"), (folder, "cd")):
        (FolderBlobs(place)._path("w", name)).mkdir(parents=True)
        with pytest.raises(ApiError, match="not a regular file") as caught:
            blobs.open("w", name)
        assert caught.value.status == 500
