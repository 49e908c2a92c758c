"""The request that creates a batch."""

from typing import TYPE_CHECKING

import pytest

from mockbatch.batch import create, input_file
from mockbatch.batch.create import BatchRequest, CreationContext
from mockbatch.batch.input_file import BatchInput
from mockbatch.batch.plan import Schedule
from mockbatch.batch.rules import BatchTerms
from mockbatch.errors import ApiError
from mockbatch.files.content import Content
from mockbatch.ids import Seed
from mockbatch.scenarios.scenario import FAILURE_CODES, FILE_LEVEL_ERRORS
from mockbatch.typing import Json

if TYPE_CHECKING:
    from tests.conftest import Make


CHAT = "/v1/chat/completions"
HOUR = 3600
BODY = {"input_file_id": "file-1", "endpoint": "/v1/embeddings", "completion_window": "24h"}


def error_of(**changes: Json) -> tuple[int, str | None, str | None]:
    """Return status, code and param of the error for a changed body."""
    with pytest.raises(ApiError) as refused:
        create.parse_request({**BODY, **changes})
    return refused.value.status, refused.value.code, refused.value.param


def test_a_plain_request_asks_for_nothing_special() -> None:
    """The three required members are a request."""
    assert create.parse_request(BODY) == BatchRequest("file-1", "/v1/embeddings", None, None, None)


@pytest.mark.parametrize("name", list(BODY))
def test_a_required_member_is_missing(name: str) -> None:
    """Each required member that is missing is named, in the observed words."""
    body = {key: value for key, value in BODY.items() if key != name}
    with pytest.raises(ApiError, match=f"^Missing required parameter: '{name}'.$") as refused:
        create.parse_request(body)
    assert (refused.value.status, refused.value.param) == (400, name)


@pytest.mark.parametrize("name", list(BODY))
@pytest.mark.parametrize("value", [None, 1, [], {}])
def test_a_required_member_is_a_text(name: str, value: Json) -> None:
    """A required member of another type is rejected by name."""
    status, code, param = error_of(**{name: value})
    assert (status, param) == (400, name)
    assert code in {"invalid_type", "invalid_value"}


@pytest.mark.parametrize("endpoint", ["", "/v1/invalid", "/v1/embeddings/", "v1/embeddings"])
def test_an_unknown_endpoint_is_refused(endpoint: str) -> None:
    """An endpoint that no batch can name is an invalid value."""
    assert error_of(endpoint=endpoint) == (400, "invalid_value", "endpoint")


def test_the_error_for_an_unknown_endpoint_lists_the_known_ones() -> None:
    """The message lists the endpoints in the observed order and form."""
    with pytest.raises(ApiError) as refused:
        create.parse_request({**BODY, "endpoint": "/v1/x"})
    said, listed = str(refused.value).split(" Supported values are: ")
    assert said == "Invalid value: '/v1/x'."
    assert listed.startswith("'/v1/chat/completions', '/v1/completions', '/v1/embeddings', ")
    assert ", and '/v1/" in listed


@pytest.mark.parametrize("window", ["", "1h", "24", "7d"])
def test_the_only_window_is_24_hours(window: str) -> None:
    """Any other completion window is rejected."""
    assert error_of(completion_window=window) == (400, "invalid_value", "completion_window")


def test_an_unknown_member_is_refused() -> None:
    """An unknown member is named."""
    assert error_of(webhook="x") == (400, "unknown_parameter", "webhook")


@pytest.mark.parametrize("metadata", [None, {}, {"k": "v"}])
def test_metadata_is_kept_as_it_was_sent(metadata: Json) -> None:
    """Null, no and some metadata are kept as they are."""
    assert create.parse_request({**BODY, "metadata": metadata}).metadata == metadata


@pytest.mark.parametrize(
    ("metadata", "code", "param"),
    [
        ({"tags": ["a"]}, "invalid_type", "metadata.tags"),
        ({"n": 1}, "invalid_type", "metadata.n"),
        ({f"k{n}": "v" for n in range(17)}, "object_above_max_properties", "metadata"),
        ({"k" * 65: "v"}, "property_name_above_max_length", "metadata." + "k" * 65),
        ({"k": "v" * 513}, "string_above_max_length", "metadata.k"),
        ("text", "invalid_type", "metadata"),
        ([], "invalid_type", "metadata"),
    ],
)
def test_metadata_has_limits(metadata: Json, code: str, param: str) -> None:
    """Metadata that exceeds a limit is rejected, with the key as the param."""
    assert error_of(metadata=metadata) == (400, code, param)


def test_keys_that_steer_are_not_counted() -> None:
    """16 pairs and those that steer the mock are accepted together, and all kept."""
    metadata = {f"k{n}": "v" for n in range(16)}
    metadata |= {"mockbatch_scenario": "expired_partial", "mockbatch_fraction": "0.4"}
    assert create.parse_request({**BODY, "metadata": metadata}).metadata == metadata


def test_metadata_names_a_scenario() -> None:
    """A scenario in the metadata is the batch's, with its parameters."""
    metadata = {"mockbatch_scenario": "expired_partial", "mockbatch_fraction": "0.7"}
    scenario = create.parse_request({**BODY, "metadata": metadata}).scenario
    assert scenario is not None
    assert (scenario.name, scenario.executed_fraction) == ("expired_partial", 0.7)


@pytest.mark.parametrize(
    ("metadata", "code", "param"),
    [
        ({"mockbatch_scenario": "nope"}, "unknown_scenario", "metadata.mockbatch_scenario"),
        ({"mockbatch_scenario": ""}, "unknown_scenario", "metadata.mockbatch_scenario"),
        (
            {"mockbatch_fraction": "0.4"},
            "missing_required_parameter",
            "metadata.mockbatch_scenario",
        ),
        ({"mockbatch_scenario": 1}, "invalid_type", "metadata.mockbatch_scenario"),
        ({"mockbatch_scenario": None}, "invalid_type", "metadata.mockbatch_scenario"),
        (
            {"mockbatch_scenario": "x" * 600},
            "string_above_max_length",
            "metadata.mockbatch_scenario",
        ),
    ],
)
def test_what_cannot_steer_is_refused(metadata: Json, code: str, param: str) -> None:
    """An unknown scenario is rejected, and so are parameters without a scenario."""
    assert error_of(metadata=metadata) == (400, code, param)


@pytest.mark.parametrize("value", [[], {}, None, 1, "x" * 600])
def test_steering_keys_are_texts_however_many_there_are(value: Json) -> None:
    """A value that is not a string is rejected even after 16 other steering keys."""
    metadata = {f"mockbatch_{n}": "1" for n in range(16)} | {"mockbatch_scenario": value}
    status, _, param = error_of(metadata=metadata)
    assert (status, param) == (400, "metadata.mockbatch_scenario")


@pytest.mark.parametrize("seconds", [3600, 2_592_000])
def test_output_files_live_as_long_as_requested(seconds: int) -> None:
    """The lifetime of the output files may be an hour to 30 days."""
    given = {"anchor": "created_at", "seconds": seconds}
    assert create.parse_request({**BODY, "output_expires_after": given}).output_seconds == seconds


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ({"anchor": "created_at"}, "missing_required_parameter", "seconds"),
        ({"seconds": 3600}, "missing_required_parameter", "anchor"),
        ({"anchor": "now", "seconds": 3600}, "invalid_value", "anchor"),
        ({"anchor": "created_at", "seconds": 3599}, "integer_below_min_value", "seconds"),
        ({"anchor": "created_at", "seconds": 2_592_001}, "integer_above_max_value", "seconds"),
        ({"anchor": "created_at", "seconds": "3600"}, "invalid_type", "seconds"),
    ],
)
def test_the_lifetime_of_output_files_has_limits(given: Json, code: str, param: str) -> None:
    """A lifetime that is incomplete, too short or too long is rejected."""
    assert error_of(output_expires_after=given) == (400, code, f"output_expires_after.{param}")


@pytest.mark.parametrize(
    ("requested", "of_scenario", "seconds"),
    [(None, None, None), (7200, None, 7200), (None, 60, 60), (7200, 60, 60), (7200, 0, 0)],
)
def test_a_scenario_decides_the_lifetime_before_the_request(
    make: "Make", requested: int | None, of_scenario: int | None, seconds: int | None
) -> None:
    """The output files live as long as the scenario says, else as long as the client requested."""
    document = {} if of_scenario is None else {"output_seconds": of_scenario}
    request = BatchRequest("file-1", CHAT, None, requested, None)
    schedule = Schedule(make.scenario(**document), 1)
    context = CreationContext(0, Seed.of("x"), make.created, schedule)
    batch = create.create_batch(request, make.batch_input(make.line()), context)
    assert batch.output_seconds == seconds


def test_a_whole_number_may_be_written_as_a_decimal() -> None:
    """3600.0 is an integer in JSON Schema, and gives whole seconds."""
    given = {"anchor": "created_at", "seconds": 3600.0}
    assert isinstance(
        create.parse_request({**BODY, "output_expires_after": given}).output_seconds, int
    )


def verdict(make: "Make", code: str, given: BatchInput, endpoint: str = CHAT) -> Json:
    """Return the error of a batch whose scenario lets validation fail with a code, on line 7."""
    request = BatchRequest("file-1", endpoint, None, None, None)
    schedule = Schedule(make.scenario(validation={"error": code, "line": 7}), 1)
    context = CreationContext(0, Seed.of("x"), make.created, schedule, organization="org-1")
    [error] = create.create_batch(request, given, context).input.errors
    return error


@pytest.mark.parametrize("code", sorted(FAILURE_CODES))
def test_a_verdict_names_a_line_unless_it_is_on_the_file(make: "Make", code: str) -> None:
    """An error of the whole file has no line, whatever the scenario says."""
    error = verdict(make, code, make.batch_input(make.line()))
    assert (error["code"], error["line"]) == (
        code,
        None if FAILURE_CODES[code] in FILE_LEVEL_ERRORS else 7,
    )


@pytest.mark.parametrize("code", sorted(FAILURE_CODES))
def test_a_verdict_can_be_given_on_any_file(make: "Make", code: str) -> None:
    """A file without a model or a line, too, fails with a message that has no gap."""
    message = verdict(make, code, input_file.missing_input("file-1", "org-1"))["message"]
    assert message
    assert not {"{", "}", "None"} & set(message.replace("'", " ").split())


def test_a_verdict_names_the_product_of_its_endpoint(make: "Make") -> None:
    """The message on streaming is about the endpoint of the batch."""
    line = make.line(url="/v1/embeddings", body={"model": "m", "input": "x"})
    given = make.batch_input(line, endpoint="/v1/embeddings")
    message = verdict(make, "streaming_unsupported", given, "/v1/embeddings")["message"]
    assert message.startswith("Embeddings: ")


def test_a_verdict_names_the_model_of_the_file(make: "Make") -> None:
    """The message on an unknown model names the one that the lines name."""
    assert (
        "'gpt-4o-mini'"
        in verdict(make, "model_not_found", make.batch_input(make.line()))["message"]
    )


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("invalid_request", "file-1, or organization org-1 "),
        ("token_limit_exceeded", "in organization org-1. Limit: 2,000,000 enqueued tokens."),
        ("too_many_tasks", "more than 50000 requests."),
    ],
)
def test_a_verdict_names_the_organization_and_the_limit(
    make: "Make", code: str, named: str
) -> None:
    """The messages of a scenario are those that a client meets without one."""
    assert named in verdict(make, code, make.batch_input(make.line()))["message"]


def test_a_verdict_does_not_replace_the_error_of_the_terms(make: "Make") -> None:
    """A batch that its provider fails does so in any scenario."""
    error = {"code": "c", "message": "m", "param": None, "line": None}
    request = BatchRequest("file-1", CHAT, None, None, None, terms=BatchTerms(error=error))
    schedule = Schedule(make.scenario(validation={"error": "empty_file"}), 1)
    context = CreationContext(0, Seed.of("x"), make.created, schedule)
    batch = create.create_batch(request, make.batch_input(make.line()), context)
    assert batch.input.errors == (error,)


@pytest.mark.parametrize("key", ["my_mockbatch_scenario", "Mockbatch_scenario", "mockbatch"])
def test_only_keys_that_begin_so_steer(key: str) -> None:
    """Any other key is the client's own."""
    assert create.parse_request({**BODY, "metadata": {key: "nope"}}).scenario is None


@pytest.mark.parametrize("body", [None, [], "x", 1])
def test_the_body_is_an_object(body: Json) -> None:
    """A body that is not an object is rejected."""
    with pytest.raises(ApiError) as refused:
        create.parse_request(body)
    assert (refused.value.status, refused.value.code) == (400, "invalid_type")


def test_a_batch_is_stamped_and_numbered(make: "Make") -> None:
    """A new batch has its time in its id, and its number among the world's batches."""
    world = make.world()
    batches = [make.started(world, make.lines(1)) for _ in range(3)]
    assert [batch.number for batch in batches] == [0, 1, 2]
    assert all(batch.id.startswith(f"batch_{make.created:08x}") for batch in batches)


def test_a_batch_shows_the_snapshot_of_its_model(make: "Make") -> None:
    """The model of a batch is the snapshot behind the name in its lines."""
    assert make.batch().model == "gpt-4o-mini-2024-07-18"


@pytest.mark.parametrize(
    ("lifetime_seconds", "validating_seconds", "is_read"),
    [
        (HOUR, HOUR, True),
        (HOUR, HOUR + 1, False),
        (25 * HOUR, 30 * HOUR, True),
        (23 * HOUR, 30 * HOUR, False),
    ],
)
def test_an_input_file_may_expire_when_validation_is_over(
    make: "Make", lifetime_seconds: int, validating_seconds: int, is_read: bool
) -> None:
    """Validation is over at its planned end, or at the end of the completion window."""
    world = make.world()
    content = Content.of(make.jsonl(make.lines(1)))
    file = world.upload(content, "batch.jsonl", "batch", lifetime_seconds)
    scenario = make.scenario(stages={"validating": validating_seconds})
    batch = world.create_batch(BatchRequest(file.id, CHAT, None, None, scenario))
    assert (batch.input.errors == ()) == is_read
