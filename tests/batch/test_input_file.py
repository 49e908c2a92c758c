"""What validation says of an input file."""

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mockbatch.batch import input_file
from mockbatch.batch.input_file import BatchInput
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.model_list import ModelList
from mockbatch.errors import ERROR_TEMPLATES
from mockbatch.files.content import Content
from mockbatch.jsonio import MAX_CONTAINERS
from mockbatch.limits import Limits
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from mockbatch.validation.step_budget import StepBudget
from tests.support.examples import examples

if TYPE_CHECKING:
    from tests.conftest import Make


BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


def body(**changes: Json) -> dict[str, Json]:
    """Return a request body; a change to None takes a member out."""
    changed = {**BODY, **changes}
    return {name: value for name, value in changed.items() if value is not None}


def read_errors(found: BatchInput) -> list[tuple[str, str | None, int | None]]:
    """Return code, param and line of each error."""
    return [(error["code"], error["param"], error["line"]) for error in found.errors]


def test_a_good_file_has_no_errors(make: "Make") -> None:
    """Lines that are in order give a total, a model and no errors."""
    found = make.batch_input(*make.lines(3))
    assert (found.total, found.model, found.errors, found.failing_lines) == (
        3,
        "gpt-4o-mini",
        (),
        frozenset(),
    )


@pytest.mark.parametrize("name", ["custom_id", "method", "url", "body"])
def test_a_member_of_the_envelope_is_missing(make: "Make", name: str) -> None:
    """A line without one of its four members is a missing parameter, reported with its line."""
    found = make.batch_input(make.line("a"), make.line("b", **{name: None}))
    assert read_errors(found) == [("missing_required_parameter", name, 2)]


def test_a_missing_member_has_the_observed_error(make: "Make") -> None:
    """The text for a missing member of a line is the observed one."""
    [error] = make.batch_input(make.line(), make.line("b", method=None)).errors
    assert error["message"] == "Missing required parameter: 'method'."


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"method": "GET"}, "invalid_method", "method"),
        ({"method": "post"}, "invalid_method", "method"),
        ({"method": 1}, "invalid_method", "method"),
        ({"url": "/v1/embeddings"}, "invalid_url", "url"),
        ({"url": "/v1/chat/completions/"}, "invalid_url", "url"),
        ({"custom_id": 7}, "invalid_type", "custom_id"),
        ({"custom_id": ["a"]}, "invalid_type", "custom_id"),
        ({"body": []}, "invalid_type", "body"),
        ({"body": "x"}, "invalid_type", "body"),
        ({"body": body(model=None)}, "invalid_request", "body.model"),
        ({"body": body(model="")}, "invalid_request", "body.model"),
        ({"body": body(model=5)}, "invalid_type", "body.model"),
        ({"body": body(model=0)}, "invalid_type", "body.model"),
        ({"body": body(model=[])}, "invalid_type", "body.model"),
        ({"body": body(model=False)}, "invalid_type", "body.model"),
        ({"body": body(messages=None)}, "missing_required_parameter", "body.messages"),
        ({"body": body(stream=True)}, "streaming_unsupported", "body.stream"),
        ({"body": body(model="gpt-4o")}, "mismatched_model", "body.model"),
        ({"custom_id": "a"}, "duplicate_custom_id", "custom_id"),
    ],
)
def test_every_fault_has_its_code(
    make: "Make", changes: dict[str, Json], code: str, param: str
) -> None:
    """Each error of a second line is reported with its code and param, on line 2."""
    found = make.batch_input(make.line("a"), make.line("b", **changes))
    assert read_errors(found) == [(code, param, 2)]


@pytest.mark.parametrize("name", ["custom_id", "method", "url", "body"])
def test_null_is_not_the_same_as_missing(make: "Make", name: str) -> None:
    """A member that is null is reported as invalid, not as missing."""
    found = make.batch_input(make.line("a"), {**make.line("b"), name: None})
    [(code, param, line)] = read_errors(found)
    assert code in {"invalid_type", "invalid_method", "invalid_url"}
    assert (param, line) == (name, 2)


@pytest.mark.parametrize("name", ["model", "messages"])
def test_null_in_a_body_is_the_same_as_missing(make: "Make", name: str) -> None:
    """A null model and null messages are not given."""
    found = make.batch_input(make.line(body={**BODY, name: None}))
    assert [param for _, param, _ in read_errors(found)] == [f"body.{name}"]


# What a line of an endpoint needs beside its model.
MAIN_MEMBERS: dict[str, dict[str, Json]] = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "Hello"}]},
    "/v1/completions": {"prompt": "x"},
    "/v1/embeddings": {"input": "x"},
    "/v1/responses": {"input": "x"},
    "/v1/moderations": {"input": "x"},
    "/v1/images/generations": {"prompt": "x"},
    "/v1/images/edits": {"prompt": "x", "images": [{"file_id": "file-1"}]},
    "/v1/videos": {"prompt": "x"},
}


def read_body(make: "Make", endpoint: str, body: dict[str, Json]) -> BatchInput:
    """Return the input of a batch with one line, which has this body."""
    return make.batch_input(make.line(url=endpoint, body=body), endpoint=endpoint)


@pytest.mark.parametrize("endpoint", list(endpoints()))
def test_a_line_needs_its_model_and_main_member_only(make: "Make", endpoint: str) -> None:
    """No endpoint looks for the main member of another one."""
    found = read_body(make, endpoint, {"model": "m", **MAIN_MEMBERS[endpoint]})
    assert (found.errors, found.failing_lines) == ((), frozenset())


@pytest.mark.parametrize("endpoint", list(endpoints()))
@pytest.mark.parametrize("null", [False, True])
def test_a_line_without_its_main_member_fails_the_batch(
    make: "Make", endpoint: str, *, null: bool
) -> None:
    """Every endpoint's main member is looked for; a null one counts as missing."""
    name = next(iter(MAIN_MEMBERS[endpoint]))
    found = read_body(make, endpoint, {"model": "m", **({name: None} if null else {})})
    [error] = found.errors
    assert (error["param"], error["line"]) == (f"body.{name}", 1)
    assert (error["code"], error["message"]) == (
        ("invalid_request", "Prompt parameter is required.")
        if endpoint == "/v1/completions"
        else ("missing_required_parameter", f"Missing required parameter: '{name}'.")
    )


@pytest.mark.parametrize("endpoint", list(endpoints()))
def test_a_missing_model_and_main_member_are_both_reported(make: "Make", endpoint: str) -> None:
    """The model comes first."""
    name = next(iter(MAIN_MEMBERS[endpoint]))
    found = read_body(make, endpoint, {})
    assert [error["param"] for error in found.errors] == ["body.model", f"body.{name}"]


@pytest.mark.parametrize("endpoint", list(endpoints()))
def test_an_empty_main_member_is_left_to_the_endpoint(make: "Make", endpoint: str) -> None:
    """The batch is valid; where the endpoint rejects an empty value, the line fails."""
    name = next(iter(MAIN_MEMBERS[endpoint]))
    found = read_body(make, endpoint, {"model": "m", **MAIN_MEMBERS[endpoint], name: ""})
    assert found.errors == ()


@pytest.mark.parametrize(
    ("members", "is_valid"),
    [
        ({"conversation": "conv_1"}, True),
        ({"conversation": {"id": "conv_1"}}, True),
        ({"previous_response_id": "resp_1"}, True),
        ({"conversation": None}, False),
        ({"previous_response_id": ""}, False),
        # Seen to fail in 2025, although a live call needs no more.
        ({"prompt": {"id": "pmpt_1"}}, False),
        ({"prompt": {"id": "pmpt_1"}, "conversation": "conv_1"}, True),
        ({"prompt": {"id": "pmpt_1"}, "input": "x"}, True),
    ],
)
def test_an_earlier_turn_stands_in_for_input_and_a_saved_prompt_does_not(
    make: "Make", members: dict[str, Json], *, is_valid: bool
) -> None:
    """A line of responses needs input, a conversation or a previous response."""
    found = read_body(make, "/v1/responses", {"model": "m", **members})
    expected = [] if is_valid else [("missing_required_parameter", "body.input", 1)]
    assert (read_errors(found), found.failing_lines) == (expected, frozenset())


def test_a_saved_prompt_is_no_model_in_a_batch(make: "Make") -> None:
    """The Batch API has to know the model, as a reporter of 2025 found."""
    [error] = read_body(make, "/v1/responses", {"prompt": {"id": "pmpt_1"}, "input": "x"}).errors
    assert (error["code"], error["message"], error["param"], error["line"]) == (
        "invalid_request",
        "Model parameter is required.",
        "body.model",
        1,
    )


def test_the_error_for_streaming_names_the_product(make: "Make") -> None:
    """The message names the endpoint's product."""
    [error] = make.batch_input(make.line(body=body(stream=True))).errors
    assert error["message"] == "Chat Completions: Streaming is not supported in the Batch API."


@pytest.mark.parametrize("stream", [1, 1.0, 0, "no", "true", [], {}])
def test_a_stream_that_is_no_boolean_is_refused_by_its_line_only(
    make: "Make", stream: Json
) -> None:
    """Only `true` asks for a stream; any other type is the endpoint's to refuse."""
    found = make.batch_input(make.line(body={**BODY, "stream": stream}))
    assert (found.errors, found.failing_lines) == ((), frozenset({0}))


@pytest.mark.parametrize("stream", [False, None])
def test_a_stream_that_is_off_is_no_fault(make: "Make", stream: bool | None) -> None:
    """A stream that is false or null is let through."""
    assert make.batch_input(make.line(body={**BODY, "stream": stream})).errors == ()


@pytest.mark.parametrize(
    "line", [b"", b"  ", b"\r", b"{", b"nope", b"{}{}", b'{"a": NaN}', b"\xff"]
)
def test_a_line_that_is_not_json_has_the_observed_error(make: "Make", line: bytes) -> None:
    """A blank line is no JSON either."""
    found = make.batch_input(make.line("a"), line, make.line("b"))
    assert read_errors(found) == [("invalid_json_line", None, 2)]
    assert found.errors[0]["message"] == "This line is not parseable as valid JSON."


@pytest.mark.parametrize("line", [b"[]", b"null", b"1", b'"text"', b"true"])
def test_a_line_that_is_no_object_is_no_request(make: "Make", line: bytes) -> None:
    """JSON that is no object is an invalid line too, and the message says why."""
    found = make.batch_input(make.line("a"), line)
    assert read_errors(found) == [("invalid_json_line", None, 2)]
    assert found.errors[0]["message"] == "This line is not a JSON object."


def test_a_byte_order_mark_breaks_its_line(make: "Make") -> None:
    """A byte order mark makes the first line unreadable."""
    found = make.batch_input(b"\xef\xbb\xbf" + json.dumps(make.line()).encode(), make.line("b"))
    assert read_errors(found) == [("invalid_json_line", None, 1)]


def test_lines_may_end_as_on_windows(make: "Make") -> None:
    r"""A `\r` before the end of a line does no harm."""
    found = make.batch_input(*(json.dumps(line).encode() + b"\r" for line in make.lines(3)))
    assert (found.total, found.errors) == (3, ())


def test_the_last_line_needs_no_end(make: "Make") -> None:
    """A file whose last line has no newline has that line all the same."""
    content = Content.of(make.jsonl(make.lines(2)).rstrip(b"\n"))
    found = input_file.read_input(content, endpoints()["/v1/chat/completions"], Limits())
    assert (found.total, found.errors) == (2, ())


def test_a_blank_line_at_the_end_is_a_line(make: "Make") -> None:
    """Two newlines at the end are one line too many."""
    assert read_errors(make.batch_input(make.line(), b"")) == [("invalid_json_line", None, 2)]


def test_a_line_separator_in_a_text_ends_no_line(make: "Make") -> None:
    r"""Only `\n` ends a line: U+2028, U+2029, U+0085 and a form feed in a text do not."""
    text = json.dumps(make.line("a\u2028\u2029\u0085b"), ensure_ascii=False).encode()
    found = make.batch_input(text, make.line("b"))
    assert (found.total, found.errors) == (2, ())
    assert found.read_request(0)["custom_id"] == "a\u2028\u2029\u0085b"


def test_a_huge_number_is_a_number(make: "Make") -> None:
    """An integer of 4,000 digits is JSON; the endpoint has its own opinion of it."""
    line = json.dumps(make.line(body=body(seed=1))).replace('"seed": 1', '"seed": ' + "9" * 4000)
    assert make.batch_input(line.encode()).errors == ()


def test_what_is_nested_too_deeply_is_no_json(make: "Make") -> None:
    """A line nested ten thousand levels deep is an error of that line and does no harm."""
    line = b'{"custom_id": ' + b"[" * 10_000 + b"]" * 10_000 + b"}"
    assert read_errors(make.batch_input(line)) == [("invalid_json_line", None, 1)]


def test_half_a_surrogate_pair_is_a_character(make: "Make") -> None:
    """A custom_id of half a surrogate pair is as good as any, and can be repeated by mistake."""
    found = make.batch_input(make.line("\ud800"), make.line("\udc00"), make.line("\ud800"))
    assert read_errors(found) == [("duplicate_custom_id", "custom_id", 3)]


def test_the_last_of_equal_keys_counts(make: "Make") -> None:
    """A line that says a member twice says what it says last."""
    line = json.dumps(make.line()).replace('"method"', '"method": "GET", "method"')
    assert make.batch_input(line.encode()).errors == ()


def test_unknown_members_are_let_through(make: "Make") -> None:
    """An unknown member of the envelope is ignored."""
    assert make.batch_input(make.line(extra=1)).errors == ()


@pytest.mark.parametrize("custom_id", ["", " ", "x" * 5000, "\x00", "💥"])
def test_any_text_is_a_custom_id(make: "Make", custom_id: str) -> None:
    """A custom_id has no shape and no greatest length."""
    assert make.batch_input(make.line(custom_id)).errors == ()


def test_the_third_of_equal_custom_ids_is_reported_too(make: "Make") -> None:
    """Every repetition is reported on its own line."""
    found = make.batch_input(make.line("a"), make.line("a"), make.line("a"))
    assert [line for _, _, line in read_errors(found)] == [2, 3]


def test_a_repeated_custom_id_is_reported_beside_other_errors(make: "Make") -> None:
    """Each error of a line is reported, in the order of its members."""
    found = make.batch_input(make.line("a"), make.line("a", method="GET", url=None))
    codes = [code for code, _, _ in read_errors(found)]
    assert codes == ["missing_required_parameter", "duplicate_custom_id", "invalid_method"]


def test_the_custom_id_of_a_faulty_line_is_taken(make: "Make") -> None:
    """A line that repeats it is reported before the first one is corrected."""
    found = make.batch_input(make.line("a", method=None), make.line("a"))
    assert [line for _, _, line in read_errors(found)] == [1, 2]


def test_every_line_is_held_against_the_first_model(make: "Make") -> None:
    """The first model in the file is its model, and each other one is reported."""
    models = ["a", "b", "a", "c"]
    lines = [make.line(f"{n}", body=body(model=name)) for n, name in enumerate(models)]
    found = make.batch_input(*lines)
    assert found.model == "a"
    assert read_errors(found) == [("mismatched_model", "body.model", n) for n in (2, 4)]


def test_all_errors_of_all_lines_are_reported_in_order(make: "Make") -> None:
    """Faults are collected over all lines, several of one line among them."""
    found = make.batch_input(
        b"{", make.line("a"), make.line("a", method="GET", url="x"), make.line("b", url=None)
    )
    assert read_errors(found) == [
        ("invalid_json_line", None, 1),
        ("duplicate_custom_id", "custom_id", 3),
        ("invalid_method", "method", 3),
        ("invalid_url", "url", 3),
        ("missing_required_parameter", "url", 4),
    ]


def test_an_empty_file_has_no_requests() -> None:
    """An empty file is one error, without a line."""
    found = input_file.read_input(Content.of(b""), endpoints()["/v1/chat/completions"], Limits())
    assert read_errors(found) == [("empty_file", None, None)]
    assert found.total == 0


def test_a_body_that_its_endpoint_refuses_is_no_fault(make: "Make") -> None:
    """What only the endpoint would see is noted for later, and the batch goes on."""
    found = make.batch_input(make.line("a"), make.line("b", body=body(temperature="hot")))
    assert (found.errors, found.failing_lines) == ((), frozenset({1}))


def test_a_line_that_is_faulty_is_not_refused_too(make: "Make") -> None:
    """A line with an error is not passed to its endpoint."""
    found = make.batch_input(make.line("a", method="GET", body=body(temperature="hot")))
    assert found.failing_lines == frozenset()


def test_a_line_is_read_again_from_its_place(make: "Make") -> None:
    """Every line can be read again by its number."""
    lines = [make.line("ä"), make.line("b" * 300_000), make.line("c")]
    found = make.batch_input(*lines)
    assert [found.read_request(index) for index in range(3)] == lines


@pytest.mark.parametrize(("count", "errors"), [(3, []), (4, [("too_many_tasks", None, None)])])
def test_a_file_holds_so_many_lines_and_no_more(
    make: "Make", count: int, errors: list[Json]
) -> None:
    """The line after the last one allowed makes the file too long."""
    assert read_errors(make.batch_input(*make.lines(count), limits=Limits(lines=3))) == errors


def size_of(*lines: dict[str, Json]) -> int:
    """Return the size of an input file with these lines."""
    return sum(len(json.dumps(line)) + 1 for line in lines)


def test_a_file_that_is_too_large_fails_in_the_observed_words(make: "Make") -> None:
    """The error names the limit and the model as the file does, and no line."""
    lines = make.lines(3)
    limit = size_of(*lines) - 1
    [error] = make.batch_input(*lines, limits=Limits(input_bytes=limit)).errors
    assert (error["message"], error["param"], error["line"]) == (
        (
            f"The batch input file is larger than the {limit} maximum for the gpt-4o-mini model. "
            "Please try again with a smaller batch."
        ),
        None,
        None,
    )


def test_a_file_of_the_largest_size_is_valid(make: "Make") -> None:
    """The limit itself is allowed."""
    lines = make.lines(3)
    assert make.batch_input(*lines, limits=Limits(input_bytes=size_of(*lines))).errors == ()


def test_a_file_that_is_too_large_has_no_other_fault(make: "Make") -> None:
    """The model is that of the first line that has one; other errors are not reported."""
    found = make.batch_input(b"{", make.line(), b"{", limits=Limits(input_bytes=10, lines=2))
    assert read_errors(found) == [("invalid_request", None, None)]


def test_a_file_that_is_too_large_and_names_no_model_has_the_faults_of_its_lines(
    make: "Make",
) -> None:
    """Every line of it is wrong."""
    found = make.batch_input(b"{", b"{", limits=Limits(input_bytes=2))
    assert [line for _, _, line in read_errors(found)] == [1, 2]


def test_a_file_that_is_too_long_has_no_other_fault(make: "Make") -> None:
    """Other errors of a file with too many lines are not reported."""
    found = make.batch_input(b"{", b"{", b"{", limits=Limits(lines=2))
    assert read_errors(found) == [("too_many_tasks", None, None)]


@pytest.mark.slow
@pytest.mark.parametrize(("count", "code"), [(50_000, None), (50_001, "too_many_tasks")])
def test_a_batch_holds_fifty_thousand_requests(count: int, code: str | None) -> None:
    """50,000 requests are a batch, and one more is too many."""
    text = json.dumps({"custom_id": "%", "method": "POST", "url": "/v1/embeddings", "body": {
        "model": "text-embedding-3-small", "input": "x"}}).encode()  # fmt: skip
    content = Content.of(b"".join(text.replace(b"%", b"%d" % n) + b"\n" for n in range(count)))
    found = input_file.read_input(content, endpoints()["/v1/embeddings"], Limits())
    assert [error["code"] for error in found.errors] == ([] if code is None else [code])


@pytest.mark.parametrize(
    ("inputs", "errors"),
    [
        (["a", ["b", "c"]], []),
        (["a", ["b", "c"], "d", "e"], [("too_many_tasks", None, None)]),
        ([[1, 2, 3, 4, 5], [[1], [2]]], []),
    ],
)
def test_embedding_inputs_are_counted_over_all_lines(
    make: "Make", inputs: list[Json], errors: list[Json]
) -> None:
    """Texts and lists of tokens count as one input each; exceeding the limit is reported once."""
    lines = [
        make.line(f"{n}", url="/v1/embeddings", body={"model": "m", "input": given})
        for n, given in enumerate(inputs)
    ]
    limits = Limits(embedding_inputs=3)
    assert read_errors(make.batch_input(*lines, endpoint="/v1/embeddings", limits=limits)) == errors


def test_inputs_of_rejected_lines_are_not_counted(make: "Make") -> None:
    """A line that fails makes no embedding."""
    bodies = [{"model": "m", "input": ["a"] * 3}, {"model": "m", "input": ["a"], "dimensions": 0}]
    lines = [make.line(f"{n}", url="/v1/embeddings", body=given) for n, given in enumerate(bodies)]
    limits = Limits(embedding_inputs=3)
    found = make.batch_input(*lines, endpoint="/v1/embeddings", limits=limits)
    assert (found.failing_lines, found.errors) == (frozenset({1}), ())


def test_inputs_of_another_endpoint_are_not_limited(make: "Make") -> None:
    """The limit of inputs is for embeddings alone."""
    lines = [
        make.line(f"{n}", url="/v1/moderations", body={"model": "m", "input": ["a", "b"]})
        for n in range(3)
    ]
    limits = Limits(embedding_inputs=1)
    assert make.batch_input(*lines, endpoint="/v1/moderations", limits=limits).errors == ()


@pytest.mark.parametrize(("model", "lines"), [("gpt-4o-mini", []), ("gpt-4o", [1, 2])])
def test_a_model_that_is_not_served_is_reported_on_each_line(
    make: "Make", model: str, lines: list[int]
) -> None:
    """Where only some models are served, each line that names another is at fault."""
    content = Content.of(make.jsonl([make.line(f"{n}", body=body(model=model)) for n in range(2)]))
    served = ModelList(("gpt-4o-mini",))
    found = input_file.read_input(content, endpoints()["/v1/chat/completions"], Limits(), served)
    assert read_errors(found) == [("model_not_found", "body.model", line) for line in lines]


def test_a_line_that_only_mockbatch_cannot_answer_is_recorded(make: "Make") -> None:
    """The rejected lines that OpenAI would have answered are recorded."""
    schema = {"name": "x", "schema": {"pattern": "^(?<=b)a$"}}
    hard = body(response_format={"type": "json_schema", "json_schema": schema})
    found = make.batch_input(make.line("a", body=body(temperature=3)), make.line("b", body=hard))
    assert (found.failing_lines, found.unsupported_lines) == (frozenset({0, 1}), frozenset({1}))


@pytest.mark.parametrize(("steps_per_line", "failing"), [(2000, set()), (0, {0, 1, 2})])
def test_the_schemas_of_all_lines_have_one_budget(
    make: "Make", monkeypatch: pytest.MonkeyPatch, steps_per_line: int, failing: set[int]
) -> None:
    """Each line adds to it enough for an ordinary schema."""
    monkeypatch.setattr(input_file, "StepBudget", lambda: StepBudget(0))
    monkeypatch.setattr(input_file, "STEPS_PER_LINE", steps_per_line)
    schemas = [{"type": "object", "properties": {name: {"type": "string"}}} for name in "abc"]
    formats = [
        {"type": "json_schema", "json_schema": {"name": "n", "schema": wanted}}
        for wanted in schemas
    ]
    lines = [make.line(f"{n}", body=body(response_format=f)) for n, f in enumerate(formats)]
    assert make.batch_input(*lines).failing_lines == failing


@pytest.mark.parametrize(
    ("codes", "has_errors_of_its_own"),
    [
        ([], False),
        (["token_limit_exceeded"], False),
        (["invalid_url"], True),
        (["token_limit_exceeded", "invalid_url"], True),
    ],
)
def test_a_quota_is_no_fault_of_the_file(
    make: "Make", codes: list[str], has_errors_of_its_own: bool
) -> None:
    """What a quota lets fail may run yet; what has another fault never does."""
    errors = tuple({"code": code, "message": "", "param": None, "line": None} for code in codes)
    assert (
        replace(make.batch_input(make.line()), errors=errors).has_errors_of_its_own
        is has_errors_of_its_own
    )


def test_an_error_is_kept_however_long_its_message_is() -> None:
    """A batch that has failed names at least one error."""
    message = "x" * (input_file.MAX_ERROR_CHARACTERS + 1)
    error = {"code": "a", "message": message, "param": None, "line": 1}
    assert input_file.first_errors([error, error]) == (error,)


def make_error(message: str) -> Json:
    """Return the error of a line with this message."""
    return {"code": "a", "message": message, "param": None, "line": 1}


def test_a_batch_keeps_the_first_errors_only() -> None:
    """A thousand of them, as docs/limits.md says."""
    errors = [make_error(str(number)) for number in range(input_file.MAX_ERRORS + 1)]
    assert input_file.first_errors(errors) == tuple(errors[:-1])


def test_no_error_is_kept_after_one_that_is_left_out() -> None:
    """The kept ones are the first, and have no gap among them."""
    most = input_file.MAX_ERROR_CHARACTERS
    errors = [make_error("x"), make_error("x" * (most - 1)), make_error("x"), make_error("")]
    assert input_file.first_errors(errors) == tuple(errors[:2])


def test_a_missing_file_has_the_observed_error() -> None:
    """A batch whose file does not exist has the one error that says so."""
    [error] = input_file.missing_input("file-1", "org-1").errors
    assert error == {
        "code": "invalid_request",
        "message": "Cannot find file file-1, or organization org-1 does not have access to it.",
        "param": "file_id",
        "line": None,
    }


def test_a_missing_file_has_no_lines() -> None:
    """The input of a batch whose file does not exist is empty."""
    assert input_file.missing_input("file-1", "org-1").total == 0


@given(st.lists(st.binary(max_size=30) | VALUES.map(lambda value: json.dumps(value).encode())))
@examples(100)
def test_no_line_is_too_odd_to_be_reported(make: "Make", lines: list[bytes]) -> None:
    """Whatever a file holds, each of its lines is a request or has a fault of its own."""
    content = Content.of(b"\n".join(lines))
    found = input_file.read_input(content, endpoints()["/v1/chat/completions"], Limits())
    count = len(list(content.lines()))
    assert {error["line"] for error in found.errors} == set(range(1, count + 1)) or not count


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["model", "messages", "input", "prompt", "x"]), VALUES)
    ),
    st.sampled_from(sorted(endpoints())),
)
@examples(100)
def test_no_body_is_too_odd_to_be_judged(make: "Make", bodies: list[Json], endpoint: str) -> None:
    """Any body is accepted, rejected or an error of its line; errors fit their schema."""
    lines = [make.line(f"{n}", url=endpoint, body=given) for n, given in enumerate(bodies)]
    found = make.batch_input(*lines, endpoint=endpoint)
    entry = schema("batch").document["$defs"]["batch_error"]["required"]
    assert all(list(error) == entry for error in found.errors)
    assert {error["code"] for error in found.errors} <= {
        row.code for row in ERROR_TEMPLATES.values()
    }
    assert found.failing_lines <= set(range(found.total))


def test_a_line_of_too_many_values_fails_the_batch(make: "Make") -> None:
    """Its error names the limit; the other lines are validated."""
    messages = [{"role": "user", "content": "a"}] * MAX_CONTAINERS
    found = make.batch_input(make.line("a", body=body(messages=messages)), make.line("b"), b"{")
    assert read_errors(found) == [("invalid_json_line", None, 1), ("invalid_json_line", None, 3)]
    assert f"{MAX_CONTAINERS} of them" in found.errors[0]["message"]
