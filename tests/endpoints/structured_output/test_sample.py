"""Replies that fit the schema that a request asks for."""

import ipaddress
import json
import re
from collections.abc import Callable
from datetime import date, datetime, time
from random import Random
from time import perf_counter
from uuid import UUID

import pytest

from mockbatch.endpoints import endpoints
from mockbatch.errors import ApiError
from mockbatch.scripting.reply import parse_reply
from mockbatch.typing import Json
from mockbatch.validation.client_schema import ClientSchema
from tests.support.bodies import CHAT, EXECUTION, RESPONSES, attempt
from tests.support.shapes import (
    BOTH,
    answer,
    body,
    closed,
    contents,
    json_format,
    schema_by_chance,
    validation_error,
    value,
)

TREE = closed(value={"type": "string"}, children={"type": "array", "items": {"$ref": "#"}})
LIST = closed(head={"$ref": "#/$defs/node"}) | {
    "$defs": {
        "node": closed(
            value={"type": "integer"},
            next={"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
        )
    }
}
PERSON = closed(name={"type": "string"}, age={"type": "integer", "minimum": 18, "maximum": 99})


# --- what is made


@pytest.mark.slow
@BOTH
def test_values_fit_three_hundred_random_schemas(path: str) -> None:
    """For each strict schema, the content is JSON that fits it."""
    for number in range(300):
        schema = schema_by_chance(Random(number))
        value(path, schema, f"Question {number}", strict=True)


@pytest.mark.parametrize(
    "schema",
    [
        TREE,
        LIST,
        closed(a={"type": "string", "maxLength": 0}, b={"type": "string", "maxLength": 3}),
        closed(a={"type": "string", "minLength": 500}),
        closed(a={"type": "string", "pattern": "^[a-z]+(-[a-z]+)*$", "minLength": 37}),
        closed(a={"type": "number", "exclusiveMinimum": 0.1, "exclusiveMaximum": 0.1000001}),
        closed(a={"type": "number", "minimum": 0.1, "exclusiveMaximum": 0.3, "multipleOf": 0.2}),
        closed(a={"type": "integer", "exclusiveMinimum": 10**20}),
        closed(a={"type": "integer", "exclusiveMinimum": 0.5, "exclusiveMaximum": 1.5}),
        closed(a={"type": ["string", "null"], "enum": ["F", "C"]}),
        closed(a={"const": {"b": [1, {"c": None}]}}),
        closed(a={"items": {"type": "integer"}, "minItems": 50, "uniqueItems": True}),
        closed(a={"items": {"enum": ["x", "y"]}, "minItems": 2, "uniqueItems": True}),
        closed(a={"allOf": [{"type": "number", "minimum": 3}, {"type": "integer", "maximum": 3}]}),
        closed(a={"allOf": [{"type": "array", "items": {}, "minItems": 1}, {"items": PERSON}]}),
        closed(a={"allOf": [{"type": "array", "items": PERSON, "minItems": 1}, {"items": {}}]}),
        closed(a={"type": "string", "allOf": [{"minLength": 90, "maxLength": 95},
                                              {"minLength": 80, "maxLength": 99}]}),
        closed(a={"allOf": [{"enum": [*range(100)]}, {"enum": [*range(99, 200)]}]}),
        closed(a={"type": "object", "allOf": [{"required": ["x"]}, {"required": ["y"]}]}),
        closed(a={"type": "integer", "maximum": -5}),
        closed(a={"type": "integer", "allOf": [{"maximum": 0}, {"minimum": 0, "maximum": 9**9}]}),
        closed(a={"oneOf": [{"type": "integer"}, {"type": "number"}]}),
        closed(a={"not": {"type": "null"}}),
        closed(a={"$ref": "#/properties/b"}, b={"type": "string"}),
        {"$ref": "#/$defs/a~1b%20c", "$defs": {"a/b c": closed(x={"type": "boolean"})}},
        {"$ref": "#/$defs/~01", "$defs": {"~1": closed(x={"type": "boolean"})}},
        {"prefixItems": [{"type": "string"}, {"$ref": "#/prefixItems/0"}], "minItems": 2},
        {"type": "object", "minProperties": 3, "additionalProperties": {"type": "integer"}},
        {"type": "object", "required": ["a", "b"]},
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "null"}], "items": False},
        {"properties": {"k": {"enum": ["a", "b"]}, "v": {"type": "string"}},
         "required": ["k", "v"],
         "if": {"properties": {"k": {"const": "a"}}},
         "then": {"properties": {"v": {"maxLength": 2}}}},
    ],
)  # fmt: skip
@BOTH
def test_values_fit_difficult_schemas(path: str, schema: Json) -> None:
    """Recursion ends, bounds hold, references are followed, a branch of a union is chosen."""
    for prompt in ("?", "Hello", "Überall 🌧", "x" * 5000):
        value(path, schema, prompt)


@BOTH
def test_values_fit_tuples_of_draft_7(path: str) -> None:
    """A schema that names the draft is checked by that draft."""
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "array",
        "items": [{"type": "string"}, {"type": "integer"}],
        "minItems": 2,
    }
    [content] = contents(path, body(path, **json_format(path, schema)))
    assert list(map(type, json.loads(content))) == [str, int]


READ: dict[str, Callable[[str], object]] = {
    "date-time": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "duration": re.compile(r"P(?=.)(\d+D)?(T\d+H)?").fullmatch,
    "email": re.compile(r"[\w.-]+@[\w.-]+\.com").fullmatch,
    "hostname": re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+").fullmatch,
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
    "uuid": UUID,
    **dict.fromkeys(("uri", "url", "uri-reference"), re.compile(r"https://\S+").fullmatch),
    "json-pointer": re.compile(r"/\w+").fullmatch,
}


@pytest.mark.parametrize("name", READ)
def test_formats_are_valid(name: str) -> None:
    """Python reads each of them, however often one is drawn."""
    for number in range(20):
        made = value(CHAT, closed(a={"type": "string", "format": name}), f"Question {number}")
        # Until 3.11 Python does not read the letter for the zone.
        assert READ[name](made["a"].replace("Z", "+00:00"))


def test_free_texts_reply_to_the_prompt() -> None:
    """As the default reply does."""
    made = value(CHAT, PERSON)
    assert made["name"] == "Mock reply to: What is sushi?"
    assert 18 <= made["age"] <= 99


@pytest.mark.parametrize(
    "schema",
    [
        closed(a={"type": "string"}),
        closed(a={"type": "string", "maxLength": 5}),
        closed(a={"type": "integer"}),
        closed(a={"type": "string", "pattern": "^[a-z]{4,}$"}),
        closed(a={"type": "string", "format": "uuid"}),
    ],
)
@BOTH
def test_contents_differ_with_the_prompt(path: str, schema: Json) -> None:
    """Where the schema leaves room."""
    made = {json.dumps(value(path, schema, f"Question {number}")) for number in range(10)}
    assert len(made) >= 9


@BOTH
def test_the_same_request_has_the_same_content(path: str) -> None:
    """Nothing is left to chance."""
    request = body(path, **json_format(path, schema_by_chance(Random(5))))
    assert contents(path, request) == contents(path, request)


def test_members_are_in_the_order_of_the_schema() -> None:
    """As the service writes them, optional ones included, and without spaces."""
    schema = {"type": "object", "properties": {"b": {"type": "null"}, "a": {"type": "null"}}}
    assert contents(CHAT, body(CHAT, **json_format(CHAT, schema))) == ['{"b":null,"a":null}']


def test_null_is_chosen_only_if_nothing_else_fits() -> None:
    """Of a type and null, the type is chosen."""
    nullable = {"anyOf": [{"type": "null"}, {"type": "string"}]}
    assert all(value(CHAT, closed(a=nullable), str(n))["a"] for n in range(20))


def test_every_branch_of_a_union_is_used() -> None:
    """Which one depends on the prompt."""
    union = {"anyOf": [closed(kind={"const": name}) for name in "abc"]}
    made = {value(CHAT, closed(item=union), str(n))["item"]["kind"] for n in range(50)}
    assert made == {"a", "b", "c"}


def test_items_are_numbered() -> None:
    """Each text is another one, as those of several choices are."""
    texts = {"type": "array", "items": {"type": "string"}, "minItems": 2}
    assert value(CHAT, closed(a=texts))["a"] == [
        "Mock reply to: What is sushi?",
        "Mock reply 2 to: What is sushi?",
    ]


def test_a_tuple_has_all_its_items() -> None:
    """Also those that may be left out."""
    items = [{"type": "boolean"}, {"type": "null"}, {"type": "boolean"}]
    assert len(value(CHAT, closed(a={"type": "array", "prefixItems": items}))["a"]) == 3


def test_what_has_no_finite_value_is_left_out() -> None:
    """If it may be; what is optional beside it is there."""
    endless = closed(again={"$ref": "#/$defs/endless"})
    members: dict[str, Json] = {"a": {"type": "string"}, "b": {"$ref": "#/$defs/endless"}}
    schema = {"type": "object", "properties": members, "$defs": {"endless": endless}}
    assert value(CHAT, schema) == {"a": "Mock reply to: What is sushi?"}
    members["b"] = {"type": "array", "items": members["b"]}
    assert value(CHAT, schema) == {"a": "Mock reply to: What is sushi?", "b": []}


def test_a_schema_that_requires_members_gets_an_object() -> None:
    """Though it allows a value of any other type."""
    assert [*value(CHAT, closed(a={"required": ["x"]}))["a"]] == ["x"]


def test_recursion_ends_after_one_level() -> None:
    """A tree has a child, and the child has none."""
    assert len(value(CHAT, TREE)["children"]) == 1
    assert value(CHAT, TREE)["children"][0]["children"] == []


def test_names_with_lone_surrogates_are_escaped() -> None:
    """Half a surrogate pair is valid JSON, and stays JSON that a client can encode."""
    [content] = contents(
        CHAT, body(CHAT, **json_format(CHAT, closed(**{"\ud800": {"type": "null"}})))
    )
    assert content == '{"\\ud800":null}'


def test_choices_differ() -> None:
    """Each of n has a value of its own."""
    request = body(CHAT, n=2, **json_format(CHAT, PERSON))
    first, second = contents(CHAT, request)
    assert json.loads(first)["name"] == "Mock reply to: What is sushi?"
    assert json.loads(second)["name"] == "Mock reply 2 to: What is sushi?"


@BOTH
def test_usage_counts_the_content(path: str) -> None:
    """A token is four characters of it."""
    request = body(path, **json_format(path, PERSON))
    [content] = contents(path, request)
    assert endpoints()[path].read_usage(answer(path, request)).output == -(-len(content) // 4)


def test_a_limit_cuts_the_json() -> None:
    """It is the beginning of the whole JSON, and the finish_reason is `length`."""
    [whole] = contents(CHAT, body(CHAT, **json_format(CHAT, PERSON)))
    [choice] = answer(CHAT, body(CHAT, max_tokens=3, **json_format(CHAT, PERSON)))["choices"]
    assert choice["message"]["content"] == whole[:12]
    assert choice["finish_reason"] == "length"


def test_a_limit_leaves_a_response_incomplete() -> None:
    """Its message has the beginning of the JSON."""
    schema = closed(a={"type": "string", "minLength": 200})
    made = answer(
        RESPONSES, body(RESPONSES, max_output_tokens=16, **json_format(RESPONSES, schema))
    )
    assert (made["status"], made["output"][0]["status"]) == ("incomplete", "incomplete")
    assert len(made["output"][0]["content"][0]["text"]) == 64


def test_stop_and_logprobs_work_as_for_a_text() -> None:
    """The JSON ends before a stop sequence, and its tokens have log probabilities."""
    request = body(CHAT, stop=[":"], logprobs=True, **json_format(CHAT, PERSON))
    [choice] = answer(CHAT, request)["choices"]
    assert choice["message"]["content"] == '{"name"'
    assert "".join(token["token"] for token in choice["logprobs"]["content"]) == '{"name"'


@BOTH
def test_an_empty_schema_gets_an_object(path: str) -> None:
    """Any JSON would do, and an object is what clients expect."""
    for given in ({}, {"type": "object"}):
        assert value(path, given) == {"reply": "Mock reply to: What is sushi?"}


def test_the_schema_may_be_left_out() -> None:
    """In a chat completion; a response requires it."""
    given = {"type": "json_schema", "json_schema": {"name": "N"}}
    assert json.loads(contents(CHAT, body(CHAT, response_format=given))[0])


@BOTH
def test_scripted_content_may_violate_the_schema(path: str) -> None:
    """People test how their code handles that."""
    request = body(path, **json_format(path, PERSON, strict=True))
    endpoint = endpoints()[path]
    default = endpoint.make_response(request, EXECUTION)
    scripted = endpoint.with_reply(default, parse_reply({"content": "No JSON."}), request)
    assert "No JSON." in json.dumps(scripted)


# --- JSON without a schema


def test_a_json_object_replies_to_the_prompt() -> None:
    """In its only member; any message may mention the word, in any case."""
    messages = [{"role": "system", "content": "Speak JSON."}, {"role": "user", "content": "Hi"}]
    request = body(CHAT, response_format={"type": "json_object"}) | {"messages": messages}
    assert contents(CHAT, request) == ['{"reply":"Mock reply to: Hi"}']


def test_a_response_may_be_a_json_object() -> None:
    """The word is in the input."""
    request = body(RESPONSES, "Some json", text={"format": {"type": "json_object"}})
    assert contents(RESPONSES, request) == ['{"reply":"Mock reply to: Some json"}']


def test_json_has_to_be_mentioned() -> None:
    """Messages and params as clients quote them; instructions do not count."""
    error = validation_error(CHAT, response_format={"type": "json_object"})
    assert (error.status, error.param, error.code) == (400, "messages", None)
    assert error.message == (
        "'messages' must contain the word 'json' in some form, "
        "to use 'response_format' of type 'json_object'."
    )
    given = {"format": {"type": "json_object"}}
    error = validation_error(RESPONSES, text=given, instructions="Speak JSON.")
    assert (error.status, error.param, error.code) == (400, "input", None)
    assert error.message == (
        "Response input messages must contain the word 'json' in some form "
        "to use 'text.format' of type 'json_object'."
    )


@pytest.mark.parametrize(
    ("name", "id"),
    [("conversation", "conv_1"), ("previous_response_id", "resp_1"), ("prompt", {"id": "pmpt_1"})],
)
def test_the_word_may_be_elsewhere(name: str, id: Json) -> None:
    """In an earlier conversation or a saved prompt; the mock cannot know what it says."""
    request = body(RESPONSES, text={"format": {"type": "json_object"}})
    contents(RESPONSES, {**request, name: id})


# --- what is not made


@pytest.mark.parametrize(
    ("schema", "why", "place"),
    [
        ({"$ref": "#"}, "no value fits it", ()),
        (closed(a={"$ref": "#"}), "it has no finite value", ()),
        (closed(a=False), "it has no finite value", ()),
        ({"type": "array", "items": {"$ref": "#"}, "minItems": 1}, "it has no finite value", ()),
        (closed(a={"$ref": "http://127.0.0.1:9/x"}), "'$ref' leads", ("properties", "a")),
        (closed(a={"$ref": "file:///etc/passwd"}), "'$ref' leads", ("properties", "a")),
        (closed(a={"$ref": "#/$defs/none"}), "'$ref' leads", ("properties", "a")),
        (closed(a={"not": {}}), "should not be valid", ("properties", "a", "not")),
        (closed(a={"type": "integer", "minimum": 2, "maximum": 1}), "no number", ("a",)),
        (closed(a={"type": "string", "enum": [1]}), "no value of its 'enum'", ("a",)),
        (closed(a={"type": "string", "minLength": 10**9}), "no text of 1000000000", ("a",)),
        (closed(a={"type": "array", "minItems": 10**9}), "no array of 1000000000", ("a",)),
        (closed(a={"type": "string", "pattern": r"(a)\1"}), "its pattern", ("a",)),
        (closed(a={"type": "string", "pattern": "^(a+)+$", "const": "a" * 900 + "!"}),
         "does not match", ("properties", "a", "pattern")),
        (closed(a={"type": "string", "format": "uuid", "maxLength": 5}), "no uuid", ("a",)),
        (closed(a={"type": "object", "patternProperties": {"^(a+)+$": {}}}),
         "'patternProperties' is not supported", ("properties", "a")),
        (closed(a={"type": "array", "items": {"type": "boolean"}, "minItems": 3,
                   "uniqueItems": True}), "cannot all differ", ("a", "2")),
        ({"$dynamicRef": "#x"}, "'$dynamicRef' is not supported", ()),
        ({"type": "object", "required": ["x"], "additionalProperties": False},
         "it has no finite value", ()),
        (closed(a={"type": "number", "minimum": 1e308}), "too large", ("a",)),
        (closed(a={"type": "number", "minimum": 10**400 + 1, "maximum": 10**400}), "too large",
         ("a",)),
        (closed(a={"$schema": "http://json-schema.org/draft-04/schema#"}),
         "'$schema' is not supported", ("properties", "a")),
        (closed(a={"enum": [10**400], "multipleOf": 0.5}), "too large to convert to float", ()),
    ],
)  # fmt: skip
@BOTH
def test_schemas_without_a_sample_are_rejected(
    path: str, schema: Json, why: str, place: tuple[str, ...]
) -> None:
    """With a message and the path, never with content that does not fit."""
    error = validation_error(path, **json_format(path, schema))
    assert error.status == 400
    assert why in error.message
    assert f" at {place}. " in error.message


def _doubling(times: int, twice: Json) -> dict[str, Json]:
    """Return a schema whose definitions each need the next one twice."""
    names = [f"#/$defs/d{number}" for number in range(times + 1)]
    made = {f"d{n}": twice({"$ref": names[n + 1]}) for n in range(times)}
    return {"$ref": names[0], "$defs": {**made, f"d{times}": {"type": "string"}}}


def _later(name: str, schema: Json) -> dict[str, Json]:
    """Return a schema of draft 7 with a keyword that came later."""
    return {"$schema": "http://json-schema.org/draft-07/schema#", **closed(a={name: schema})}


EVIL = {"enum": ["a" * 40 + "!"], "pattern": "^(a+)+$"}
DRAFT = "https://json-schema.org/draft/2020-12/schema"
HOSTILE = [
    closed(a={"$schema": DRAFT, **EVIL}),
    {"$schema": DRAFT, **closed(a={"anyOf": [{"$ref": "#"}, {"type": "null"}]}, b=EVIL)},
    _doubling(60, lambda ref: {"if": ref, "then": ref}),
    _doubling(15, lambda ref: {"oneOf": [ref, ref]}),
    _doubling(60, lambda ref: closed(left=ref, right=ref)),
    _doubling(60, lambda ref: {"allOf": [ref, ref]}),
    _doubling(60, lambda ref: {"anyOf": [closed(a=ref), closed(a=ref, b=ref)]}),
    _doubling(3000, lambda ref: ref),
    {"allOf": [{"anyOf": [{"minimum": n}, {"maximum": n}]} for n in range(300)]},
    closed(a={"type": "string", "pattern": r"^(([a-z])+.)+[A-Z]([a-z])+$", "minLength": 900}),
    closed(**{f"p{n}": {"type": "string", "pattern": "(a?){900}a{900}"} for n in range(500)}),
    closed(a={"type": "array", "items": PERSON, "minItems": 999, "uniqueItems": True}),
    closed(a={"type": "array", "items": {"type": "array", "minItems": 999}, "minItems": 999}),
]


@pytest.mark.parametrize("schema", HOSTILE)
def test_hostile_schemas_take_bounded_time(schema: Json) -> None:
    """They get a value or an error, in seconds and not in years."""
    begun = perf_counter()
    made = attempt(lambda: contents(CHAT, body(CHAT, **json_format(CHAT, schema))))
    if isinstance(made, ApiError):
        assert "could not generate a reply" in made.message
    else:
        # jsonschema by itself would not come back from some of these patterns.
        assert ClientSchema(schema).first_violation(json.loads(made[0])) is None
    assert perf_counter() - begun < 30


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("$defs", {"b": {"type": "null"}}, 5),
        ("$defs", {}, {"b": {"$ref": 5}}),
        ("dependentSchemas", {}, {"b": {"enum": 5}}),
        ("prefixItems", [{"type": "null"}], 5),
        ("prefixItems", [{}], [{"properties": 5}]),
        ("unevaluatedProperties", False, {"anyOf": 5}),
    ],
)
@BOTH
def test_later_keywords_are_checked_in_draft_7(
    path: str, name: str, right: Json, wrong: Json
) -> None:
    """That draft does not know them, but the generator reads them."""
    answer(path, body(path, **json_format(path, _later(name, right))))
    for strict in (True, False):
        error = validation_error(path, **json_format(path, _later(name, wrong), strict=strict))
        assert error.message.endswith("Please ensure it is a valid JSON Schema.")


@BOTH
def test_additional_items_are_ignored_without_a_list(path: str) -> None:
    """No draft looks at them then."""
    answer(path, body(path, **json_format(path, closed(a={"additionalItems": {"$ref": 5}}))))


def test_the_cache_of_schemas_is_bounded() -> None:
    """What it drops is prepared again, with the same result."""
    request = body(CHAT, **json_format(CHAT, PERSON))
    before = contents(CHAT, request)
    for number in range(300):
        value(CHAT, closed(**{f"p{number}": {"type": "string"}}))
    assert contents(CHAT, request) == before
