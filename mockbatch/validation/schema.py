"""The JSON Schemas of the package, loaded and compiled once.

jsonschema is the one judge of shapes. `fast_check` spares it the values that are
plainly fine; whatever is not accepted there is judged, and refused in OpenAI's words, here.
"""

import json
from collections.abc import Callable
from functools import cache, cached_property
from importlib import resources
from typing import TYPE_CHECKING

from mockbatch.errors import ApiError
from mockbatch.typing import Json
from mockbatch.validation.error_wording import to_api_error
from mockbatch.validation.fast_check import compile_check

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator


class SchemaViolationError(RuntimeError):
    """Something of mockbatch's own that does not fit its schema: a bug, never the client's."""


class Schema:
    """One schema file of the package, by its name without the suffix."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.document: dict[str, Json] = json.loads(
            resources.files("mockbatch").joinpath("schemas", f"{name}.json").read_bytes()
        )
        self._accepts: Callable[[Json], bool] = compile_check(
            self.document, lambda part: self._validator.evolve(schema=part)
        )

    @cached_property
    def _validator(self) -> "Draft202012Validator":
        # Loaded by the first value that is not plainly fine: it takes longer than all of ours.
        from jsonschema import Draft202012Validator

        return Draft202012Validator(self.document)

    def accepts(self, value: Json) -> bool:
        """Tell whether a value fits the schema."""
        return self._accepts(value) or self._validator.is_valid(value)

    def error(self, value: Json, path: str = "") -> ApiError | None:
        """Return the failure of a value that does not fit, worded as OpenAI does.

        `path` names the value within the request, for the failure's `param`.
        """
        if self.accepts(value):
            return None
        return to_api_error(self._validator.iter_errors(value), path)

    def check(self, value: Json, path: str = "") -> None:
        """Raise the ApiError of a value that does not fit."""
        error = self.error(value, path)
        if error:
            raise error

    def coerce_integers(self, value: Json) -> Json:
        """Return a value that fits, with 3 in place of 3.0 wherever an integer has to be.

        JSON Schema takes both for an integer; what is made of it is not always as broad-minded.
        """
        return _whole(value, self.document, self.document.get("$defs", {}))

    def assert_valid(self, value: Json, what: str) -> None:
        """Raise SchemaBreachError when a value of our own does not fit; `what` it is."""
        breach = self.error(value)
        if breach is not None:
            raise SchemaViolationError(f"{what} breaks schema {self.name}: {breach}")


@cache
def schema(name: str) -> Schema:
    """Return the schema of that name, compiled at its first use."""
    return Schema(name)


def _whole(value: Json, kind: Json, known: Json) -> Json:
    kinds = [kind, *kind.get("anyOf", ())]
    kinds += [known[one["$ref"].rpartition("/")[2]] for one in kinds if "$ref" in one]
    found = {name: setting for one in kinds for name, setting in one.items()}
    if isinstance(value, dict):
        members, others = found.get("properties", {}), found.get("additionalProperties")
        among = others if isinstance(others, dict) else {}
        return {name: _whole(item, members.get(name, among), known) for name, item in value.items()}
    if isinstance(value, list):
        return [_whole(item, found.get("items", {}), known) for item in value]
    is_integer = any("integer" in one.get("type", ()) for one in kinds)
    return int(value) if isinstance(value, float) and is_integer else value
