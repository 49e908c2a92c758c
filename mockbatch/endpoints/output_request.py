"""What a request wants for a reply: a text, JSON of some shape, or calls of tools."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from mockbatch.endpoints import text
from mockbatch.endpoints.structured_output.generator import FREE_MEMBER
from mockbatch.endpoints.structured_output.sample import SchemaSampler, compact_json
from mockbatch.endpoints.tool_calls import ToolCall, count_tokens, limit_calls
from mockbatch.endpoints.tools import ArgumentsFunction, Tool
from mockbatch.errors import NoReplyPossibleError
from mockbatch.typing import Json


class GeneratedOutput(NamedTuple):
    """One reply: a text or calls, their tokens, and whether the limit cut them."""

    text: str | None
    calls: tuple[ToolCall, ...]
    tokens: int
    cut: bool


@dataclass(frozen=True, slots=True)
class OutputRequest:
    """What a request wants; without `calls` and `json`, any text.

    `calls` are the tools that have to be called, `named` tells whether the request names the
    one. `shape` is that of the JSON that is asked for, None for any object.
    """

    calls: tuple[tuple[Tool, ArgumentsFunction], ...] = ()
    named: bool = False
    json: bool = False
    shape: SchemaSampler | None = None

    def spoken(
        self, asked: str, place: int, limit: int | None, stop: Iterable[str] = ()
    ) -> GeneratedOutput:
        """Return the reply to what was asked, within `limit` tokens; `place` counts from 0."""
        if self.calls:
            calls = [
                ToolCall(tool.name, arguments(asked, place), custom=tool.kind == "custom")
                for tool, arguments in self.calls
            ]
            made = limit_calls(calls, limit)
            return GeneratedOutput(None, made, count_tokens(made), cut=made != tuple(calls))
        said = text.limit_text(self._text(asked, place), limit, stop)
        return GeneratedOutput(said.text, (), said.tokens, said.cut)

    def _text(self, asked: str, place: int) -> str:
        if self.shape is not None:
            return self.shape.text(asked, place)
        said = text.mock_reply(asked, place)
        return compact_json({FREE_MEMBER: said}) if self.json else said


def output_request_or_text(
    wanted: Callable[[dict[str, Json]], OutputRequest], body: dict[str, Json]
) -> OutputRequest:
    """Return what a request body wants, any text where the mock finds nothing that is wanted.

    Such an answer is only for a scripted reply to be put into.
    """
    try:
        return wanted(body)
    except NoReplyPossibleError:
        return OutputRequest()
