"""One world of a running server, as a test holds it: the control API's verbs in Python."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from http.client import HTTPConnection, HTTPSConnection
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from flask import Flask
    from openai import AsyncOpenAI, OpenAI
    from typing_extensions import Self

Json = Any
# method, path, headers, body -> status, body
Transport = Callable[[str, str, dict[str, str], bytes], tuple[int, bytes]]


class ControlError(Exception):
    """The control API refused; `status`, `code` and `param` are those of its answer."""

    def __init__(self, status: int, error: dict[str, Json]) -> None:
        super().__init__(error["message"])
        self.status = status
        self.code: str | None = error["code"]
        self.param: str | None = error["param"]


class EndedAs(AssertionError):  # noqa: N818 - read as a sentence: it ended as failed
    """A batch ended otherwise than a test waited for; `status` is how."""

    def __init__(self, batch_id: str, status: str, explanation: str) -> None:
        super().__init__(explanation)
        self.batch_id = batch_id
        self.status = status


class MockBatchWarning(UserWarning):
    """Something about a test that is probably not what its author meant."""


class HasId(Protocol):
    """A batch as an SDK returns it."""

    @property
    def id(self) -> str:
        """The batch's id."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the object `id`, at a simulated epoch second."""

    at: int
    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Advanced:
    """What an advance of the clock brought: the first 100 events, and how many there were."""

    now: float
    events: tuple[Event, ...]
    event_count: int


@dataclass(frozen=True, slots=True)
class Request:
    """A request that the world has answered; times are epoch seconds."""

    method: str
    path: str
    status: int
    retry_count: int
    now: float
    wall: float


class Handle:
    """One world: where clients find it, its clock, and what can be done to it.

    `base_url` and `api_key` are for any client.
    """

    def __init__(self, url: str, api_key: str, transport: Transport, app: "Flask | None" = None):
        self.base_url = f"{url}/v1"
        self.api_key = api_key
        self.clock = Clock(self)
        self._transport = transport
        self._app = app

    def __enter__(self) -> "Self":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the world go."""
        if "client" in self.__dict__:
            self.client.close()
        self.call("DELETE", "/_mock/state")

    @cached_property
    def client(self) -> "OpenAI":
        """A ready `openai.OpenAI`; needs the package `openai`."""
        import openai

        # Without certificates to load, which a plain http address does not need, a client
        # is made in 1 ms instead of 20.
        options: dict[str, Json] = {"verify": False, "trust_env": False}
        if self._app is not None:
            options = {"transport": _wsgi_transport(openai.DefaultHttpxClient, self._app)}
        http_client = openai.DefaultHttpxClient(**options)
        return openai.OpenAI(base_url=self.base_url, api_key=self.api_key, http_client=http_client)

    @cached_property
    def async_client(self) -> "AsyncOpenAI":
        """A ready `openai.AsyncOpenAI`; needs the package `openai` and a server on a socket."""
        import openai

        if self._app is not None:
            raise RuntimeError("an app without a socket serves no async client: use `mockbatch`")
        http_client = openai.DefaultAsyncHttpxClient(verify=False, trust_env=False)
        return openai.AsyncOpenAI(
            base_url=self.base_url, api_key=self.api_key, http_client=http_client
        )

    def reset(self) -> None:
        """Empty the world and put its clock back to the start."""
        self.call("POST", "/_mock/reset", {})

    def timeline(self, batch: str | HasId) -> dict[str, Json]:
        """Return a batch's past and coming events, its scenario, and one sentence on them."""
        found: dict[str, Json] = self.call("GET", f"/_mock/batches/{_id(batch)}/timeline")
        return found

    def hold(self, batch: str | HasId) -> None:
        """Keep a batch in its status until it is resumed; its window goes on."""
        self._command(batch, "hold")

    def resume(self, batch: str | HasId) -> None:
        """Let a held batch go on."""
        self._command(batch, "resume")

    def expire(self, batch: str | HasId) -> None:
        """End a batch as expired, with what is done."""
        self._command(batch, "expire")

    def fail(self, batch: str | HasId, code: str | None = None, message: str | None = None) -> None:
        """End the validation of a batch with an error."""
        told = {"code": code, "message": message}
        self._command(batch, "fail", {key: text for key, text in told.items() if text is not None})

    def complete(self, batch: str | HasId) -> None:
        """Finish all remaining lines of a batch at once."""
        self._command(batch, "complete")

    @property
    def requests(self) -> list[Request]:
        """The requests to `/v1` that the world has answered, oldest first."""
        journal = self.call("GET", "/_mock/requests")
        return [Request(**request) for request in journal["requests"]]

    @property
    def request_count(self) -> int:
        """How many requests the world has answered."""
        count: int = self.call("GET", "/_mock/requests?limit=0")["count"]
        return count

    def assert_requested(self, method: str, path: str, count: int | None = None) -> None:
        """Fail unless the world got such a request, `count` times if given.

        `path` is a glob over the path without its query.
        """
        seen = self.requests
        paths = [request.path.partition("?")[0] for request in seen if request.method == method]
        matching = sum(fnmatchcase(one, path) for one in paths)
        if matching == 0 if count is None else matching != count:
            wanted = "at least once" if count is None else f"{count} times"
            listed = "".join(f"\n  {one.method} {one.path} -> {one.status}" for one in seen)
            raise AssertionError(
                f"{method} {path} was requested {matching} times, not {wanted}. All requests:"
                + (listed or " none")
            )

    def call(self, method: str, path: str, body: Json = None) -> Json:
        """Call the control API; ControlError when it refuses."""
        headers = {
            "Authorization": f"Bearer {self.api_key}",
            "Content-Type": "application/json",
            "Host": urlsplit(self.base_url).netloc,
        }
        data = b"" if body is None else json.dumps(body).encode()
        status, answer = self._transport(method, path, headers, data)
        found = json.loads(answer)
        if status >= 400:
            raise ControlError(status, found["error"])
        return found

    def _command(self, batch: str | HasId, name: str, body: Json = None) -> None:
        self.call("POST", f"/_mock/batches/{_id(batch)}/{name}", body)


class Clock:
    """The simulated clock of one world."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    @property
    def now(self) -> float:
        """Simulated epoch seconds."""
        now: float = self._read()["now"]
        return now

    @property
    def mode(self) -> str:
        """`manual`, `realtime`, `on-poll` or `xN`; can be set."""
        mode: str = self._read()["mode"]
        return mode

    @mode.setter
    def mode(self, mode: str) -> None:
        self._handle.call("POST", "/_mock/clock", {"mode": mode})

    @property
    def next_event(self) -> Event | None:
        """The status change that comes next, None when nothing is due."""
        event = self._read()["next_event"]
        return None if event is None else Event(**event)

    def advance(
        self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0
    ) -> Advanced:
        """Move time forward; returns when all that is due has happened."""
        step = timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        return self._advance({"seconds": step.total_seconds()})

    def advance_to(self, instant: float | datetime) -> Advanced:
        """Move time forward to an instant; an aware datetime, or epoch seconds."""
        at = instant.timestamp() if isinstance(instant, datetime) else instant
        return self._advance({"to": at})

    def advance_to_next(self) -> Advanced:
        """Move time forward to the next event; ControlError when nothing is due."""
        return self._advance({"next_event": True})

    def run_until(self, batch: str | HasId, status: str = "completed") -> Advanced:
        """Move time forward until a batch has taken on a status.

        Raises EndedAs when it ends otherwise; time then stands where it ended.
        """
        try:
            return self._advance({"batch": _id(batch), "status": status})
        except ControlError as error:
            if error.code != "unreachable_status":
                raise
            found = self._handle.timeline(batch)
            raise EndedAs(_id(batch), found["status"], str(error)) from None

    def _advance(self, body: Json) -> Advanced:
        told = self._handle.call("POST", "/_mock/clock/advance", body)
        events = tuple(Event(**event) for event in told["events"])
        return Advanced(told["now"], events, told["event_count"])

    def _read(self) -> dict[str, Json]:
        clock: dict[str, Json] = self._handle.call("GET", "/_mock/clock")
        return clock


def wsgi_transport(app: "Flask") -> Transport:
    """Return a transport that calls an app of this process directly."""
    client = app.test_client(use_cookies=False)

    def send(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        response = client.open(path, method=method, headers=headers, data=body)
        return response.status_code, response.data

    return send


def http_transport(url: str) -> Transport:
    """Return a transport to a server elsewhere; a connection a call, so that none goes stale."""
    parts = urlsplit(url)

    def send(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.netloc, timeout=60)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    return send


def _wsgi_transport(client_class: type, app: "Flask") -> Json:
    # openai 3 rides on httpx2, older ones on httpx: take the one that this client is of.
    from importlib import import_module

    base = next(kind for kind in client_class.__mro__ if kind.__name__ == "Client")
    return import_module(base.__module__.partition(".")[0]).WSGITransport(app=app)


def _id(batch: str | HasId) -> str:
    return batch if isinstance(batch, str) else batch.id
