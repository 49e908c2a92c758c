"""Plain requests to POST /v1/chat/completions: messages that are texts, and one text in answer."""

from collections.abc import Mapping

from mockbatch.endpoints import text
from mockbatch.endpoints.fast_path import Answering, Gist, Plain, Values, form
from mockbatch.endpoints.json_template import Place, escaped
from mockbatch.endpoints.models import get_model
from mockbatch.typing import Json

_MEMBERS = frozenset(
    {
        *(
            "model",
            "temperature",
            "top_p",
            "max_tokens",
            "max_completion_tokens",
            "stop",
            "seed",
        ),
        *("presence_penalty", "frequency_penalty", "reasoning_effort", "verbosity", "store"),
        *("user", "metadata", "service_tier", "n", "stream"),
    }
)
_SPEAKERS = frozenset({"system", "developer", "user", "assistant"})
_PLACES: tuple[Place, ...] = (
    ("id",),
    ("created",),
    ("choices", 0, "message", "content"),
    ("choices", 0, "finish_reason"),
    ("usage", "prompt_tokens"),
    ("usage", "completion_tokens"),
    ("usage", "total_tokens"),
)


def _gist(body: dict[str, Json]) -> Gist | None:
    rest = dict(body)
    messages = rest.pop("messages", None)
    if type(messages) is not list or not messages or not _is_plain(rest):
        return None
    asked: str | None = None
    given = text.TOKENS_FOR_REPLY
    for message in messages:
        content = _said(message)
        if content is None:
            return None
        given += text.TOKENS_PER_MESSAGE + text.count_tokens(content)
        if message["role"] == "user":
            asked = content
    written = form(rest)
    if written is None or content is None:
        return None
    return Gist(written, text.quote(content if asked is None else asked), given)


def _is_plain(rest: dict[str, Json]) -> bool:
    return rest.keys() <= _MEMBERS and rest.get("n") in (None, 1) and not rest.get("stream")


def _said(message: Json) -> str | None:
    """Return the text that a message consists of, None if there is more to it."""
    if type(message) is not dict or len(message) != 2:
        return None
    role, content = message.get("role"), message.get("content")
    plain = type(role) is str and role in _SPEAKERS and type(content) is str
    return content if plain else None


def _answering(body: Mapping[str, Json]) -> Answering:
    most, thinking = limit(body)
    left = None if most is None else most - thinking
    stop = tuple(text.stop_sequences(body.get("stop")))

    def values(asked: tuple[str, bool], given: int, letters: str, at: int) -> Values:
        quoted, is_bare = asked
        said, reason = text.mock_reply_to_quote(quoted), "stop"
        made = text.count_tokens(said)
        if stop or (left is not None and made > left):
            said, made, cut = text.limit_text(said, left, stop)
            reason = "length" if cut else "stop"
        if not is_bare:
            said = escaped(said)
        made += thinking
        return answer_id(letters), at, said, reason, given, made, given + made

    return values


def limit(body: Mapping[str, Json]) -> tuple[int | None, int]:
    """Return how many tokens may be made, if that is limited, and how many the model thinks."""
    limit = body.get("max_completion_tokens")
    if limit is None:
        limit = body.get("max_tokens")
    thinking = get_model(body["model"]).reasoning_tokens(body.get("reasoning_effort"))
    # JSON Schema takes 16.0 for an integer.
    return (None, thinking) if limit is None else (int(limit), min(thinking, int(limit)))


def answer_id(letters: str) -> str:
    """Return the id of an answer, `chatcmpl-` and 29 letters and digits, as recorded."""
    return "chatcmpl-" + letters[:29]


def _example(rest: Mapping[str, Json]) -> dict[str, Json]:
    return {**rest, "messages": [{"role": "user", "content": "Hello"}]}


PLAIN = Plain(_gist, _PLACES, _answering, input=4, output=5, example=_example)
