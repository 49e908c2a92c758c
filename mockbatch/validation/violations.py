"""What a value violates in a schema, as values that can be described without jsonschema."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from mockbatch.typing import Json
from mockbatch.validation.error_wording import find_deepest

if TYPE_CHECKING:
    from jsonschema import ValidationError

Path = tuple[str | int, ...]


class Violation(NamedTuple):
    """One keyword of a schema that a value, or the part of it at `path`, does not fulfil.

    `limit` is what the schema says for the keyword, and `value` the part. For `required`, `path`
    leads to the missing member and `value` is the object without it. A union that no type fits
    counts as `type`, with the types of all its branches.
    """

    path: Path
    keyword: str
    limit: Json
    value: Json


def to_violations(errors: "Iterable[ValidationError]") -> Iterator[Violation]:
    """Yield the violations that jsonschema's errors describe, each once."""
    objects_with_missing: set[Path] = set()
    for error in map(find_deepest, errors):
        path = tuple(error.absolute_path)
        if error.validator != "required":
            yield _to_violation(error, path)
        elif path not in objects_with_missing:
            # jsonschema has an error for each missing member, but names it only in its message.
            objects_with_missing.add(path)
            yield from _missing_members(error, path)


def _missing_members(error: "ValidationError", path: Path) -> Iterator[Violation]:
    names: Json = error.validator_value
    value: Json = error.instance
    for name in names:
        if name not in value:
            yield Violation((*path, name), "required", names, value)


def _to_violation(error: "ValidationError", path: Path) -> Violation:
    value: Json = error.instance
    if error.validator in ("anyOf", "oneOf"):
        return Violation(path, "type", list(_types_of_branches(error)), value)
    return Violation(path, str(error.validator), error.validator_value, value)


def _types_of_branches(error: "ValidationError") -> Iterator[str]:
    for branch in error.context or []:
        types: Json = branch.validator_value if branch.validator == "type" else []
        yield from [types] if isinstance(types, str) else types
