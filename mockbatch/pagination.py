"""Cursor pagination: pages of a list, with the id of an object as the cursor."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from mockbatch.errors import api_error
from mockbatch.typing import Json

Item = TypeVar("Item")


class Page(Struct, Generic[Item], frozen=True):
    """Consecutive items of a list; `has_more` is true if others follow."""

    items: Sequence[Item]
    has_more: bool

    def as_json(self, serialize: Callable[[Item], dict[str, Json]]) -> dict[str, Json]:
        """Return the page as a list object, schema page.json; `serialize` gives its items."""
        data = [serialize(item) for item in self.items]
        return {
            "object": "list",
            "data": data,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
            "has_more": self.has_more,
        }


def paginate(ids: Sequence[str], limit: int, after: str | None) -> Page[str]:
    """Return up to `limit` ids, beginning after the id `after`; ApiError 400 if it is unknown."""
    start = 0
    if after is not None:
        if after not in ids:
            raise api_error("unknown_cursor", id=after)
        start = ids.index(after) + 1
    return Page(ids[start : start + limit], start + limit < len(ids))
