"""JSON Schemas that clients send: whether they are any, and whether values fit them.

jsonschema is the judge here too, held to bounded time: a few lines of definitions that each
need the next one twice would keep it busy for years, and so would patterns.
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

# About a second. To follow a reference takes as long as so many steps of a pattern.
_MOST_STEPS = 1_000_000
_STEPS_OF_A_REFERENCE = 20


class ClientSchema:
    """A JSON Schema that a client sent; nothing that it refers to elsewhere is ever fetched.

    It is of draft 7 where it says so, and else of 2020-12. Formats are notes, as in 2020-12.
    """

    def __init__(self, document: Json) -> None:
        self._meta, self._kind = _DRAFT_7 if _says_draft_7(document) else _DRAFT_2020_12
        self._document = document

    def is_valid(self) -> bool:
        """Tell whether it is a JSON Schema at all, later keywords of draft 7 included."""
        try:
            return bool(self._meta.is_valid(self._document))
        except RecursionError:
            return False

    def breach(
        self, value: Json, steps: StepBudget | None = None
    ) -> tuple[str, tuple[str, ...]] | None:
        """Say how a value breaks the schema, and where in the schema; None if it fits.

        `steps` are those that this and other judgements may take, see `steps`.
        """
        budget = _Budget(steps or self.steps())
        try:
            for error in self._validator.evolve(format_checker=budget).iter_errors(value):
                return error.message[:200], tuple(map(str, error.absolute_schema_path))
        # The last one is for integers that no float holds, among multiples of one.
        except (RecursionError, Unresolvable, ValueError, OverflowError) as error:
            return str(error)[:200], ()
        return None

    @staticmethod
    def steps() -> StepBudget:
        """Return how many steps may be taken to find a value that fits a schema."""
        return StepBudget(_MOST_STEPS)

    @cached_property
    def _validator(self) -> Any:
        """What judges values; only what is valid can be read so far.

        A draft that is named would be judged by another validator, in unbounded time.
        """
        document = self._document
        if isinstance(document, dict):
            document = {name: part for name, part in document.items() if name != "$schema"}
        return self._kind(document, registry=Registry())


def _says_draft_7(document: Json) -> bool:
    said = document.get("$schema") if isinstance(document, dict) else None
    return isinstance(said, str) and "draft-07" in said


class _Budget(FormatChecker):
    """The steps that judging may take; it knows no format.

    As the checker of formats it reaches every keyword, and nothing else of a validator can.
    """

    def __init__(self, steps: StepBudget) -> None:
        super().__init__(formats=())
        self.steps = steps


def _pattern(of: Any, source: str, instance: Json, _: Json) -> Iterator[ValidationError]:
    """Judge the keyword `pattern` in bounded time, which Python's matcher does not."""
    if isinstance(instance, str) and not compile_regex(source).meets(
        instance, of.format_checker.steps
    ):
        yield ValidationError(f"{instance[:50]!r} does not match {source[:100]!r}")


def _reference(of: Any, ref: str, instance: Json, schema: Json) -> Iterator[ValidationError]:
    """Follow a `$ref`, which counts."""
    of.format_checker.steps.spend(_STEPS_OF_A_REFERENCE)
    yield from Draft202012Validator.VALIDATORS["$ref"](of, ref, instance, schema)


def _bounded(kind: Any) -> Any:
    return extend(kind, {"pattern": _pattern, "$ref": _reference})  # type: ignore[no-untyped-call]


# Keywords that came after draft 7, and that libraries write into its schemas all the same.
_PARTS = {"type": "object", "additionalProperties": {"$ref": "#"}}
_LATER = {
    "unevaluatedItems": {"$ref": "#"},
    "unevaluatedProperties": {"$ref": "#"},
    "$defs": _PARTS,
    "dependentSchemas": _PARTS,
    "prefixItems": {"$ref": "#/definitions/schemaArray"},
}
_META_7: Json = Draft7Validator.META_SCHEMA
# What judges a schema of each draft, and the class of what judges values by it.
_DRAFT_7: tuple[Any, Any] = (
    Draft7Validator({**_META_7, "properties": {**_META_7["properties"], **_LATER}}),
    _bounded(Draft7Validator),
)
_DRAFT_2020_12: tuple[Any, Any] = (
    Draft202012Validator(Draft202012Validator.META_SCHEMA),
    _bounded(Draft202012Validator),
)
