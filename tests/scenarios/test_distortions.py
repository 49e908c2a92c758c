"""What a scenario does to honest lines on their way out."""

import json

import pytest

from mockbatch.scenarios.distortions import ObjectDistortion, OutputDistortion, WebhookDistortion
from mockbatch.typing import Json

MESSAGE = {"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": "Hello!"}]}


def line(body: Json, id: str = "a") -> dict[str, Json]:
    """Return an output line with a body."""
    return {"custom_id": id, "response": {"status_code": 200, "body": body}, "error": None}


def bodies(distortion: OutputDistortion, *given: Json) -> list[Json]:
    """Return the bodies of the lines of a distorted file."""
    text = "".join(distortion.of([line(body) for body in given]))
    return [json.loads(one)["response"]["body"] for one in text.split("\n")[:-1]]


def test_without_a_change_a_file_is_its_lines() -> None:
    """Each line is one piece of JSON and a line feed."""
    assert bodies(OutputDistortion(), {"a": 1}, {"b": 2}) == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize("body", [None, "text", 4, [1], [], {}, {"output": 1}])
@pytest.mark.parametrize(
    "distortion",
    [
        OutputDistortion(drop=("usage",)),
        OutputDistortion(separators="\u2028"),
        OutputDistortion(fragments=True),
    ],
)
def test_a_raw_body_stays_whatever_it_is(distortion: OutputDistortion, body: Json) -> None:
    """What is no object, or has no such member, is left alone."""
    assert bodies(distortion, body) == [body]


@pytest.mark.parametrize(
    "item",
    [None, 1, {}, {"type": "reasoning", "content": []}, {"type": "message", "content": None}],
)
def test_only_a_message_with_a_text_is_cut(item: Json) -> None:
    """Other items of a response stay, raw ones too."""
    assert bodies(OutputDistortion(fragments=True), {"output": [item]}) == [{"output": [item]}]


def test_a_piece_stands_before_its_message() -> None:
    """The piece is the first third of the text, under an id of its own."""
    [body] = bodies(OutputDistortion(fragments=True), {"id": "resp_1", "output": [MESSAGE]})
    piece, whole = body["output"]
    assert (piece["content"][0]["text"], whole) == ("He", MESSAGE)
    assert piece["id"] != whole["id"]


def test_a_line_without_a_response_stays() -> None:
    """A line that never ran has no body to distort."""
    given = {"custom_id": "a", "response": None, "error": {"code": "x", "message": "y"}}
    text = "".join(OutputDistortion(drop=("usage",), status_code=0).of([given]))
    assert json.loads(text) == given


@pytest.mark.parametrize(
    ("share", "text"), [(0, "[]\n[]\n"), (0.5, "\n[]\n[]\n"), (1, "\n[]\n\n[]\n")]
)
def test_blank_lines_stand_before_others(share: float, text: str) -> None:
    """A share of the lines has an empty one before it."""
    assert shape(OutputDistortion(blank=share), 2) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, ""), (1, "[]"), (2, "[]\r\n[]")], ids=["none", "one", "two"]
)
def test_the_last_line_end_can_be_missing(count: int, text: str) -> None:
    """Only the last one is."""
    assert shape(OutputDistortion(ends=False, line_end="\r\n"), count) == text


def test_strays_are_a_share_of_the_errors() -> None:
    """The output file gets the first of them; none, unless it is said."""
    errors = [line({}, str(number)) for number in range(4)]
    assert OutputDistortion(astray=0.5).leaked(errors) == errors[:2]
    assert OutputDistortion().leaked(errors) == []


def test_shares_are_rounded_to_whole_lines() -> None:
    """Three tenths of five lines are two."""
    errors = [line({}, str(number)) for number in range(5)]
    assert OutputDistortion(astray=0.3).leaked(errors) == errors[:2]
    assert shape(OutputDistortion(missing=0.3), 5) == "[]\n" * 3


def test_a_garbage_line_ends_like_the_others() -> None:
    """It stands in the middle of them."""
    distortion = OutputDistortion(garbage="{", line_end="\r\n")
    assert shape(distortion, 3) == "[]\r\n{\r\n[]\r\n[]\r\n"


def shape(distortion: OutputDistortion, count: int) -> str:
    """Return the text of a file, each of its lines as `[]`."""
    whole = json.dumps(line({}))
    return "".join(distortion.of([line({})] * count)).replace(whole, "[]")


def test_a_member_that_is_missing_is_not_null() -> None:
    """A distortion of null members does not add it."""
    distortion = ObjectDistortion(null_to={"null": "", "missing": "", "set": ""})
    assert distortion.of({"null": None, "set": 1}, "completed") == {"null": "", "set": 1}


def test_each_ten_batches_have_the_same_delays_in_reverse_order() -> None:
    """No event comes before the end of its batch, however many batches there are."""
    delays = [WebhookDistortion(reverse=60).delay_for(number) for number in range(20)]
    assert delays == [60, 54, 48, 42, 36, 30, 24, 18, 12, 6] * 2
