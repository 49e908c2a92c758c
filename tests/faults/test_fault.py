"""Faults and rules as they come in: what is accepted, and what the errors say."""

import pytest

from mockbatch import faults
from mockbatch.errors import ApiError, api_error
from mockbatch.faults import kinds
from mockbatch.faults.fault import Fault
from mockbatch.faults.kinds.status import own_error
from mockbatch.faults.retry import with_retry_after
from mockbatch.faults.rule import Match, Rule, parse
from mockbatch.typing import Json

GOOD: list[dict[str, Json]] = [
    {"status": 429, "retry_after_ms": 10},
    {"status": 200, "body": {"a": [1, None]}, "headers": {"X-One": "1"}},
    {"html": 502, "retry_after_ms": 0.5},
    {"delay_ms": 500},
    {"disconnect": "before_headers"},
    {"disconnect": "mid_body"},
    {"disconnect": "reset", "after_bytes": 0},
    {"truncate_bytes": 100, "silent": True},
    {"truncate_bytes": 0, "chunked": True},
    {"lose_response": True},
    {"patch": {"status": None}, "where": {"object": "file"}},
    {"without_headers": ["Range"]},
]
BAD: list[tuple[dict[str, Json], str, str]] = [
    ({}, "invalid_value", "fault"),
    ({"status": 429, "html": 502}, "invalid_value", "fault"),
    ({"retry_after_ms": 10}, "invalid_value", "fault"),
    ({"disconect": "reset"}, "unknown_parameter", "fault.disconect"),
    ({"status": 199}, "integer_below_min_value", "fault.status"),
    ({"status": 600}, "integer_above_max_value", "fault.status"),
    ({"status": "429"}, "invalid_type", "fault.status"),
    ({"status": 429, "silent": True}, "invalid_value", "fault.silent"),
    ({"status": 429, "headers": {"A": 1}}, "invalid_type", "fault.headers.A"),
    ({"status": 429, "headers": {"A B": "1"}}, "invalid_value", "fault.headers.A B"),
    ({"status": 429, "headers": {"A": "1\r\nB: 2"}}, "invalid_value", "fault.headers.A"),
    ({"status": 429, "headers": {"A": "1\n"}}, "invalid_value", "fault.headers.A"),
    ({"status": 429, "headers": {"A": "€"}}, "invalid_value", "fault.headers.A"),
    (
        {"status": 429, "headers": {"content-LENGTH": "1"}},
        "invalid_value",
        "fault.headers.content-LENGTH",
    ),
    ({"status": 429, "body": "x" * (1 << 20)}, "invalid_value", "fault"),
    ({"patch": {"a": ["x" * (1 << 20)]}}, "invalid_value", "fault"),
    ({"status": 429, "retry_after_ms": -1}, "decimal_below_min_value", "fault.retry_after_ms"),
    ({"html": 200}, "integer_below_min_value", "fault.html"),
    ({"html": 502, "body": "x"}, "invalid_value", "fault.body"),
    ({"delay_ms": 600_001}, "decimal_above_max_value", "fault.delay_ms"),
    ({"delay_ms": -1}, "decimal_below_min_value", "fault.delay_ms"),
    ({"disconnect": "later"}, "invalid_value", "fault.disconnect"),
    ({"disconnect": "before_headers", "after_bytes": 1}, "invalid_value", "fault.after_bytes"),
    ({"truncate_bytes": -1}, "integer_below_min_value", "fault.truncate_bytes"),
    ({"truncate_bytes": (1 << 30) + 1}, "integer_above_max_value", "fault.truncate_bytes"),
    ({"truncate_bytes": 1, "silent": True, "chunked": True}, "invalid_value", "fault.chunked"),
    ({"lose_response": False}, "invalid_value", "fault.lose_response"),
    ({"patch": [1]}, "invalid_type", "fault.patch"),
    ({"without_headers": []}, "empty_array", "fault.without_headers"),
    ({"without_headers": "Range"}, "invalid_type", "fault.without_headers"),
]
POLL_429 = {"match": {"method": "GET", "path": "/v1/batches/*"}, "fault": {"status": 429}}


def error_of_rule(body: dict[str, Json]) -> tuple[int, str | None, str | None]:
    """Return status, code and param of the error for a rule."""
    with pytest.raises(ApiError) as raised:
        faults.rule(body)
    return raised.value.status, raised.value.code, raised.value.param


def match_of(path: str, method: str = "*") -> Match:
    """Return a match as it comes in."""
    return parse({"match": {"path": path, "method": method}, "fault": {"delay_ms": 0}}).match


def test_every_kind_is_among_the_good_ones() -> None:
    """No kind of fault goes untried here."""
    assert {next(iter(document)) for document in GOOD} == set(kinds.kinds())


@pytest.mark.parametrize("document", GOOD)
def test_a_fault_is_shown_as_it_came_in(document: dict[str, Json]) -> None:
    """What makes a fault and what it says of itself is the same."""
    assert kinds.parse(document).as_json() == document


@pytest.mark.parametrize(
    ("document", "member"),
    [
        ({"status": 503.0}, "status"),
        ({"html": 502.0}, "html"),
        ({"truncate_bytes": 3.0}, "truncate_bytes"),
        ({"disconnect": "reset", "after_bytes": 3.0}, "after_bytes"),
    ],
)
def test_a_whole_number_is_one(document: dict[str, Json], member: str) -> None:
    """A status line, a slice of bytes and the journal know no 503.0."""
    assert type(kinds.parse(document).as_json()[member]) is int


@pytest.mark.parametrize(("document", "code", "param"), BAD)
def test_a_bad_fault_is_refused(document: dict[str, Json], code: str, param: str) -> None:
    """The error names the member."""
    assert error_of_rule({"match": {}, "fault": document}) == (400, code, param)


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"match": ...}, "missing_required_parameter", "match"),
        ({"fault": ...}, "missing_required_parameter", "fault"),
        ({"match": []}, "invalid_type", "match"),
        ({"fault": "html"}, "invalid_type", "fault"),
        ({"match": {"method": "get"}}, "invalid_value", "match.method"),
        ({"match": {"url": "/v1/*"}}, "unknown_parameter", "match.url"),
        ({"match": {"path": ""}}, "empty_string", "match.path"),
        ({"match": {"path": "/" + "v" * 256}}, "string_above_max_length", "match.path"),
        ({"times": 0}, "integer_below_min_value", "times"),
        ({"times": 1.5}, "invalid_type", "times"),
        ({"times": 1_000_001}, "integer_above_max_value", "times"),
        ({"skip": -1}, "integer_below_min_value", "skip"),
        ({"skip": None}, "invalid_type", "skip"),
        ({"count": 1}, "unknown_parameter", "count"),
    ],
)
def test_a_bad_rule_is_refused(change: dict[str, Json], code: str, param: str) -> None:
    """The error names the member."""
    body = {key: value for key, value in {**POLL_429, **change}.items() if value is not ...}
    assert error_of_rule(body) == (400, code, param)


@pytest.mark.parametrize(
    "path", ["/batches/*", "/_mock/*", "/v2/*", "/v1s", "v1/*", "/v1/batches?limit=1"]
)
def test_a_path_that_no_request_can_have_is_refused(path: str) -> None:
    """A fault that would never fire is rejected at once, before a test passes for nothing."""
    assert error_of_rule({**POLL_429, "match": {"path": path}}) == (
        400,
        "invalid_value",
        "match.path",
    )


@pytest.mark.parametrize(
    ("pattern", "path", "meets"),
    [
        ("*", "/v1/batches", True),
        ("/v1", "/v1/", True),
        ("/v1/batches", "/v1/batches", True),
        ("/v1/batches", "/v1/batches/", True),
        ("/v1/batches/", "/v1/batches", True),
        ("/v1/batches", "/v1/batches/batch_1", False),
        ("/v1/batches/*", "/v1/batches/batch_1", True),
        ("/v1/batches/*", "/v1/batches/", False),
        ("/v1/batches/*", "/v1/batches/batch_1/cancel", True),
        ("/v1/batches/batch_?", "/v1/batches/batch_1", True),
        ("/v1/files/*/content", "/v1/files/file-1/content", True),
        ("/v1/files/*/content", "/v1/files/file-1", False),
        ("/v1/BATCHES", "/v1/batches", False),
        ("*/content", "/v1/files/file-1/content", True),
    ],
)
def test_a_path_is_a_glob(pattern: str, path: str, meets: bool) -> None:
    """A star stands for anything, slashes too; one at the end of a path means nothing."""
    assert match_of(pattern).meets("GET", path) is meets


@pytest.mark.parametrize(
    ("method", "meets"), [("GET", True), ("POST", False), ("HEAD", False), ("*", True)]
)
def test_a_method_is_exact(method: str, meets: bool) -> None:
    """A match of one method means no other, one of `*` any."""
    assert match_of("*", method).meets("GET", "/v1/batches") is meets


def test_path_with_too_many_wildcards_is_refused() -> None:
    """Matching it would take long."""
    with pytest.raises(ApiError, match="at most 32") as raised:
        parse({**POLL_429, "match": {"path": "/v1/" + "?" * 33}})
    assert raised.value.param == "match.path"


def test_a_rule_is_for_one_request_unless_it_says_more() -> None:
    """The defaults of `times` and `skip`."""
    rule = parse(POLL_429)
    assert (rule.times, rule.skip) == (1, 0)


def test_a_rule_without_bound_is_for_ever() -> None:
    """`times` can be null."""
    assert parse({**POLL_429, "times": None}).times is None


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({"status": 429}, "status 429"),
        ({"disconnect": "mid_body"}, "disconnect mid_body"),
        ({"lose_response": True}, "lose_response"),
        ({"patch": {}}, "patch"),
    ],
)
def test_a_rule_is_named_by_its_fault(document: dict[str, Json], name: str) -> None:
    """Without a preset the journal shows the kind, with its value if that is plain."""
    assert parse({"match": {}, "fault": document}).name == name


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503, 599])
def test_what_clients_send_again_says_when(status: int) -> None:
    """`retry_after_ms` is 10 by default for each status that the SDK retries."""
    assert kinds.parse({"status": status}).as_json()["retry_after_ms"] == 10


@pytest.mark.parametrize(
    "document",
    [
        {"status": 400},
        {"status": 200},
        {"status": 429, "retry_after_ms": None},
        {"status": 429, "headers": {"Retry-After": "0"}},
        {"status": 429, "headers": {"RETRY-AFTER-MS": "7"}},
    ],
)
def test_nothing_else_says_when(document: dict[str, Json]) -> None:
    """Not a status that no client retries, nor one whose headers or null forbid a retry."""
    assert "retry_after_ms" not in kinds.parse(document).as_json()


@pytest.mark.parametrize(
    ("path", "meets"),
    [
        ("/v1/files/file-a/content", True),
        ("/v1/messages/batches/msgbatch_a/results", True),
        ("/openai/files/file-a/content", True),
        ("/openai/v1/files/file-a/content", True),
        ("/groq/openai/v1/files/file_a/content/", True),
        ("/v1/messages/batches/msgbatch_a", False),
        ("/v1/messages", False),
        ("/openai/files/file-a", False),
    ],
)
def test_a_fault_for_every_provider_meets_what_corresponds(path: str, meets: bool) -> None:
    """The path is that of OpenAI; without `every_provider` only that path counts."""
    document = {"path": "/v1/files/*/content", "every_provider": True}
    rule = parse({"match": document, "fault": {"delay_ms": 0}})
    assert rule.match.meets("GET", path) is meets
    assert rule.as_json()["match"] == {"method": "*", **document}
    assert match_of("/v1/files/*/content").meets("GET", path) is (path.startswith("/v1/files"))


@pytest.mark.parametrize(
    ("path", "meets"),
    [
        ("/v1/files", True),
        ("/openai/files", True),
        ("/openai/v1/files", True),
        ("/groq/openai/v1/files", False),
        ("/v1/messages/batches", False),
        ("/openai/batches", False),
    ],
)
def test_a_fault_for_some_providers_meets_only_theirs(path: str, meets: bool) -> None:
    """Beside OpenAI's; a path that two providers have may be either's."""
    document = {"path": "/v1/files", "providers": ["azure"]}
    rule = parse({"match": document, "fault": {"delay_ms": 0}})
    assert rule.match.meets("POST", path) is meets
    assert rule.as_json()["match"] == {"method": "*", **document}


def test_a_fault_for_an_unknown_provider_is_refused() -> None:
    """The error names those that there are."""
    with pytest.raises(ApiError, match="'aws' is not one of anthropic, azure, groq") as caught:
        parse({"match": {"path": "/v1/files", "providers": ["aws"]}, "fault": {"status": 500}})
    assert caught.value.param == "match.providers"


def test_a_fault_has_one_body() -> None:
    """An error beside a body is refused."""
    fault = {"status": 400, "body": "x", "error": {"message": "x"}}
    with pytest.raises(ApiError, match="there is a body, too"):
        kinds.parse(fault)


class TestPresets:
    """A rule by the name of a preset."""

    def test_is_the_rule_of_its_document(self) -> None:
        """The name alone is enough, and is what the journal shows."""
        rule = faults.rule({"preset": "poll_429"})
        document = faults.presets()["poll_429"]
        assert rule == parse(
            {key: document[key] for key in ("match", "fault", "times")}, "poll_429"
        )

    def test_can_be_changed(self) -> None:
        """Members of match and fault are changed one by one, times and skip whole."""
        change = {"match": {"path": "*"}, "fault": {"status": 503}, "times": None, "skip": 2}
        rule = faults.rule({"preset": "poll_429", **change})
        fault = kinds.parse({"status": 503, "retry_after_ms": 10})
        assert rule == Rule(Match("GET", "*", every_provider=True), fault, None, 2, "poll_429")

    def test_does_not_become_two_faults(self) -> None:
        """A fault of another kind beside that of the preset is refused."""
        body = {"preset": "poll_429", "fault": {"delay_ms": 1}}
        assert error_of_rule(body) == (400, "invalid_value", "fault")

    @pytest.mark.parametrize("change", [{"match": 1}, {"fault": []}, {"times": 0}, {"name": "x"}])
    def test_is_checked_with_its_changes(self, change: dict[str, Json]) -> None:
        """A bad change is refused by its name."""
        [param] = change
        assert error_of_rule({"preset": "poll_429", **change})[::2] == (400, param)

    @pytest.mark.parametrize("name", ["poll_492", "nothing like it", ""])
    def test_is_refused_when_there_is_none(self, name: str) -> None:
        """The error is a 400 that names the field."""
        assert error_of_rule({"preset": name}) == (400, "unknown_fault", "preset")

    def test_similar_ones_are_listed(self) -> None:
        """A misspelt name brings the one that was meant."""
        with pytest.raises(ApiError, match=r"Did you mean: poll_429"):
            faults.rule({"preset": "pol_429"})

    def test_all_are_listed_when_none_is_similar(self) -> None:
        """A wild guess brings the whole list."""
        with pytest.raises(ApiError, match=r"Valid names: content_5xx, .*upload_too_large\."):
            faults.rule({"preset": "?"})

    @pytest.mark.parametrize("name", [None, 1, ["poll_429"]])
    def test_is_a_name(self, name: Json) -> None:
        """Anything else is refused."""
        assert error_of_rule({"preset": name}) == (400, "invalid_value", "preset")


def test_a_kind_says_what_it_does() -> None:
    """What a fault does is its kind's own."""
    with pytest.raises(NotImplementedError):
        Fault().apply(None)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_status_has_the_message_of_the_service(status: int) -> None:
    """Those for which the message of the service is known or remembered."""
    error = own_error(status)
    assert error == api_error(f"injected_{status}")
    assert error.status == status


@pytest.mark.parametrize(
    ("status", "kind"), [(418, "invalid_request_error"), (599, "server_error")]
)
def test_another_status_has_the_phrase_of_http(status: int, kind: str) -> None:
    """Its type tells whether the client or the server is to blame."""
    error = own_error(status)
    assert (error.status, error.type) == (status, kind)
    assert error.message in ("I'm a Teapot.", "Status 599.")


@pytest.mark.parametrize(("milliseconds", "shown"), [(10, "10"), (2.5, "2.5"), (1e6, "1000000")])
def test_a_pause_is_written_without_a_needless_point(milliseconds: float, shown: str) -> None:
    """A client may read it as an integer."""
    assert with_retry_after({}, milliseconds, {}) == {"retry-after-ms": shown}
