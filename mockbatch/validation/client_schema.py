"""JSON Schemas that clients send: whether they are valid, and whether values fit them.

jsonschema decides here too, but in bounded time: a schema of a few lines whose definitions
each need the next one twice would keep it busy for years, and so would some patterns.
"""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT7, DRAFT202012

from mockbatch.typing import Json
from mockbatch.validation.obvious_schema import is_obviously_schema
from mockbatch.validation.regex import compile_regex
from mockbatch.validation.step_budget import StepBudget, preparation_budget
from mockbatch.validation.violations import Violation, to_violations

Keyword = Callable[[Any, Any, Json, Json], Iterator[ValidationError] | None]

# Raised while a value is checked. OverflowError: `multipleOf` for integers too large for a float.
_UNDECIDABLE = (RecursionError, Unresolvable, ValueError, OverflowError)
# What a keyword costs, whatever it says; following a reference costs more.
_STEPS_PER_KEYWORD = 15
_STEPS_PER_REFERENCE = {"$ref": 80, "$dynamicRef": 160}
# How many frames of the stack are left when a reference is no longer followed.
_SPARE_FRAMES = 150
# How many characters one step copies into a message, or how many names of a list it looks at.
_CHARACTERS_PER_STEP = 200
_NAMES_PER_STEP = 8


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

    def is_valid(self, budget: StepBudget | None = None) -> bool:
        """Return whether it is a JSON Schema; draft 7 may have later keywords.

        Raises BudgetSpentError if the budget does not suffice to tell.
        """
        budget = budget or preparation_budget()
        if is_obviously_schema(self._document, budget):
            return True
        limit = _StepLimit(budget, self._document)
        try:
            return bool(self._metaschema.evolve(format_checker=limit).is_valid(self._document))
        except RecursionError:
            return False

    def first_violation(
        self, value: Json, budget: StepBudget | None = None
    ) -> tuple[str, tuple[str, ...]] | None:
        """Return how a value violates the schema, and where in the schema; None if it fits.

        `budget` limits the steps of this and other checks. The schema has to be valid.
        """
        try:
            for error in self._iter_errors(value, budget or preparation_budget()):
                return error.message[:200], tuple(map(str, error.absolute_schema_path))
        except _UNDECIDABLE as error:
            return str(error)[:200], ()
        return None

    def find_violations(self, value: Json) -> list[Violation]:
        """Return how a value violates the schema, which has to be valid.

        If the budget does not suffice to find out, the keyword is empty, and the limit says
        why.
        """
        try:
            return list(to_violations(self._iter_errors(value, preparation_budget())))
        except _UNDECIDABLE as error:
            return [Violation((), "", str(error)[:200], value)]

    def _iter_errors(self, value: Json, budget: StepBudget) -> Iterator[ValidationError]:
        limit = _StepLimit(budget, value)
        errors: Iterator[ValidationError]
        errors = self._validator.evolve(format_checker=limit).iter_errors(value)
        return errors

    @cached_property
    def _validator(self) -> Any:
        """The validator of values, without `$schema`.

        For a subschema that names a draft, jsonschema would choose a validator of its own, which
        runs in unbounded time.
        """
        document = self._document
        if isinstance(document, dict):
            document = _without_draft(document)
        specification = DRAFT7 if self._validator_class is _CLASS_7 else DRAFT202012
        return _make_validator(self._validator_class, document, specification, Registry())


def _is_draft_7(document: Json) -> bool:
    draft = document.get("$schema") if isinstance(document, dict) else None
    return isinstance(draft, str) and "draft-07" in draft


class _StepLimit(FormatChecker):
    """Carries the step budget to the keywords; it checks no formats.

    Of a validator's arguments, only the format checker reaches every keyword.
    """

    def __init__(self, budget: StepBudget, value: Json) -> None:
        super().__init__(formats=())
        self.budget = budget
        # The size of each list and object in the value that is checked, by its id.
        self._sizes: dict[int, int] = {}
        self._measure(value)

    def size(self, value: Json) -> int:
        """Return about how many characters a value has as JSON."""
        if isinstance(value, str):
            return len(value)
        return self._sizes.get(id(value), 8)

    def _measure(self, value: Json) -> int:
        if not isinstance(value, dict | list):
            return len(value) if isinstance(value, str) else 8
        self.budget.spend(1)
        inner = [*value, *value.values()] if isinstance(value, dict) else value
        size = self._sizes[id(value)] = 8 + sum(map(self._measure, inner))
        return size


def _pattern(validator: Any, pattern: str, value: Json, _: Json) -> Iterator[ValidationError]:
    """Check the keyword `pattern` in bounded time, which Python's matcher does not."""
    budget = validator.format_checker.budget
    if isinstance(value, str) and not compile_regex(pattern).search(value, budget):
        yield ValidationError(f"{value[:50]!r} does not match {pattern[:100]!r}")


def _with_steps(name: str, keyword: Keyword) -> Keyword:
    """Return a keyword of jsonschema that spends steps before it checks a value."""

    def check(
        validator: Any, argument: Json, value: Json, schema: Json
    ) -> Iterator[ValidationError] | None:
        limit: _StepLimit = validator.format_checker
        size = limit.size(value)
        steps = _STEPS_PER_KEYWORD + size // _CHARACTERS_PER_STEP
        if isinstance(argument, list | dict):
            steps += len(argument) // _NAMES_PER_STEP
        if isinstance(value, list | dict):
            steps += len(value) // _NAMES_PER_STEP
        limit.budget.spend(steps + _own_steps(name, argument, value, size))
        if name in _STEPS_PER_REFERENCE:
            _check_stack()
        return keyword(validator, argument, value, schema)

    return check


def _check_stack() -> None:
    """Raise RecursionError before the stack ends.

    The package in Rust that looks references up panics if it ends there. A panic is no Exception,
    so it would end the thread of the server instead of being the answer to a request.
    """
    try:
        _descend(_SPARE_FRAMES)
    except RecursionError:
        raise RecursionError("it refers to itself too deeply") from None


def _descend(levels: int) -> None:
    """Use so many levels of the stack: Python 3.10 also counts what is called from C."""
    if levels:
        _descend(levels - 1)


def _own_steps(name: str, argument: Json, value: Json, size: int) -> int:
    """Return the steps that a keyword takes in addition to those of every keyword."""
    if name in _STEPS_PER_REFERENCE:
        # A reference is resolved from its beginning, one part of its path after the other.
        return _STEPS_PER_REFERENCE[name] + len(argument)
    # Values are compared with each other, lists and objects item by item.
    if name == "enum":
        return len(argument) * (1 if isinstance(value, str) else 1 + size // 8)
    if name == "const":
        return size // 8
    if name == "uniqueItems" and isinstance(value, list):
        return (len(value) * size) // 8 if _has_containers(value) else len(value)
    return 0


def _has_containers(values: list[Json]) -> bool:
    return any(isinstance(value, dict | list) or value is None for value in values)


def _with_limit(validator_class: Any) -> Any:
    keywords = {**validator_class.VALIDATORS, "pattern": _pattern}
    counted = {name: _with_steps(name, keyword) for name, keyword in keywords.items()}
    return extend(validator_class, counted)  # type: ignore[no-untyped-call]


def _make_validator(validator_class: Any, document: Json, specification: Any, registry: Any) -> Any:
    """Return a validator whose references lead only to the document and the registry.

    jsonschema would add the metaschemas to the registry. They name a draft, so what follows a
    reference to them would be checked by its own validator, which counts no steps.
    """
    resource = specification.create_resource(document)
    return validator_class(document, _resolver=registry.resolver_with_root(resource))


# Keywords newer than draft 7 that libraries write into its schemas all the same.
_SCHEMAS_BY_NAME = {"type": "object", "additionalProperties": {"$ref": "#"}}
_LATER_KEYWORDS = {
    "unevaluatedItems": {"$ref": "#"},
    "unevaluatedProperties": {"$ref": "#"},
    "$defs": _SCHEMAS_BY_NAME,
    "dependentSchemas": _SCHEMAS_BY_NAME,
    "prefixItems": {"$ref": "#/definitions/schemaArray"},
}
_CLASS_7, _CLASS_2020_12 = map(_with_limit, (Draft7Validator, Draft202012Validator))


def _without_draft(document: dict[str, Json]) -> dict[str, Json]:
    """Return a schema without `$schema`, by which jsonschema would choose its own validator."""
    return {name: value for name, value in document.items() if name != "$schema"}


def _draft_7_metaschema() -> Any:
    document: dict[str, Json] = _without_draft(Draft7Validator.META_SCHEMA)
    return _CLASS_7({**document, "properties": {**document["properties"], **_LATER_KEYWORDS}})


def _draft_2020_12_metaschema() -> Any:
    """Return the validator of schemas; each vocabulary is a document of its own."""
    parts = {uri: REGISTRY[uri].contents for uri in REGISTRY if "2020-12" in uri}
    resources = [
        (uri, DRAFT202012.create_resource(_without_draft(part))) for uri, part in parts.items()
    ]
    document = _without_draft(Draft202012Validator.META_SCHEMA)
    registry = Registry().with_resources(resources)
    return _make_validator(_CLASS_2020_12, document, DRAFT202012, registry)


# For each draft, the validator of schemas and the class of validators of values.
_DRAFT_7: tuple[Any, Any] = (_draft_7_metaschema(), _CLASS_7)
_DRAFT_2020_12: tuple[Any, Any] = (_draft_2020_12_metaschema(), _CLASS_2020_12)
