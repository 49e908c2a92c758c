"""The list of batches with `$filter` and `$orderby`, which preview versions of the API take.

Source: the guide to batches, whose samples compare `created_at` and `status`.
"""

import re
from collections.abc import Callable, Iterable

from mockbatch.batch.batch import Batch
from mockbatch.providers.azure.wording import azure_error

Test = Callable[[Batch, float], bool]
_ORDER = re.compile(r"created_at(?: (asc|desc))?")
_CREATED = re.compile(r"created_at (eq|gt|ge|lt|le) ([0-9]{1,12})")
_STATUS = re.compile(r"status (eq|ne) '([A-Za-z_]{1,20})'")


def filter_and_sort(
    batches: Iterable[Batch], now: float, wanted: str | None, order: str | None
) -> list[Batch]:
    """Return the batches that fit a filter, in an order; newest first without one.

    Raises ApiError 400 for a filter or an order that cannot be read.
    """
    tests = [] if wanted is None else [_parse(part, wanted) for part in wanted.split(" and ")]
    found = [batch for batch in batches if all(fits(batch, now) for fits in tests)]
    match = _ORDER.fullmatch(order or "created_at desc")
    if match is None:
        raise azure_error("unknown_filter", option="$orderby", value=order or "")
    is_descending = match[1] == "desc"
    return sorted(found, key=lambda batch: batch.number, reverse=is_descending)


def _parse(part: str, whole: str) -> Test:
    created, status = _CREATED.fullmatch(part.strip()), _STATUS.fullmatch(part.strip())
    if created is not None:
        operator, at = created[1], int(created[2])
        return lambda batch, _: _compares(batch.created_at, operator, at)
    if status is not None:
        is_equal, wanted = status[1] == "eq", status[2].lower().replace("_", "")
        # The samples write `Completed` for `completed`.
        return lambda batch, now: (batch.status(now).replace("_", "") == wanted) == is_equal
    raise azure_error("unknown_filter", option="$filter", value=whole)


def _compares(value: int, operator: str, other: int) -> bool:
    if operator == "eq":
        return value == other
    if operator[0] == "g":
        return value > other or (operator == "ge" and value == other)
    return value < other or (operator == "le" and value == other)
