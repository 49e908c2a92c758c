"""Bounds what scripted replies make of a response, and of all responses of a batch.

A reply may have megabytes, and any number of choices and lines may get it.
"""

from collections.abc import Callable
from json.encoder import encode_basestring_ascii

from msgspec.structs import replace

from mockbatch.endpoints import text
from mockbatch.endpoints.endpoint import Endpoint
from mockbatch.endpoints.scripted_reply import RecordedBody, Reply
from mockbatch.errors import ApiError, api_error
from mockbatch.typing import Json

#: The characters of a reply, written as JSON, in all choices of a response, and in all lines of
#: a batch.
MAX_RESPONSE_CHARACTERS, MAX_BATCH_CHARACTERS = 16_000_000, 64_000_000


class ReplyLimit:
    """Replaces scripted replies that would make a response, or all of a batch, too large."""

    def __init__(self) -> None:
        self._left = MAX_BATCH_CHARACTERS
        # By identity, with the reply itself, so that no other gets its identity.
        self._lengths: dict[int, tuple[Reply, int]] = {}

    def apply(self, endpoint: Endpoint, reply: Reply, read_body: Callable[[], Json]) -> Reply:
        """Return the reply to a request, or one with the error that takes its place.

        `read_body` returns the body of the request; it is valid unless the reply is complete.
        """
        length = self._length(reply)
        if not length:
            return reply
        if reply.is_complete(endpoint.path):
            return self._spend(length, reply)
        shape = endpoint.response_shape(read_body())
        try:
            shape.check(len(reply.calls), reply.token_count)
        except ApiError as error:
            return _reject(reply, error)
        if shape.choices * length > MAX_RESPONSE_CHARACTERS:
            return _reject(reply, api_error("reply_too_long", limit=MAX_RESPONSE_CHARACTERS))
        return self._spend(shape.choices * length, reply)

    def _length(self, reply: Reply) -> int:
        if id(reply) not in self._lengths:
            self._lengths[id(reply)] = reply, _count_characters(reply.document)
        return self._lengths[id(reply)][1]

    def _spend(self, characters: int, reply: Reply) -> Reply:
        if characters > self._left:
            limit = MAX_BATCH_CHARACTERS
            return _reject(reply, api_error("batch_replies_too_long", limit=limit))
        self._left -= characters
        return reply


def _count_characters(value: Json) -> int:
    """Return about how many characters a value has as JSON; 0 for a body that was recorded.

    Each recorded body is that of one line.
    """
    if isinstance(value, str):
        return _count_escaped(value)
    if isinstance(value, dict):
        return sum(_count_escaped(name) + _count_characters(item) for name, item in value.items())
    if isinstance(value, list):
        return sum(map(_count_characters, value))
    return 0 if isinstance(value, RecordedBody) else text.CHARACTERS_PER_TOKEN


def _count_escaped(text: str) -> int:
    """Return the length of a text in JSON, where a character beyond ASCII takes six or twelve."""
    return len(encode_basestring_ascii(text)) - 2


def _reject(reply: Reply, error: ApiError) -> Reply:
    rejection = Reply.from_valid_document({"status_code": error.status, "body": error.body()})
    return replace(rejection, match=reply.match)
