"""A scripted reply: what a line, or a live call, is answered with in place of the default."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from mockbatch.endpoints import endpoints, text, tool_calls
from mockbatch.endpoints.endpoint import Endpoint
from mockbatch.endpoints.tool_calls import ToolCall
from mockbatch.errors import ApiError, api_error
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

# How a line ends.
SUCCEEDED = "succeeded"
FAILED = "failed"
NEVER_RAN = "never_ran"

# What a model can be made to say; an endpoint says which of it has a place in its answers.
REPLY_FIELDS = ("content", "tool_calls", "refusal", "finish_reason", "flagged")
# In place of `tool_calls`: the tools that the request offers are called.
CALL_OFFERED_TOOLS = "offered"
_OTHER_KINDS = ("body", "status_code", "error")


class RecordedBody(NamedTuple):
    """The body in a line of a real output file; as text it is a fifth of its values."""

    line: bytes

    def read(self) -> Json:
        """Return the body."""
        return json.loads(self.line)["response"]["body"]


@dataclass(frozen=True, slots=True)
class Reply:
    """One scripted reply; members that the document leaves out are None.

    `document` is what it was made from, in which a body may be Written. `paths` are those of
    the endpoints that may answer with its body, and None if every one may. `raw` is true of
    what nobody checked: the body may then be any JSON, null too.
    """

    document: Mapping[str, Json]
    content: str | None = None
    calls: tuple[ToolCall, ...] = ()
    refusal: str | None = None
    finish_reason: str | None = None
    flagged: tuple[str, ...] = ()
    status_code: int | None = None
    error: Mapping[str, Json] | None = None
    raw: bool = False
    paths: frozenset[str] | None = None

    @property
    def outcome(self) -> str:
        """How the line ends: SUCCEEDED, FAILED (answered with an HTTP error) or NEVER_RAN."""
        if self.status_code is not None and not 200 <= self.status_code < 300:
            return FAILED
        never_ran = self.error is not None and "body" not in self.document
        return NEVER_RAN if never_ran else SUCCEEDED

    def is_body_for(self, path: str) -> bool:
        """Tell whether its body is the whole answer of the endpoint at a path."""
        whole = "body" in self.document and self.outcome == SUCCEEDED
        return whole and (self.paths is None or path in self.paths)

    def is_complete(self, path: str) -> bool:
        """Tell whether it needs no answer of the endpoint at a path to be put into."""
        return self.outcome != SUCCEEDED or self.is_body_for(path)

    def has_content_for(self, path: str) -> bool:
        """Tell whether it says something of its own in answers of the endpoint at a path."""
        own = self.fields - {"finish_reason"} and not self.calls_offered_tools
        return bool(own) and self.fields <= endpoints()[path].supported_reply_fields

    @property
    def calls_offered_tools(self) -> bool:
        """Whether it is a call of each tool that the request offers."""
        return self.document.get("tool_calls") == CALL_OFFERED_TOOLS

    @property
    def body(self) -> Json:
        """The whole body of the answer, or of the failure."""
        body = self.document.get("body")
        return body.read() if isinstance(body, RecordedBody) else body

    @property
    def fields(self) -> frozenset[str]:
        """Which of the members that an endpoint has to have a place for are given."""
        return frozenset(name for name in REPLY_FIELDS if name in self.document)

    @property
    def tokens(self) -> int:
        """How many tokens what it says is."""
        return (
            text.count_tokens(self.content or "")
            + text.count_tokens(self.refusal or "")
            + tool_calls.count_tokens(self.calls)
        )

    def text_replacing(self, default: str) -> text.GeneratedText:
        """Return the text it gives in place of another; a text withheld is billed all the same.

        Source: BerriAI/litellm#8953 shows a filtered answer of no text and 14 tokens.
        """
        cut = self.finish_reason == "length"
        if self.content is not None:
            return text.GeneratedText(self.content, text.count_tokens(self.content), cut=cut)
        if cut:
            # Half of a text shows in any client that takes it for whole.
            return text.limit_text(default, text.count_tokens(default) // 2)
        withheld = self.finish_reason == "content_filter"
        return text.GeneratedText(
            "" if withheld else default, text.count_tokens(default), cut=False
        )

    def as_json(self) -> Mapping[str, Json]:
        """Return the document, schema reply.json."""
        return {**self.document, "body": self.body} if "body" in self.document else self.document


def parse_reply(document: Json, path: str = "reply", endpoint: Endpoint | None = None) -> Reply:
    """Return the reply that a document holds, schema reply.json.

    With an `endpoint`, everything has to have a place in its answers; without one, a body
    has to be an answer of some endpoint.
    Raises ApiError 400 whose param is the place of the fault, as in
    `reply.body.choices[0].message`.
    """
    schema("reply").check(document, path)
    _check_kinds(document, path)
    if endpoint is not None:
        _check_places(document, path, endpoint)
    answering = None if document.get("raw") else _checked_body(document, path, endpoint)
    return trusted(copy.deepcopy(document), answering)


def trusted(document: Mapping[str, Json], paths: frozenset[str] | None = None) -> Reply:
    """Return the reply of a document that is as it has to be and will never change.

    `paths` are those of the endpoints that may answer with its body, None if every one may.
    """
    status_code = document.get("status_code")
    told = document.get("tool_calls", ())
    return Reply(
        document,
        content=document.get("content"),
        calls=() if told == CALL_OFFERED_TOOLS else tuple(map(_call, told)),
        refusal=document.get("refusal"),
        finish_reason=document.get("finish_reason"),
        flagged=tuple(document.get("flagged", ())),
        # JSON Schema takes 400.0 for an integer.
        status_code=None if status_code is None else int(status_code),
        error=document.get("error"),
        raw=document.get("raw", False),
        paths=paths,
    )


def _check_kinds(document: Mapping[str, Json], path: str) -> None:
    """Refuse members that do not go together, and a document without any."""
    kinds = [name for name in (*_OTHER_KINDS, *REPLY_FIELDS) if name in document]
    if not kinds:
        names = ", ".join((*REPLY_FIELDS, *_OTHER_KINDS))
        raise api_error("invalid_value", param=path, reason=f"it has none of {names}")
    if "status_code" in document and "body" not in document:
        raise api_error("missing_parameter", param=f"{path}.body")
    first, *others = kinds
    for other in others:
        alone = CALL_OFFERED_TOOLS in (document[first], document[other])
        if alone or not _go_together(first, other, raw=document.get("raw", False)):
            reason = f"a reply with '{first}' has no '{other}'"
            raise api_error("invalid_value", param=f"{path}.{other}", reason=reason)
    if document.get("raw") and first in REPLY_FIELDS:
        reason = f"'{first}' has nothing that could be sent as it is"
        raise api_error("invalid_value", param=f"{path}.raw", reason=reason)
    if document.get("finish_reason") == "tool_calls" and "tool_calls" not in document:
        reason = "there are no 'tool_calls' in this reply"
        raise api_error("invalid_value", param=f"{path}.finish_reason", reason=reason)


def _go_together(first: str, other: str, *, raw: bool) -> bool:
    if first in _OTHER_KINDS:
        # Real files hold lines with both an answer and an error; only a raw reply is one.
        return {first, other} == {"body", "status_code"} or (raw and other in _OTHER_KINDS)
    return other == "finish_reason" or {first, other} == {"content", "tool_calls"}


def _check_places(document: Mapping[str, Json], path: str, endpoint: Endpoint) -> None:
    for name in REPLY_FIELDS:
        if name in document and name not in endpoint.supported_reply_fields:
            reason = f"an answer of {endpoint.path} has no place for it"
            raise api_error("invalid_value", param=f"{path}.{name}", reason=reason)


def _checked_body(
    document: Mapping[str, Json], path: str, endpoint: Endpoint | None
) -> frozenset[str] | None:
    """Check the body of a document; return the paths of the endpoints whose answer it can be."""
    if "body" not in document:
        return None
    body, place = document["body"], f"{path}.body"
    if "status_code" in document:
        _check_body(body, place, "error")
        return None
    answering = [endpoint] if endpoint else _answering(body, place)
    _check_body(body, place, answering[0].schema)
    return frozenset(one.path for one in answering)


def _check_body(body: dict[str, Json], place: str, name: str) -> None:
    fault = schema(name).error(body, place)
    if fault is not None:
        raise _named(fault, place)


def _answering(body: dict[str, Json], place: str) -> list[Endpoint]:
    """Return the endpoints whose answers are such bodies: by `object`, or else by their shape."""
    known = list(endpoints().values())
    found = [endpoint for endpoint in known if _answers_so(endpoint, body)]
    if not found:
        objects = ", ".join(repr(name) for name in map(_object, known) if name)
        reason = f"its 'object' is none of {objects}; name the endpoint in 'match'"
        raise _named(api_error("invalid_value", param=f"{place}.object", reason=reason), place)
    return found


def _answers_so(endpoint: Endpoint, body: dict[str, Json]) -> bool:
    name = _object(endpoint)
    return schema(endpoint.schema).accepts(body) if name is None else name == body.get("object")


def _object(endpoint: Endpoint) -> Json:
    """Return the `object` of all answers of an endpoint, None if they have none."""
    properties = schema(endpoint.schema).document.get("properties", {})
    return properties.get("object", {}).get("const")


def _named(fault: ApiError, place: str) -> ApiError:
    return api_error("reply_breaks_schema", param=fault.param or place, reason=fault.message)


def _call(given: Mapping[str, Json]) -> ToolCall:
    function = given.get("function", given)
    arguments = function.get("arguments", {})
    if not isinstance(arguments, str):
        # As compact as the service writes them.
        arguments = json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
    return ToolCall(function["name"], arguments, given.get("id"))
