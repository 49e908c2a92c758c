"""The tools that a request offers, parsed from either endpoint's form, and calls of them.

Functions and custom tools are called, because the client runs them. Hosted tools, which the
service runs itself, are not: the reply is the text that would follow.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from mockbatch.endpoints import text
from mockbatch.endpoints.structured_output.alternatives import NoSampleError
from mockbatch.endpoints.structured_output.location import SchemaLocation
from mockbatch.endpoints.structured_output.strict import find_parameters_issue
from mockbatch.ids import Seed
from mockbatch.typing import Json
from mockbatch.validation.regex import compile_regex
from mockbatch.validation.regex_syntax import RegexError
from mockbatch.validation.step_budget import generation_budget, preparation_budget

# Generates the arguments of a call from the prompt and the index of the reply, from 0.
ArgumentsFunction = Callable[[str, int], str]


class Tool(Struct, frozen=True):
    """One function or custom tool; `definition` is what the request says about it.

    `type` is "function" or "custom". `grammar` is what the input of a custom tool has to
    follow: `{"syntax", "definition"}`.
    """

    type: str
    definition: dict[str, Json]
    grammar: dict[str, Json] | None
    location: SchemaLocation

    @property
    def name(self) -> str:
        """The tool's name."""
        return str(self.definition["name"])

    def check(self) -> None:
        """Raise the ApiError with which OpenAI rejects the parameters of a function."""
        parameters = self.definition.get("parameters")
        if parameters is not None and self.type == "function":
            is_strict = self.definition.get("strict") is True
            self.location.check(find_parameters_issue(parameters, strict=is_strict))

    def arguments(self) -> ArgumentsFunction:
        """Return the function that generates arguments of calls; ApiError 400 if it cannot."""
        if self.type == "function":
            parameters = self.definition.get("parameters")
            if parameters is None:
                return lambda *_: "{}"
            return self.location.get_sampler(parameters).generate_text
        if self.grammar is None:
            return text.mock_reply
        try:
            return _follow_grammar(self.grammar)
        except NoSampleError as error:
            raise self.location.no_sample_error(error) from error


def parse_chat_tools(tools: Sequence[Json]) -> list[Tool]:
    """Return the tools in `tools` of a chat completion."""
    parsed = []
    for index, tool in enumerate(tools):
        type_, definition = tool["type"], tool[tool["type"]]
        grammar = (definition.get("format") or {}).get("grammar")
        parsed.append(_make_tool(type_, definition, grammar, f"tools[{index}].{type_}"))
    return parsed


def parse_functions(functions: Sequence[Json]) -> list[Tool]:
    """Return the tools in `functions` of a chat completion, the predecessor of `tools`."""
    return [
        _make_tool("function", definition, None, f"functions[{index}]")
        for index, definition in enumerate(functions)
    ]


def parse_response_tools(tools: Sequence[Json]) -> list[Tool]:
    """Return the functions and custom tools in `tools` of a response."""
    parsed = []
    for index, tool in enumerate(tools):
        type_ = tool["type"]
        if type_ in ("function", "custom"):
            format_ = tool.get("format", {}) if type_ == "custom" else {}
            grammar = format_ if format_.get("type") == "grammar" else None
            parsed.append(_make_tool(type_, tool, grammar, f"tools[{index}]"))
    return parsed


def _make_tool(
    type_: str, definition: dict[str, Json], grammar: dict[str, Json] | None, param: str
) -> Tool:
    name = definition["name"]
    if type_ == "custom":
        location = SchemaLocation(f"custom tool '{name}'", f"{param}.format", None)
        return Tool(type_, definition, grammar, location)
    location = SchemaLocation(
        f"function '{name}'", f"{param}.parameters", "invalid_function_parameters"
    )
    return Tool(type_, definition, None, location)


def _follow_grammar(grammar: dict[str, Json]) -> ArgumentsFunction:
    """Return a function that generates inputs in a grammar; NoSampleError if none is found."""
    if grammar["syntax"] != "regex":
        raise NoSampleError(f"its grammar is written in {grammar['syntax']}")
    try:
        regex = compile_regex(f"^(?:{grammar['definition']})$")
        fallback = regex.example(Seed.of("grammar").random(), preparation_budget())
    except RegexError as error:
        raise NoSampleError(f"its grammar is not supported: {error}") from error
    if fallback is None:
        raise NoSampleError("no text in its grammar was found")

    def generate(prompt: str, index: int) -> str:
        try:
            random = Seed.of("grammar", prompt, index).random()
            return regex.example(random, generation_budget()) or fallback
        except RegexError:
            return fallback

    return generate
