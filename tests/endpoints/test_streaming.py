"""Responses in events: each fits the SDK's types, and together they are the response."""

import json
from collections import Counter
from typing import Any

import pytest
from openai.types import Completion
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from mockbatch.endpoints import endpoints
from mockbatch.endpoints.respond import respond as make_response
from mockbatch.endpoints.streaming import MAX_CHUNKS, chunk_text
from mockbatch.scripting.reply import parse_reply
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from tests.support.bodies import BODIES, CHAT, COMPLETIONS, EMBEDDINGS, EXECUTION, RESPONSES
from tests.support.scripted_replies import SAYING, WEATHER

Events = list[dict[str, Json]]

STREAMED = (CHAT, COMPLETIONS, RESPONSES)
EVERY = pytest.mark.parametrize("path", STREAMED)
EVERY_BODY = pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param(path, body, id=f"{path[4:]}-{index}")
        for path in STREAMED
        for index, body in enumerate(BODIES[path])
    ],
)
RESPONSE_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
USAGE = {"stream_options": {"include_usage": True}}
BARE = {"stream_options": {"include_obfuscation": False}}
ASKED: dict[str, dict[str, Json]] = {
    CHAT: {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]},
    COMPLETIONS: {"model": "gpt-3.5-turbo-instruct", "prompt": "Once"},
    RESPONSES: {"model": "gpt-4o", "input": "Hello"},
}


def respond(path: str, body: Json, document: Json = None) -> dict[str, Json]:
    """Return the response to a request body, with a scripted reply in it if there is one."""
    reply = None if document is None else parse_reply(document)
    body = make_response(endpoints()[path], body, EXECUTION, reply, None).body
    assert isinstance(body, dict)
    return body


def stream(path: str, body: Json, document: Json = None) -> Events:
    """Return the events of a response, each of which fits its schema."""
    how = endpoints()[path].stream
    assert how is not None
    events = list(how.events(respond(path, body, document), body))
    for event in events:
        schema(how.schema).check(event)
    return events


def stream_default(path: str, **more: Json) -> Events:
    """Return the events of the response to a simple request."""
    return stream(path, {**ASKED[path], **more})


def chat_steps(document: Json = None, **more: Json) -> Events:
    """Return the deltas and finish_reasons of a chat completion, without the padding."""
    body = {**ASKED[CHAT], **BARE, **more}
    return [chunk["choices"][0] for chunk in stream(CHAT, body, document)]


def event_types(events: Events) -> list[str]:
    """Return the types of events, each once where it is repeated."""
    names = [event["type"].removeprefix("response.") for event in events]
    return [name for number, name in enumerate(names) if names[number - 1 : number] != [name]]


def documents(path: str) -> list[Json]:
    """Return the replies that an endpoint supports, and None."""
    says = endpoints()[path].supported_reply_fields
    return [None, *(one for one in SAYING if parse_reply(one).fields <= says)]


@EVERY_BODY
def test_events_fit_the_sdk(path: str, body: Json) -> None:
    """The SDK's types accept each event without conversion, and it is JSON."""
    for document in documents(path):
        for event in stream(path, body, document):
            if path == RESPONSES:
                RESPONSE_EVENT.validate_python(event, strict=True)
            elif path == CHAT:
                ChatCompletionChunk.model_validate(event, strict=True)
            else:
                # The SDK has no type of its own for these, whose reason may be null.
                reason = event["choices"][0]["finish_reason"] or "stop"
                choices = [{**event["choices"][0], "finish_reason": reason}]
                Completion.model_validate({**event, "choices": choices}, strict=True)
            json.dumps(event, allow_nan=False)


@EVERY_BODY
def test_streams_are_repeatable(path: str, body: Json) -> None:
    """The same response has the same events."""
    assert stream(path, body) == stream(path, body)


@EVERY_BODY
def test_arguments_are_not_changed(path: str, body: Json) -> None:
    """The response and the body stay as they are, however often they are streamed."""
    how, given = endpoints()[path].stream, respond(path, body)
    before = json.dumps([given, body])
    assert how is not None
    first, second = (list(how.events(given, body)) for _ in range(2))
    assert (first, json.dumps([given, body])) == (second, before)


def join_chunks(chunks: Events) -> dict[int, dict[str, Json]]:
    """Return the messages that the chunks of a chat completion add up to, by choice."""
    said: dict[int, dict[str, Json]] = {}
    for chunk in chunks:
        for choice in chunk["choices"]:
            known = said.setdefault(choice["index"], {"logprobs": [], "calls": {}})
            for name, value in choice["delta"].items():
                if name == "tool_calls":
                    add_calls(known["calls"], value)
                else:
                    known[name] = value if known.get(name) is None else known[name] + (value or "")
            known["logprobs"] += (choice.get("logprobs") or {}).get("content") or []
            known["finish_reason"] = choice["finish_reason"]
    return said


def add_calls(calls: dict[int, Json], deltas: Events) -> None:
    """Add the tool calls of a chunk to those that are known."""
    for delta in deltas:
        if "id" in delta:
            calls[delta["index"]] = json.loads(json.dumps(delta))
        else:
            calls[delta["index"]]["function"]["arguments"] += delta["function"]["arguments"]


@pytest.mark.parametrize("body", BODIES[CHAT])
def test_chunks_of_a_chat_completion_are_its_response(body: Json) -> None:
    """A client that joins them has what it would get without streaming."""
    for document in documents(CHAT):
        whole = respond(CHAT, body, document)
        said = join_chunks(stream(CHAT, body, document))
        for choice in whole["choices"]:
            message, found = choice["message"], said[choice["index"]]
            assert (found["content"], found["refusal"]) == (message["content"], message["refusal"])
            calls = [{**call, "index": n} for n, call in enumerate(message.get("tool_calls", ()))]
            assert list(found["calls"].values()) == calls
            assert found["finish_reason"] == choice["finish_reason"]
            assert found["logprobs"] == ((choice["logprobs"] or {}).get("content") or [])


@pytest.mark.parametrize("body", BODIES[COMPLETIONS])
def test_chunks_of_a_completion_are_its_response(body: Json) -> None:
    """Texts, log probabilities and finish_reasons."""
    for document in documents(COMPLETIONS):
        whole, chunks = respond(COMPLETIONS, body, document), stream(COMPLETIONS, body, document)
        for choice in whole["choices"]:
            own = [
                one["choices"][0] for one in chunks if one["choices"][0]["index"] == choice["index"]
            ]
            assert "".join(one["text"] for one in own) == choice["text"]
            assert own[-1]["finish_reason"] == choice["finish_reason"]
            tokens = [token for one in own for token in (one["logprobs"] or {}).get("tokens", ())]
            assert tokens == (choice["logprobs"] or {}).get("tokens", [])


@pytest.mark.parametrize("body", BODIES[RESPONSES])
def test_events_of_a_response_are_its_response(body: Json) -> None:
    """The last one has all of it, and those of each item add up to the item."""
    for document in documents(RESPONSES):
        whole, events = respond(RESPONSES, body, document), stream(RESPONSES, body, document)
        assert events[-1]["response"] == {k: v for k, v in whole.items() if k != "billing"}
        done = [one["item"] for one in events if one["type"] == "response.output_item.done"]
        assert done == whole["output"]
        deltas = Counter[str]()
        for event in events:
            deltas[event.get("item_id", "")] += event["type"].endswith(".delta")
            if event["type"].endswith(("text.done", "refusal.done", "arguments.done")):
                written = next(event[n] for n in ("text", "refusal", "arguments") if n in event)
                own = [one for one in events if one.get("item_id") == event["item_id"]]
                assert "".join(one.get("delta", "") for one in own) == written


class TestChat:
    """The order and the members of chunks, as recorded."""

    def test_members_are_in_the_recorded_order(self) -> None:
        """As in a stream of 2026."""
        first, *_ = stream_default(CHAT, **USAGE)
        assert list(first) == [
            *("id", "object", "created", "model", "service_tier", "system_fingerprint"),
            *("choices", "usage", "obfuscation"),
        ]
        assert list(first["choices"][0]) == ["index", "delta", "logprobs", "finish_reason"]
        assert list(first["choices"][0]["delta"]) == ["role", "content", "refusal"]

    def test_a_stream_begins_with_a_role_and_ends_with_a_finish_reason(self) -> None:
        """The first and the last delta have no text."""
        first, *middle, last = chat_steps({"content": "Rain in Oslo"})
        assert first["delta"] == {"role": "assistant", "content": "", "refusal": None}
        assert [one["delta"] for one in middle] == [
            {"content": "Rain"},
            {"content": " in "},
            {"content": "Oslo"},
        ]
        assert {one["finish_reason"] for one in (first, *middle)} == {None}
        assert (last["delta"], last["finish_reason"]) == ({}, "stop")

    def test_the_first_chunk_starts_the_only_call(self) -> None:
        """As recorded in 2026-07; its arguments follow."""
        first, second, *_, last = chat_steps({"tool_calls": [WEATHER]})
        assert first["delta"]["content"] is None
        [opened] = first["delta"]["tool_calls"]
        assert (opened["index"], opened["type"]) == (0, "function")
        assert opened["function"] == {"name": "weather", "arguments": ""}
        assert second["delta"] == {"tool_calls": [{"index": 0, "function": {"arguments": '{"ci'}}]}
        assert last["finish_reason"] == "tool_calls"

    def test_calls_follow_the_content(self) -> None:
        """A text comes first, and each call starts with a chunk of its own."""
        deltas = [
            one["delta"] for one in chat_steps({"content": "Hm.", "tool_calls": [WEATHER] * 2})
        ]
        assert "tool_calls" not in deltas[0]
        opened = [one["tool_calls"][0]["index"] for one in deltas if "id" in str(one)]
        assert opened == [0, 1]
        assert deltas[1] == {"content": "Hm."}

    def test_a_refusal_is_chunked(self) -> None:
        """Its content is null."""
        first, second, *_ = chat_steps({"refusal": "I cannot."})
        assert first["delta"] == {"role": "assistant", "content": None, "refusal": ""}
        assert second["delta"] == {"refusal": "I ca"}

    @pytest.mark.parametrize("reason", ["length", "content_filter"])
    def test_other_finish_reasons_are_sent(self, reason: str) -> None:
        """In the last chunk."""
        assert chat_steps({"finish_reason": reason})[-1]["finish_reason"] == reason

    def test_choices_are_interleaved(self) -> None:
        """A client that expects the first choice to end before the second begins fails."""
        order = [chunk["choices"][0]["index"] for chunk in stream_default(CHAT, n=3)]
        assert order[:6] == [0, 1, 2, 0, 1, 2]

    def test_usage_comes_last_and_alone(self) -> None:
        """Only on request; the other chunks then have null."""
        *chunks, last = stream_default(CHAT, **USAGE)
        assert (last["choices"], last["usage"]["prompt_tokens"]) == ([], 9)
        assert {chunk["usage"] for chunk in chunks} == {None}
        assert not any("usage" in chunk for chunk in stream_default(CHAT))

    def test_lengths_are_hidden_by_default(self) -> None:
        """As recorded, the length of each chunk is one more than a multiple of sixteen."""
        chunks = stream_default(CHAT, **USAGE, n=2)
        sizes = {len(json.dumps(one, separators=(",", ":"), ensure_ascii=False)) for one in chunks}
        assert {size % 16 for size in sizes} == {1}
        assert not any("obfuscation" in chunk for chunk in stream_default(CHAT, **BARE))
        assert "obfuscation" in stream_default(CHAT, stream_options=None)[0]

    def test_logprobs_come_with_their_token(self) -> None:
        """One for each chunk."""
        _, *middle, _ = chat_steps({"content": "Rain in Oslo"}, logprobs=True, top_logprobs=1)
        tokens = [one["logprobs"]["content"][0]["token"] for one in middle]
        assert tokens == ["Rain", " in ", "Oslo"]
        assert {one["logprobs"]["refusal"] for one in middle} == {None}

    def test_chunks_of_models_that_reason_have_no_logprobs(self) -> None:
        """As recorded of gpt-5."""
        assert "logprobs" not in chat_steps(model="gpt-5-nano")[0]
        assert chat_steps()[0]["logprobs"] is None

    def test_a_model_that_does_not_reason_this_time_sends_logprobs(self) -> None:
        """With an effort of `none` it accepts a request for them."""
        options = {"model": "gpt-5.1", "reasoning_effort": "none", "logprobs": True}
        _, second, *_ = chat_steps({"content": "Rain in Oslo"}, **options)
        assert second["logprobs"]["content"][0]["token"] == "Rain"

    def test_moderation_comes_after_the_usage(self) -> None:
        """As recorded; only a scripted response has one."""
        whole = {**respond(CHAT, ASKED[CHAT]), "moderation": {"input": {}}}
        *_, last = stream(CHAT, {**ASKED[CHAT], **USAGE}, {"body": whole, "raw": True})
        assert (last["choices"], last["moderation"], last["usage"]) == ([], {"input": {}}, None)

    def test_annotations_and_audio_are_sent(self) -> None:
        """Each in a chunk of its own, before the last one; a scripted response may have them."""
        whole = respond(CHAT, ASKED[CHAT])
        more = {"audio": {"id": "audio_1"}, "annotations": [{"type": "url_citation"}]}
        whole["choices"][0]["message"] |= more
        *_, audio, annotations, last = chat_steps({"body": whole, "raw": True})
        assert audio["delta"] | annotations["delta"] == more
        assert last["finish_reason"] == "stop"

    def test_custom_tools_and_old_functions_are_streamed(self) -> None:
        """All of a scripted response is sent."""
        whole = respond(CHAT, ASKED[CHAT])
        custom = {"id": "call_1", "type": "custom", "custom": {"name": "sh", "input": "ls -la"}}
        old = {"name": "f", "arguments": "{}"}
        whole["choices"][0]["message"] |= {"tool_calls": [custom], "function_call": old}
        text = str(chat_steps({"body": whole}))
        assert "'input': 'ls -'" in text
        assert str(old) in text


class TestCompletions:
    """Chunks of /v1/completions."""

    def test_the_last_chunk_has_the_finish_reason(self) -> None:
        """And no more text."""
        *chunks, last = stream_default(COMPLETIONS)
        assert {one["choices"][0]["finish_reason"] for one in chunks} == {None}
        assert last["choices"][0] == {
            "text": "",
            "index": 0,
            "logprobs": None,
            "finish_reason": "stop",
        }

    def test_usage_comes_last(self) -> None:
        """If the request asks for it."""
        *chunks, last = stream_default(COMPLETIONS, **USAGE)
        assert (last["choices"], last["usage"]["prompt_tokens"]) == ([], 1)
        assert {one["usage"] for one in chunks} == {None}

    def test_logprobs_of_another_text_are_sent(self) -> None:
        """A scripted response may have them."""
        whole = respond(COMPLETIONS, {**ASKED[COMPLETIONS], "logprobs": 1})
        whole["choices"][0]["text"] = "Something else"
        first, second, *_ = stream(COMPLETIONS, ASKED[COMPLETIONS], {"body": whole})
        assert first["choices"][0]["logprobs"] == whole["choices"][0]["logprobs"]
        assert second["choices"][0]["logprobs"] is None

    def test_logprobs_may_lack_a_list(self) -> None:
        """A scripted response may have null instead."""
        whole = respond(COMPLETIONS, {**ASKED[COMPLETIONS], "logprobs": 1})
        whole["choices"][0]["logprobs"]["top_logprobs"] = None
        first, *_ = stream(COMPLETIONS, ASKED[COMPLETIONS], {"body": whole, "raw": True})
        logprobs = first["choices"][0]["logprobs"]
        assert (len(logprobs["tokens"]), logprobs["top_logprobs"]) == (1, None)


class TestResponses:
    """The sequence of events, as recorded."""

    def test_text(self) -> None:
        """From created to completed."""
        assert event_types(stream_default(RESPONSES)) == [
            *("created", "in_progress", "output_item.added", "content_part.added"),
            *("output_text.delta", "output_text.done", "content_part.done", "output_item.done"),
            "completed",
        ]

    def test_reasoning_with_a_summary(self) -> None:
        """The item is added before its summary, and done before the message begins."""
        events = stream_default(RESPONSES, model="gpt-5-nano", reasoning={"summary": "auto"})
        assert event_types(events)[2:8] == [
            *("output_item.added", "reasoning_summary_part.added"),
            *("reasoning_summary_text.delta", "reasoning_summary_text.done"),
            *("reasoning_summary_part.done", "output_item.done"),
        ]
        assert events[2]["item"]["summary"] == []
        assert "status" not in events[2]["item"]

    def test_reasoning_without_a_summary(self) -> None:
        """It is added and done."""
        events = stream_default(RESPONSES, model="gpt-5-nano")
        assert event_types(events)[2:5] == [
            "output_item.added",
            "output_item.done",
            "output_item.added",
        ]

    def test_calls(self) -> None:
        """Each has its arguments in chunks."""
        events = stream(RESPONSES, ASKED[RESPONSES], {"tool_calls": [WEATHER]})
        assert event_types(events)[2:6] == [
            *("output_item.added", "function_call_arguments.delta"),
            *("function_call_arguments.done", "output_item.done"),
        ]
        assert events[2]["item"]["arguments"] == ""
        assert events[2]["item"]["status"] == "in_progress"

    def test_refusal(self) -> None:
        """It is a part of another type."""
        events = stream(RESPONSES, ASKED[RESPONSES], {"refusal": "I cannot."})
        assert event_types(events)[3:6] == ["content_part.added", "refusal.delta", "refusal.done"]
        assert events[3]["part"] == {"type": "refusal", "refusal": ""}

    def test_sequence_numbers_count_from_zero(self) -> None:
        """Each event has the next one."""
        events = stream_default(RESPONSES)
        assert [event["sequence_number"] for event in events] == list(range(len(events)))

    def test_the_response_in_progress_is_empty(self) -> None:
        """No output, no usage, no billing; its tier is that of the request."""
        first, second, *_, last = stream_default(RESPONSES)
        assert first["response"] == second["response"]
        begun = first["response"]
        names = ("status", "output", "usage", "completed_at", "service_tier")
        assert [begun[name] for name in names] == ["in_progress", [], None, None, "auto"]
        assert last["response"]["service_tier"] == "default"
        assert "billing" not in {*begun, *last["response"]}

    @pytest.mark.parametrize(
        ("document", "end"),
        [({"finish_reason": "length"}, "incomplete"), ({"content": "x"}, "completed")],
    )
    def test_the_last_event_is_named_after_the_status(self, document: Json, end: str) -> None:
        """A response that was cut is incomplete."""
        assert event_types(stream(RESPONSES, ASKED[RESPONSES], document))[-1] == end

    def test_a_failed_response_ends_with_failed(self) -> None:
        """Only a scripted response can fail."""
        error = {"code": "server_error", "message": "No."}
        whole = {**respond(RESPONSES, ASKED[RESPONSES]), "status": "failed", "error": error}
        events = stream(RESPONSES, ASKED[RESPONSES], {"body": {**whole, "output": []}, "raw": True})
        assert event_types(events) == ["created", "in_progress", "failed"]
        assert (events[0]["response"]["error"], events[-1]["response"]["error"]) == (None, error)

    def test_lengths_of_deltas_are_hidden(self) -> None:
        """As recorded, filled up to sixteen; not if the request turns it off."""
        for event in stream_default(RESPONSES):
            whole = len(event.get("delta", "")) + len(event.get("obfuscation", ""))
            assert whole == (16 if "delta" in event else 0)
        assert not any("obfuscation" in event for event in stream_default(RESPONSES, **BARE))

    def test_annotations_and_items_of_other_types_are_sent(self) -> None:
        """All of a scripted response is."""
        whole = respond(RESPONSES, ASKED[RESPONSES])
        note = {"type": "url_citation", "url": "https://a.b", "title": "A"}
        whole["output"][0]["content"][0]["annotations"] = [note]
        shell = {"type": "custom_tool_call", "id": "ctc_" + "0" * 50, "status": "completed"}
        search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
        whole["output"] += [{**shell, "call_id": "c", "name": "sh", "input": "ls"}, search]
        events = stream(RESPONSES, ASKED[RESPONSES], {"body": whole})
        assert note in [event.get("annotation") for event in events]
        assert event_types(events)[-7:] == [
            *("output_item.added", "custom_tool_call_input.delta", "custom_tool_call_input.done"),
            *("output_item.done", "output_item.added", "output_item.done", "completed"),
        ]


def test_only_three_endpoints_stream() -> None:
    """Embeddings have no events."""
    assert endpoints()[EMBEDDINGS].stream is None


def test_text_with_other_logprobs_is_chunked() -> None:
    """The log probabilities come with the first chunk; a text without tokens has none."""
    token = {"token": "Rain"}
    assert chunk_text("Rain", [token]) == [("Rain", [token])]
    assert chunk_text("Sunny day", [token]) == [("Sunn", [token]), ("y da", []), ("y", [])]
    assert chunk_text("Sun", None) == [("Sun", [])]
    assert chunk_text("", None) == []


@EVERY
def test_a_very_long_text_comes_in_longer_chunks(path: str) -> None:
    """So that their number, and the time that they take, does not grow with the text."""
    content = "abcd" * (10 * MAX_CHUNKS)
    events = stream(path, {**ASKED[path], **BARE}, {"content": content})
    assert len(events) < MAX_CHUNKS + 20
    assert "".join(map(added_text, events)) == content


@pytest.mark.parametrize("path", [CHAT, COMPLETIONS])
def test_the_choices_of_a_long_text_share_the_chunks(path: str) -> None:
    """128 choices have hardly more chunks than one, and each has the whole text."""
    content = "abcd" * (MAX_CHUNKS // 10)
    events = stream(path, {**ASKED[path], **BARE, "n": 128}, {"content": content})
    assert len(events) < 2 * MAX_CHUNKS
    first = [event for event in events if event["choices"][0]["index"] == 0]
    assert "".join(map(added_text, first)) == content


def added_text(event: dict[str, Json]) -> str:
    """Return the text that an event adds to that of the response."""
    if "choices" not in event:
        return str(event["delta"]) if event["type"] == "response.output_text.delta" else ""
    [choice] = event["choices"]
    return choice["delta"].get("content") or "" if "delta" in choice else str(choice["text"])
