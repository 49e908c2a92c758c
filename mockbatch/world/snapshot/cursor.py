"""Places in a JSON document, so that an error can name where it is."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from msgspec import Struct

from mockbatch.errors import ApiError, api_error
from mockbatch.typing import Json

T = TypeVar("T")


class Cursor(Struct, frozen=True):
    """A value in a document, and its path, such as `state.files[0].content`."""

    value: Json
    path: str

    def __getitem__(self, name: str) -> "Cursor":
        return Cursor(self.value[name], f"{self.path}.{name}")

    def get(self, name: str, default: Json) -> "Cursor":
        """Return a member of an object, with a default value if it is missing."""
        return Cursor(self.value.get(name, default), f"{self.path}.{name}")

    def read(self, name: str, parse: "Callable[[Cursor], T]", default: T) -> T:
        """Return the parsed member of an object, or the default value if it is missing."""
        return parse(self[name]) if name in self.value else default

    def members(self) -> Iterator[tuple[str, "Cursor"]]:
        """Yield the members of an object, each with its name."""
        for name in self.value:
            yield name, self[name]

    def items(self) -> Iterator["Cursor"]:
        """Yield the items of an array."""
        for index, item in enumerate(self.value):
            yield Cursor(item, f"{self.path}[{index}]")

    def error(self, reason: object) -> ApiError:
        """Return the ApiError 400 for this place."""
        return api_error("invalid_value", param=self.path, reason=reason)
