"""Schemas that are sent to keep mockbatch busy end after about a second of CPU time."""

import json
from time import thread_time

import pytest

from mockbatch.batch.input_file import read_input
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.endpoint import Execution
from mockbatch.files.content import Content
from mockbatch.ids import Seed
from mockbatch.limits import Limits
from mockbatch.scripting.script import Script
from mockbatch.typing import Json
from mockbatch.world.live_calls import respond_live
from tests.support.caller import DAY, Caller, app_of
from tests.support.slow_tests import mark_slow_except

CHAT = endpoints()["/v1/chat/completions"]
# A second at most on a fast machine; slow ones get some more.
MAX_SECONDS = 6


def names(count: int, prefix: str = "v") -> list[str]:
    """Return distinct texts."""
    return [f"{prefix}{number}" for number in range(count)]


def object_of(member: Json, **keywords: Json) -> dict[str, Json]:
    """Return a schema of an object with one required member."""
    return {"type": "object", "properties": {"a": member}, "required": ["a"], **keywords}


def array_of(item: Json, **keywords: Json) -> dict[str, Json]:
    """Return a schema of an object with a long array."""
    return object_of({"type": "array", "minItems": 1000, "items": item, **keywords})


def enum_pairs(number: int = 0, count: int = 5000) -> dict[str, Json]:
    """Return a schema of which each value of an enum is compared with each of another."""
    return object_of(
        {"allOf": [{"enum": names(count)}, {"enum": [*names(count, "w"), f"v{number}"]}]}
    )


def doubling(combine: str) -> dict[str, Json]:
    """Return a schema whose definitions need the next one twice."""
    refs = [{"$ref": f"#/$defs/d{number + 1}"} for number in range(40)]
    definitions = {f"d{number}": {combine: [ref, ref]} for number, ref in enumerate(refs)}
    return object_of({"$ref": "#/$defs/d0"}, **{"$defs": {**definitions, "d40": {}}})


LONG_REF = "#/$defs/" + "k" * 200 + "/properties/" + "z" * 300
COSTLY: dict[str, Json] = {
    "enum pairs": enum_pairs(),
    "enum of objects": object_of(
        {
            "allOf": [
                {"enum": [{"x": [1] * 10, "y": sign * n} for n in range(1, 1500)]}
                for sign in (1, -1)
            ]
        }
    ),
    "enum in an array": array_of({"enum": names(10_000)}),
    "large constants": array_of({"const": "x" * 100_000}),
    "long references": {
        "type": "object",
        "properties": {f"r{number}": {"$ref": LONG_REF} for number in range(180)},
        "$defs": {"k" * 200: {"type": "object", "properties": {"z" * 300: {"type": "string"}}}},
    },
    "doubling": doubling("allOf"),
    "doubling unions": doubling("anyOf"),
    "unevaluated": {**doubling("allOf"), "unevaluatedProperties": False},
    "failing branches": object_of(
        {"type": "string", "minLength": 99_000},
        allOf=[{"not": {"type": "array"}, "x": n} for n in range(2000)],
    ),
    "unique items": array_of(array_of({"type": "integer"}, minItems=3), uniqueItems=True),
    "many properties": {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names(60_000)},
    },
    "unusual properties": {
        "type": "object",
        "properties": {name: {"if": True} for name in names(60_000)},
    },
    "conditions": object_of(
        {
            "allOf": [
                {"if": {"const": number}, "then": {"type": "integer"}} for number in range(8000)
            ]
        }
    ),
    "optional members": array_of(
        {"type": "object", "properties": {name: {} for name in names(5000)}}
    ),
    "patterns": array_of(
        {"type": "string", "pattern": "^(a*)*(b*)*([a-z]+){30}$", "minLength": 900}
    ),
    "lookbehind": object_of({"type": "string", "pattern": "(?<=a*)" * 500, "minLength": 900}),
    "long pattern": object_of({"type": "string", "pattern": "(a|b)?" * 300_000}),
}

# Each of these takes a second; "doubling" stands for them in a quick run.
SLOW = {
    "doubling unions",
    "unevaluated",
    "failing branches",
    "many properties",
    "unusual properties",
    "lookbehind",
}


def request_of(schema: Json, **members: Json) -> dict[str, Json]:
    """Return the body of a chat completion that asks for a schema."""
    format_ = {"type": "json_schema", "json_schema": {"name": "f", "schema": schema}}
    messages = [{"role": "user", "content": "Hello"}]
    return {"model": "gpt-4o", "messages": messages, "response_format": format_, **members}


def answer(body: dict[str, Json]) -> tuple[int | None, Json, float]:
    """Return status and body of a live call, and the CPU time that it took."""
    began = thread_time()
    response = respond_live(CHAT, body, Execution(Seed.of("costly"), 1), Script())
    return response.status_code, response.body, thread_time() - began


@pytest.mark.parametrize("name", mark_slow_except(COSTLY.keys() - SLOW, COSTLY))
def test_live_call_ends(name: str) -> None:
    """It is answered, or refused with a hint at scripted replies."""
    status, body, seconds = answer(request_of(COSTLY[name]))
    assert seconds < MAX_SECONDS
    assert status == 200 or "scripted reply" in body["error"]["message"]


def test_tools_of_a_call_share_a_budget() -> None:
    """Many schemas of one call take no longer than one."""
    functions = [{"name": f"f{n}", "parameters": enum_pairs(n, 800)} for n in range(128)]
    tools = [{"type": "function", "function": function} for function in functions]
    body = {**request_of({}), "tools": tools, "tool_choice": "required"}
    del body["response_format"]
    assert answer(body)[2] < MAX_SECONDS


def test_lines_of_a_batch_share_a_budget() -> None:
    """Lines without steps left fail as ones without a reply, the others do not."""
    bodies = [request_of(enum_pairs(number, 2000)) for number in range(50)]
    bodies[40] = request_of({"type": "object", "properties": {"a": {"type": "string"}}})
    lines = [
        {"custom_id": str(n), "method": "POST", "url": CHAT.path, "body": body}
        for n, body in enumerate(bodies)
    ]
    content = Content.of("".join(json.dumps(line) + "\n" for line in lines).encode())
    began = thread_time()
    validated = read_input(content, CHAT, Limits())
    assert thread_time() - began < MAX_SECONDS
    assert validated.failing_lines == validated.unsupported_lines
    assert 40 not in validated.failing_lines
    assert len(validated.failing_lines) > 30
    again = read_input(content, CHAT, Limits())
    assert again.failing_lines == validated.failing_lines
    # A schema that was too costly for the batch is not remembered for others.
    assert answer(bodies[max(validated.failing_lines)])[0] == 200


def test_choices_of_a_call_are_not_large() -> None:
    """128 replies to a request of 300 bytes have 30 MB at most."""
    schema = object_of(
        {"type": "array", "minItems": 180, "items": {"type": "string", "minLength": 1000}}
    )
    status, body, seconds = answer(request_of(schema, n=128))
    assert status == 200
    assert seconds < MAX_SECONDS
    assert sum(len(choice["message"]["content"]) for choice in body["choices"]) < 30_000_000
    large = object_of(
        {"type": "array", "minItems": 900, "items": {"type": "string", "minLength": 1000}}
    )
    assert answer(request_of(large, n=128))[0] == 400


def test_batch_with_costly_lines_completes() -> None:
    """Its files have the lines that its counts promise, in bounded time too."""
    api = Caller(app_of(pace=1))
    bodies = [request_of(enum_pairs(number, 2000)) for number in range(20)]
    lines = [
        {"custom_id": str(n), "method": "POST", "url": CHAT.path, "body": body}
        for n, body in enumerate(bodies)
    ]
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    began = thread_time()
    batch = api.create(data)
    api.advance(DAY)
    batch = api.good(api.get(f"/v1/batches/{batch['id']}"))
    counts = batch["request_counts"]
    written = [
        len(api.get(f"/v1/files/{batch[name]}/content").data.splitlines())
        for name in ("output_file_id", "error_file_id")
    ]
    assert thread_time() - began < MAX_SECONDS
    assert written == [counts["completed"], counts["failed"]]
    assert counts["failed"] > 10
