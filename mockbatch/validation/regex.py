"""Regular expressions of JSON Schemas: whether a text meets one, and a text that does.

The expressions come from clients, and Python's own matcher can take exponential time over a
short one. Here a match is the set of places it can end at, so the work is bounded, and what
goes beyond the bound is refused. Classes are ASCII, as in ECMA 262; Python's parser reads the
rest alike, once named groups and odd classes are written its way.
"""

import re
import string
import sys
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from importlib import import_module
from random import Random
from typing import Any

# A kind of node, and what it needs.
Node = tuple[str, Any]
Places = frozenset[int]

# Private, and for twenty years what every generator of texts for expressions builds on.
_parser: Any = import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")

MAX_TEXT_LENGTH = 1000
_WORD = string.ascii_letters + string.digits + "_"
_CATEGORIES = {"DIGIT": string.digits, "WORD": _WORD, "SPACE": " \t\n\r\f\v"}
# What a text is made of where an expression leaves the choice; the last ones for odd classes.
_ALPHABET = string.ascii_letters + string.digits + "_- .,:;!?@#%&*+=/'\"()[]{}<>|~^$`\\\t\néж中"
_LINE_ENDS = "\n\r\u2028\u2029"
# What Python reads in another way: the beginning of a named group, and in a class what warns of
# the sets to come. Escapes are matched so that nothing begins in the middle of one.
_ESCAPE_CLASS_OR_NAME = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\\\]])*|\(\?<(?=[A-Za-z_$])", re.DOTALL)
_IN_CLASS = re.compile(r"(\\.)|([\[&|~])", re.DOTALL)
_FLAGS = re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE
# How much more often than it must a part is repeated, so that texts differ; the next ones are
# for where there is less room, or luck.
_REPEATS = (8, 8, 8, 4, 4, 2, 1, 0)
_MOST_PARTS = 16


class RegexError(ValueError):
    """An expression that cannot be read, or takes too long."""


class StepBudget:
    """How many steps of matching are left, for one text or for many."""

    def __init__(self, left: int = 100_000) -> None:
        self._left = left

    def spend(self, steps: int) -> None:
        """Take steps; raises PatternError when there are not so many."""
        self._left -= steps
        if self._left < 0:
            raise RegexError("it takes too long to match")


@lru_cache(maxsize=256)
def compile_regex(source: str) -> "Regex":
    """Return the expression that a text is; raises PatternError."""
    return Regex(source)


class Regex:
    """One expression; it may be met anywhere in a text, as JSON Schema has it."""

    def __init__(self, source: str) -> None:
        try:
            parsed = _parser.parse(_ESCAPE_CLASS_OR_NAME.sub(_in_python, source))
            self._nodes = _read(parsed)
        # A warning is raised where a test run makes errors of them: two hyphens in a class.
        except (re.error, RecursionError, OverflowError, FutureWarning) as error:
            raise RegexError(f"it cannot be read: {error}") from error
        if parsed.state.flags & _FLAGS:
            raise RegexError("it has flags")

    def meets(self, text: str, steps: StepBudget | None = None) -> bool:
        """Tell whether a text meets the expression; raises PatternError if that takes too long."""
        if len(text) > MAX_TEXT_LENGTH:
            raise RegexError(f"it would have to be looked for in {len(text)} characters")
        walk = _Walk(text, steps or StepBudget())
        return bool(walk.ends(self._nodes, frozenset(range(len(text) + 1))))

    def example(
        self, random: Random, steps: StepBudget, least: int = 0, most: float = MAX_TEXT_LENGTH
    ) -> str | None:
        """Return a text of `least` to `most` characters that meets it, None if none was found."""
        if least > MAX_TEXT_LENGTH:
            return None
        for repeats in _REPEATS:
            for made in self._texts(random, repeats, least):
                if least <= len(made) <= min(most, MAX_TEXT_LENGTH) and self.meets(made, steps):
                    return made
        return None

    def _texts(self, random: Random, repeats: int, least: int) -> Iterator[str]:
        """Yield texts that may meet it: if too short, filled up, or with one part repeated more."""
        text = _Writer(random, repeats).text(self._nodes)
        yield text
        if len(text) < least:
            filling = "x" * (least - len(text))
            yield from (text + filling, filling + text)
            plain = _Writer(random, 0)
            missing = least - len(plain.text(self._nodes))
            for part in range(min(plain.parts, _MOST_PARTS)):
                for width in (1, 2, 3, 4):
                    yield _Writer(random, 0, {part: -(-missing // width)}).text(self._nodes)


class _Walk:
    """The search for an expression in one text."""

    def __init__(self, text: str, steps: StepBudget) -> None:
        self._text = text
        self._steps = steps

    def ends(self, nodes: Sequence[Node], starts: Places) -> Places:
        """Return where a match of these nodes can end that begins at one of these places."""
        for kind, needed in nodes:
            if not starts:
                break
            self._steps.spend(len(starts))
            starts = self._after(kind, needed, starts)
        return starts

    def _after(self, kind: str, needed: Any, starts: Places) -> Places:
        match kind:
            case "character":
                text = self._text
                return frozenset(at + 1 for at in starts if at < len(text) and text[at] in needed)
            case "branch":
                return frozenset().union(*(self.ends(branch, starts) for branch in needed))
            case "repeat":
                least, most, nodes = needed
                return self._repeated(least, most, nodes, starts)
            case "at":
                return frozenset(at for at in starts if self._stands(needed, at))
        ahead, wanted, nodes = needed
        return frozenset(at for at in starts if self._sees(nodes, at, ahead=ahead) == wanted)

    def _repeated(self, least: int, most: int, nodes: Sequence[Node], starts: Places) -> Places:
        for _ in range(least):
            before, starts = starts, self.ends(nodes, starts)
            if starts == before or not starts:
                break
        found, newest = starts, starts
        for _ in range(most - least):
            newest = self.ends(nodes, newest) - found
            if not newest:
                break
            found |= newest
        return found

    def _sees(self, nodes: Sequence[Node], at: int, *, ahead: bool) -> bool:
        if ahead:
            return bool(self.ends(nodes, frozenset({at})))
        return any(at in self.ends(nodes, frozenset({start})) for start in range(at + 1))

    def _stands(self, where: str, at: int) -> bool:
        text = self._text
        if where.endswith("BOUNDARY"):
            before = at > 0 and text[at - 1] in _WORD
            after = at < len(text) and text[at] in _WORD
            return (before != after) == (where == "AT_BOUNDARY")
        return at == 0 if "BEGINNING" in where else at == len(text)


class _Writer:
    """One text for an expression; lookaheads are left to luck and to who checks it.

    Parts that may be repeated are, `repeats` times more than they have to, or as often as
    `more` says for the part of that number.
    """

    def __init__(self, random: Random, repeats: int, more: dict[int, int] | None = None) -> None:
        self._random = random
        self._repeats = repeats
        self._more = more or {}
        self._length = 0
        self.parts = 0

    def text(self, nodes: Sequence[Node]) -> str:
        """Return a text for these nodes."""
        return "".join(self._of(kind, needed) for kind, needed in nodes)

    def _of(self, kind: str, needed: Any) -> str:
        match kind:
            case "character":
                return str(self._random.choice(needed.usual))
            case "branch":
                return self.text(self._random.choice(needed))
            case "repeat":
                return self._repeated(*needed)
            case "look":
                ahead, wanted, nodes = needed
                return self.text(nodes) if wanted and not ahead else ""
        return ""

    def _repeated(self, least: int, most: int, nodes: Sequence[Node]) -> str:
        count = min(least + self._more.get(self.parts, self._repeats), most)
        self.parts += 1
        texts: list[str] = []
        while len(texts) < count and self._length <= MAX_TEXT_LENGTH:
            texts.append(self.text(nodes))
            self._length += max(1, len(texts[-1]))
        return "".join(texts)


class _Characters:
    """A class of characters, given as Python's parser has it."""

    def __init__(self, op: str, arg: Any) -> None:
        self._negated = op in ("NOT_LITERAL", "ANY")
        self._items = arg if op == "IN" else [("LITERAL", arg)]
        if op == "ANY":
            self._items = [("LITERAL", ord(character)) for character in _LINE_ENDS]
        elif op == "IN" and str(arg[0][0]) == "NEGATE":
            self._negated, self._items = True, arg[1:]
        self._known: dict[str, bool] = {}

    def __contains__(self, character: str) -> bool:
        if character not in self._known:
            inside = any(_is(character, str(op), arg) for op, arg in self._items)
            self._known[character] = inside != self._negated
        return self._known[character]

    @cached_property
    def usual(self) -> Sequence[str]:
        """Some of its characters: letters and digits if it has some."""
        found = [character for character in _ALPHABET if character in self]
        if not found and not self._negated:
            found = [chr(arg[0] if str(op) == "RANGE" else arg) for op, arg in self._items[:1]]
        if not found:
            raise RegexError("it has a class of no usual character")
        plain = [character for character in found if character in _WORD]
        return plain or [character for character in found if character.isascii()] or found


def _in_python(found: "re.Match[str]") -> str:
    """Return an escape, a class or the beginning of a named group in Python's notation."""
    part = found[0]
    if part.startswith("["):
        return "[" + _IN_CLASS.sub(lambda inside: inside[1] or f"\\{inside[2]}", part[1:])
    return "(?P<" if part.startswith("(") else part


def _is(character: str, op: str, arg: Any) -> bool:
    if op == "LITERAL":
        return ord(character) == int(arg)
    if op == "RANGE":
        return int(arg[0]) <= ord(character) <= int(arg[1])
    name = str(arg).removeprefix("CATEGORY_")
    return (character in _CATEGORIES[name.removeprefix("NOT_")]) != name.startswith("NOT_")


def _read(parsed: Any) -> list[Node]:
    """Return what Python's parser has read as nodes of five kinds."""
    return [_node(str(op), arg) for op, arg in parsed]


def _node(op: str, arg: Any) -> Node:
    match op:
        case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
            return "character", _Characters(op, arg)
        case "AT":
            return "at", str(arg)
        case "BRANCH":
            return "branch", [_read(branch) for branch in arg[1]]
        case "SUBPATTERN":
            _, added, removed, nodes = arg
            if added or removed:
                raise RegexError("it has flags")
            return "branch", [_read(nodes)]
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, nodes = arg
            return "repeat", (int(least), int(most), _read(nodes))
        case "ASSERT" | "ASSERT_NOT":
            direction, nodes = arg
            return "look", (direction > 0, op == "ASSERT", _read(nodes))
    raise RegexError(f"it has a {op.lower().replace('_', ' ')}, which is not supported")
