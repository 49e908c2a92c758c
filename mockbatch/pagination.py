"""Pages of a list, with the id of the last object as the cursor."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from mockbatch.errors import api_error
from mockbatch.typing import Json

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some of the items of a list, in its order."""

    items: Sequence[Item]
    has_more: bool

    def as_json(self, shown: Callable[[Item], dict[str, Json]]) -> dict[str, Json]:
        """Return the list object, schema page.json; its items as `shown` has them."""
        data = [shown(item) for item in self.items]
        return {
            "object": "list",
            "data": data,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
            "has_more": self.has_more,
        }


def paged(ids: Sequence[str], limit: int, after: str | None) -> Page[str]:
    """Return the ids behind `after`, `limit` of them at most; ApiError 400 when it is unknown."""
    start = 0
    if after is not None:
        if after not in ids:
            raise api_error("unknown_cursor", id=after)
        start = ids.index(after) + 1
    return Page(ids[start : start + limit], start + limit < len(ids))
