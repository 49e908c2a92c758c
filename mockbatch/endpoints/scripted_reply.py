"""A scripted reply: what a batch line or live call gets instead of the default response.

`mockbatch.scripting.reply` parses and checks the documents that replies are written as.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from msgspec import Struct

from mockbatch.endpoints import find_endpoint, text, tool_calls
from mockbatch.endpoints.tool_calls import ToolCall
from mockbatch.typing import Json

# How a line with a reply ends.
SUCCEEDED = "succeeded"
FAILED = "failed"
NEVER_RAN = "never_ran"

# The fields that are put into an endpoint's own response; each endpoint supports some of them.
REPLY_FIELDS = ("content", "tool_calls", "refusal", "finish_reason", "flagged")
# The value of `tool_calls` that stands for a call of each tool that the request offers.
CALL_OFFERED_TOOLS = "offered"


class Conditions(Protocol):
    """The conditions of a script's entry; `mockbatch.scripting.match` implements them."""

    def as_json(self) -> dict[str, Json]:
        """Return the conditions, ready for JSON."""


class RecordedBody(NamedTuple):
    """The response body in a line of a real output file.

    The line is kept as bytes, which take a fifth of the memory of its parsed values.
    """

    line: bytes

    def read(self) -> Json:
        """Return the body."""
        return json.loads(self.line)["response"]["body"]


class Reply(Struct, frozen=True):
    """One scripted reply; fields that its document leaves out are None or empty.

    `document` is what the reply was made from; its body may be a RecordedBody.
    `paths` are the paths of the endpoints that may respond with its body, None for all.
    `raw` is true if the body was not checked: it may be any JSON, even null.
    `match` is that of the script's entry that has the reply, None if no script has it.
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
    match: Conditions | None = None

    @classmethod
    def from_valid_document(
        cls, document: Mapping[str, Json], paths: frozenset[str] | None = None
    ) -> "Reply":
        """Return the reply of a document that is valid (schema reply.json) and never changes.

        `paths` are the paths of the endpoints that may respond with its body, None for all.
        """
        calls = document.get("tool_calls", ())
        return cls(
            document,
            content=document.get("content"),
            calls=() if calls == CALL_OFFERED_TOOLS else tuple(map(_parse_call, calls)),
            refusal=document.get("refusal"),
            finish_reason=document.get("finish_reason"),
            flagged=tuple(document.get("flagged", ())),
            status_code=document.get("status_code"),
            error=document.get("error"),
            raw=document.get("raw", False),
            paths=paths,
        )

    @property
    def outcome(self) -> str:
        """How the line ends: SUCCEEDED, FAILED (it gets an HTTP error) or NEVER_RAN."""
        if self.status_code is not None and not 200 <= self.status_code < 300:
            return FAILED
        never_ran = self.error is not None and "body" not in self.document
        return NEVER_RAN if never_ran else SUCCEEDED

    def is_body_for(self, path: str) -> bool:
        """Return whether the reply's body is a whole response of the endpoint at a path."""
        is_response = "body" in self.document and self.outcome == SUCCEEDED
        return is_response and (self.paths is None or path in self.paths)

    def is_complete(self, path: str) -> bool:
        """Return whether the endpoint at a path need not make a response to put the reply into."""
        return self.outcome != SUCCEEDED or self.is_body_for(path)

    def has_content_for(self, path: str) -> bool:
        """Return whether the reply brings content that responses of the endpoint can carry."""
        content = self.fields - {"finish_reason"} and not self.calls_offered_tools
        endpoint = find_endpoint(path)
        supported = frozenset() if endpoint is None else endpoint.supported_reply_fields
        return bool(content) and self.fields <= supported

    @property
    def calls_offered_tools(self) -> bool:
        """Whether the reply calls each tool that the request offers."""
        return self.document.get("tool_calls") == CALL_OFFERED_TOOLS

    @property
    def body(self) -> Json:
        """The whole body of the response, or of the HTTP error."""
        body = self.document.get("body")
        return body.read() if isinstance(body, RecordedBody) else body

    @property
    def fields(self) -> frozenset[str]:
        """Those of REPLY_FIELDS that the reply has."""
        return frozenset(name for name in REPLY_FIELDS if name in self.document)

    @property
    def token_count(self) -> int:
        """The number of tokens in the reply's content, refusal and tool calls."""
        return (
            text.count_tokens(self.content or "")
            + text.count_tokens(self.refusal or "")
            + tool_calls.count_tokens(self.calls)
        )

    def text_replacing(self, default: str) -> text.GeneratedText:
        """Return the text that replaces a default one; filtered text is billed all the same.

        Source: BerriAI/litellm#8953 shows a filtered response with no text and 14 tokens.
        """
        is_cut = self.finish_reason == "length"
        if self.content is not None:
            return text.GeneratedText(self.content, text.count_tokens(self.content), is_cut=is_cut)
        if is_cut:
            # Half of the text: a client that takes it for the whole is found out.
            return text.limit_text(default, text.count_tokens(default) // 2)
        is_filtered = self.finish_reason == "content_filter"
        return text.GeneratedText(
            "" if is_filtered else default, text.count_tokens(default), is_cut=False
        )

    def as_json(self) -> Mapping[str, Json]:
        """Return the document, schema reply.json."""
        return {**self.document, "body": self.body} if "body" in self.document else self.document


def _parse_call(call: Mapping[str, Json]) -> ToolCall:
    function = call.get("function", call)
    arguments = function.get("arguments", {})
    if not isinstance(arguments, str):
        # As compact as the service writes them.
        arguments = json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
    return ToolCall(function["name"], arguments, call.get("id"))
