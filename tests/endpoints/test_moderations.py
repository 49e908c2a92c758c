"""POST /v1/moderations."""

import pytest

from mockbatch.endpoints.endpoint import Execution, Tokens
from mockbatch.endpoints.moderations import ENDPOINT
from mockbatch.errors import ApiError
from mockbatch.ids import Seed
from mockbatch.scripting.reply import parse_reply
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from tests.support.bodies import DATA_URL, EXECUTION

TEXT = {"type": "text", "text": "Look at this."}
IMAGE = {"type": "image_url", "image_url": {"url": "https://a.b/c.png"}}
# As recorded in 2026-08.
CATEGORIES = [
    *("harassment", "harassment/threatening", "sexual", "hate", "hate/threatening", "illicit"),
    *("illicit/violent", "self-harm/intent", "self-harm/instructions", "self-harm"),
    *("sexual/minors", "violence", "violence/graphic"),
]
OF_IMAGES = {
    *("sexual", "self-harm/intent", "self-harm/instructions", "self-harm"),
    *("violence", "violence/graphic"),
}


def respond(given: Json, **body: Json) -> dict[str, Json]:
    """Return the response to a request with this input."""
    request = {"input": given, **body}
    ENDPOINT.check(request)
    return ENDPOINT.make_response(request, EXECUTION)


def flag(given: Json, *names: str) -> list[Json]:
    """Return the results when a scripted reply flags an input for these categories."""
    reply = parse_reply({"flagged": [*names]}, endpoint=ENDPOINT)
    scripted = ENDPOINT.with_reply(respond(given), reply, {"input": given})
    schema(ENDPOINT.response_schema).check(scripted)
    results: list[Json] = scripted["results"]
    return results


def rejection(given: Json, **body: Json) -> ApiError:
    """Return the error with which the endpoint rejects an input."""
    with pytest.raises(ApiError) as raised:
        respond(given, **body)
    return raised.value


def test_keys_are_in_the_recorded_order() -> None:
    """A response has the keys of the recorded ones, and so has each of its parts."""
    body = respond("Hello")
    assert [*body] == ["id", "model", "results"]
    [result] = body["results"]
    parts = ["categories", "category_scores", "category_applied_input_types"]
    assert [*result] == ["flagged", *parts]
    assert all([*result[part]] == CATEGORIES for part in parts)


def test_ids_have_four_digits() -> None:
    """As recorded; another execution has another id."""
    other = ENDPOINT.make_response({"input": "x"}, Execution(Seed.of("other"), 1))["id"]
    assert other != respond("x")["id"]
    assert other.removeprefix("modr-").isdecimal()
    assert len(other) == len("modr-4303")


@pytest.mark.parametrize(
    "model", [None, "omni-moderation-latest", "omni-moderation-2024-09-26", "other"]
)
def test_the_model_is_named_as_in_the_request(model: str | None) -> None:
    """As in recorded responses to `latest`, which is also the default."""
    named = {} if model is None else {"model": model}
    assert respond("x", **named)["model"] == (model or "omni-moderation-latest")


@pytest.mark.parametrize(
    ("given", "count"), [("a", 1), (["a"], 1), (["a", "", "c"], 3), ([TEXT, IMAGE], 1), ([TEXT], 1)]
)
def test_texts_are_judged_one_by_one_and_parts_together(given: Json, count: int) -> None:
    """A list of texts has a result for each, a list of parts has one."""
    assert len(respond(given)["results"]) == count


@pytest.mark.parametrize("given", ["I hate violence", ["kill", "x"], [TEXT, IMAGE], [IMAGE]])
def test_nothing_is_flagged_by_default(given: Json) -> None:
    """Whatever the input, the mock finds no harm, and scores are near 0."""
    for result in respond(given)["results"]:
        assert result["flagged"] is False
        assert not any(result["categories"].values())
        assert all(0 <= score < 0.01 for score in result["category_scores"].values())


def test_scores_depend_on_the_input() -> None:
    """The same text always has the same scores, another one has others."""
    first, second, third = (one["category_scores"] for one in respond(["a", "b", "a"])["results"])
    assert first == third != second


@pytest.mark.parametrize(
    ("given", "of_texts", "of_images"),
    [
        ("x", ["text"], ["text"]),
        ([TEXT, IMAGE], ["text"], ["text", "image"]),
        ([IMAGE, TEXT], ["text"], ["text", "image"]),
        ([IMAGE], [], ["image"]),
    ],
)
def test_the_applied_input_types_are_listed(given: Json, of_texts: Json, of_images: Json) -> None:
    """Seven categories judge only texts; where nothing is judged the score is 0."""
    [result] = respond(given)["results"]
    for name, applied in result["category_applied_input_types"].items():
        assert applied == (of_images if name in OF_IMAGES else of_texts)
        assert (result["category_scores"][name] == 0) == (applied == [])


def test_moderation_is_free() -> None:
    """There is no usage to read."""
    assert ENDPOINT.read_usage(respond("x")) == Tokens(input=0, output=0)


# --- scripted


def test_a_reply_flags_its_categories() -> None:
    """They are true and score near 1; the others are as without the reply."""
    [result] = flag("x", "violence", "hate")
    [default] = respond("x")["results"]
    assert result["flagged"] is True
    for name in CATEGORIES:
        named = name in {"violence", "hate"}
        assert result["categories"][name] == named
        assert (result["category_scores"][name] > 0.9) == named
        if not named:
            assert result["category_scores"][name] == default["category_scores"][name]


def test_a_reply_flags_every_input() -> None:
    """Just as a content is in every choice."""
    assert [result["flagged"] for result in flag(["a", "b"], "sexual")] == [True, True]


def test_a_reply_may_flag_nothing() -> None:
    """An empty list is no harm, whatever later replies would say."""
    assert [flag("x")] == [respond("x")["results"]]


@pytest.mark.parametrize("name", ["violent", "", None, 1])
def test_only_categories_can_be_flagged(name: Json) -> None:
    """A misspelt name is rejected."""
    with pytest.raises(ApiError) as raised:
        parse_reply({"flagged": [name]})
    assert raised.value.param == "reply.flagged[0]"


@pytest.mark.parametrize("other", ["content", "finish_reason", "refusal", "tool_calls"])
def test_flagged_cannot_be_combined_with_content(other: str) -> None:
    """A moderation has no content."""
    said = {"finish_reason": "stop", "tool_calls": [{"name": "f"}]}.get(other, "x")
    with pytest.raises(ApiError) as raised:
        parse_reply({other: said, "flagged": ["hate"]})
    assert raised.value.code == "invalid_value"


# --- refused


def test_older_models_are_rejected() -> None:
    """They were retired; met by a client in 2025-11."""
    error = rejection("x", model="text-moderation-latest")
    assert (error.message, error.param) == ("please request omni-moderation-latest", "model")


def test_one_image_is_the_maximum() -> None:
    """Met by a client in 2026-04."""
    error = rejection([IMAGE, TEXT, IMAGE])
    assert error.message == "Number of images (2) exceeds maximum of 1"
    assert (error.param, error.code) == ("input", "too_many_images")


@pytest.mark.parametrize("url", ["", "c.png", "ftp://a.b/c.png", "/tmp/c.png", "https://"])
def test_an_image_is_a_url_or_data(url: str) -> None:
    """Anything else is rejected, with its path."""
    respond([{"type": "image_url", "image_url": {"url": DATA_URL}}])
    error = rejection([TEXT, {"type": "image_url", "image_url": {"url": url}}])
    assert (error.param, error.code) == ("input[1].image_url.url", "invalid_value")


@pytest.mark.parametrize(
    ("given", "param"),
    [
        (None, "input"),
        ([], "input"),
        (7, "input"),
        ([1], "input[0]"),
        (["x", TEXT], "input[1]"),
        ([{"type": "audio"}], "input[0].type"),
        ([{"type": "text"}], "input[0].text"),
        ([{"type": "image_url", "image_url": "https://a.b/c.png"}], "input[0].image_url"),
        ([{**TEXT, "foo": 1}], "input[0].foo"),
    ],
)
def test_other_inputs_are_rejected_with_their_path(given: Json, param: str) -> None:
    """The deepest error is reported."""
    assert rejection(given).param == param


def test_input_is_required() -> None:
    """A body without it lacks a parameter."""
    with pytest.raises(ApiError) as raised:
        ENDPOINT.check({"model": "omni-moderation-latest"})
    assert (raised.value.param, raised.value.code) == ("input", "missing_required_parameter")
