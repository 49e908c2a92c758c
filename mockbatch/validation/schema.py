"""The JSON Schemas of the package, read together and compiled when they are first used.

jsonschema alone decides whether a value is valid. `fast_check` spares it the values that are
obviously valid; all others are checked by jsonschema, and rejected in OpenAI's words.
"""

import json
from collections.abc import Mapping
from functools import cache, cached_property
from itertools import islice
from typing import TYPE_CHECKING

from mockbatch.errors import ApiError
from mockbatch.package_data import read_json, read_texts
from mockbatch.typing import Json
from mockbatch.validation.error_wording import to_api_error
from mockbatch.validation.fast_check import Compiler
from mockbatch.validation.integers import Coercion, compile_coercion

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

    from mockbatch.validation.violations import Violation


# How many errors of a value are described: finding each takes a fraction of a millisecond.
_MAX_VIOLATIONS = 1000


class SchemaViolationError(RuntimeError):
    """A value that mockbatch itself produced violates its schema: a bug, never the client's."""


class Schema:
    """One schema of the package, by the name of its file in `schemas/` without the suffix.

    The schema `x/y` is that of a provider: `providers/x/schemas/y.json`. There `{"$ref": "z.json"}`
    stands for another schema of the same provider.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.document: dict[str, Json] = _read_document(name)
        self._checks = Compiler(
            self.document, lambda subschema: self._validator.evolve(schema=subschema)
        )
        self._is_obviously_valid = self._checks.compile(self.document)

    @cached_property
    def _validator(self) -> "Draft202012Validator":
        # Imported for the first value that is not obviously valid: jsonschema takes longer to
        # import than all of this package.
        from mockbatch.validation.bounded_validator import make_validator

        return make_validator(self.document, self._checks.compile)

    @cached_property
    def _coerce(self) -> Coercion:
        return compile_coercion(self.document)

    def accepts(self, value: Json) -> bool:
        """Return whether a value is valid."""
        return self._is_obviously_valid(value) or self._validator.is_valid(value)

    def error(self, value: Json, path: str = "") -> ApiError | None:
        """Return the error of an invalid value, worded as OpenAI does; None for a valid one.

        `path` names the value within the request, for the error's `param`.
        """
        if self._is_obviously_valid(value):
            return None
        from mockbatch.validation.bounded_validator import collected_errors

        with collected_errors():
            return to_api_error(self._validator.iter_errors(value), path)

    def violations(self, value: Json) -> list["Violation"]:
        """Return what an invalid value violates, for those who word errors otherwise."""
        from mockbatch.validation.bounded_validator import collected_errors
        from mockbatch.validation.violations import to_violations

        with collected_errors():
            errors = islice(self._validator.iter_errors(value), _MAX_VIOLATIONS)
            return list(to_violations(errors))

    def check(self, value: Json, path: str = "") -> None:
        """Raise the ApiError of an invalid value."""
        error = self.error(value, path)
        if error:
            raise error

    def coerce_integers(self, value: Json) -> Json:
        """Return a valid value with 3 instead of 3.0 wherever the schema asks for an integer."""
        return self._coerce(value)

    def assert_valid(self, value: Json, description: str) -> None:
        """Raise SchemaViolationError for an invalid value that mockbatch itself produced."""
        error = self.error(value)
        if error is not None:
            raise SchemaViolationError(f"{description} violates schema {self.name}: {error}")


@cache
def read_schemas() -> Mapping[str, bytes]:
    """Return the texts of all schemas."""
    return read_texts("schemas")


def _read_document(name: str) -> dict[str, Json]:
    provider, _, of_provider = name.rpartition("/")
    if not provider:
        return json.loads(read_schemas()[name])  # type: ignore[no-any-return]
    document = read_json("providers", provider, "schemas", f"{of_provider}.json")
    embedded: dict[str, Json] = _embed(document, provider)
    return embedded


def _embed(document: Json, provider: str) -> Json:
    """Return a schema with other schemas of the provider where it refers to their files."""
    if isinstance(document, list):
        return [_embed(item, provider) for item in document]
    if not isinstance(document, dict):
        return document
    file = document.get("$ref")
    if isinstance(file, str) and file.endswith(".json"):
        inner = _read_document(f"{provider}/{file.removesuffix('.json')}")
        return {key: value for key, value in inner.items() if key not in ("$schema", "$id")}
    return {key: _embed(value, provider) for key, value in document.items()}


@cache
def schema(name: str) -> Schema:
    """Return the schema with that name, compiled when it is first used."""
    return Schema(name)
