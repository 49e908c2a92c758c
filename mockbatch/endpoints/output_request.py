"""The kind of output a request asks for: text, JSON of a schema, or tool calls.

Chat completions and responses ask for it in different forms, which their modules
`requested_output` parse.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from msgspec import Struct

from mockbatch.endpoints import text
from mockbatch.endpoints.response_size import ResponseShape
from mockbatch.endpoints.structured_output.generator import FREE_MEMBER
from mockbatch.endpoints.structured_output.location import SchemaLocation
from mockbatch.endpoints.structured_output.sample import SchemaSampler, compact_json
from mockbatch.endpoints.structured_output.strict import find_format_issue
from mockbatch.endpoints.tool_calls import ToolCall, count_tokens, limit_calls
from mockbatch.endpoints.tools import ArgumentsFunction, Tool
from mockbatch.errors import NoReplyPossibleError
from mockbatch.typing import Json

_MAX_CALLS = 128


class GeneratedOutput(NamedTuple):
    """One reply: a text or tool calls, their tokens, and whether the token limit cut them."""

    text: str | None
    calls: tuple[ToolCall, ...]
    token_count: int
    is_cut: bool


class OutputRequest(Struct, frozen=True):
    """What a request asks for; any text if it has neither `calls` nor `is_json`.

    `calls` are the tools that have to be called. `names_tool` is true if the request names the
    one tool to call. `sampler` generates the JSON; it is None if any object will do.
    """

    calls: tuple[tuple[Tool, ArgumentsFunction], ...] = ()
    names_tool: bool = False
    is_json: bool = False
    sampler: SchemaSampler | None = None

    def check_size(self, shape: ResponseShape, limit: int | None) -> None:
        """Raise NoReplyPossibleError if the response of this shape would be too large.

        `limit` is that of the tokens of each choice.
        """
        tokens = 0
        if shape.logprobs_per_token and not self.calls:
            tokens = text.MAX_REPLY_TOKENS
            if self.sampler is not None:
                tokens = text.count_tokens(self.sampler.generate_text(""))
        shape.check(len(self.calls), tokens if limit is None else min(tokens, limit))

    def generate(
        self, prompt: str, index: int, limit: int | None, stop: Iterable[str] = ()
    ) -> GeneratedOutput:
        """Return reply `index`, counted from 0, to a prompt, in at most `limit` tokens."""
        if self.calls:
            calls = [
                ToolCall(tool.name, arguments(prompt, index), is_custom=tool.type == "custom")
                for tool, arguments in self.calls
            ]
            fitting = limit_calls(calls, limit)
            is_cut = fitting != tuple(calls)
            return GeneratedOutput(None, fitting, count_tokens(fitting), is_cut=is_cut)
        generated = text.limit_text(self._generate_text(prompt, index), limit, stop)
        return GeneratedOutput(generated.text, (), generated.token_count, generated.is_cut)

    def _generate_text(self, prompt: str, index: int) -> str:
        if self.sampler is not None:
            return self.sampler.generate_text(prompt, index)
        reply = text.mock_reply(prompt, index)
        return compact_json({FREE_MEMBER: reply}) if self.is_json else reply


class JsonSchemaFormat(NamedTuple):
    """An output format of the type `json_schema`: its schema, and where the request has it."""

    schema: dict[str, Json]
    is_strict: bool
    location: SchemaLocation

    def check(self) -> None:
        """Raise the ApiError with which OpenAI rejects the schema."""
        self.location.check(find_format_issue(self.schema, strict=self.is_strict))

    def output_request(self) -> OutputRequest:
        """Return the request for JSON of the schema; ApiError 400 if none can be generated."""
        # Any JSON fits an empty schema, and so an object does.
        sampler = self.location.get_sampler(self.schema) if self.schema else None
        return OutputRequest(is_json=True, sampler=sampler)


def request_calls(
    tool_choice: Json,
    offered: Sequence[Tool],
    find: Callable[[dict[str, Json]], Sequence[Tool]],
    *,
    is_parallel: bool,
) -> OutputRequest | None:
    """Return the request for the calls that a `tool_choice` requires; None if it requires none.

    `offered` are the request's tools. `find` returns the tools that one choice names: one, or
    none if the service would run it itself.
    """
    if tool_choice == "required":
        return require_calls(offered, is_parallel=is_parallel)
    if not isinstance(tool_choice, dict):
        return None
    if tool_choice["type"] != "allowed_tools":
        return require_calls(find(tool_choice), names_tool=True)
    # Chat completions nest what is allowed, responses do not.
    allowed = tool_choice.get("allowed_tools", tool_choice)
    tools = [tool for choice in allowed["tools"] for tool in find(choice)]
    is_required = allowed["mode"] == "required"
    return require_calls(tools, is_parallel=is_parallel) if is_required else None


def require_calls(
    tools: Sequence[Tool], *, is_parallel: bool = False, names_tool: bool = False
) -> OutputRequest | None:
    """Return the request for a call of each tool, or of the first; None if there are no tools."""
    if not tools:
        return None
    called = tools[: _MAX_CALLS if is_parallel else 1]
    return OutputRequest(tuple((tool, tool.arguments()) for tool in called), names_tool=names_tool)


def output_request_or_text(
    parse: Callable[[dict[str, Json]], OutputRequest], body: dict[str, Json]
) -> OutputRequest:
    """Return what a request body asks for; any text if the mock cannot generate that.

    The text is only used to put a scripted reply into the response.
    """
    try:
        return parse(body)
    except NoReplyPossibleError:
        return OutputRequest()
