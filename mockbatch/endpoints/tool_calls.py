"""Tool calls in a reply, before each endpoint writes them in its own form."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.endpoints import text
from mockbatch.ids import ALPHANUMERIC, Seed


class ToolCall(Struct, frozen=True):
    """One tool call; `arguments` is the text that is sent, which need not be JSON.

    `is_custom` is true for a call of a custom tool, whose `arguments` OpenAI names its input.
    """

    name: str
    arguments: str
    id: str | None = None
    is_custom: bool = False

    def id_or_new(self, seed: Seed) -> str:
        """Return the call's id, or one made from a seed: `call_` and 24 letters and digits."""
        return self.id or "call_" + seed.text(ALPHANUMERIC, 24)

    @property
    def token_count(self) -> int:
        """The number of tokens in the call."""
        return text.count_tokens(self.name) + text.count_tokens(self.arguments)


def count_tokens(calls: Sequence[ToolCall]) -> int:
    """Return the number of tokens in several calls."""
    return sum(call.token_count for call in calls)


def limit_calls(calls: Sequence[ToolCall], limit: int | None) -> tuple[ToolCall, ...]:
    """Return the calls that fit into `limit` tokens; the arguments of the last may be cut."""
    if limit is None:
        return tuple(calls)
    fitting: list[ToolCall] = []
    for call in calls:
        remaining = limit - count_tokens(fitting) - text.count_tokens(call.name)
        if remaining < 0:
            break
        arguments = text.limit_text(call.arguments, remaining)
        fitting.append(replace(call, arguments=arguments.text))
        if arguments.is_cut:
            break
    return tuple(fitting)
