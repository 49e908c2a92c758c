"""POST /v1/moderations."""

import pytest

from mockbatch.endpoints.endpoint import Execution, Tokens
from mockbatch.endpoints.moderations import ENDPOINT
from mockbatch.endpoints.scripted_reply import parse_reply
from mockbatch.errors import ApiError
from mockbatch.ids import Seed
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


def answer(given: Json, **body: Json) -> dict[str, Json]:
    """Return the answer to a request with this input."""
    request = {"input": given, **body}
    ENDPOINT.check(request)
    return ENDPOINT.make_response(request, EXECUTION)


def flagged(given: Json, *names: str) -> list[Json]:
    """Return the results when a reply flags an input for these categories."""
    reply = parse_reply({"flagged": [*names]}, endpoint=ENDPOINT)
    scripted = ENDPOINT.with_reply(answer(given), reply, {"input": given})
    schema(ENDPOINT.schema).check(scripted)
    results: list[Json] = scripted["results"]
    return results


def refusal(given: Json, **body: Json) -> ApiError:
    """Return the failure with which the endpoint refuses an input."""
    with pytest.raises(ApiError) as raised:
        answer(given, **body)
    return raised.value


def test_keys_stand_in_the_recorded_order() -> None:
    """An answer has the keys of the recorded ones, and so has each of its parts."""
    body = answer("Hello")
    assert [*body] == ["id", "model", "results"]
    [result] = body["results"]
    parts = ["categories", "category_scores", "category_applied_input_types"]
    assert [*result] == ["flagged", *parts]
    assert all([*result[part]] == CATEGORIES for part in parts)


def test_ids_have_four_digits() -> None:
    """As recorded, and another moment has another id."""
    other = ENDPOINT.make_response({"input": "x"}, Execution(Seed.of("other"), 1))["id"]
    assert other != answer("x")["id"]
    assert other.removeprefix("modr-").isdecimal()
    assert len(other) == len("modr-4303")


@pytest.mark.parametrize(
    "model", [None, "omni-moderation-latest", "omni-moderation-2024-09-26", "other"]
)
def test_a_model_is_called_what_the_request_calls_it(model: str | None) -> None:
    """Recorded answers to `latest` say so too; without a model that is meant."""
    named = {} if model is None else {"model": model}
    assert answer("x", **named)["model"] == (model or "omni-moderation-latest")


@pytest.mark.parametrize(
    ("given", "count"), [("a", 1), (["a"], 1), (["a", "", "c"], 3), ([TEXT, IMAGE], 1), ([TEXT], 1)]
)
def test_texts_are_judged_one_by_one_and_parts_together(given: Json, count: int) -> None:
    """A list of texts has a result for each, a list of parts has one."""
    assert len(answer(given)["results"]) == count


@pytest.mark.parametrize("given", ["I hate violence", ["kill", "x"], [TEXT, IMAGE], [IMAGE]])
def test_nothing_is_flagged_by_itself(given: Json) -> None:
    """Whatever is said, the mock finds no harm, and scores near 0."""
    for result in answer(given)["results"]:
        assert result["flagged"] is False
        assert not any(result["categories"].values())
        assert all(0 <= score < 0.01 for score in result["category_scores"].values())


def test_scores_come_from_the_input() -> None:
    """The same text has the same scores wherever it is, and another one has others."""
    first, second, third = (one["category_scores"] for one in answer(["a", "b", "a"])["results"])
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
def test_what_was_judged_is_told(given: Json, of_texts: Json, of_images: Json) -> None:
    """Seven categories are of texts only, and where nothing is judged the score is 0."""
    [result] = answer(given)["results"]
    for name, applied in result["category_applied_input_types"].items():
        assert applied == (of_images if name in OF_IMAGES else of_texts)
        assert (result["category_scores"][name] == 0) == (applied == [])


def test_moderation_is_free() -> None:
    """There is no usage to read."""
    assert ENDPOINT.read_usage(answer("x")) == Tokens(input=0, output=0)


# --- scripted


def test_a_reply_flags_for_its_categories() -> None:
    """These are true and score near 1; the others are as without the reply."""
    [result] = flagged("x", "violence", "hate")
    [default] = answer("x")["results"]
    assert result["flagged"] is True
    for name in CATEGORIES:
        named = name in {"violence", "hate"}
        assert result["categories"][name] == named
        assert (result["category_scores"][name] > 0.9) == named
        if not named:
            assert result["category_scores"][name] == default["category_scores"][name]


def test_a_reply_flags_every_input() -> None:
    """As a text stands in every choice."""
    assert [result["flagged"] for result in flagged(["a", "b"], "sexual")] == [True, True]


def test_a_reply_may_flag_nothing() -> None:
    """No category is no harm, whatever other replies would say."""
    assert [flagged("x")] == [answer("x")["results"]]


@pytest.mark.parametrize("name", ["violent", "", None, 1])
def test_only_categories_can_be_flagged(name: Json) -> None:
    """A slip in a name is told."""
    with pytest.raises(ApiError) as raised:
        parse_reply({"flagged": [name]})
    assert raised.value.param == "reply.flagged[0]"


@pytest.mark.parametrize("other", ["content", "finish_reason", "refusal", "tool_calls"])
def test_flagging_is_said_alone(other: str) -> None:
    """Judging is not speaking."""
    said = {"finish_reason": "stop", "tool_calls": [{"name": "f"}]}.get(other, "x")
    with pytest.raises(ApiError) as raised:
        parse_reply({other: said, "flagged": ["hate"]})
    assert raised.value.code == "invalid_value"


# --- refused


def test_older_models_are_refused() -> None:
    """They were retired; met by a client in 2025-11."""
    error = refusal("x", model="text-moderation-latest")
    assert (error.message, error.param) == ("please request omni-moderation-latest", "model")


def test_one_image_is_the_most() -> None:
    """Met by a client in 2026-04."""
    error = refusal([IMAGE, TEXT, IMAGE])
    assert error.message == "Number of images (2) exceeds maximum of 1"
    assert (error.param, error.code) == ("input", "too_many_images")


@pytest.mark.parametrize("url", ["", "c.png", "ftp://a.b/c.png", "/tmp/c.png", "https://"])
def test_an_image_is_a_url_or_data(url: str) -> None:
    """What is neither is told by its place."""
    answer([{"type": "image_url", "image_url": {"url": DATA_URL}}])
    error = refusal([TEXT, {"type": "image_url", "image_url": {"url": url}}])
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
def test_other_inputs_are_refused_by_their_place(given: Json, param: str) -> None:
    """The deepest fault is told."""
    assert refusal(given).param == param


def test_input_is_required() -> None:
    """A body without input lacks a parameter."""
    with pytest.raises(ApiError) as raised:
        ENDPOINT.check({"model": "omni-moderation-latest"})
    assert (raised.value.param, raised.value.code) == ("input", "missing_required_parameter")
