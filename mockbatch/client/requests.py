"""A request that a world received, and its response, as values."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mockbatch.typing import Json

__tracebackhide__ = True


class Headers(Mapping[str, str]):
    """Headers, whose names are in lower case and can be looked up in any case."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def __getitem__(self, name: str) -> str:
        return self._headers[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)

    def __repr__(self) -> str:
        return repr(self._headers)


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file in a body: its id, if the server gave it one, and never its content."""

    filename: str
    bytes: int
    id: str | None
    field: str | None


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request or of a response.

    `text` has its beginning if it is longer than 64 KB, and `truncated` is true then; `bytes` is
    its whole length. A form has its texts in `form`, and a form or a download has its files in
    `files`, instead of a `text`.
    """

    text: str | None
    bytes: int
    truncated: bool
    form: Mapping[str, str] | None
    files: tuple[SentFile, ...]

    @classmethod
    def from_json(cls, message: Mapping[str, Json]) -> "Body":
        """Return the body of a message of the journal."""
        files = tuple(SentFile(**file) for file in message["files"])
        names = ("text", "bytes", "truncated", "form")
        return cls(**{name: message[name] for name in names}, files=files)

    @property
    def json(self) -> Json:
        """The body, parsed; None if it is empty. ValueError if it is not JSON, or was cut."""
        if not self.bytes:
            return None
        if self.text is None:
            raise ValueError("the body is a form or a file, not JSON")
        if self.truncated:
            raise ValueError(f"only the beginning of the body was kept: it has {self.bytes} bytes")
        return json.loads(self.text)


class _Message:
    """What a request and a response have in common."""

    __slots__ = ()

    @property
    def body(self) -> Body:
        """The body."""
        raise NotImplementedError

    @property
    def text(self) -> str | None:
        """The text of the body; None if it is a form or a file."""
        return self.body.text

    @property
    def json(self) -> Json:
        """The body, parsed; None if it is empty. ValueError if it is not JSON, or was cut."""
        return self.body.json

    @property
    def truncated(self) -> bool:
        """Whether only the beginning of the body was kept."""
        return self.body.truncated


@dataclass(frozen=True, slots=True)
class Response(_Message):
    """The response to a request."""

    status: int
    headers: Headers
    _body: Body

    @property
    def body(self) -> Body:
        """The body."""
        return self._body


@dataclass(frozen=True, slots=True)
class Request(_Message):
    """A request that the world received; times are epoch seconds.

    `status` is 0 if the client got no response; `fault` names the fault that hit it, and `reply`
    is the match of the scripted reply that a live call got. `broken` is true if mockbatch itself
    failed, by a bug of its own. `error` is the message of an error response, and `duration_ms` how
    long the request took in real time. `id` is its number.
    """

    method: str
    path: str
    status: int
    retry_count: int
    now: float
    wall: float
    fault: str | None = None
    reply: Mapping[str, Json] | None = None
    known: bool = True
    broken: bool = False
    error: str | None = None
    duration_ms: float = 0
    id: int = 0
    _request: Mapping[str, Json] | None = field(default=None, repr=False)
    _response: Mapping[str, Json] | None = field(default=None, repr=False)

    @classmethod
    def from_json(cls, entry: Mapping[str, Json]) -> "Request":
        """Return the request of an entry of the journal."""
        named = {"request": "_request", "response": "_response"}
        return cls(**{named.get(name, name): value for name, value in entry.items()})

    @property
    def headers(self) -> Headers:
        """The headers of the request; keys in them are masked."""
        return Headers(self._contents["headers"])

    @property
    def body(self) -> Body:
        """The body of the request."""
        return Body.from_json(self._contents)

    @property
    def response(self) -> Response | None:
        """What the client got; None if it got no response."""
        _ = self._contents
        answer = self._response
        if answer is None:
            return None
        return Response(answer["status"], Headers(answer["headers"]), Body.from_json(answer))

    @property
    def _contents(self) -> Mapping[str, Json]:
        if self._request is None:
            raise LookupError(
                f"what {self.method} {self.path} said is no longer kept: the journal has the "
                "contents of the latest requests, up to 8 MB"
            )
        return self._request
