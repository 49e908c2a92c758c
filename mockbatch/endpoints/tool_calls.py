"""Calls of tools, before each endpoint writes them in its own way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mockbatch.endpoints import text
from mockbatch.ids import ALPHANUMERIC, Seed


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tool call; `arguments` is the text that is sent, which need not be JSON.

    Those of a `custom` tool are called its input.
    """

    name: str
    arguments: str
    id: str | None = None
    custom: bool = False

    def sent_id(self, seed: Seed) -> str:
        """Return its id, or one from a seed: `call_` and 24 letters and digits."""
        return self.id or "call_" + seed.text(ALPHANUMERIC, 24)

    @property
    def tokens(self) -> int:
        """How many tokens it is."""
        return text.count_tokens(self.name) + text.count_tokens(self.arguments)


def count_tokens(calls: Sequence[ToolCall]) -> int:
    """Return how many tokens calls are."""
    return sum(call.tokens for call in calls)


def limit_calls(calls: Sequence[ToolCall], limit: int | None) -> tuple[ToolCall, ...]:
    """Return what is made of calls within a limit of tokens: the last one may be cut."""
    if limit is None:
        return tuple(calls)
    made: list[ToolCall] = []
    for call in calls:
        left = limit - count_tokens(made) - text.count_tokens(call.name)
        if left < 0:
            break
        said = text.limit_text(call.arguments, left)
        made.append(replace(call, arguments=said.text))
        if said.cut:
            break
    return tuple(made)
