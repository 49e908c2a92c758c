"""Which schemas OpenAI rejects, in its words."""

import copy
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.endpoints.structured_output.strict import (
    SchemaIssue,
    find_format_issue,
    find_parameters_issue,
)
from mockbatch.errors import ERROR_TEMPLATES, OBSERVED, ApiError
from mockbatch.typing import Json
from tests.endpoints.test_every_endpoint import THOROUGH
from tests.support.bodies import CHAT, RESPONSES, attempt, spots
from tests.support.shapes import BOTH, answer, body, closed, json_format, validation_error

TEXT = {"type": "string"}
OPEN = {"type": "object", "properties": {"id": TEXT}}


def nested_schema(levels: int) -> dict[str, Json]:
    """Return a schema of so many nested objects and arrays."""
    inside: Json = TEXT
    for level in range(levels - 1):
        inside = {"type": "array", "items": inside} if level % 2 else closed(a=inside)
    return closed(a=inside)


def offer_function(path: str, parameters: Json, **members: Json) -> dict[str, Json]:
    """Return the members of a request that offer a function."""
    given = {"name": "f", "parameters": parameters, **members}
    if path == RESPONSES:
        return {"tools": [{"type": "function", **given}]}
    return {"tools": [{"type": "function", "function": given}]}


# In these words, and at these places, clients have met them.
STRICT = [
    (OPEN, "In context=(), 'additionalProperties' is required to be supplied and to be false."),
    (
        closed(etymology=OPEN),
        (
            "In context=('properties', 'etymology'), "
            "'additionalProperties' is required to be supplied and to be false."
        ),
    ),
    (
        {**closed(id=TEXT), "required": []},
        (
            "In context=(), 'required' is required to be supplied and to be an array including "
            "every key in properties. Missing 'id'."
        ),
    ),
    (
        {**closed(), "required": ["legal_status"]},
        (
            "In context=(), 'required' is required to be supplied and to be an array including "
            "every key in properties. Extra required key 'legal_status' supplied."
        ),
    ),
    (
        {"anyOf": [closed(a=TEXT)]},
        "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'.",
    ),
    (
        {"type": "array", "items": TEXT},
        "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'.",
    ),
    ({**closed(a=TEXT), "allOf": []}, None),
    ({**closed(a=TEXT), "anyOf": [closed()]}, "In context=(), 'anyOf' is not permitted."),
    ({**closed(a=TEXT), "if": {}}, "In context=(), 'if' is not permitted."),
    (closed(pet={"oneOf": [TEXT]}), "In context=('properties', 'pet'), 'oneOf' is not permitted."),
    (
        closed(tags={"type": "array", "items": TEXT, "uniqueItems": True}),
        "In context=('properties', 'tags'), 'uniqueItems' is not permitted.",
    ),
    (
        closed(specifics={"type": "object", "propertyNames": TEXT}),
        "In context=('properties', 'specifics'), 'propertyNames' is not permitted.",
    ),
    (closed(x={"not": TEXT}), "In context=('properties', 'x'), 'not' is not permitted."),
    (closed(x={}), "In context=('properties', 'x'), schema must have a 'type' key."),
    (closed(x=True), "In context=('properties', 'x'), schema must have a 'type' key."),
    (
        closed(y={"type": "array", "items": {"type": "array"}}),
        "In context=('properties', 'y', 'items'), array schema missing items.",
    ),
    (
        closed(url={"type": ["string", "null"], "format": "uri"}),
        "In context=('properties', 'url', 'type', '0'), 'uri' is not a valid format.",
    ),
    (
        {**closed(x={"$ref": "#/$defs/a", "description": "A."}), "$defs": {"a": TEXT}},
        "context=('properties', 'x'), $ref cannot have keywords {'description'}.",
    ),
    (
        closed(x=TEXT, y={"$ref": "#/properties/x"}),
        (
            "In context=('properties', 'y'), reference can only point to definitions defined at "
            "the top level of the schema."
        ),
    ),
    (nested_schema(14), "14 levels of nesting exceeds limit of 10."),
    (closed(**{f"p{n}": TEXT for n in range(5001)}), "5001 parameters exceeds limit of 5000."),
    (
        closed(x={"type": "string", "enum": [str(n) for n in range(1008)]}),
        (
            "Expected at most 1000 enum values in total within a single schema when using "
            "structured outputs, but received 1008. Consider reducing the number of enums, or "
            "use 'strict: false' to opt out of structured outputs."
        ),
    ),
]


@pytest.mark.parametrize(("schema", "message"), STRICT)
@BOTH
def test_strict_formats_are_rejected(path: str, schema: Json, message: str | None) -> None:
    """Message, param and code as clients quote them, different for each endpoint."""
    error = validation_error(path, **json_format(path, schema, strict=True))
    if message is None:
        assert error.message.endswith("'N'. Please ensure it is a valid JSON Schema.")
    else:
        assert error.message == f"Invalid schema for response_format 'N': {message}"
    assert (error.status, error.type) == (400, "invalid_request_error")
    expected = {
        CHAT: ("response_format", None),
        RESPONSES: ("text.format.schema", "invalid_json_schema"),
    }
    assert (error.param, error.code) == expected[path]


@BOTH
def test_strict_functions_are_rejected(path: str) -> None:
    """Whether they are called or not; the param says which of the tools it is."""
    for schema, message in STRICT:
        error = validation_error(path, **offer_function(path, schema, strict=True))
        assert (error.status, error.code) == (400, "invalid_function_parameters")
        inside = "tools[0]" if path == RESPONSES else "tools[0].function"
        assert error.param == f"{inside}.parameters"
        assert error.message.startswith("Invalid schema for function 'f'")
        if message and "top level" not in error.message:
            assert error.message.endswith(message)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"type": "object"}, "In context=(), object schema missing properties."),
        (
            {"type": "object", "properties": {"paths": {"type": "array"}}},
            "In context=('properties', 'paths'), array schema missing items.",
        ),
        (
            {"type": "object", "properties": {"x": {"type": ["string", "array"]}}},
            "In context=('properties', 'x', 'type', '1'), array schema missing items.",
        ),
        (
            {"type": "object", "properties": {}, "oneOf": [{}]},
            (
                "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' "
                "at the top level."
            ),
        ),
        ({}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'."),
    ],
)
@BOTH
def test_functions_have_rules_of_their_own(path: str, parameters: Json, message: str) -> None:
    """Even if they are not strict."""
    for members in ({}, {"strict": False}):
        error = validation_error(path, **offer_function(path, parameters, **members))
        assert error.message == f"Invalid schema for function 'f': {message}"


def test_old_functions_are_rejected_by_their_own_param() -> None:
    """`functions` is the predecessor of `tools`."""
    error = validation_error(CHAT, functions=[{"name": "f", "parameters": {"type": "array"}}])
    assert (error.param, error.code) == ("functions[0].parameters", "invalid_function_parameters")


@pytest.mark.parametrize("schema", [{"type": "objekt"}, {"required": True}, {"properties": []}])
@BOTH
def test_an_invalid_schema_is_rejected(path: str, schema: Json) -> None:
    """Strict or not, of a format and of a function."""
    given = {"type": "object", "properties": {"a": schema}}
    error = validation_error(path, **json_format(path, given, strict=False))
    assert error.message == (
        "Invalid schema for response_format 'N'. Please ensure it is a valid JSON Schema."
    )
    error = validation_error(path, **offer_function(path, given))
    assert error.message == (
        "Invalid schema for function 'f'. Please ensure it is a valid JSON Schema."
    )


@pytest.mark.parametrize("name", [1, {}, None, "#a"])
@BOTH
def test_an_invalid_id_is_rejected(path: str, name: Json) -> None:
    """It is checked before any reference to it."""
    schema = {**closed(), "$id": name}
    for members in (json_format(path, schema), offer_function(path, schema)):
        assert validation_error(path, **members).message.endswith(
            "Please ensure it is a valid JSON Schema."
        )


@pytest.mark.parametrize(
    "schema",
    [
        closed(a={"type": "string", "minLength": 1, "maxLength": 9, "default": "x"}),
        closed(a={"const": "x"}, b={"enum": ["x", 1]}, c={"type": ["string", "null"]}),
        closed(a={"anyOf": [closed(k={"const": "a"}), {"type": "null"}], "description": "A."}),
        {**closed(a={"$ref": "#/definitions/a"}), "definitions": {"a": TEXT}, "title": "T"},
        {**closed(a={"$ref": "#/$defs/a"}), "$defs": {"a": closed(b={"$ref": "#/$defs/c"}),
                                                     "c": {"type": "array", "items": TEXT}}},
        closed(items={"type": "array", "items": closed(properties=TEXT, required=TEXT)}),
        nested_schema(10),
        closed(x={"type": "string", "enum": [str(n) for n in range(1000)]}),
        closed(),
    ],
)  # fmt: skip
@BOTH
def test_strict_schemas_are_accepted(path: str, schema: Json) -> None:
    """What the guide lists, and what the service was observed to accept."""
    answer(path, body(path, **json_format(path, schema, strict=True)))
    answer(path, body(path, **offer_function(path, schema, strict=True), tool_choice="required"))


# Keywords that the guide does not allow, each with a valid argument.
NOT_PERMITTED: dict[str, Json] = {
    **{keyword: [TEXT] for keyword in ("allOf", "oneOf", "prefixItems")},
    **dict.fromkeys(("not", "if", "then", "else", "contains", "propertyNames"), TEXT),
    **{keyword: {} for keyword in ("dependentRequired", "dependentSchemas", "dependencies")},
    **dict.fromkeys(("minProperties", "maxProperties", "minContains", "maxContains"), 1),
    **dict.fromkeys(("unevaluatedProperties", "unevaluatedItems", "additionalItems"), TEXT),
    "patternProperties": {},
    "uniqueItems": True,
}


@pytest.mark.parametrize("keyword", NOT_PERMITTED)
def test_keywords_that_the_guide_does_not_allow_are_rejected(keyword: str) -> None:
    """Wherever they are."""
    schema = closed(x={**TEXT, keyword: NOT_PERMITTED[keyword]})
    context = {"context": ("properties", "x"), "keyword": keyword}
    assert find_format_issue(schema, strict=True) == SchemaIssue("keyword_not_permitted", context)


@pytest.mark.parametrize("keyword", ["oneOf", "anyOf", "allOf", "enum", "not"])
def test_parameters_combine_no_schemas(keyword: str) -> None:
    """At the top level, strict or not."""
    issue = find_parameters_issue({**closed(), keyword: {}}, strict=False)
    assert issue == SchemaIssue("root_has_combinators")


@pytest.mark.parametrize(
    "schema",
    [
        closed(**{f"p{n}": TEXT for n in range(5000)}),
        closed(**{f"{n:0>100}": TEXT for n in range(1200)}),
        closed(a={"enum": [f"{n:0>61}" for n in range(250)]}),
        closed(a={**closed(), "$defs": {"d": nested_schema(10)}}),
        closed(**{
            name: {"type": "string", "format": name}
            for name in ("date-time", "time", "date", "duration", "email", "hostname", "ipv4",
                         "ipv6", "uuid")
        }),
    ],
    ids=["properties", "characters", "enum", "definition", "formats"],
)  # fmt: skip
def test_schemas_at_the_limits_are_accepted(schema: Json) -> None:
    """The depth of a definition counts from its own root."""
    assert find_format_issue(schema, strict=True) is None


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        (
            {**closed(a={"const": "c" * 60_000}), "$defs": {"d" * 60_000: TEXT}},
            "schema_strings_too_long",
        ),
        (closed(a={"enum": [*range(501)]}, b={"enum": [*range(501)]}), "too_many_enum_values"),
        (
            {**closed(a={"$ref": "#/$defs/b/properties/c"}), "$defs": {"b": closed(c=TEXT)}},
            "reference_not_to_definition",
        ),
    ],
)
def test_all_parts_of_a_schema_count(schema: Json, name: str) -> None:
    """Names of definitions and constants as well as properties, and the values of every enum."""
    issue = find_format_issue(schema, strict=True)
    assert issue is not None
    assert issue.name == name


@BOTH
def test_the_other_limits_are_those_of_the_guide(path: str) -> None:
    """The texts of their errors are not known."""
    many = {"type": "string", "enum": [f"{n:0>60}" for n in range(251)]}
    for schema in (closed(a=many), closed(**{f"{n:0>100}": TEXT for n in range(1201)})):
        assert validation_error(path, **json_format(path, schema, strict=True)).status == 400
    # Fifty of them are no large enum.
    few = {"type": "string", "enum": [*many["enum"][:50], "x" * 15_000]}
    answer(path, body(path, **json_format(path, closed(a=few), strict=True)))


@pytest.mark.parametrize(
    ("name", "code"), [("a.b", "invalid_value"), ("a" * 65, "string_above_max_length")]
)
@BOTH
def test_names_are_limited(path: str, name: str, code: str) -> None:
    """Letters, digits, underscores and hyphens, at most 64."""
    members = json_format(path, closed())
    inside = members["text"]["format"] if path == RESPONSES else members["response_format"]
    inside.get("json_schema", inside)["name"] = name
    error = validation_error(path, **members)
    place = "text.format" if path == RESPONSES else "response_format.json_schema"
    assert (error.param, error.code) == (f"{place}.name", code)


@BOTH
def test_schemas_that_are_not_strict_may_break_the_rules(path: str) -> None:
    """`strict` absent, null or false turns these rules off."""
    for strict in (None, False):
        answer(path, body(path, **json_format(path, OPEN, strict=strict)))
        answer(path, body(path, **offer_function(path, OPEN, strict=strict)))
    answer(path, body(path, **offer_function(path, OPEN)))


def test_messages_that_clients_quote_are_marked_observed() -> None:
    """The others are not."""
    unknown = {"enum_values_too_long", "schema_strings_too_long"}
    names = [
        name
        for name, row in ERROR_TEMPLATES.items()
        if row.message.startswith("Invalid schema for")
    ]
    assert {name for name in names if ERROR_TEMPLATES[name].source != OBSERVED} == unknown


@BOTH
@given(data=st.data())
@THOROUGH
def test_no_schema_causes_an_exception(path: str, data: st.DataObject) -> None:
    """Any mutant of a schema gets a value or an error, strict or not."""
    junk = [None, True, [], {}, "", "#", "string", "object", 0, -1, 2.5, {"$ref": "#"}, ["null"]]
    junk += [10**400, [10**400], "[[a]", "(" * 80 + "a" + ")" * 80]
    names = ["type", "$ref", "properties", "items", "enum", "anyOf", "required", "pattern", "$defs"]
    names += [
        "$id",
        "$schema",
        "$anchor",
        "prefixItems",
        "additionalItems",
        "multipleOf",
        "minimum",
        "not",
        "if",
    ]
    schemas = [schema for schema, _ in STRICT[:-3]]
    root = [copy.deepcopy(data.draw(st.sampled_from(schemas)))]
    for _ in range(data.draw(st.integers(1, 3))):
        place, key = data.draw(st.sampled_from(spots(root)))
        thing = copy.deepcopy(data.draw(st.sampled_from(junk)))
        if isinstance(place[key], dict) and data.draw(st.booleans()):
            place[key][data.draw(st.sampled_from(names))] = thing
        elif place is not root:
            place[key] = thing
    for strict in (True, False):
        request = body(path, **json_format(path, root[0], strict=strict))
        made = attempt(partial(answer, path, request))
        assert not isinstance(made, ApiError) or made.status == 400
