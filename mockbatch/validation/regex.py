"""Regular expressions of JSON Schemas that clients send: matching texts, and generating them.

Python's own matcher can take exponential time for a short expression. Here a match is the set
of positions where it can end, so the work is bounded, and RegexError is raised at the limit.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from random import Random
from typing import Any

from mockbatch.validation.regex_syntax import WORD_CHARACTERS, Node, RegexError, parse_regex
from mockbatch.validation.step_budget import StepBudget

Positions = frozenset[int]

# The longest text that is matched or generated.
MAX_TEXT_LENGTH = 1000
# The longest expression that is read.
_MAX_SOURCE_LENGTH, _MAX_SHORT_LENGTH = 5000, 500
# The limit of a search without a budget.
_MAX_STEPS_OF_A_SEARCH = 100_000
# How many times more than required a part is repeated, so that texts differ; the later, smaller
# numbers are for expressions that leave little room, and for when the larger ones fail.
_EXTRA_REPEATS = (8, 8, 8, 4, 4, 2, 1, 0)
# How many of the repeatable parts are tried for making a text longer.
_MAX_PARTS = 16


def compile_regex(source: str) -> "Regex":
    """Return the regular expression that a text describes; raises RegexError."""
    # A regex takes up to 250 bytes for each character of its source.
    return (_short_regex if len(source) <= _MAX_SHORT_LENGTH else _long_regex)(source)


@lru_cache(maxsize=256)
def _short_regex(source: str) -> "Regex":
    return Regex(source)


@lru_cache(maxsize=8)
def _long_regex(source: str) -> "Regex":
    return Regex(source)


class Regex:
    """One regular expression; as in JSON Schema, it may match anywhere in a text."""

    def __init__(self, source: str) -> None:
        """Raise RegexError if the expression cannot be read or is not supported."""
        if len(source) > _MAX_SOURCE_LENGTH:
            raise RegexError(f"it has more than {_MAX_SOURCE_LENGTH} characters")
        self._nodes = parse_regex(source)

    def search(self, text: str, budget: StepBudget | None = None) -> bool:
        """Return whether the expression matches somewhere in a text.

        Raises RegexError if the text is too long or the budget is spent.
        """
        if len(text) > MAX_TEXT_LENGTH:
            raise RegexError(f"it would have to be searched for in {len(text)} characters")
        matcher = _Matcher(text, budget or StepBudget(_MAX_STEPS_OF_A_SEARCH))
        return bool(matcher.ends(self._nodes, frozenset(range(len(text) + 1))))

    def example(
        self, random: Random, budget: StepBudget, minimum: int = 0, maximum: float = MAX_TEXT_LENGTH
    ) -> str | None:
        """Return a text of `minimum` to `maximum` characters that matches, None if none is found.

        Raises RegexError if the budget is spent.
        """
        if minimum > MAX_TEXT_LENGTH:
            return None
        for repeats in _EXTRA_REPEATS:
            for text in self._candidates(random, repeats, minimum):
                fits = minimum <= len(text) <= min(maximum, MAX_TEXT_LENGTH)
                if fits and self.search(text, budget):
                    return text
        return None

    def _candidates(self, random: Random, repeats: int, minimum: int) -> Iterator[str]:
        """Yield texts that may match; if too short, then padded or with one part repeated more."""
        text = _Generator(random, repeats).text(self._nodes)
        yield text
        if len(text) < minimum:
            padding = "x" * (minimum - len(text))
            yield from (text + padding, padding + text)
            shortest = _Generator(random, 0)
            missing = minimum - len(shortest.text(self._nodes))
            for part in range(min(shortest.part_count, _MAX_PARTS)):
                for width in (1, 2, 3, 4):
                    repeats_of_part = {part: -(-missing // width)}
                    yield _Generator(random, 0, repeats_of_part).text(self._nodes)


class _Matcher:
    """Matches nodes against one text."""

    def __init__(self, text: str, budget: StepBudget) -> None:
        self._text = text
        self._budget = budget

    def ends(self, nodes: Sequence[Node], starts: Positions) -> Positions:
        """Return the positions where a match of the nodes can end, from one of `starts`."""
        for type_, details in nodes:
            if not starts:
                break
            self._budget.spend(len(starts))
            starts = self._ends_of_node(type_, details, starts)
        return starts

    def _ends_of_node(self, type_: str, details: Any, starts: Positions) -> Positions:
        match type_:
            case "character":
                text = self._text
                return frozenset(at + 1 for at in starts if at < len(text) and text[at] in details)
            case "branch":
                return frozenset().union(*(self.ends(branch, starts) for branch in details))
            case "repeat":
                minimum, maximum, nodes = details
                return self._ends_of_repeat(minimum, maximum, nodes, starts)
            case "at":
                return frozenset(at for at in starts if self._at_anchor(details, at))
        is_ahead, must_match, nodes = details
        return frozenset(
            at for at in starts if self._lookaround(nodes, at, is_ahead=is_ahead) == must_match
        )

    def _ends_of_repeat(
        self, minimum: int, maximum: int, nodes: Sequence[Node], starts: Positions
    ) -> Positions:
        for _ in range(minimum):
            before, starts = starts, self.ends(nodes, starts)
            if starts == before or not starts:
                break
        all_ends, newest = set(starts), starts
        for _ in range(maximum - minimum):
            newest = self.ends(nodes, newest) - all_ends
            if not newest:
                break
            all_ends |= newest
        return frozenset(all_ends)

    def _lookaround(self, nodes: Sequence[Node], at: int, *, is_ahead: bool) -> bool:
        if is_ahead:
            return bool(self.ends(nodes, frozenset({at})))
        return any(at in self.ends(nodes, frozenset({start})) for start in range(at + 1))

    def _at_anchor(self, anchor: str, at: int) -> bool:
        text = self._text
        if anchor.endswith("BOUNDARY"):
            before = at > 0 and text[at - 1] in WORD_CHARACTERS
            after = at < len(text) and text[at] in WORD_CHARACTERS
            return (before != after) == (anchor == "AT_BOUNDARY")
        return at == 0 if "BEGINNING" in anchor else at == len(text)


class _Generator:
    """Generates one text for nodes; it ignores lookaheads, so the text has to be matched again.

    Repeatable parts are repeated `repeats` times more than required, or as many times more as
    `repeats_of_part` says for the number of the part.
    """

    def __init__(
        self, random: Random, repeats: int, repeats_of_part: dict[int, int] | None = None
    ) -> None:
        self._random = random
        self._repeats = repeats
        self._repeats_of_part = repeats_of_part or {}
        self._length = 0
        self.part_count = 0

    def text(self, nodes: Sequence[Node]) -> str:
        """Return a text for these nodes."""
        return "".join(self._text_of_node(type_, details) for type_, details in nodes)

    def _text_of_node(self, type_: str, details: Any) -> str:
        match type_:
            case "character":
                return str(self._random.choice(details.sample_characters))
            case "branch":
                return self.text(self._random.choice(details))
            case "repeat":
                return self._repeat(*details)
            case "look":
                is_ahead, must_match, nodes = details
                return self.text(nodes) if must_match and not is_ahead else ""
        return ""

    def _repeat(self, minimum: int, maximum: int, nodes: Sequence[Node]) -> str:
        repeats = self._repeats_of_part.get(self.part_count, self._repeats)
        count = min(minimum + repeats, maximum)
        self.part_count += 1
        texts: list[str] = []
        while len(texts) < count and self._length <= MAX_TEXT_LENGTH:
            texts.append(self.text(nodes))
            self._length += max(1, len(texts[-1]))
        return "".join(texts)
