"""The JSON Schemas of the package, loaded and compiled once, and those that clients send.

jsonschema is the one judge of shapes. `mockbatch.accept` spares it the values that are
plainly fine; whatever is not accepted there is judged, and refused in OpenAI's words, here.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from importlib import resources
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from mockbatch.accept import accepter
from mockbatch.errors import ApiError
from mockbatch.patterns import pattern
from mockbatch.refusals import worded

Json = Any


class SchemaBreachError(RuntimeError):
    """Something of mockbatch's own that does not fit its schema: a bug, never the client's."""


class Schema:
    """One schema file of the package, by its name without the suffix."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.document: dict[str, Json] = json.loads(
            resources.files("mockbatch").joinpath("schemas", f"{name}.json").read_bytes()
        )
        self._validator = Draft202012Validator(self.document)
        self._accepts: Callable[[Json], bool] = accepter(self.document, self._validator)

    def accepts(self, value: Json) -> bool:
        """Tell whether a value fits the schema."""
        return self._accepts(value) or self._validator.is_valid(value)

    def error(self, value: Json, path: str = "") -> ApiError | None:
        """Return the failure of a value that does not fit, worded as OpenAI does.

        `path` names the value within the request, for the failure's `param`.
        """
        if self.accepts(value):
            return None
        return worded(self._validator.iter_errors(value), path)

    def check(self, value: Json, path: str = "") -> None:
        """Raise the ApiError of a value that does not fit."""
        error = self.error(value, path)
        if error:
            raise error

    def hold(self, value: Json, what: str) -> None:
        """Raise SchemaBreachError when a value of our own does not fit; `what` it is."""
        breach = self.error(value)
        if breach is not None:
            raise SchemaBreachError(f"{what} breaks schema {self.name}: {breach}")


@cache
def schema(name: str) -> Schema:
    """Return the schema of that name, compiled at its first use."""
    return Schema(name)


class SentSchema:
    """A JSON Schema that a client sent; nothing that it refers to elsewhere is ever fetched.

    It is of draft 7 where it says so, and else of 2020-12. Formats are notes, as in 2020-12.
    """

    def __init__(self, document: Json) -> None:
        self._kind = _DRAFT_7 if _says_draft_7(document) else _DRAFT_2020_12
        self._document = document

    def is_valid(self) -> bool:
        """Tell whether it is a JSON Schema at all."""
        try:
            return bool(self._kind(self._kind.META_SCHEMA).is_valid(self._document))
        except RecursionError:
            return False

    def breach(self, value: Json) -> tuple[str, tuple[str, ...]] | None:
        """Say how a value breaks the schema, and where in the schema; None if it fits."""
        try:
            for error in self._validator.iter_errors(value):
                return error.message[:200], tuple(map(str, error.absolute_schema_path))
        # The last one is for integers that no float holds, among multiples of one.
        except (RecursionError, Unresolvable, ValueError, OverflowError) as error:
            return str(error)[:200], ()
        return None

    @cached_property
    def _validator(self) -> Any:
        """What judges values; only what is valid can be read so far."""
        return self._kind(self._document, registry=Registry())


def _says_draft_7(document: Json) -> bool:
    said = document.get("$schema") if isinstance(document, dict) else None
    return isinstance(said, str) and "draft-07" in said


def _pattern(_: Any, source: str, instance: Json, __: Json) -> Iterator[ValidationError]:
    """Judge the keyword `pattern` in bounded time, which Python's matcher does not."""
    if isinstance(instance, str) and not pattern(source).meets(instance):
        yield ValidationError(f"{instance[:50]!r} does not match {source[:100]!r}")


_DRAFT_7, _DRAFT_2020_12 = (
    extend(kind, {"pattern": _pattern})  # type: ignore[no-untyped-call]
    for kind in (Draft7Validator, Draft202012Validator)
)
