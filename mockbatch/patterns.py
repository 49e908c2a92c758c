"""Regular expressions of JSON Schemas: whether a text meets one, and a text that does.

The expressions come from clients, and Python's own matcher can take exponential time over a
short one. Here a match is the set of places it can end at, so the work is bounded, and what
goes beyond the bound is refused. Classes are ASCII, as in ECMA 262; Python's parser reads the
rest alike, but for named groups.
"""

import re
import string
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module
from random import Random
from typing import Any

# A node of Python's parsed expressions: the name of what it is, and what that needs.
Node = tuple[Any, Any]
Places = frozenset[int]

# Private, and for twenty years what every generator of texts for expressions builds on.
_parser: Any = import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")

_MOST_STEPS = 100_000
_LONGEST = 1000
_WORD = string.ascii_letters + string.digits + "_"
_SPACE = " \t\n\r\f\v"
_CATEGORIES = {"DIGIT": string.digits, "WORD": _WORD, "SPACE": _SPACE}
# What a text is made of where an expression leaves the choice; the last ones for odd classes.
_ALPHABET = string.ascii_letters + string.digits + "-_ .,:;!?@#%&*+=/'\"()[]{}<>|~^$`\\\t\néж中"
# How much more often than it must a part is repeated, so that texts differ; the next ones are for
# where there is less room, or luck.
_REPEATS = (8, 8, 4, 2, 1, 0)


class PatternError(ValueError):
    """An expression that cannot be read, or takes too long."""


@lru_cache(maxsize=256)
def pattern(source: str) -> "Pattern":
    """Return the expression that a text is; raises PatternError."""
    return Pattern(source)


class Pattern:
    """One expression; it may be met anywhere in a text, as JSON Schema has it."""

    def __init__(self, source: str) -> None:
        try:
            parsed = _parser.parse(re.sub(r"\(\?<(?=[A-Za-z_$])", "(?P<", source))
        except (re.error, RecursionError, OverflowError) as error:
            raise PatternError(f"it cannot be read: {error}") from error
        if parsed.state.flags & (re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE):
            raise PatternError("it has flags")
        self._nodes: Sequence[Node] = list(parsed)

    def meets(self, text: str) -> bool:
        """Tell whether a text meets the expression; raises PatternError if that takes too long."""
        if len(text) > _LONGEST:
            raise PatternError(f"it would have to be looked for in {len(text)} characters")
        walk = _Walk(text)
        return bool(walk.sequence(self._nodes, frozenset(range(len(text) + 1))))

    def example(self, random: Random, least: int = 0, most: float = float("inf")) -> str | None:
        """Return a text of `least` to `most` characters that meets it, None if none was found."""
        if least > _LONGEST:
            return None
        for repeats in _REPEATS:
            text = _Writer(random, repeats).sequence(self._nodes)
            for candidate in (text, *self._longer(text, least, random)):
                if least <= len(candidate) <= min(most, _LONGEST) and self.meets(candidate):
                    return candidate
        return None

    def _longer(self, text: str, least: int, random: Random) -> list[str]:
        """Return texts that may be long enough: filled up, or with one part repeated more."""
        if len(text) >= least:
            return []
        filling = "x" * (least - len(text))
        plain = _Writer(Random(0), 0)  # noqa: S311 - only counted
        missing = least - len(plain.sequence(self._nodes))
        return [
            text + filling,
            filling + text,
            *(
                _Writer(random, 0, {part: -(-missing // width)}).sequence(self._nodes)
                for part in range(min(plain.parts, 16))
                for width in (1, 2, 3, 4)
            ),
        ]


class _Walk:
    """The search for an expression in one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._steps = 0

    def sequence(self, nodes: Sequence[Node], starts: Places) -> Places:
        """Return where a match of these nodes can end that begins at one of these places."""
        for op, arg in nodes:
            if not starts:
                break
            self._steps += len(starts)
            if self._steps > _MOST_STEPS:
                raise PatternError("it takes too long to match")
            starts = self._ends(str(op), arg, starts)
        return starts

    def _ends(self, op: str, arg: Any, starts: Places) -> Places:
        match op:
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
                text, holds = self._text, _holder(op, arg)
                return frozenset(at + 1 for at in starts if at < len(text) and holds(text[at]))
            case "AT":
                return frozenset(at for at in starts if self._stands(str(arg), at))
            case "BRANCH":
                return frozenset().union(*(self.sequence(branch, starts) for branch in arg[1]))
            case "SUBPATTERN":
                return self.sequence(_plain_group(arg), starts)
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, nodes = arg
                return self._repeated(int(least), int(most), nodes, starts)
            case "ASSERT" | "ASSERT_NOT":
                direction, nodes = arg
                wanted = op == "ASSERT"
                return frozenset(at for at in starts if self._sees(direction, nodes, at) == wanted)
        raise _unknown(op)

    def _repeated(self, least: int, most: int, nodes: Sequence[Node], starts: Places) -> Places:
        for _ in range(least):
            before, starts = starts, self.sequence(nodes, starts)
            if starts == before or not starts:
                break
        found, newest = starts, starts
        for _ in range(most - least):
            newest = self.sequence(nodes, newest) - found
            if not newest:
                break
            found |= newest
        return found

    def _sees(self, direction: int, nodes: Sequence[Node], at: int) -> bool:
        if direction > 0:
            return bool(self.sequence(nodes, frozenset({at})))
        return any(at in self.sequence(nodes, frozenset({start})) for start in range(at + 1))

    def _stands(self, where: str, at: int) -> bool:
        text = self._text
        if where.endswith("BOUNDARY"):
            before = at > 0 and text[at - 1] in _WORD
            after = at < len(text) and text[at] in _WORD
            return (before != after) == (where == "AT_BOUNDARY")
        return at == 0 if "BEGINNING" in where else at == len(text)


class _Writer:
    """One text for an expression; lookarounds are left to luck and to who checks it.

    Parts that may be repeated are, `repeats` times more than they have to, or as often as
    `more` says for the part of that number.
    """

    def __init__(self, random: Random, repeats: int, more: dict[int, int] | None = None) -> None:
        self._random = random
        self._repeats = repeats
        self._more = more or {}
        self._length = 0
        self.parts = 0

    def sequence(self, nodes: Sequence[Node]) -> str:
        return "".join(self._text(str(op), arg) for op, arg in nodes)

    def _text(self, op: str, arg: Any) -> str:
        match op:
            case "LITERAL":
                return chr(arg)
            case "NOT_LITERAL" | "ANY" | "IN":
                return self._random.choice(_characters(op, arg))
            case "AT" | "ASSERT" | "ASSERT_NOT":
                return ""
            case "BRANCH":
                return self.sequence(self._random.choice(arg[1]))
            case "SUBPATTERN":
                return self.sequence(_plain_group(arg))
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self._repeated(*arg)
        raise _unknown(op)

    def _repeated(self, least: int, most: int, nodes: Sequence[Node]) -> str:
        count = min(least + self._more.get(self.parts, self._repeats), most)
        self.parts += 1
        texts = []
        for _ in range(count):
            texts.append(self.sequence(nodes))
            self._length += len(texts[-1])
            if self._length > _LONGEST or not texts[-1]:
                break
        return "".join(texts)


def _plain_group(arg: Any) -> Sequence[Node]:
    _, added, removed, nodes = arg
    if added or removed:
        raise PatternError("it has flags")
    found: Sequence[Node] = nodes
    return found


def _unknown(op: str) -> PatternError:
    return PatternError(f"it has a {op.lower().replace('_', ' ')}, which is not supported")


def _holder(op: str, arg: Any) -> Callable[[str], bool]:
    """Return what tells whether a character is of a class."""
    if op == "ANY":
        return lambda character: character not in "\n\r\u2028\u2029"
    if op == "LITERAL":
        return lambda character: ord(character) == arg
    if op == "NOT_LITERAL":
        return lambda character: ord(character) != arg
    negated = str(arg[0][0]) == "NEGATE"
    return lambda character: any(_in(character, *item) for item in arg) != negated


def _in(character: str, op: Any, arg: Any) -> bool:
    match str(op):
        case "LITERAL":
            return ord(character) == int(arg)
        case "RANGE":
            return int(arg[0]) <= ord(character) <= int(arg[1])
        case "CATEGORY":
            name = str(arg).removeprefix("CATEGORY_")
            return (character in _CATEGORIES[name.removeprefix("NOT_")]) != name.startswith("NOT_")
    return False


def _characters(op: str, arg: Any) -> Sequence[str]:
    """Return characters of a class, letters and digits if it has some."""
    holds = _holder(op, arg)
    found = [character for character in _ALPHABET if holds(character)]
    plain = [character for character in found if character in _WORD]
    if plain or found:
        return plain or found
    if op == "IN":
        for name, item in arg:
            if str(name) in ("LITERAL", "RANGE"):
                return [chr(item if str(name) == "LITERAL" else item[0])]
    raise PatternError("it has a class of no usual character")
