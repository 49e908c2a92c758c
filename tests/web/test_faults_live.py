"""Faults and live calls with their streams, seen by the real SDK."""

from collections.abc import Callable
from time import monotonic
from typing import Any

import openai
import pytest

from mockbatch.client import WorldClient
from mockbatch.typing import Json

Make = Callable[..., WorldClient]

CHAT = {"method": "POST", "path": "/v1/chat/completions"}
HELLO: Json = [{"role": "user", "content": "Hello"}]
EACH = pytest.mark.parametrize("stream", [False, True])


@pytest.fixture
def mock(make_mockbatch: Make) -> WorldClient:
    """Make a world."""
    return make_mockbatch()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the SDK retry at once."""
    monkeypatch.setattr("openai._base_client.time.sleep", lambda _: None)


def reply_text(client: openai.OpenAI, *, stream: bool) -> str:
    """Return the text of a chat completion, joined if it is streamed."""
    done: Json = client.chat.completions.create(model="gpt-4o", messages=HELLO, stream=stream)
    if not stream:
        return str(done.choices[0].message.content)
    return "".join(chunk.choices[0].delta.content or "" for chunk in done)


def failure(act: Callable[[], Any]) -> str:
    """Return the name of the error that a call raises."""
    with pytest.raises(openai.OpenAIError) as error:
        act()
    return type(error.value).__name__


@EACH
def test_status_is_retried(mock: WorldClient, stream: bool) -> None:
    """Two attempts get it, and the third succeeds."""
    mock.fault(CHAT, {"status": 429}, times=2)
    assert reply_text(mock.client, stream=stream) == "Mock reply to: Hello"
    assert [one.status for one in mock.requests] == [429, 429, 200]


@EACH
def test_delay_comes_before_the_answer(mock: WorldClient, stream: bool) -> None:
    """And before the first event of a stream."""
    mock.fault(CHAT, {"delay_ms": 200})
    began = monotonic()
    assert reply_text(mock.client, stream=stream) == "Mock reply to: Hello"
    assert monotonic() - began >= 0.2


@EACH
@pytest.mark.parametrize(
    "fault", [{"disconnect": "before_headers"}, {"disconnect": "reset"}, {"lose_response": True}]
)
def test_answer_that_does_not_come_is_retried(mock: WorldClient, fault: Json, stream: bool) -> None:
    """Nothing was sent, so the SDK retries."""
    mock.fault(CHAT, fault)
    assert reply_text(mock.client, stream=stream) == "Mock reply to: Hello"
    assert [one.status for one in mock.requests] == [0, 200]


@pytest.mark.parametrize(
    "fault", [{"disconnect": "mid_body"}, {"truncate_bytes": 900}, {"html": 502}]
)
def test_answer_that_breaks_off_is_retried(mock: WorldClient, fault: Json) -> None:
    """As long as the program has not received a part of it."""
    mock.fault(CHAT, fault)
    assert reply_text(mock.client, stream=False) == "Mock reply to: Hello"


def pieces_until_it_breaks(mock: WorldClient) -> str:
    """Return the text of a stream until the connection breaks."""
    heard: list[str] = []
    stream = mock.client.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True)
    with pytest.raises(openai.APIConnectionError):
        heard.extend(chunk.choices[0].delta.content or "" for chunk in stream)
    return "".join(heard)


@pytest.mark.parametrize("fault", [{"disconnect": "mid_body"}, {"truncate_bytes": 900}])
def test_stream_that_breaks_off_is_not_retried(mock: WorldClient, fault: Json) -> None:
    """The program has received a part: it gets the exception, and there was one request."""
    mock.fault(CHAT, fault)
    heard = pieces_until_it_breaks(mock)
    assert heard
    assert "Mock reply to: Hello".startswith(heard)
    assert heard != "Mock reply to: Hello"
    assert len(mock.requests) == 1


def test_middle_of_a_stream_is_its_middle(mock: WorldClient) -> None:
    """Half of its bytes are sent, although the length is not known in advance."""
    mock.reply({"contains": "Hello"}, "word" * 1000)
    mock.fault(CHAT, {"disconnect": "mid_body"})
    assert 450 < len(pieces_until_it_breaks(mock)) // 4 < 550


def test_silently_truncated_stream_looks_complete(mock: WorldClient) -> None:
    """Without an end marker neither the SDK nor the program can tell."""
    mock.fault(CHAT, {"truncate_bytes": 900, "silent": True})
    assert reply_text(mock.client, stream=True) in ("Mock", "Mock rep", "Mock reply t")


def test_server_error_in_a_stream_is_an_exception(mock: WorldClient) -> None:
    """No event comes."""
    mock.fault(CHAT, {"status": 500}, times=3)
    assert failure(lambda: reply_text(mock.client, stream=True)) == "InternalServerError"


def test_other_routes_are_not_affected(mock: WorldClient) -> None:
    """A fault of one endpoint is not another's."""
    mock.fault(CHAT, {"status": 500}, times=None)
    assert mock.client.responses.create(model="gpt-4o", input="Hello").status == "completed"


def test_models_meet_faults_too(mock: WorldClient) -> None:
    """As on every route of /v1."""
    mock.fault({"path": "/v1/models*"}, {"status": 503}, times=3)
    assert failure(lambda: mock.client.models.list()) == "InternalServerError"
