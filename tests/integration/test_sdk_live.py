"""The unmodified OpenAI SDK's live calls over a socket, streams and its helpers among them."""

import asyncio
from collections.abc import Callable

import openai
import pytest
from pydantic import BaseModel

from mockbatch.client import ControlError, WorldClient
from mockbatch.typing import Json

Make = Callable[..., WorldClient]

HELLO: Json = [{"role": "user", "content": "Hello"}]
WEATHER = {"name": "weather", "arguments": {"city": "Oslo"}}


class Ticket(BaseModel):
    """The shape that a model fills."""

    label: str
    urgent: bool


TICKET = '{"label": "billing", "urgent": true}'


@pytest.fixture
def mock(make_mockbatch: Make) -> WorldClient:
    """Make a world."""
    return make_mockbatch()


class TestCalls:
    """Answers at once."""

    def test_chat(self, mock: WorldClient) -> None:
        """The message quotes the prompt."""
        done = mock.client.chat.completions.create(model="gpt-4o", messages=HELLO)
        assert done.choices[0].message.content == "Mock reply to: Hello"
        assert done._request_id.startswith("req_")
        mock.assert_requested("POST", "/v1/chat/completions", count=1)

    def test_response(self, mock: WorldClient) -> None:
        """The text stands together."""
        response = mock.client.responses.create(model="gpt-5-nano", input="Hello")
        assert response.output_text == "Mock reply to: Hello"

    def test_completion(self, mock: WorldClient) -> None:
        """The old endpoint."""
        done = mock.client.completions.create(model="gpt-3.5-turbo-instruct", prompt="Once")
        assert done.choices[0].text == " Mock reply to: Once"

    def test_embeddings_are_numbers(self, mock: WorldClient) -> None:
        """The SDK asks for base64 by default, and decodes it."""
        create = mock.client.embeddings.create
        packed = create(model="text-embedding-3-small", input=["a", "b"])
        plain = create(model="text-embedding-3-small", input=["a", "b"], encoding_format="float")
        for one, other in zip(packed.data, plain.data, strict=True):
            assert one.embedding == pytest.approx(other.embedding, abs=1e-6)

    def test_tool_loop(self, mock: WorldClient) -> None:
        """A call, its answer, and the end: the second request has the first one's message."""
        mock.reply({"contains": "Weather"}, {"tool_calls": [WEATHER]})
        create = mock.client.chat.completions.create
        messages: Json = [{"role": "user", "content": "Weather in Oslo?"}]
        first = create(model="gpt-4o", messages=messages).choices[0]
        assert first.finish_reason == "tool_calls"
        [call] = first.message.tool_calls
        answer = {"role": "tool", "tool_call_id": call.id, "content": "Rain"}
        messages += [first.message, answer, {"role": "user", "content": "So?"}]
        assert create(model="gpt-4o", messages=messages).choices[0].finish_reason == "stop"

    def test_models(self, mock: WorldClient) -> None:
        """Listed and looked at."""
        assert "gpt-4o-mini" in {model.id for model in mock.client.models.list()}
        assert mock.client.models.retrieve("ft:gpt-4o:a/b::c").id == "ft:gpt-4o:a/b::c"

    def test_models_are_those_that_are_served(self, mock: WorldClient) -> None:
        """Without names, any."""
        mock.models("mine")
        assert [model.id for model in mock.client.models.list()] == ["mine"]
        for call in (
            lambda: mock.client.models.retrieve("gpt-4o"),
            lambda: mock.client.chat.completions.create(model="gpt-4o", messages=HELLO),
        ):
            with pytest.raises(openai.NotFoundError) as raised:
                call()
            assert raised.value.code == "model_not_found"
        mock.models()
        assert mock.client.models.retrieve("gpt-4o").owned_by == "system"
        with pytest.raises(ControlError):
            mock.models("")

    def test_raw_response_has_rate_limits(self, mock: WorldClient) -> None:
        """As clients look for them that pace themselves."""
        raw = mock.client.chat.completions.with_raw_response.create(model="gpt-4o", messages=HELLO)
        assert raw.headers["x-ratelimit-remaining-requests"] == "4999"
        assert raw.parse().choices[0].finish_reason == "stop"

    def test_bad_request(self, mock: WorldClient) -> None:
        """The exception of the real service."""
        with pytest.raises(openai.BadRequestError) as raised:
            mock.client.chat.completions.create(model="gpt-5-nano", messages=HELLO, max_tokens=5)
        assert raised.value.code == "unsupported_parameter"

    def test_scripted_rate_limit_is_retried(self, mock: WorldClient) -> None:
        """A reply is for every try; its status is that of the answer."""
        error = {"message": "Slow down.", "type": "requests", "param": None, "code": "slow"}
        mock.reply({"contains": "Hello"}, {"status_code": 429, "body": {"error": error}})
        client = mock.client.with_options(max_retries=0)
        with pytest.raises(openai.RateLimitError, match="Slow down"):
            client.chat.completions.create(model="gpt-4o", messages=HELLO)


class TestStreams:
    """Answers in events."""

    def test_chat(self, mock: WorldClient) -> None:
        """Pieces, and the usage behind them."""
        stream = mock.client.chat.completions.create(
            model="gpt-4o", messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
        *chunks, last = stream
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        assert text == "Mock reply to: Hello"
        assert (last.choices, last.usage.completion_tokens) == ([], 5)
        assert len({chunk.id for chunk in chunks}) == 1

    def test_completion(self, mock: WorldClient) -> None:
        """Of the old endpoint."""
        create = mock.client.completions.create
        stream = create(model="gpt-3.5-turbo-instruct", prompt="Once", stream=True, n=2)
        texts = {0: "", 1: ""}
        for chunk in stream:
            texts[chunk.choices[0].index] += chunk.choices[0].text
        assert texts == {0: " Mock reply to: Once", 1: " Mock reply 2 to: Once"}

    def test_response(self, mock: WorldClient) -> None:
        """Events, of the SDK's own classes."""
        stream = mock.client.responses.create(model="gpt-4o", input="Hello", stream=True)
        events = list(stream)
        assert type(events[0]).__name__ == "ResponseCreatedEvent"
        assert events[-1].response.output_text == "Mock reply to: Hello"

    def test_chat_helper_puts_it_together(self, mock: WorldClient) -> None:
        """The final completion is what a plain call returns, parsed."""
        mock.reply({"contains": "Hello"}, TICKET)
        chat = mock.client.chat.completions
        with chat.stream(model="gpt-4o", messages=HELLO, response_format=Ticket) as stream:
            kinds = {event.type for event in stream}
            final = stream.get_final_completion()
        assert {"chunk", "content.delta", "content.done"} <= kinds
        assert final.choices[0].message.parsed == Ticket(label="billing", urgent=True)

    def test_chat_helper_puts_calls_together(self, mock: WorldClient) -> None:
        """Two calls, side by side."""
        mock.reply({"contains": "Hello"}, {"tool_calls": [WEATHER, {**WEATHER, "id": "call_2"}]})
        with mock.client.chat.completions.stream(model="gpt-4o", messages=HELLO) as stream:
            final = stream.get_final_completion()
        calls = final.choices[0].message.tool_calls
        assert [call.function.arguments for call in calls] == ['{"city":"Oslo"}'] * 2
        assert calls[1].id == "call_2"

    def test_chat_helper_puts_refusals_together(self, mock: WorldClient) -> None:
        """Which have events of their own."""
        mock.reply({"contains": "Hello"}, {"refusal": "I cannot help with that."})
        with mock.client.chat.completions.stream(model="gpt-4o", messages=HELLO) as stream:
            final = stream.get_final_completion()
        assert final.choices[0].message.refusal == "I cannot help with that."

    def test_chat_helper_puts_log_probabilities_together(self, mock: WorldClient) -> None:
        """Of several choices."""
        chat = mock.client.chat.completions
        request: Json = {"model": "gpt-4o", "messages": HELLO, "n": 2, "logprobs": True}
        with chat.stream(**request) as stream:
            final = stream.get_final_completion()
        whole = chat.create(**request)
        for streamed, plain in zip(final.choices, whole.choices, strict=True):
            assert streamed.message.content == plain.message.content
            assert streamed.logprobs.content == plain.logprobs.content

    @pytest.mark.parametrize("model", ["gpt-4o", "gpt-5-nano"])
    def test_responses_helper_puts_it_together(self, mock: WorldClient, model: str) -> None:
        """With a summary of the reasoning where there is one."""
        mock.reply({"contains": "Hello"}, TICKET)
        more: Json = {"reasoning": {"summary": "auto"}} if model == "gpt-5-nano" else {}
        stream = mock.client.responses.stream
        with stream(model=model, input="Hello", text_format=Ticket, **more) as events:
            kinds = [event.type for event in events]
            final = events.get_final_response()
        assert final.output_parsed == Ticket(label="billing", urgent=True)
        assert ("response.reasoning_summary_text.delta" in kinds) == bool(more)

    def test_responses_helper_puts_calls_together(self, mock: WorldClient) -> None:
        """Their arguments are whole in the end."""
        mock.reply({"contains": "Hello"}, {"tool_calls": [WEATHER]})
        with mock.client.responses.stream(model="gpt-4o", input="Hello") as events:
            [call] = events.get_final_response().output
        assert (call.name, call.arguments) == ("weather", '{"city":"Oslo"}')

    def test_responses_helper_says_that_it_was_cut(self, mock: WorldClient) -> None:
        """There is no completed response then."""
        mock.reply({"contains": "Hello"}, {"finish_reason": "length"})
        with mock.client.responses.stream(model="gpt-4o", input="Hello") as events:
            *_, last = events
        assert last.type == "response.incomplete"
        assert last.response.incomplete_details.reason == "max_output_tokens"

    def test_streaming_response_is_read_line_by_line(self, mock: WorldClient) -> None:
        """As it comes."""
        streaming = mock.client.chat.completions.with_streaming_response
        with streaming.create(model="gpt-4o", messages=HELLO, stream=True) as response:
            lines = [line for line in response.iter_lines() if line]
        assert lines[-1] == "data: [DONE]"

    def test_stream_can_be_left(self, mock: WorldClient) -> None:
        """And the next call is answered."""
        mock.reply({"contains": "Hello"}, "word " * 50_000)
        stream = mock.client.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True)
        with stream:
            assert next(iter(stream)).choices[0].delta.role == "assistant"
        assert mock.client.responses.create(model="gpt-4o", input="Hi").status == "completed"

    def test_refusal_comes_before_any_event(self, mock: WorldClient) -> None:
        """As an exception of the call."""
        with pytest.raises(openai.BadRequestError):
            mock.client.responses.create(model="gpt-4o", input="Hello", stream=True, top_p=9)


class TestParse:
    """What the SDK makes of structured output; the script says what the model does."""

    def test_chat(self, mock: WorldClient) -> None:
        """An object of the class."""
        mock.reply({"contains": "Hello"}, TICKET)
        parse = mock.client.chat.completions.parse
        done = parse(model="gpt-4o", messages=HELLO, response_format=Ticket)
        assert done.choices[0].message.parsed == Ticket(label="billing", urgent=True)

    def test_response(self, mock: WorldClient) -> None:
        """Of the same class."""
        mock.reply({"contains": "Hello"}, TICKET)
        done = mock.client.responses.parse(model="gpt-4o", input="Hello", text_format=Ticket)
        assert done.output_parsed == Ticket(label="billing", urgent=True)

    def test_cut_answer_is_an_exception(self, mock: WorldClient) -> None:
        """Which clients forget."""
        mock.reply({"contains": "Hello"}, {"content": TICKET[:9], "finish_reason": "length"})
        with pytest.raises(openai.LengthFinishReasonError):
            mock.client.chat.completions.parse(
                model="gpt-4o", messages=HELLO, response_format=Ticket
            )


class TestAsync:
    """The asynchronous SDK."""

    def test_calls_and_streams(self, mock: WorldClient) -> None:
        """Of both endpoints."""

        async def run() -> list[str]:
            async with mock.async_client as client:
                chat = await client.chat.completions.create(model="gpt-4o", messages=HELLO)
                chunks = await client.chat.completions.create(
                    model="gpt-4o", messages=HELLO, stream=True
                )
                pieces = [one.choices[0].delta.content or "" async for one in chunks]
                async with client.responses.stream(model="gpt-4o", input="Hello") as events:
                    response = await events.get_final_response()
                async with client.chat.completions.stream(model="gpt-4o", messages=HELLO) as made:
                    final = await made.get_final_completion()
                listed = [model.id async for model in client.models.list()]
                assert "gpt-4o" in listed
                texts = [chat.choices[0].message.content, final.choices[0].message.content]
                return [*map(str, texts), "".join(pieces), response.output_text]

        assert set(asyncio.run(run())) == {"Mock reply to: Hello"}

    def test_many_at_once(self, mock: WorldClient) -> None:
        """Each has an id of its own."""

        async def run() -> set[str]:
            async with mock.async_client as client:
                create = client.chat.completions.create
                made = [create(model="gpt-4o", messages=HELLO) for _ in range(50)]
                return {done.id for done in await asyncio.gather(*made)}

        assert len(asyncio.run(run())) == 50
