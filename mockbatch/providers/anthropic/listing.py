"""Pages of Message Batches.

Source: the parameters are those of the SDK; what the service does with an unknown cursor, or with
two cursors, is not known.
"""

from collections.abc import Sequence

from mockbatch.batch.batch import Batch
from mockbatch.pagination import Page
from mockbatch.providers.anthropic.errors import anthropic_error

#: The most batches of a page, and how many a page has by default.
MAX_LIMIT, DEFAULT_LIMIT = 1000, 20


def parse_limit(text: str | None) -> int:
    """Return the limit in a query; ApiError 400 if it is none."""
    if text is None:
        return DEFAULT_LIMIT
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= limit <= MAX_LIMIT:
        raise anthropic_error("bad_limit")
    return limit


def make_page(
    batches: Sequence[Batch], limit: int, after_id: str | None, before_id: str | None
) -> Page[Batch]:
    """Return a page of batches, which are newest first.

    After a cursor come the next older ones, and before it the next newer ones. `has_more` is
    about the direction in which a client pages.
    """
    if after_id is not None and before_id is not None:
        raise anthropic_error("two_cursors")
    if before_id is not None:
        newer = batches[: _place(batches, before_id)]
        return Page(list(newer[max(len(newer) - limit, 0) :]), len(newer) > limit)
    older = batches if after_id is None else batches[_place(batches, after_id) + 1 :]
    return Page(list(older[:limit]), len(older) > limit)


def _place(batches: Sequence[Batch], id: str) -> int:
    for place, batch in enumerate(batches):
        if batch.id == id:
            return place
    raise anthropic_error("unknown_cursor", id=id)
