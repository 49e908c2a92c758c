"""A script: scripted replies, each with a match; the first entry that matches a request applies."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from heapq import merge
from typing import NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.endpoints import find_endpoint
from mockbatch.endpoints.endpoint import Endpoint
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.errors import ApiError, api_error
from mockbatch.jsonio import parse as parse_json
from mockbatch.limits import Limits
from mockbatch.scripting.match import Match, RequestContext
from mockbatch.scripting.match import parse as parse_match
from mockbatch.scripting.reply import parse_reply
from mockbatch.scripting.turns import Turns
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from mockbatch.validation.type_names import describe_type

# Called with a line: custom_id, method, url and body, each None if a live call lacks it. Returns
# a reply document, the text of a reply, or None for the default reply.
ReplyFunction = Callable[[dict[str, Json]], Json]

_Turns: TypeAlias = Turns[Reply | ReplyFunction]

_LINE_MEMBERS = ("custom_id", "method", "url", "body")


class Use(Struct):
    """Whether a request has ever matched an entry."""

    is_used: bool = False


class Entry(NamedTuple):
    """A reply, or a function that returns one, for the requests that match.

    With `turns`, requests get several replies in turn, or only a limited number of them get the
    reply. `use`, if it is set, records whether the entry has ever applied.
    """

    match: Match
    reply: Reply | ReplyFunction
    turns: _Turns | None = None
    use: "Use | None" = None

    def reply_to(self, request: RequestContext) -> Reply | ReplyFunction | None:
        """Return the reply to a request that may match, None if the entry has none for it."""
        if not self.match.matches(request):
            return None
        if self.use is not None:
            self.use.is_used = True
        return self.reply if self.turns is None else self.turns.take(request)

    @property
    def has_function(self) -> bool:
        """Whether a Python function returns the reply, or one of them."""
        replies = (self.reply,) if self.turns is None else self.turns.items
        return not all(isinstance(reply, Reply) for reply in replies)

    def as_json(self) -> dict[str, Json]:
        """Return the entry, ready for JSON; a function is replaced by its name."""
        match = self.match.as_json()
        if self.turns is None:
            return {"match": match, "reply": _as_json(self.reply)}
        replies = list(map(_as_json, self.turns.items))
        times = {} if self.turns.times is None else {"times": self.turns.times}
        return {"match": match, "reply": replies if len(replies) > 1 else replies[0], **times}


class Script(Struct, frozen=True, dict=True):
    """Entries in the order in which they were added."""

    entries: tuple[Entry, ...] = ()
    # The lengths, as JSON, of the entries that were added: the last ones, and the only ones with
    # limits.
    added_bytes: tuple[int, ...] = ()

    def extended(self, entry: Entry, limits: Limits | None = None) -> "Script":
        """Return the script with one more entry; the present ones take precedence.

        Raises ApiError 400 if what was added is then above a limit.
        """
        limits, room = limits or Limits(), "DELETE /_mock/replies removes replies"
        added = (*self.added_bytes, len(json.dumps(entry.as_json())))
        if len(added) > limits.replies:
            raise limits.error("replies", room)
        if sum(added) > limits.document_bytes:
            raise limits.error("document_bytes", room)
        return Script((*self.entries, entry), added)

    def without(self, match: Match) -> "Script":
        """Return the script without the entries for this match; ApiError 404 if it has none."""
        kept = tuple(entry for entry in self.entries if entry.match != match)
        if len(kept) == len(self.entries):
            raise api_error("no_such_reply", match=json.dumps(match.as_json()))
        last = self.entries[len(self.entries) - len(self.added_bytes) :]
        added = zip(last, self.added_bytes, strict=True)
        return Script(kept, tuple(size for entry, size in added if entry.match != match))

    def restarted(self) -> "Script":
        """Return the same script, with all turns still to come."""
        return self._with_turns(Turns.restarted)

    def copied(self) -> "Script":
        """Return the same script, whose turns go on independently."""
        return self._with_turns(Turns.copied)

    def _with_turns(self, change: Callable[[_Turns], _Turns]) -> "Script":
        if all(entry.turns is None for entry in self.entries):
            return self
        return Script(
            tuple(
                entry if entry.turns is None else entry._replace(turns=change(entry.turns))
                for entry in self.entries
            ),
            self.added_bytes,
        )

    def reply(
        self,
        line: Mapping[str, Json],
        number: int | None,
        endpoint: str,
        batch_id: str | None,
    ) -> Reply | None:
        """Return the reply to a request, None for the default.

        `line` is a line of an input file and `number` its number, from 1. A live call is a line
        without a custom_id, and has neither a number nor a batch.
        Raises ApiError 400 if a function that returns the reply fails.
        """
        request = RequestContext(line, endpoint, number, batch_id)
        candidates = [self._indexes.get(key) for key in {request.custom_id, number, None}]
        for index in merge(*filter(None, candidates)):
            entry = self.entries[index]
            reply = entry.reply_to(request)
            if isinstance(reply, Reply):
                return reply
            if reply is not None:
                returned = call_reply_function(reply, line)
                return returned and replace(returned, match=entry.match)
        return None

    def as_json(self) -> list[dict[str, Json]]:
        """Return the entries, ready for JSON."""
        return [entry.as_json() for entry in self.entries]

    @cached_property
    def _indexes(self) -> Mapping[str | int | None, Sequence[int]]:
        """The indexes of the entries for one custom_id or one line; None: of all others."""
        indexes: dict[str | int | None, list[int]] = defaultdict(list)
        for index, entry in enumerate(self.entries):
            custom_id = entry.match.exact_custom_id
            indexes[entry.match.line if custom_id is None else custom_id].append(index)
        # Not a defaultdict: a lookup must not add a key.
        return dict(indexes)


def parse(document: Json, path: str = "") -> Entry:
    """Return the entry of `{"match": {...}, "reply": {...}}`; without a match, for all requests.

    A reply may be a text or a function; a list has a reply for each request in turn. `times`
    limits how many requests get a reply. If the match names an
    endpoint, the reply has to fit it.
    Raises ApiError 400 whose param is the path of the error, below `path`.
    """
    if not isinstance(document, dict):
        raise api_error(
            "invalid_type",
            param=path or "body",
            expected="an object",
            actual=describe_type(document),
        )
    prefix = f"{path}." if path else ""
    for name in document:
        if name not in ("match", "reply", "times"):
            raise api_error("unknown_parameter", param=f"{prefix}{name}")
    if "reply" not in document:
        raise api_error("missing_parameter", param=f"{prefix}reply")
    match = parse_match(document.get("match", {}), f"{prefix}match")
    endpoint = None if match.endpoint is None else find_endpoint(match.endpoint)
    given, place = document["reply"], f"{prefix}reply"
    if isinstance(given, list) and given:
        items = [_parse_one(one, f"{place}[{i}]", endpoint) for i, one in enumerate(given)]
    else:
        items = [_parse_one(given, place, endpoint)]
    replies = [replace(one, match=match) if isinstance(one, Reply) else one for one in items]
    times = document.get("times")
    schema("times").check(times, f"{prefix}times")
    if len(replies) == 1 and times is None:
        return Entry(match, replies[0])
    return Entry(match, replies[0], Turns(replies, times))


def _parse_one(document: Json, path: str, endpoint: Endpoint | None) -> Reply | ReplyFunction:
    if callable(document):
        function: ReplyFunction = document
        return function
    reply = {"content": document} if isinstance(document, str) else document
    return parse_reply(reply, path, endpoint)


def call_reply_function(function: ReplyFunction, line: Mapping[str, Json]) -> Reply | None:
    """Return the reply that a function returns for a line, None for the default.

    Raises ApiError 400, which names the function and the line, from the function's exception.
    """
    try:
        returned = function({name: line.get(name) for name in _LINE_MEMBERS})
    except Exception as error:
        raise _failure(function, line, f"{type(error).__name__}: {error}") from error
    if returned is None:
        return None
    if isinstance(returned, str):
        return Reply.from_valid_document({"content": returned})
    if not isinstance(returned, dict):
        reason = f"it returned {describe_type(returned)}, not a reply, a text or None"
        raise _failure(function, line, reason)
    try:
        # The round trip proves that it is JSON, and copies it.
        document = parse_json(json.dumps(returned))
        return parse_reply(document, "reply", find_endpoint(str(line.get("url"))))
    except (TypeError, ValueError, RecursionError) as error:
        raise _failure(function, line, f"what it returned is not JSON: {error}") from error
    except ApiError as error:
        failure = _failure(function, line, error.message)
        failure.param = error.param
        raise failure from error


def _failure(function: ReplyFunction, line: Mapping[str, Json], reason: str) -> ApiError:
    custom_id = line.get("custom_id")
    request = "a live call" if custom_id is None else f"custom_id {custom_id!r}"
    return api_error("callable_failed", name=_name(function), request=request, reason=reason)


def _as_json(reply: Reply | ReplyFunction) -> Mapping[str, Json]:
    return reply.as_json() if isinstance(reply, Reply) else {"callable": _name(reply)}


def _name(function: ReplyFunction) -> str:
    return getattr(function, "__name__", type(function).__name__)
