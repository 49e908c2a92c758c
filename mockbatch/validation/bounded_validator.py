"""jsonschema's validator with bounded work, however long the lists of a value are.

The same values are valid. Items that are obviously valid are skipped, and of the errors of a
union only the first are collected: jsonschema itself collects all, for each of its branches, even
to answer whether a value is valid. A list of 200,000 texts kept it busy for more than a minute.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from itertools import islice
from math import inf
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from mockbatch.typing import Json

#: How many errors in unions are looked for in one value, beside the first of each branch.
_MAX_UNION_ERRORS = 2000

Errors = Iterator[ValidationError]


class _Search:
    """The search for the errors of one value: what is known, and how much may still be found."""

    def __init__(self) -> None:
        self.errors_left = _MAX_UNION_ERRORS
        # By identity: the value does not change during the search.
        self._valid_items: dict[int, set[int]] = {}

    def valid_items(self, schema: Json) -> set[int]:
        """Return the identities of the items that are known to be valid by this schema."""
        return self._valid_items.setdefault(id(schema), set())


# None while only the validity of a value matters.
_search: ContextVar[_Search | None] = ContextVar("search", default=None)


def make_validator(
    document: dict[str, Json], compile_check: Callable[[Json], Callable[[Json], bool]]
) -> Draft202012Validator:
    """Return the validator of a schema; `compile_check` makes the quick checks of its parts."""
    known: dict[int, Callable[[Json], bool]] = {}  # by identity: the document does not change

    def is_obviously_valid(schema: Json, value: Json) -> bool:
        check = known.get(id(schema))
        if check is None:
            check = known[id(schema)] = compile_check(schema)
        return check(value)

    keywords = {
        "anyOf": _any_of,
        "items": partial(_items, is_obviously_valid),
        "propertyNames": _property_names,
        "additionalProperties": partial(_additional_properties, is_obviously_valid),
    }
    # extend() has no type hints of its own.
    validator: Draft202012Validator = extend(  # type: ignore[no-untyped-call]
        Draft202012Validator, keywords
    )(document)
    return validator


@contextmanager
def collected_errors() -> Iterator[None]:
    """Collect several errors of each union within the block, to choose the most relevant from.

    The block looks for the errors of one value.
    """
    token = _search.set(_Search())
    try:
        yield
    finally:
        _search.reset(token)


def _any_of(validator: Any, branches: Json, value: Json, _schema: Json) -> Errors:
    errors: list[ValidationError] = []
    for index, branch in enumerate(branches):
        found = list(_first(validator.descend(value, branch, schema_path=index)))
        if not found:
            return
        errors += found
    # Without the value in its message, which could have 16 MB.
    yield ValidationError("is not valid under any of the given schemas", context=errors)


def _first(errors: Errors) -> Errors:
    """Yield the first error, and more of them while any are left to be collected."""
    yield from islice(errors, 1)
    for error in errors:
        search = _search.get()
        if search is None or search.errors_left <= 0:
            return
        search.errors_left -= 1
        yield error


def _items(
    is_obviously_valid: Callable[[Json, Json], bool],
    validator: Any,
    schema: Json,
    value: Json,
    parent: Json,
) -> Errors:
    # A list that is too long is an error of its own, before those of its items.
    if not isinstance(value, list) or len(value) > parent.get("maxItems", inf):
        return
    search = _search.get()
    # A list is looked at once for each condition and each branch of a union above it.
    valid = set() if search is None else search.valid_items(schema)
    for index, item in enumerate(value):
        if id(item) in valid:
            continue
        if is_obviously_valid(schema, item):
            valid.add(id(item))
        else:
            yield from validator.descend(item, schema, path=index)


def _property_names(validator: Any, schema: Json, value: Json, parent: Json) -> Errors:
    if isinstance(value, dict) and len(value) <= parent.get("maxProperties", inf):
        for name in value:
            yield from validator.descend(name, schema)


def _additional_properties(
    is_obviously_valid: Callable[[Json, Json], bool],
    validator: Any,
    schema: Json,
    value: Json,
    parent: Json,
) -> Errors:
    if isinstance(value, dict) and len(value) > parent.get("maxProperties", inf):
        return
    if isinstance(schema, dict) and isinstance(value, dict):
        known = parent.get("properties", {})
        for name, item in value.items():
            if name not in known and not is_obviously_valid(schema, item):
                yield from validator.descend(item, schema, path=name)
    else:
        keyword = Draft202012Validator.VALIDATORS["additionalProperties"]
        yield from keyword(validator, schema, value, parent)
