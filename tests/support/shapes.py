"""Requests for JSON of a shape, what is answered to them, and schemas by chance."""

import json
from random import Random

import pytest
from jsonschema import Draft202012Validator

from mockbatch.endpoints import endpoints
from mockbatch.errors import ApiError
from mockbatch.typing import Json
from mockbatch.validation.schema import schema as package_schema
from tests.support.bodies import CHAT, EXECUTION, RESPONSES

BOTH = pytest.mark.parametrize("path", [CHAT, RESPONSES])


def closed(**properties: Json) -> dict[str, Json]:
    """Return the schema of an object of these members, as strict schemas have to be."""
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def body(path: str, prompt: str = "What is sushi?", **members: Json) -> dict[str, Json]:
    """Return the body of a request to an endpoint, with these members in its own places."""
    if path == RESPONSES:
        return {"model": "gpt-4o", "input": prompt, **members}
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": prompt}], **members}


def json_format(path: str, schema: Json, *, strict: bool | None = None) -> dict[str, Json]:
    """Return the members of a request that ask for JSON of a schema."""
    given = {"name": "N", "schema": schema} | ({} if strict is None else {"strict": strict})
    if path == RESPONSES:
        return {"text": {"format": {"type": "json_schema", **given}}}
    return {"response_format": {"type": "json_schema", "json_schema": given}}


def answer(path: str, request: dict[str, Json]) -> dict[str, Json]:
    """Return the checked answer to a body."""
    endpoint = endpoints()[path]
    endpoint.check(request)
    made = endpoint.make_response(request, EXECUTION)
    package_schema(endpoint.response_schema).assert_valid(made, "the answer")
    return made


def contents(path: str, request: dict[str, Json]) -> list[str]:
    """Return the texts of an answer."""
    made = answer(path, request)
    if path == RESPONSES:
        return [item["content"][0]["text"] for item in made["output"] if item["type"] == "message"]
    return [choice["message"]["content"] for choice in made["choices"]]


def value(path: str, schema: Json, prompt: str = "What is sushi?", *, strict: bool = False) -> Json:
    """Return the value that is made for a schema, which it fits."""
    [content] = contents(path, body(path, prompt, **json_format(path, schema, strict=strict)))
    made = json.loads(content)
    Draft202012Validator(schema).validate(made)
    return made


def validation_error(path: str, **members: Json) -> ApiError:
    """Return the failure with which an endpoint refuses a body of these members."""
    with pytest.raises(ApiError) as raised:
        endpoints()[path].check(body(path, **members))
    return raised.value


def schema_by_chance(random: Random) -> dict[str, Json]:
    """Return a strict schema of every keyword that those may have, which has a value."""
    names = ["node", "leaf"]
    root = closed(**{name: _part(random, 3, names) for name in ("first", "second")})
    return {**root, "$defs": {"node": _node(random), "leaf": _part(random, 1, [])}}


def _node(random: Random) -> dict[str, Json]:
    """Return a definition that contains itself, and ends one way or another."""
    again = {"$ref": random.choice(["#/$defs/node", "#"])}
    ends = random.choice(
        [{"anyOf": [again, {"type": "null"}]}, {"type": "array", "items": again, "maxItems": 2}]
    )
    return closed(value=_part(random, 1, []), next=ends)


def _part(random: Random, depth: int, names: list[str]) -> dict[str, Json]:
    simple = [_string, _number, _choice, _kinds]
    nested = [_object, _array, _union]
    if names and random.random() < 0.2:
        return {"$ref": f"#/$defs/{random.choice(names)}"}
    if depth and random.random() < 0.6:
        return random.choice(nested)(random, depth - 1, names)
    return random.choice(simple)(random)


def _object(random: Random, depth: int, names: list[str]) -> dict[str, Json]:
    members = random.sample(["a", "b", "c", "d e", "ü", "/", "~"], random.randint(0, 4))
    return closed(**{name: _part(random, depth, names) for name in members})


def _array(random: Random, depth: int, names: list[str]) -> dict[str, Json]:
    least = random.randint(0, 3)
    bounds = {"minItems": least, "maxItems": least + random.randint(0, 3)}
    return {"type": "array", "items": _part(random, depth, names), **_some(random, bounds)}


def _union(random: Random, depth: int, names: list[str]) -> dict[str, Json]:
    return {"anyOf": [_part(random, depth, names) for _ in range(random.randint(1, 3))]}


def _string(random: Random) -> dict[str, Json]:
    least = random.randint(0, 30)
    patterns = [r"^@[a-z]+$", r"^[A-Z]{2,5}-\d{3}$", "foo|bar", r"\w+\s\w+", r"^[^aeiou]*$"]
    formats = ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"]
    bounds = {"minLength": least, "maxLength": least + random.randint(0, 30)}
    special = random.choice(
        [
            _some(random, bounds),
            {"pattern": random.choice(patterns)},
            {"format": random.choice(formats)},
        ]
    )
    return {"type": "string", **special}


def _number(random: Random) -> dict[str, Json]:
    kind = random.choice(["integer", "number"])
    low = random.randint(-50, 50) if kind == "integer" else round(random.uniform(-5, 5), 3)
    high = low + random.choice([2, 3, 10, 1000])
    least, most = (
        random.choice(["minimum", "exclusiveMinimum"]),
        random.choice(["maximum", "exclusiveMaximum"]),
    )
    if random.random() < 0.3:
        return {
            "type": kind,
            "multipleOf": random.choice([2, 5] if kind == "integer" else [0.5, 0.1]),
        }
    return {"type": kind, **_some(random, {least: low, most: high})}


def _choice(random: Random) -> dict[str, Json]:
    values = random.sample(["a", "b", "ü", "", '"'], random.randint(1, 5))
    return {"type": "string", **random.choice([{"enum": values}, {"const": values[0]}])}


def _kinds(random: Random) -> dict[str, Json]:
    return {"type": random.choice(["null", "boolean", ["string", "null"], ["integer", "boolean"]])}


def _some(random: Random, keywords: dict[str, Json]) -> dict[str, Json]:
    return {name: given for name, given in keywords.items() if random.random() < 0.6}
