"""The contents of files that several processes share."""

from pathlib import Path

import pytest

from mockbatch.errors import ApiError
from mockbatch.files.content import IN_MEMORY_BYTES, Content
from mockbatch.stores.blobs import FolderBlobs
from mockbatch.world.shared.contents import SharedContents

WORLD = "a-world"


@pytest.mark.parametrize("size", [3, IN_MEMORY_BYTES + 1])
def test_a_content_is_found_by_its_name_in_another_process(tmp_path: Path, size: int) -> None:
    """Whether it is small enough to be read whole or not."""
    data = bytes(number % 251 for number in range(size))
    name = SharedContents(FolderBlobs(tmp_path), WORLD).name(Content.of(data))
    found = SharedContents(FolderBlobs(tmp_path), WORLD).find_name(name)
    assert found.size == size
    assert b"".join(found.chunks()) == data
    assert found.read(1, 3) == data[1:3]
    assert found.read(size - 1, size + 5) == data[-1:]


@pytest.mark.parametrize("change", [b"shorter", b"longer than it was"])
def test_a_content_of_another_size_is_a_500(tmp_path: Path, change: bytes) -> None:
    """A part of it would be taken for the whole."""
    name = SharedContents(FolderBlobs(tmp_path), WORLD).name(Content.of(b"as it was"))
    [path] = (path for path in tmp_path.rglob("*") if path.is_file())
    path.write_bytes(change)
    found = SharedContents(FolderBlobs(tmp_path), WORLD).find_name(name)
    with pytest.raises(ApiError, match="damaged") as error:
        found.read(0, 4)
    assert error.value.status == 500
