"""Reads the regular expressions of JSON Schema patterns (ECMA 262) into nodes.

Python's own parser does the reading, once named groups and some character classes are written
its way. Character classes are ASCII, as in ECMA 262.
"""

import re
import string
import sys
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import import_module
from itertools import chain
from typing import Any

# The type of a node, and what it needs:
# - "character": a CharacterClass
# - "branch": the alternatives, each a list of nodes
# - "repeat": the minimum, the maximum, and the nodes to repeat
# - "at": an anchor, by its name in Python's parser
# - "look": whether it looks ahead (else behind), whether it has to match, and the nodes
Node = tuple[str, Any]

WORD_CHARACTERS = string.ascii_letters + string.digits + "_"

# A private module, but libraries that generate texts for regexes have used it for twenty years.
_parser: Any = import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")
_CATEGORIES = {"DIGIT": string.digits, "WORD": WORD_CHARACTERS, "SPACE": " \t\n\r\f\v"}
# The characters that are generated where a regex leaves the choice; the last ones are for
# unusual classes.
_SAMPLE_ALPHABET = WORD_CHARACTERS + "- .,:;!?@#%&*+=/'\"()[]{}<>|~^$`\\\t\néж中"
_CODE_COUNT = sys.maxunicode + 1
_LINE_ENDS = "\n\r\u2028\u2029"
# What Python reads differently: the beginning of a named group, and in a class what it warns
# about because of future set operations. Escapes are matched too, so that no match begins in
# the middle of one.
_ESCAPE_CLASS_OR_NAME = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\\\]])*|\(\?<(?=[A-Za-z_$])", re.DOTALL)
_IN_CLASS = re.compile(r"(\\.)|([\[&|~])", re.DOTALL)
_FLAGS = re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE


class RegexError(ValueError):
    """A regular expression cannot be read or is not supported, or matching takes too long."""


class CharacterClass:
    """A set of characters, built from a token of Python's parser.

    It is small, because a client's regex may have thousands of them, and caches keep regexes.
    """

    __slots__ = ("_bounds", "_samples")

    def __init__(self, op: str, arg: Any) -> None:
        items = arg if op == "IN" else [("LITERAL", arg)]
        is_negated = op in ("NOT_LITERAL", "ANY")
        if op == "ANY":
            items = [("LITERAL", ord(character)) for character in _LINE_ENDS]
        elif op == "IN" and str(arg[0][0]) == "NEGATE":
            is_negated, items = True, arg[1:]
        bounds = _merge(chain.from_iterable(_ranges(str(op), arg) for op, arg in items))
        # The first code that is in the set, the next one that is not, the next that is, and so on.
        self._bounds = _complement(bounds) if is_negated else bounds
        self._samples: str | None = None

    def __contains__(self, character: str) -> bool:
        return bisect_right(self._bounds, ord(character)) % 2 == 1

    @property
    def sample_characters(self) -> str:
        """Some characters of the class: only letters, digits and underscores if it has any."""
        if self._samples is None:
            self._samples = self._find_samples()
        return self._samples

    def _find_samples(self) -> str:
        samples = [character for character in _SAMPLE_ALPHABET if character in self]
        if not samples:
            if not self._bounds:
                raise RegexError("it has a class without characters")
            samples = [chr(self._bounds[0])]
        word_characters = [character for character in samples if character in WORD_CHARACTERS]
        return "".join(word_characters or [each for each in samples if each.isascii()] or samples)


def _ranges(op: str, arg: Any) -> Iterable[tuple[int, int]]:
    """Return the ranges of codes of an item of a class, each as its start and its stop."""
    if op == "LITERAL":
        return [(int(arg), int(arg) + 1)]
    if op == "RANGE":
        return [(int(arg[0]), int(arg[1]) + 1)]
    return _category_ranges(str(arg).removeprefix("CATEGORY_"))


@cache
def _category_ranges(name: str) -> Sequence[tuple[int, int]]:
    category = _CATEGORIES[name.removeprefix("NOT_")]
    bounds = _merge((ord(character), ord(character) + 1) for character in category)
    if name.startswith("NOT_"):
        bounds = (*_complement(bounds), _CODE_COUNT)
    return tuple(zip(bounds[::2], bounds[1::2], strict=True))


def _merge(ranges: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    """Return the starts and stops of what is in any of these ranges, in order."""
    bounds: list[int] = []
    for start, stop in sorted(ranges):
        if bounds and start <= bounds[-1]:
            bounds[-1] = max(bounds[-1], stop)
        else:
            bounds += (start, stop)
    return tuple(bounds)


def _complement(bounds: tuple[int, ...]) -> tuple[int, ...]:
    others = bounds[1:] if bounds[:1] == (0,) else (0, *bounds)
    return others[:-1] if others[-1:] == (_CODE_COUNT,) else others


def parse_regex(source: str) -> list[Node]:
    """Return the nodes of a regular expression; raises RegexError."""
    try:
        parsed = _parser.parse(_ESCAPE_CLASS_OR_NAME.sub(_to_python, source))
        nodes = _read(parsed)
    # FutureWarning is for two hyphens in a class, where a test run turns warnings into errors.
    except (re.error, RecursionError, OverflowError, FutureWarning) as error:
        raise RegexError(f"it cannot be read: {error}") from error
    if parsed.state.flags & _FLAGS:
        raise RegexError("it has flags")
    return nodes


def _to_python(match: "re.Match[str]") -> str:
    """Return an escape, a class or the beginning of a named group in Python's syntax."""
    text = match[0]
    if text.startswith("["):
        return "[" + _IN_CLASS.sub(lambda inner: inner[1] or f"\\{inner[2]}", text[1:])
    return "(?P<" if text.startswith("(") else text


def _read(parsed: Any) -> list[Node]:
    return [_read_node(str(op), arg) for op, arg in parsed]


def _read_node(op: str, arg: Any) -> Node:
    match op:
        case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
            return "character", CharacterClass(op, arg)
        case "AT":
            return "at", str(arg)
        case "BRANCH":
            return "branch", [_read(branch) for branch in arg[1]]
        case "SUBPATTERN":
            _, added_flags, removed_flags, nodes = arg
            if added_flags or removed_flags:
                raise RegexError("it has flags")
            return "branch", [_read(nodes)]
        case "MAX_REPEAT" | "MIN_REPEAT":
            minimum, maximum, nodes = arg
            return "repeat", (int(minimum), int(maximum), _read(nodes))
        case "ASSERT" | "ASSERT_NOT":
            direction, nodes = arg
            return "look", (direction > 0, op == "ASSERT", _read(nodes))
    raise RegexError(f"it has a {op.lower().replace('_', ' ')}, which is not supported")
