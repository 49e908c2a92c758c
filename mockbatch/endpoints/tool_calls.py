"""Calls of tools, before each endpoint writes them in its own way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mockbatch.endpoints import text
from mockbatch.ids import ALPHANUMERIC, Seed


@dataclass(frozen=True, slots=True)
class Call:
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
        return text.tokens(self.name) + text.tokens(self.arguments)


def tokens(calls: Sequence[Call]) -> int:
    """Return how many tokens calls are."""
    return sum(call.tokens for call in calls)


def within(calls: Sequence[Call], limit: int | None) -> tuple[Call, ...]:
    """Return what is made of calls within a limit of tokens: the last one may be cut."""
    if limit is None:
        return tuple(calls)
    made: list[Call] = []
    for call in calls:
        left = limit - tokens(made) - text.tokens(call.name)
        if left < 0:
            break
        said = text.said(call.arguments, left)
        made.append(replace(call, arguments=said.text))
        if said.cut:
            break
    return tuple(made)
