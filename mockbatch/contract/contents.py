"""Compares the bytes of a body, and reads the lines of JSONL."""

from collections.abc import Iterator
from typing import NamedTuple

from mockbatch.contract.wording import count, show
from mockbatch.jsonio import parse
from mockbatch.typing import Json

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SHOWN_BYTES = 20


class Lines(NamedTuple):
    """The lines of JSONL by the value of one member; `problems` describes the other lines."""

    by_name: dict[str, Json]
    problems: list[str]
    repeated: list[str]


def describe_difference(expected: bytes, actual: bytes) -> str:
    """Return how some bytes differ from the expected; an empty text if they are the same."""
    if actual == expected:
        return ""
    if actual == _BYTE_ORDER_MARK + expected:
        return "begins with a byte order mark, which was not expected"
    if actual == expected + b"\n":
        return "ends with one newline more than expected"
    if actual + b"\n" == expected:
        return "lacks the newline at its end"
    if b"\r\n" in expected and actual == expected.replace(b"\r\n", b"\n"):
        return "has LF in place of each CR LF"
    if actual == expected.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"):
        return "has CR LF in place of each LF"
    return _describe_first_difference(expected, actual)


def _describe_first_difference(expected: bytes, actual: bytes) -> str:
    pairs = zip(expected, actual, strict=False)
    shorter = min(len(expected), len(actual))
    place = next((place for place, (a, b) in enumerate(pairs) if a != b), shorter)
    actual_text, expected_text = (
        show(text[place : place + _SHOWN_BYTES].decode(errors="replace")) if text[place:] else "end"
        for text in (actual, expected)
    )
    size = f"it has {count(len(actual), 'byte')}, not {len(expected)}"
    return (
        f"differs after {count(place, 'byte')}: there is {actual_text}, not {expected_text}; {size}"
    )


def find_line_end_breaches(content: bytes) -> Iterator[str]:
    """Describe lines that do not end with a newline alone, and a byte order mark."""
    if content.startswith(_BYTE_ORDER_MARK):
        yield "the body begins with a byte order mark, which was not expected"
    if not content.endswith(b"\n"):
        yield "the last line has no newline at its end"
    lines = content.removesuffix(b"\n").split(b"\n")
    for number, line in enumerate(lines, 1):
        if line.endswith(b"\r"):
            yield f"line {number} ends with CR LF, not with LF alone"
            return
        if not line:
            yield f"line {number} is empty"
            return


def read_lines(content: bytes, name: str) -> Lines:
    """Read JSONL: its lines by the value of the member `name`, the first of those with the same."""
    lines = Lines({}, [], [])
    for number, text in enumerate(content.removeprefix(_BYTE_ORDER_MARK).split(b"\n"), 1):
        if not text.strip():
            continue
        try:
            line = parse(text)
        except ValueError:
            lines.problems.append(f"line {number} is not JSON")
            continue
        _add_line(lines, line, name, number)
    return lines


def _add_line(lines: Lines, line: Json, name: str, number: int) -> None:
    value = line.get(name) if isinstance(line, dict) else None
    if not isinstance(line, dict):
        lines.problems.append(f"line {number} is {show(line)}, not an object")
    elif not isinstance(value, str):
        actual = f"is {show(value)}, not a string" if name in line else "is missing"
        lines.problems.append(f"{name} of line {number} {actual}")
    elif value in lines.by_name:
        lines.repeated.append(value)
    else:
        lines.by_name[value] = line


def find_line_breaches(expected: list[str], lines: Lines) -> Iterator[str]:
    """Describe which lines are missing, repeated, or should not be there."""
    for name in expected:
        if name not in lines.by_name:
            yield f"there is no line {show(name)}"
    for name in lines.by_name:
        if name not in expected:
            yield f"there is a line {show(name)}, which was not expected"
    for name in dict.fromkeys(lines.repeated):
        yield f"there are {lines.repeated.count(name) + 1} lines {show(name)}, not 1"
