"""Replies that have to call tools."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.endpoints import endpoints
from mockbatch.errors import ApiError
from mockbatch.scripting.reply import parse_reply
from mockbatch.typing import Json
from tests.endpoints.test_every_endpoint import THOROUGH
from tests.support.bodies import CHAT, EXECUTION, RESPONSES, attempt, mutants_of
from tests.support.shapes import BOTH, answer, body, closed, json_format, validation_error

CITY = {"type": "object", "properties": {"city": {"type": "string", "maxLength": 40}}}
REQUIRED = "required"


def tool(path: str, name: str, kind: str = "function", **members: Json) -> dict[str, Json]:
    """Return a tool in the form of each endpoint."""
    given = {"name": name, **({"parameters": CITY} if kind == "function" else {}), **members}
    return {"type": kind, **given} if path == RESPONSES else {"type": kind, kind: given}


def choice_of_tool(path: str, name: str, kind: str = "function") -> dict[str, Json]:
    """Return the choice of one tool in the form of each endpoint."""
    given = {"name": name}
    return {"type": kind, **given} if path == RESPONSES else {"type": kind, kind: given}


def allowed_tools(path: str, mode: str, *tools: Json) -> dict[str, Json]:
    """Return the choice of some tools in the form of each endpoint."""
    given = {"mode": mode, "tools": [*tools]}
    inside = given if path == RESPONSES else {"allowed_tools": given}
    return {"type": "allowed_tools", **inside}


def offer_functions(path: str, choice: Json, *names: str, **members: Json) -> dict[str, Json]:
    """Return a request that offers functions and chooses among them."""
    tools = [tool(path, name) for name in names]
    return body(path, tools=tools, tool_choice=choice, **members)


def read_calls(path: str, request: dict[str, Json]) -> list[tuple[str, str]]:
    """Return the names and the arguments of the calls in the only choice of a response."""
    made = answer(path, request)
    if path == RESPONSES:
        items = [item for item in made["output"] if item["type"].endswith("call")]
        return [(item["name"], item.get("arguments", item.get("input"))) for item in items]
    [choice] = made["choices"]
    inside = [call[call["type"]] for call in choice["message"].get("tool_calls", ())]
    return [(one["name"], one.get("arguments", one.get("input"))) for one in inside]


# --- which tools are called


@pytest.mark.parametrize("choice", [None, "auto", "none"])
@BOTH
def test_tools_are_called_only_if_required(path: str, choice: Json) -> None:
    """By default, the reply is a text."""
    request = offer_functions(path, choice, "a")
    if choice is None:
        del request["tool_choice"]
    assert read_calls(path, request) == []


@BOTH
def test_required_calls_each_function_once(path: str) -> None:
    """In parallel, in the order of the request."""
    found = read_calls(path, offer_functions(path, REQUIRED, "a", "b", "c"))
    assert [name for name, _ in found] == ["a", "b", "c"]
    assert {arguments for _, arguments in found} == {'{"city":"Mock reply to: What is sushi?"}'}


@BOTH
def test_without_parallel_calls_there_is_one(path: str) -> None:
    """The first tool is called."""
    request = offer_functions(path, REQUIRED, "a", "b", parallel_tool_calls=False)
    assert [name for name, _ in read_calls(path, request)] == ["a"]


def test_calls_are_parallel_if_that_is_null() -> None:
    """As if the request had left it out."""
    request = offer_functions(RESPONSES, REQUIRED, "a", "b", parallel_tool_calls=None)
    assert [name for name, _ in read_calls(RESPONSES, request)] == ["a", "b"]


@BOTH
def test_a_named_function_is_called(path: str) -> None:
    """And no other."""
    assert [
        name
        for name, _ in read_calls(path, offer_functions(path, choice_of_tool(path, "b"), "a", "b"))
    ] == ["b"]


@BOTH
def test_allowed_tools_are_called_if_required(path: str) -> None:
    """None is, if the mode is `auto`."""
    some = [choice_of_tool(path, "c"), choice_of_tool(path, "a")]
    request = offer_functions(path, allowed_tools(path, REQUIRED, *some), "a", "b", "c")
    assert [name for name, _ in read_calls(path, request)] == ["c", "a"]
    assert (
        read_calls(path, offer_functions(path, allowed_tools(path, "auto", *some), "a", "b", "c"))
        == []
    )


@BOTH
def test_custom_tools_get_a_text(path: str) -> None:
    """Their input is not JSON."""
    tools = [tool(path, "k", "custom")]
    request = body(path, tools=tools, tool_choice=choice_of_tool(path, "k", "custom"))
    assert read_calls(path, request) == [("k", "Mock reply to: What is sushi?")]
    request["tools"] = [tool(path, "k", "custom", format={"type": "text"})]
    assert read_calls(path, request) == [("k", "Mock reply to: What is sushi?")]


def grammar(path: str, syntax: str, definition: str) -> dict[str, Json]:
    """Return a custom tool with a grammar in the form of each endpoint."""
    rules = {"syntax": syntax, "definition": definition}
    inside = rules if path == RESPONSES else {"grammar": rules}
    return tool(path, "k", "custom", format={"type": "grammar", **inside})


@BOTH
def test_inputs_of_custom_tools_match_a_regular_expression(path: str) -> None:
    """All of the input does."""
    request = body(path, tools=[grammar(path, "regex", r"[a-f]{2}|x\d{3}")], tool_choice=REQUIRED)
    [(_, text)] = read_calls(path, request)
    assert re.fullmatch(r"[a-f]{2}|x\d{3}", text)


@pytest.mark.parametrize(
    ("syntax", "rules"), [("lark", 'start: "a"'), ("regex", "("), ("regex", "(?!)")]
)
@BOTH
def test_other_grammars_are_rejected_if_called(path: str, syntax: str, rules: str) -> None:
    """The mock cannot generate an input; a tool that is only offered may have any grammar."""
    tools = [grammar(path, syntax, rules)]
    error = validation_error(path, tools=tools, tool_choice=REQUIRED)
    assert "custom tool 'k'" in error.message
    assert str(error.param).endswith("format")
    assert read_calls(path, body(path, tools=tools)) == []


def test_old_functions_are_called_in_their_own_form() -> None:
    """One call, in `function_call`, and the finish_reason is `stop`."""
    functions = [{"name": "f", "parameters": CITY}, {"name": "g"}]
    request = body(CHAT, functions=functions, function_call={"name": "f"})
    [choice] = answer(CHAT, request)["choices"]
    assert choice["message"]["function_call"] == {
        "name": "f",
        "arguments": '{"city":"Mock reply to: What is sushi?"}',
    }
    assert (choice["message"]["content"], choice["finish_reason"]) == (None, "stop")
    request["function_call"] = "auto"
    assert answer(CHAT, request)["choices"][0]["message"]["content"]


def test_hosted_tools_are_not_called() -> None:
    """The service would run them itself; the reply is the text that would follow."""
    for choice in (REQUIRED, {"type": "web_search"}, {"type": "web_search_preview"}):
        request = body(RESPONSES, tools=[{"type": "web_search"}], tool_choice=choice)
        [item] = answer(RESPONSES, request)["output"]
        assert item["content"][0]["text"] == "Mock reply to: What is sushi?"
    request = body(
        RESPONSES, tools=[{"type": "web_search_preview"}], tool_choice={"type": "web_search"}
    )
    assert read_calls(RESPONSES, request) == []
    tools = [{"type": "web_search"}, tool(RESPONSES, "a")]
    request = body(RESPONSES, tools=tools, tool_choice=REQUIRED)
    assert [name for name, _ in read_calls(RESPONSES, request)] == ["a"]


# --- what a call says


@BOTH
def test_arguments_fit_the_parameters(path: str) -> None:
    """They are generated like structured outputs."""
    parameters = closed(
        day={"type": "string", "format": "date"}, count={"type": "integer", "minimum": 5}
    )
    tools = [tool(path, "f", parameters=parameters, strict=True)]
    [(_, arguments)] = read_calls(path, body(path, tools=tools, tool_choice=REQUIRED))
    made = json.loads(arguments)
    assert re.fullmatch(r"2026-\d\d-\d\d", made["day"])
    assert made["count"] >= 5


@BOTH
def test_a_function_without_parameters_gets_an_empty_object(path: str) -> None:
    """It has no arguments."""
    given = tool(path, "f")
    del given.get("function", given)["parameters"]
    assert read_calls(path, body(path, tools=[given], tool_choice=REQUIRED)) == [("f", "{}")]


@BOTH
def test_parameters_without_a_sample_are_rejected_if_called(path: str) -> None:
    """The message names the function and the path."""
    parameters = {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}
    tools = [tool(path, "f", parameters=parameters)]
    error = validation_error(path, tools=tools, tool_choice=REQUIRED)
    assert error.message == (
        "mockbatch could not generate a reply for function 'f': it has no finite value, at (). "
        "Provide a scripted reply."
    )
    assert read_calls(path, body(path, tools=tools)) == []


@BOTH
def test_a_required_call_overrides_a_format(path: str) -> None:
    """The message has no content then."""
    request = offer_functions(path, REQUIRED, "a") | json_format(path, closed(x={"type": "string"}))
    assert [name for name, _ in read_calls(path, request)] == ["a"]


@pytest.mark.parametrize(
    ("choice", "reason"), [(REQUIRED, "tool_calls"), (choice_of_tool(CHAT, "a"), "stop")]
)
def test_named_calls_end_with_stop(choice: Json, reason: str) -> None:
    """As observed in 2025; the content is null either way."""
    [only] = answer(CHAT, offer_functions(CHAT, choice, "a"))["choices"]
    assert (only["finish_reason"], only["message"]["content"]) == (reason, None)
    assert only["logprobs"] is None


def test_ids_of_calls() -> None:
    """`call_` and 24 characters, different for each call; items have ids of their own."""
    made = answer(CHAT, offer_functions(CHAT, REQUIRED, "a", "b", n=2))
    ids = [call["id"] for choice in made["choices"] for call in choice["message"]["tool_calls"]]
    assert len(set(ids)) == 4
    assert all(re.fullmatch("call_[A-Za-z0-9]{24}", one) for one in ids)
    first, second = answer(RESPONSES, offer_functions(RESPONSES, REQUIRED, "a", "b"))["output"]
    assert re.fullmatch("fc_[0-9a-f]{50}", first["id"])
    assert re.fullmatch("call_[A-Za-z0-9]{24}", first["call_id"])
    custom = body(RESPONSES, tools=[tool(RESPONSES, "k", "custom")], tool_choice=REQUIRED)
    assert re.fullmatch("ctc_[0-9a-f]{50}", answer(RESPONSES, custom)["output"][0]["id"])
    assert first["id"] != second["id"]
    assert first["call_id"] != second["call_id"]


def test_reasoning_comes_before_calls() -> None:
    """If the model reasons."""
    request = offer_functions(RESPONSES, REQUIRED, "a", model="o4-mini")
    assert [item["type"] for item in answer(RESPONSES, request)["output"]] == [
        "reasoning",
        "function_call",
    ]


@BOTH
def test_usage_counts_the_calls(path: str) -> None:
    """Names and arguments, in each choice."""
    request = offer_functions(path, REQUIRED, "a", "b")
    made = read_calls(path, request)
    tokens = sum(-(-len(part) // 4) for call in made for part in call)
    used = endpoints()[path].read_usage(answer(path, request))
    assert used.output == tokens
    assert used.input + used.output == answer(path, request)["usage"]["total_tokens"]


def test_a_limit_cuts_the_last_call() -> None:
    """Its arguments are not JSON then, later calls are missing, the finish_reason is `length`."""
    made = answer(CHAT, offer_functions(CHAT, REQUIRED, "a", "b", "c", max_tokens=16))
    [choice] = made["choices"]
    first, second = choice["message"]["tool_calls"]
    assert json.loads(first["function"]["arguments"])
    assert second["function"]["arguments"] == '{"city":"Mock reply '[:16]
    assert (choice["finish_reason"], made["usage"]["completion_tokens"]) == ("length", 16)
    [choice] = answer(CHAT, offer_functions(CHAT, REQUIRED, "a" * 64, max_tokens=1))["choices"]
    assert (choice["message"].get("tool_calls"), choice["finish_reason"]) == (None, "length")


def test_a_limit_may_leave_the_name_of_a_call() -> None:
    """With no arguments at all."""
    request = offer_functions(CHAT, REQUIRED, "a" * 64, max_tokens=16)
    assert read_calls(CHAT, request) == [("a" * 64, "")]


@pytest.mark.parametrize("count", [128, 129])
def test_no_response_has_more_than_128_calls(count: int) -> None:
    """Responses may offer any number of tools."""
    request = offer_functions(RESPONSES, REQUIRED, *map(str, range(count)))
    assert len(read_calls(RESPONSES, request)) == 128


def test_a_limit_leaves_a_call_incomplete() -> None:
    """And the response."""
    request = offer_functions(RESPONSES, REQUIRED, "a" * 64, max_output_tokens=18)
    made = answer(RESPONSES, request)
    assert made["incomplete_details"] == {"reason": "max_output_tokens"}
    assert [(item["status"], item["arguments"]) for item in made["output"]] == [
        ("incomplete", '{"city":'),
    ]


# --- what is refused


def test_a_tool_choice_needs_tools() -> None:
    """Messages as clients quote them, different for each endpoint."""
    for name, value, needed in [
        ("tool_choice", "none", "tools"),
        ("tool_choice", REQUIRED, "tools"),
        ("parallel_tool_calls", True, "tools"),
        ("function_call", "auto", "functions"),
    ]:
        error = validation_error(CHAT, **{name: value})
        assert error.message == (
            f"Invalid value for '{name}': '{name}' is only allowed when '{needed}' are specified."
        )
        assert (error.param, error.code) == (name, None)
    error = validation_error(RESPONSES, tool_choice=REQUIRED)
    assert error.message == "Tool choice 'required' must be specified with 'tools' parameter."
    assert (error.param, error.code) == ("tool_choice", None)
    answer(RESPONSES, body(RESPONSES, tool_choice="none", parallel_tool_calls=True))


def test_a_tool_choice_has_to_be_among_the_tools() -> None:
    """A function, a custom tool or a hosted one."""
    error = validation_error(CHAT, tools=[tool(CHAT, "a")], tool_choice=choice_of_tool(CHAT, "b"))
    assert (error.status, error.param, error.code) == (400, "tool_choice", None)
    error = validation_error(
        CHAT, tools=[tool(CHAT, "a")], tool_choice=choice_of_tool(CHAT, "a", "custom")
    )
    assert error.param == "tool_choice"
    error = validation_error(CHAT, functions=[{"name": "a"}], function_call={"name": "b"})
    assert error.param == "function_call"
    for choice, name in [
        (choice_of_tool(RESPONSES, "b"), "function"),
        (choice_of_tool(RESPONSES, "a", "custom"), "custom"),
        ({"type": "image_generation"}, "image_generation"),
        (allowed_tools(RESPONSES, "auto", choice_of_tool(RESPONSES, "zz")), "zz"),
        (allowed_tools(RESPONSES, "auto", {"type": "web_search"}), "web_search"),
    ]:
        error = validation_error(RESPONSES, tools=[tool(RESPONSES, "a")], tool_choice=choice)
        assert error.message == f"Tool choice '{name}' not found in 'tools' parameter."
        assert (error.param, error.code) == ("tool_choice", None)


@BOTH
def test_allowed_tools_need_type_and_name(path: str) -> None:
    """A tool without them is rejected."""
    for one in ({}, {"type": "function"}, 5):
        validation_error(
            path, tools=[tool(path, "a")], tool_choice=allowed_tools(path, "auto", one)
        )


def _bodies(path: str) -> list[dict[str, Json]]:
    """Return requests with every type of tool and choice, and with formats beside them."""
    tools = [tool(path, "a", strict=False), grammar(path, "regex", "a+")]
    functions: dict[str, Json] = {
        "functions": [{"name": "f", "parameters": CITY}],
        "function_call": {"name": "f"},
    }
    return [
        body(path, tools=tools, tool_choice=REQUIRED, parallel_tool_calls=False),
        body(path, tools=tools, tool_choice=choice_of_tool(path, "k", "custom")),
        body(
            path, tools=tools, tool_choice=allowed_tools(path, REQUIRED, choice_of_tool(path, "a"))
        ),
        body(path, "Some json", **json_format(path, closed(a={"type": "null"}), strict=True)),
        body(path, **({} if path == RESPONSES else functions)),
    ]


@BOTH
@given(data=st.data())
@THOROUGH
def test_no_request_causes_an_exception(path: str, data: st.DataObject) -> None:
    """Any mutant of a request gets a valid response or an error."""
    request = data.draw(mutants_of(_bodies(path)))
    made = attempt(lambda: answer(path, request))
    assert not isinstance(made, ApiError) or 400 <= made.status < 500


@pytest.mark.parametrize("given", ["text", [], 1, None])
def test_the_format_of_a_function_is_ignored(given: Json) -> None:
    """Only custom tools have one."""
    answer(RESPONSES, body(RESPONSES, tools=[{**tool(RESPONSES, "a"), "format": given}]))


# --- scripts


@BOTH
def test_a_scripted_reply_overrides_the_tool_choice(path: str) -> None:
    """Its content is there although a call was required."""
    request = offer_functions(path, REQUIRED, "a")
    default = endpoints()[path].make_response(request, EXECUTION)
    scripted = endpoints()[path].with_reply(default, parse_reply({"content": "No."}), request)
    assert "No." in json.dumps(scripted)
    assert "city" not in json.dumps(scripted.get("output", scripted.get("choices")))


@pytest.mark.parametrize(("kind", "name"), [("function", "arguments"), ("custom", "input")])
def test_length_alone_cuts_the_calls(kind: str, name: str) -> None:
    """Half of the last arguments is left, and billed."""
    for path in (CHAT, RESPONSES):
        tools = [tool(path, "a", kind)]
        request = body(path, tools=tools, tool_choice=REQUIRED)
        default = endpoints()[path].make_response(request, EXECUTION)
        [(_, whole)] = read_calls(path, request)
        cut = endpoints()[path].with_reply(
            default, parse_reply({"finish_reason": "length"}), request
        )
        half = -(-len(whole) // 4) // 2
        assert json.dumps(whole[: half * 4]) in json.dumps(cut)
        assert endpoints()[path].read_usage(cut).output == 1 + half


def test_length_alone_cuts_an_old_function_call() -> None:
    """In its own form."""
    request = body(CHAT, functions=[{"name": "f", "parameters": CITY}], function_call={"name": "f"})
    default = endpoints()[CHAT].make_response(request, EXECUTION)
    cut = endpoints()[CHAT].with_reply(default, parse_reply({"finish_reason": "length"}), request)
    assert cut["choices"][0]["message"]["function_call"]["arguments"] == '{"city":"Mock reply '
