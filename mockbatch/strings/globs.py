"""Globs that match in bounded time: `*`, `?`, `[…]` and `[!…]`, as of the module fnmatch.

fnmatch's own time grows with the length of the text times that of the pattern, and clients
choose both: a model name of 160 kB took ten seconds, in which no other thread of Python ran.
"""

import re
from fnmatch import translate
from functools import lru_cache

#: The longest pattern, and how many `*`, or `?` and `[…]`, it may have.
MAX_PATTERN_CHARACTERS = 512
MAX_WILDCARDS = 32
#: How many characters at the beginning of a text are matched.
MAX_TEXT_CHARACTERS = 512

# A set of characters, or one character: also a bracket that begins no set.
_ELEMENT = re.compile(r"\[(?:!.|[^!])[^\]]*\]|.", re.DOTALL)


class Glob:
    """A pattern; ValueError for one that is too long or has too many wildcards."""

    __slots__ = ("_segments",)

    def __init__(self, pattern: str) -> None:
        if len(pattern) > MAX_PATTERN_CHARACTERS:
            raise ValueError(f"a pattern has at most {MAX_PATTERN_CHARACTERS} characters")
        segments: list[list[str]] = [[]]
        for element in _ELEMENT.findall(pattern):
            if element == "*":
                segments.append([])
            else:
                segments[-1].append(element)
        self._segments = tuple(map(_Segment, segments))
        wildcards = sum(segment.wildcard_count for segment in self._segments)
        if max(wildcards, len(segments) - 1) > MAX_WILDCARDS:
            limit = f"{MAX_WILDCARDS} of '*', and as many of '?' and '[…]'"
            raise ValueError(f"a pattern has at most {limit}")

    def matches(self, text: str) -> bool:
        """Return whether the pattern matches the first 512 characters of a text."""
        text = text[:MAX_TEXT_CHARACTERS]
        first, *others = self._segments
        if not others:
            return len(text) == first.length and first.is_at(text, 0)
        *middle, last = others
        position, end = first.length, len(text) - last.length
        if position > end or not first.is_at(text, 0) or not last.is_at(text, end):
            return False
        # Each segment matches as early as possible, which leaves the most room for the others.
        for segment in middle:
            found = segment.find(text, position, end)
            if found < 0:
                return False
            position = found + segment.length
        return True


class _Segment:
    """A part of a pattern between two `*`; each of its elements is one character of a text."""

    __slots__ = ("_regex", "_text", "length", "wildcard_count")

    def __init__(self, elements: list[str]) -> None:
        self.length = len(elements)
        literals = [_literal(element) for element in elements]
        self.wildcard_count = literals.count(None)
        self._text = "".join(literal or "" for literal in literals)
        self._regex: re.Pattern[str] | None = None
        if self.wildcard_count:
            # Without the anchor that `translate` adds at the end.
            self._regex = re.compile(translate("".join(elements))[:-2])

    def is_at(self, text: str, position: int) -> bool:
        """Return whether the segment matches at a position of a text."""
        if self._regex is None:
            return text.startswith(self._text, position)
        return self._regex.match(text, position) is not None

    def find(self, text: str, start: int, end: int) -> int:
        """Return the first position from `start` where the segment matches before `end`, or -1."""
        if self._regex is None:
            return text.find(self._text, start, end)
        found = self._regex.search(text, start, end)
        return -1 if found is None else found.start()


def _literal(element: str) -> str | None:
    """Return the character that an element matches; None for a wildcard."""
    if element == "?":
        return None
    if len(element) == 3:
        return element[1] if element[1] != "!" else None
    return element if len(element) == 1 else None


@lru_cache(maxsize=1024)
def glob(pattern: str) -> Glob:
    """Return the glob of a pattern; ValueError for one that is too long or has too many."""
    return Glob(pattern)
