"""JSON Schemas that clients send: whether they are valid, and whether values fit them.

jsonschema decides here too, but in bounded time: a schema of a few lines whose definitions
each need the next one twice would keep it busy for years, and so would some patterns.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from mockbatch.typing import Json
from mockbatch.validation.regex import StepBudget, compile_regex

# Takes about a second. Following a reference takes as long as so many steps of matching a regex.
_MAX_STEPS = 1_000_000
_STEPS_PER_REFERENCE = 20


class ClientSchema:
    """A JSON Schema that a client sent; external references are never fetched.

    It is read as draft 7 if it says so, and as 2020-12 otherwise. Formats are annotations, as
    in 2020-12.
    """

    def __init__(self, document: Json) -> None:
        self._metaschema, self._validator_class = (
            _DRAFT_7 if _is_draft_7(document) else _DRAFT_2020_12
        )
        self._document = document

    def is_valid(self) -> bool:
        """Return whether it is a JSON Schema; draft 7 may have later keywords."""
        try:
            return bool(self._metaschema.is_valid(self._document))
        except RecursionError:
            return False

    def first_violation(
        self, value: Json, budget: StepBudget | None = None
    ) -> tuple[str, tuple[str, ...]] | None:
        """Return how a value violates the schema, and where in the schema; None if it fits.

        `budget` limits the steps of this and other checks, see `new_budget`. The schema has to
        be valid.
        """
        limit = _StepLimit(budget or self.new_budget())
        try:
            for error in self._validator.evolve(format_checker=limit).iter_errors(value):
                return error.message[:200], tuple(map(str, error.absolute_schema_path))
        # OverflowError: `multipleOf` for integers that no float can hold.
        except (RecursionError, Unresolvable, ValueError, OverflowError) as error:
            return str(error)[:200], ()
        return None

    @staticmethod
    def new_budget() -> StepBudget:
        """Return the budget of steps for finding a value that fits a schema."""
        return StepBudget(_MAX_STEPS)

    @cached_property
    def _validator(self) -> Any:
        """The validator of values, without `$schema`.

        For a subschema that names a draft, jsonschema would choose a validator of its own, which
        runs in unbounded time.
        """
        document = self._document
        if isinstance(document, dict):
            document = {name: value for name, value in document.items() if name != "$schema"}
        return self._validator_class(document, registry=Registry())


def _is_draft_7(document: Json) -> bool:
    draft = document.get("$schema") if isinstance(document, dict) else None
    return isinstance(draft, str) and "draft-07" in draft


class _StepLimit(FormatChecker):
    """Carries the step budget to the keywords; it checks no formats.

    Of all that a validator can be given, only the format checker reaches every keyword.
    """

    def __init__(self, budget: StepBudget) -> None:
        super().__init__(formats=())
        self.budget = budget


def _pattern(validator: Any, pattern: str, value: Json, _: Json) -> Iterator[ValidationError]:
    """Check the keyword `pattern` in bounded time, which Python's matcher does not."""
    budget = validator.format_checker.budget
    if isinstance(value, str) and not compile_regex(pattern).search(value, budget):
        yield ValidationError(f"{value[:50]!r} does not match {pattern[:100]!r}")


def _reference(validator: Any, ref: str, value: Json, schema: Json) -> Iterator[ValidationError]:
    """Follow a `$ref`, which costs steps."""
    validator.format_checker.budget.spend(_STEPS_PER_REFERENCE)
    yield from Draft202012Validator.VALIDATORS["$ref"](validator, ref, value, schema)


def _with_limit(validator_class: Any) -> Any:
    keywords = {"pattern": _pattern, "$ref": _reference}
    return extend(validator_class, keywords)  # type: ignore[no-untyped-call]


# Keywords newer than draft 7 that libraries write into its schemas all the same.
_SCHEMAS_BY_NAME = {"type": "object", "additionalProperties": {"$ref": "#"}}
_LATER_KEYWORDS = {
    "unevaluatedItems": {"$ref": "#"},
    "unevaluatedProperties": {"$ref": "#"},
    "$defs": _SCHEMAS_BY_NAME,
    "dependentSchemas": _SCHEMAS_BY_NAME,
    "prefixItems": {"$ref": "#/definitions/schemaArray"},
}
_METASCHEMA_7: Json = Draft7Validator.META_SCHEMA
# For each draft, the validator of schemas and the class of validators of values.
_DRAFT_7: tuple[Any, Any] = (
    Draft7Validator(
        {**_METASCHEMA_7, "properties": {**_METASCHEMA_7["properties"], **_LATER_KEYWORDS}}
    ),
    _with_limit(Draft7Validator),
)
_DRAFT_2020_12: tuple[Any, Any] = (
    Draft202012Validator(Draft202012Validator.META_SCHEMA),
    _with_limit(Draft202012Validator),
)
