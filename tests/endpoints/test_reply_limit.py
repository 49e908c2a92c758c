"""Scripted replies that would make responses or batches too large."""

import json

import pytest

from mockbatch.endpoints import endpoints, reply_limit
from mockbatch.endpoints.reply_limit import ReplyLimit
from mockbatch.endpoints.scripted_reply import RecordedBody, Reply
from mockbatch.scripting.reply import parse_reply
from mockbatch.typing import Json
from tests.support.bodies import BODIES, CHAT

MEGABYTE = 1_000_000
CODE = "reply_too_long"


def limit_reply(document: Json, limit: ReplyLimit | None = None, **extra: Json) -> Reply:
    """Return what becomes of a reply to a chat request."""
    body = {**BODIES[CHAT][0], "model": "gpt-4o-mini", **extra}
    return (limit or ReplyLimit()).apply(endpoints()[CHAT], parse_reply(document), lambda: body)


def error_code(reply: Reply) -> str | None:
    """Return the code of the error that took the place of a reply, None if none did."""
    return reply.body["error"]["code"] if reply.status_code == 400 else None


def test_a_reply_is_as_long_as_all_choices_allow() -> None:
    """16 million characters in all choices together."""
    assert error_code(limit_reply({"content": "a" * MEGABYTE}, n=15)) is None
    assert error_code(limit_reply({"content": "a" * MEGABYTE}, n=16)) == CODE
    most = "a" * (MEGABYTE - len("content"))
    assert error_code(limit_reply({"content": most}, n=16)) is None


def test_characters_are_counted_as_json_has_them() -> None:
    """An emoji takes twelve there, so a million of them are too many for two choices."""
    assert error_code(limit_reply({"content": "\U0001f600" * MEGABYTE}, n=1)) is None
    assert error_code(limit_reply({"content": "\U0001f600" * MEGABYTE}, n=2)) == CODE


def test_the_log_probabilities_of_a_reply_are_counted() -> None:
    """A long text has too many."""
    short, long = ({"content": "a" * length} for length in (10_000, 20_000))
    assert error_code(limit_reply(short, logprobs=True, top_logprobs=20)) is None
    assert error_code(limit_reply(long, logprobs=True, top_logprobs=20)) == "invalid_value"


@pytest.mark.parametrize(
    "document", [{"content": "a" * MEGABYTE}, {"raw": True, "body": {"a": ["a" * MEGABYTE]}}]
)
def test_the_replies_of_a_batch_have_one_limit(
    document: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines that are left when it is reached get the error."""
    monkeypatch.setattr(reply_limit, "MAX_BATCH_CHARACTERS", 3 * MEGABYTE)
    limit = ReplyLimit()
    codes = [error_code(limit_reply(document, limit)) for _ in range(4)]
    assert codes == [None, None, CODE, CODE]


def test_the_limit_of_a_batch_can_be_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the last character; a name counts, too."""
    monkeypatch.setattr(reply_limit, "MAX_BATCH_CHARACTERS", 2 * len("contentabc"))
    limit = ReplyLimit()
    codes = [error_code(limit_reply({"content": "abc"}, limit)) for _ in range(3)]
    assert codes == [None, None, CODE]


def test_recorded_bodies_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each belongs to one line of a file that somebody has."""
    monkeypatch.setattr(reply_limit, "MAX_BATCH_CHARACTERS", 100)
    line = json.dumps({"response": {"body": {"a": "b" * 1000}}}).encode()
    reply = Reply.from_valid_document({"raw": True, "body": RecordedBody(line)})
    assert ReplyLimit().apply(endpoints()[CHAT], reply, dict) is reply
