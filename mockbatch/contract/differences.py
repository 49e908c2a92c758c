"""Compares a body, or parts of it, with what a case expects there."""

from collections.abc import Iterator, Mapping
from functools import cache

from mockbatch.contract.errors import SkipError
from mockbatch.contract.placeholders import value_at
from mockbatch.contract.wording import Breach, count, describe_violation, show
from mockbatch.typing import Json
from mockbatch.validation.client_schema import ClientSchema
from mockbatch.validation.schema import schema
from mockbatch.validation.violations import Path

ANY = "*"
_MISSING = object()


def find_differences(expected: Json, actual: Json, path: Path = ()) -> Iterator[Breach]:
    """Describe where a value differs from the expected; members not in `expected` are ignored."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name, value in expected.items():
            if name in actual:
                yield from find_differences(value, actual[name], (*path, name))
            else:
                yield Breach((*path, name), "is missing")
    elif isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            yield Breach(path, f"has {count(len(actual), 'item')}, not {len(expected)}")
        else:
            for index, (value, other) in enumerate(zip(expected, actual, strict=True)):
                yield from find_differences(value, other, (*path, index))
    # In JSON true is not 1.
    elif expected != actual or isinstance(expected, bool) != isinstance(actual, bool):
        yield Breach(path, f"is {show(actual)}, not {show(expected)}")


def find_violations(name: str, value: Json) -> Iterator[Breach]:
    """Describe what a value violates in a schema of this project.

    `name#part` is the definition `part` in the schema `name`.
    """
    for violation in _lenient_schema(name).find_violations(value):
        yield Breach(violation.path, describe_violation(violation))


def find_own_violations(document: Json, value: Json) -> Iterator[Breach]:
    """Describe what a value violates in a case's own schema, which has values of responses."""
    own_schema = ClientSchema(document)
    if own_schema.is_valid():
        for violation in own_schema.find_violations(value):
            yield Breach(violation.path, describe_violation(violation))
    else:
        yield Breach((), "cannot be compared with an earlier value, which has another type")


def find_part_breaches(expected: Mapping[str, Json], body: Json) -> list[Breach]:
    """Describe what is wrong with the parts of a body that an expectation is about.

    Other cases report what is wrong elsewhere: if that leaves nothing to compare, this raises
    SkipError.
    """
    at = expected["at"]
    parts = list(find_parts(body, at.split(".") if at else []))
    breaches: list[Breach] = []
    is_decided = False
    for path, value in parts:
        found = [Breach((), "is missing")] if value is _MISSING else _check(expected, value)
        if found is not None:
            is_decided = True
            breaches += [Breach(path + inner, text) for inner, text in found]
    if not is_decided:
        raise SkipError(f"there is nothing to check at {at}")
    return breaches


def find_parts(value: Json, at: list[str], path: Path = ()) -> Iterator[tuple[Path, Json]]:
    """Yield each part of a value at a path, in which `*` is every member or item.

    A member is missing only if the object that should have it is there.
    """
    if not at:
        yield path, value
        return
    step, *rest = at
    if step != ANY:
        if not isinstance(value, dict):
            return
        if step in value:
            yield from find_parts(value[step], rest, (*path, step))
        elif not rest:
            yield (*path, step), _MISSING
        return
    items = value.items() if isinstance(value, dict) else enumerate(_as_list(value))
    for name, item in items:
        yield from find_parts(item, rest, (*path, name))


def _as_list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _check(expected: Mapping[str, Json], value: Json) -> list[Breach] | None:
    """Return what is wrong with a part; None if a sum cannot be checked."""
    if "sums" in expected:
        return _check_sums(expected["sums"], value)
    if "fits" in expected:
        breaches = find_own_violations(expected["fits"], value)
    else:
        breaches = find_violations(expected["schema"], value)
    ignored = [pattern.split(".") for pattern in expected.get("except", ())]
    return [breach for breach in breaches if not _is_below(breach.path, ignored)]


def _check_sums(sums: Mapping[str, list[str]], value: Json) -> list[Breach] | None:
    breaches: list[Breach] = []
    for total, names in sums.items():
        try:
            actual, *addends = [value_at(name, value) for name in (total, *names)]
        except KeyError:
            return None
        if not all(isinstance(number, int) for number in (actual, *addends)):
            return None
        if actual != sum(addends):
            text = f"is {actual}, not {sum(addends)}, which is {' + '.join(names)}"
            breaches.append(Breach((total,), text))
    return breaches


def _is_below(path: Path, patterns: list[list[str]]) -> bool:
    """Return whether a path leads to, or into, what one of the patterns names."""
    return any(
        len(path) >= len(pattern)
        and all(step in (ANY, name) for step, name in zip(pattern, path, strict=False))
        for pattern in patterns
    )


@cache
def _lenient_schema(name: str) -> ClientSchema:
    file, _, part = name.partition("#")
    document: Json = schema(file).document
    if part:
        document = {"$ref": f"#/$defs/{part}", "$defs": document["$defs"]}
    return ClientSchema(loosen(document))


def loosen(document: Json) -> Json:
    """Return a schema that still requires members, but allows further ones and any format of ids.

    A server may know newer members than this project, and may form its ids as it likes.
    """
    if isinstance(document, list):
        return [loosen(item) for item in document]
    if not isinstance(document, dict):
        return document
    return {
        name: loosen(value)
        for name, value in document.items()
        if (name, value) != ("additionalProperties", False)
        and not (name == "pattern" and isinstance(value, str))
    }
