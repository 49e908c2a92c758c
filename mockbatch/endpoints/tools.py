"""The tools that a request offers, alike for both endpoints, and what a call of one says.

Functions and custom tools are called, as the client runs them. Hosted tools, which the
service runs itself, are not: the reply is the text that would follow.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mockbatch.endpoints import text
from mockbatch.endpoints.structured_output.alternatives import NoSampleError
from mockbatch.endpoints.structured_output.location import SchemaLocation
from mockbatch.endpoints.structured_output.strict import find_parameters_issue
from mockbatch.ids import Seed
from mockbatch.typing import Json
from mockbatch.validation.regex import RegexError, StepBudget, compile_regex

# Makes the arguments of a call, of what was asked and the place of the reply, from 0.
ArgumentsFunction = Callable[[str, int], str]

_MOST_CALLS = 128


@dataclass(frozen=True, slots=True)
class Tool:
    """One function or custom tool; `definition` is what the request says of it.

    `grammar` is what a custom tool's input has to keep to, `{"syntax", "definition"}`.
    """

    kind: str
    definition: dict[str, Json]
    grammar: dict[str, Json] | None
    spot: SchemaLocation

    @property
    def name(self) -> str:
        """What it is called by."""
        return str(self.definition["name"])

    def check(self) -> None:
        """Raise the ApiError with which OpenAI refuses its parameters."""
        if self.definition.get("parameters") is not None and self.kind == "function":
            strict = self.definition.get("strict") is True
            self.spot.check(find_parameters_issue(self.definition["parameters"], strict=strict))

    def arguments(self) -> ArgumentsFunction:
        """Return what makes the arguments of its calls; raises ApiError 400 if nothing can."""
        if self.kind == "function":
            parameters = self.definition.get("parameters")
            return (lambda *_: "{}") if parameters is None else self.spot.shape(parameters).text
        if self.grammar is None:
            return text.mock_reply
        try:
            return _of_grammar(self.grammar)
        except NoSampleError as error:
            raise self.spot.cannot_make(error) from error


def parse_chat_tools(tools: Sequence[Json]) -> list[Tool]:
    """Return the tools of `tools` of a chat completion."""
    found = []
    for place, tool in enumerate(tools):
        kind, definition = tool["type"], tool[tool["type"]]
        grammar = (definition.get("format") or {}).get("grammar")
        found.append(_tool(kind, definition, grammar, f"tools[{place}].{kind}"))
    return found


def parse_functions(functions: Sequence[Json]) -> list[Tool]:
    """Return the tools of `functions` of a chat completion, which came before tools."""
    return [
        _tool("function", definition, None, f"functions[{place}]")
        for place, definition in enumerate(functions)
    ]


def parse_response_tools(tools: Sequence[Json]) -> list[Tool]:
    """Return the functions and custom tools among `tools` of a response."""
    found = []
    for place, tool in enumerate(tools):
        kind = tool["type"]
        if kind in ("function", "custom"):
            given = tool.get("format", {}) if kind == "custom" else {}
            grammar = given if given.get("type") == "grammar" else None
            found.append(_tool(kind, tool, grammar, f"tools[{place}]"))
    return found


def required_calls(
    tools: Sequence[Tool], *, parallel: bool
) -> tuple[tuple[Tool, ArgumentsFunction], ...]:
    """Return the tools that are called, once each, if a call is required."""
    first = tools[: _MOST_CALLS if parallel else 1]
    return tuple((tool, tool.arguments()) for tool in first)


def _tool(
    kind: str, definition: dict[str, Json], grammar: dict[str, Json] | None, param: str
) -> Tool:
    name = definition["name"]
    if kind == "custom":
        return Tool(
            kind,
            definition,
            grammar,
            SchemaLocation(f"custom tool '{name}'", f"{param}.format", None),
        )
    spot = SchemaLocation(
        f"function '{name}'", f"{param}.parameters", "invalid_function_parameters"
    )
    return Tool(kind, definition, None, spot)


def _of_grammar(grammar: dict[str, Json]) -> ArgumentsFunction:
    """Return what makes inputs of a grammar, of which one is known from the beginning."""
    if grammar["syntax"] != "regex":
        raise NoSampleError(f"its grammar is written in {grammar['syntax']}")
    try:
        expression = compile_regex(f"^(?:{grammar['definition']})$")
        known = expression.example(Seed.of("grammar").random(), StepBudget())
    except RegexError as error:
        raise NoSampleError(f"its grammar is not supported: {error}") from error
    if known is None:
        raise NoSampleError("no text of its grammar was found")

    def make(asked: str, place: int) -> str:
        try:
            random = Seed.of("grammar", asked, place).random()
            return expression.example(random, StepBudget()) or known
        except RegexError:
            return known

    return make
