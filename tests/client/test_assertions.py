"""`assert_requested`, and what its failures show."""

from typing import Any

import pytest

from mockbatch.client import WorldClient
from mockbatch.typing import Json

CHAT = "/v1/chat/completions"
BATCH = {"input_file_id": "file-a", "endpoint": CHAT, "completion_window": "24h"}


def create(world: WorldClient, **metadata: str) -> None:
    """Create a batch of a file with this metadata; it fails later, as there is no such file."""
    world.client.batches.create(
        input_file_id="file-a",
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata=metadata,
        extra_headers={"X-Team": metadata.get("team", "none")},
    )


def failure_of(world: WorldClient, *args: Any, **options: Any) -> str:
    """Return the message of an assertion that fails."""
    with pytest.raises(AssertionError) as caught:
        world.assert_requested(*args, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    "expected",
    [
        BATCH,
        {"endpoint": CHAT},
        {"metadata": {"team": "blue"}},
        {},
        {"metadata": {"team": "blue", "run": "1"}},
    ],
)
def test_json_may_leave_out_members(mockbatch: WorldClient, expected: Json) -> None:
    """At any depth."""
    create(mockbatch, team="blue", run="1")
    mockbatch.assert_requested("POST", "/v1/batches", json=expected)


@pytest.mark.parametrize(
    ("expected", "difference"),
    [
        ({"endpoint": "/v1/responses"}, f"json.endpoint: expected '/v1/responses', got '{CHAT}'"),
        ({"metadata": {"team": "red"}}, "json.metadata.team: expected 'red', got 'blue'"),
        ({"metadata": {"run": "1"}}, "json.metadata.run: expected '1', is missing"),
        ({"metadata": ["team"]}, "json.metadata: expected ['team'], got {'team': 'blue'}"),
        ([BATCH], "json: expected ["),
    ],
)
def test_a_failure_says_how_the_json_differs(
    mockbatch: WorldClient, expected: Json, difference: str
) -> None:
    """With the path of the member, what was expected and what came."""
    create(mockbatch, team="blue")
    message = failure_of(mockbatch, "POST", "/v1/batches", json=expected)
    assert message.startswith("POST /v1/batches was requested 0 times like this, not at least once")
    assert f"\n  POST /v1/batches -> 200\n    {difference}" in message


@pytest.mark.parametrize(
    ("expected", "difference"),
    [
        ([], "json.stop: expected 0 items, got 2"),
        (["a", "c"], "json.stop[1]: expected 'c', got 'b'"),
        (["a", "b"], None),
    ],
)
def test_lists_are_compared_whole(
    mockbatch: WorldClient, expected: Json, difference: str | None
) -> None:
    """An item more or less is a difference."""
    mockbatch.client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}], stop=["a", "b"]
    )
    if difference is None:
        mockbatch.assert_requested("POST", CHAT, json={"stop": expected})
    else:
        assert difference in failure_of(mockbatch, "POST", CHAT, json={"stop": expected})


@pytest.mark.parametrize("expected", [1, 0.0])
def test_a_number_is_no_boolean(mockbatch: WorldClient, expected: float) -> None:
    """Though Python takes 1 and True for equal."""
    mockbatch.client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": "Hi"}],
        logprobs=bool(expected),
    )
    message = failure_of(mockbatch, "POST", CHAT, json={"logprobs": expected})
    assert f"json.logprobs: expected {expected}, got {bool(expected)}" in message


def test_headers_must_be_there(mockbatch: WorldClient) -> None:
    """With their values, by names in any case."""
    create(mockbatch, team="blue")
    mockbatch.assert_requested("POST", "/v1/batches", headers={"x-TEAM": "blue"})
    message = failure_of(mockbatch, "POST", "/v1/batches", headers={"x-team": "red", "x-no": "1"})
    assert "\n    header x-team: expected 'red', got 'blue'" in message
    assert "\n    header x-no: expected '1', got None" in message


def test_contains_is_looked_for_in_the_body(mockbatch: WorldClient) -> None:
    """Of a form, in its texts and in the names of its files."""
    create(mockbatch, team="blue")
    mockbatch.client.files.create(file=("in.jsonl", b"{}\n"), purpose="batch")
    mockbatch.assert_requested("POST", "/v1/batches", contains='"blue"')
    mockbatch.assert_requested("POST", "/v1/files", contains="in.jsonl")
    mockbatch.assert_requested("POST", "/v1/files", contains="batch")
    message = failure_of(mockbatch, "POST", "/v1/batches", contains="red")
    assert "\n    contains: 'red' is not in the body" in message


def test_count_counts_those_that_match(mockbatch: WorldClient) -> None:
    """The others are near misses."""
    for team in ("blue", "red", "blue"):
        create(mockbatch, team=team)
    mockbatch.assert_requested("POST", "/v1/batches", 2, json={"metadata": {"team": "blue"}})
    mockbatch.assert_requested("POST", "/v1/batches", 0, contains="green")
    message = failure_of(mockbatch, "POST", "/v1/batches", 3, contains="blue")
    assert "was requested 2 times like this, not 3 times" in message


def test_the_nearest_requests_come_first(mockbatch: WorldClient) -> None:
    """The one with the fewest differences, and other routes last."""
    create(mockbatch, team="red")
    create(mockbatch, team="blue", run="2")
    mockbatch.client.batches.list()
    expected = {"metadata": {"team": "blue", "run": "1"}}
    lines = failure_of(mockbatch, "POST", "/v1/batches", json=expected).split("\n")
    assert [line.strip() for line in lines[1:]] == [
        "POST /v1/batches -> 200",
        "json.metadata.run: expected '1', got '2'",
        "POST /v1/batches -> 200",
        "json.metadata.team: expected 'blue', got 'red'",
        "json.metadata.run: expected '1', is missing",
        "GET /v1/batches -> 200",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [("x" * 70_000, "only the beginning of the body was kept"), ("", "a form or a file")],
)
def test_a_body_that_cannot_be_compared_is_named(
    mockbatch: WorldClient, text: str, reason: str
) -> None:
    """It is cut, or no JSON."""
    if text:
        messages: Json = [{"role": "user", "content": text}]
        mockbatch.client.chat.completions.create(model="gpt-4o-mini", messages=messages)
    else:
        mockbatch.client.files.create(file=("in.jsonl", b"{}\n"), purpose="batch")
    assert reason in failure_of(mockbatch, "POST", "*", json={"a": 1})


def test_long_values_are_cut(mockbatch: WorldClient) -> None:
    """A failure stays readable."""
    create(mockbatch, team="b" * 500)
    message = failure_of(mockbatch, "POST", "/v1/batches", json={"metadata": {"team": "c" * 500}})
    assert max(map(len, message.split("\n"))) < 300
