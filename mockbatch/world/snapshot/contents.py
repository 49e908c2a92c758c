"""The contents of files in a state document: each once, under a name that others refer to."""

import base64
from collections.abc import Mapping
from pathlib import Path
from shutil import copyfileobj
from typing import Protocol

from mockbatch.files.content import Content, temporary_file
from mockbatch.typing import Json
from mockbatch.world.snapshot.cursor import Cursor


class NamesContents(Protocol):
    """Gives contents names, by which a document refers to them."""

    def name(self, content: Content) -> str:
        """Return the name of a content."""


class FindsContents(Protocol):
    """Finds contents by the names that a document has for them."""

    def find(self, name: Cursor) -> Content:
        """Return the content of that name; ApiError if there is none."""


class ContentWriter:
    """Collects contents in `document`, however many files and batches refer to each."""

    def __init__(self) -> None:
        self.document: dict[str, Json] = {}
        self._names: dict[int, str] = {}  # by identity of the content

    def name(self, content: Content) -> str:
        """Return the name of a content, which is added to the document the first time."""
        if id(content) not in self._names:
            name = self._names[id(content)] = f"content {len(self._names) + 1}"
            data = content.read(0, content.size)
            try:
                self.document[name] = {"text": data.decode("utf-8")}
            except UnicodeDecodeError:
                self.document[name] = {"base64": base64.b64encode(data).decode()}
        return self._names[id(content)]


class ContentReader:
    """Finds contents by their names; `folder` holds those that the document refers to by path.

    Raises ApiError 400 for a content that cannot be read.
    """

    def __init__(self, document: Cursor, folder: Path | None) -> None:
        self._folder = folder
        self._contents: Mapping[str, Content] = {
            name: self._read(content) for name, content in document.members()
        }

    @property
    def size(self) -> int:
        """How many bytes all contents have."""
        return sum(content.size for content in self._contents.values())

    def find(self, name: Cursor) -> Content:
        """Return the content of that name; ApiError 400 if there is none."""
        if name.value not in self._contents:
            raise name.error(f"there is no content {name.value!r}")
        return self._contents[name.value]

    def _read(self, content: Cursor) -> Content:
        match content.value:
            case {"text": text}:
                return Content.of(text.encode("utf-8", "replace"))
            case {"base64": text}:
                try:
                    return Content.of(base64.b64decode(text, validate=True))
                except ValueError as error:
                    raise content.error(error) from None
            case _:
                return self._copy(content)

    def _copy(self, content: Cursor) -> Content:
        """Return a copy of the file that a content refers to, which may change later."""
        if self._folder is None:
            raise content.error("only a file given with --load can refer to other files")
        path = (self._folder / content.value["path"]).resolve()
        if not path.is_relative_to(self._folder.resolve()):
            raise content.error(f"{content.value['path']!r} is outside of the document's folder")
        try:
            file = path.open("rb")
        except OSError as error:
            raise content.error(error) from None
        stream = temporary_file()
        with file:
            copyfileobj(file, stream)
        return Content(stream)
