"""Words what is wrong with a response: where, what the server sent, and what was expected.

The words are for readers who may not know JSON Schema.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from mockbatch.typing import Json
from mockbatch.validation.error_wording import join_items
from mockbatch.validation.type_names import EXPECTED_TYPES
from mockbatch.validation.violations import Path, Violation

_MAX_TEXT_LENGTH = 60


class Breach(NamedTuple):
    """What is wrong with a part of a body: where it is, and what the server sent and should have.

    The text is a predicate, as in `is null, not an object`.
    """

    path: Path
    text: str


def word_breach(breach: Breach, *, is_jsonl: bool) -> str:
    """Return a breach as a sentence; the first step to a part of JSONL is the name of its line."""
    if not is_jsonl or not breach.path:
        return f"{_show_path(breach.path) or 'the body'} {breach.text}"
    name, *rest = breach.path
    line = f"line {show(name)}"
    where = f"{_show_path(tuple(rest))} of {line}" if rest else line
    return f"{where} {breach.text}"


def show(value: Json) -> str:
    """Return a value in JSON, or the kind and size of one that has parts."""
    if isinstance(value, list):
        return f"a list of {count(len(value), 'item')}"
    if isinstance(value, dict):
        return f"an object with {count(len(value), 'member')}"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_TEXT_LENGTH else f'{text[:_MAX_TEXT_LENGTH]}..."'


def count(number: int, noun: str) -> str:
    """Return a number of things, as in `1 line` and `2 lines`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def describe_violation(violation: Violation) -> str:
    """Return what is wrong with a value at a violation's path, without the path itself."""
    keyword, limit = violation.keyword, violation.limit
    if keyword in _BY_KEYWORD:
        return _BY_KEYWORD[keyword](limit, violation.value)
    return f"cannot be checked: {limit}"


def _show_path(path: Path) -> str:
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def _describe_type(types: Json, value: Json) -> str:
    names = [types] if isinstance(types, str) else types
    expected = [_TYPE_NAMES[name] for name in dict.fromkeys(names)]
    return f"is {show(value)}, not {join_items(expected, 'or')}"


def _describe_choice(choices: Json, value: Json) -> str:
    expected = join_items([show(choice) for choice in choices], "or")
    return f"is {show(value)}, not {'one of ' * (len(choices) > 1)}{expected}"


def _describe_pattern(pattern: Json, value: Json) -> str:
    if start := re.fullmatch(r"\^([\w -]+)", pattern):
        return f'is {show(value)}, which does not start with "{start[1]}"'
    return f"is {show(value)}, which does not match {pattern}"


def _describe_content(document: Json, value: Json) -> str:
    names = [
        f"{name} is {show(part['const'])}" for name, part in document.get("properties", {}).items()
    ]
    return f"has {count(len(value), 'item')}, none of which has the expected {' and '.join(names)}"


def _describe_size(words: str) -> Callable[[Json, Json], str]:
    return lambda limit, value: f"has {_SIZES[type(value)](len(value))}, not {limit} {words}"


_TYPE_NAMES: Mapping[str, str] = {**EXPECTED_TYPES, "number": "a number", "array": "a list"}
_SIZES: Mapping[type, Callable[[int], str]] = {
    str: lambda size: count(size, "character"),
    list: lambda size: count(size, "item"),
    dict: lambda size: count(size, "member"),
}
_BY_KEYWORD: Mapping[str, Callable[[Json, Json], str]] = {
    "required": lambda *_: "is missing",
    "type": _describe_type,
    "const": lambda expected, value: f"is {show(value)}, not {show(expected)}",
    "enum": _describe_choice,
    "pattern": _describe_pattern,
    "minimum": lambda limit, value: f"is {show(value)}, not {limit} or more",
    "maximum": lambda limit, value: f"is {show(value)}, not {limit} or less",
    **dict.fromkeys(("minLength", "minItems", "minProperties"), _describe_size("or more")),
    **dict.fromkeys(("maxLength", "maxItems", "maxProperties"), _describe_size("or fewer")),
    "not": lambda _, value: f"is {show(value)}, which it must not be",
    "contains": _describe_content,
}
