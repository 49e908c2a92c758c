"""One world of a running server, as a test holds it."""

import json
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mockbatch.client import openai_clients
from mockbatch.client.clock import Clock, SleepersClock
from mockbatch.client.results import (
    ControlError,
    Delivery,
    Fault,
    HasId,
    MockBatchWarning,
    Request,
    Webhook,
    id_of,
)
from mockbatch.client.transport import Transport, WsgiTransport
from mockbatch.client.webhook_receiver import Received
from mockbatch.client.webhooks import Webhooks, headers_within
from mockbatch.typing import Json

if TYPE_CHECKING:
    from flask import Flask
    from openai import AsyncOpenAI, OpenAI
    from typing_extensions import Self

# An argument that was left out, where None says something.
_BY_DEFAULT: Any = object()


class WorldClient:
    """One world: where clients find it, its clock, and what can be done to it.

    `base_url` and `api_key` are for any client. `closed` tells whether the world is gone.
    """

    def __init__(self, url: str, api_key: str, transport: Transport, app: "Flask | None" = None):
        self.base_url = f"{url}/v1"
        self.api_key = api_key
        self.clock = Clock(self)
        self._transport = transport
        self._app = app
        #: How a function gets into the script of a world of this process; None: not at all.
        self.enter_function: Callable[[dict[str, Json]], None] | None = None
        self._webhooks = Webhooks(self)
        self._reached = False
        self._warned = False
        self.closed = False

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
        self.closed = True
        if "client" in self.__dict__:
            self.client.close()
        self.call("DELETE", "/_mock/state")
        self._webhooks.close()

    @cached_property
    def client(self) -> "OpenAI":
        """A ready `openai.OpenAI`; needs the package `openai`."""
        return openai_clients.client(self.base_url, self.api_key, self.webhook_secret, self._app)

    @cached_property
    def async_client(self) -> "AsyncOpenAI":
        """A ready `openai.AsyncOpenAI`; needs the package `openai` and a server on a socket."""
        if self._app is not None:
            raise RuntimeError("an app without a socket serves no async client: use `mockbatch`")
        self.warn_if_asyncio_stands_still()
        return openai_clients.async_client(self.base_url, self.api_key, self.webhook_secret)

    def warn_if_asyncio_stands_still(self) -> None:
        """Warn, once, when freezegun has stopped the clock by which async clients retry."""
        from mockbatch.client.skip_sleep import asyncio_stands_still

        if not self._warned and asyncio_stands_still():
            self._warned = True
            warnings.warn(
                "freezegun has stopped the clock of asyncio: AsyncOpenAI would wait for ever at "
                "its first retry. Use freeze_time(..., real_asyncio=True), or skip_sleep().",
                MockBatchWarning,
                stacklevel=4,
            )

    def reset(self) -> None:
        """Empty the world and put its clock back to the start."""
        self._reached = self.was_reached
        self.call("POST", "/_mock/reset", {})

    def timeline(self, batch: str | HasId) -> dict[str, Json]:
        """Return a batch's past and coming events, its scenario, and one sentence on them."""
        found: dict[str, Json] = self.call("GET", f"/_mock/batches/{id_of(batch)}/timeline")
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

    def skip_sleep(self, *, threads: bool = False) -> AbstractContextManager[None]:
        """Let the sleeps of this thread move the clock to their deadlines instead of waiting.

        Of `time.sleep` and `asyncio.sleep`; `threads` is for those of other threads too.
        """
        from mockbatch.client.skip_sleep import skip_sleep

        app = self._transport.app if isinstance(self._transport, WsgiTransport) else None
        return skip_sleep(SleepersClock(self, app), threads=threads)

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

    @property
    def failures(self) -> list[Request]:
        """The requests at which mockbatch itself failed, a bug of it."""
        journal = self.call("GET", "/_mock/requests?broken=true")
        # Who asks whether there were any requests at all need not ask again.
        self._reached = self._reached or journal["count"] > 0
        return [Request(**one) for one in journal["requests"]]

    @property
    def was_reached(self) -> bool:
        """Whether the world has answered any request, one before a reset included."""
        return self._reached or self.request_count > 0

    def assert_requested(self, method: str, path: str, count: int | None = None) -> None:
        """Fail unless the world got such a request, `count` times if given.

        `path` is a glob over the path without its query.
        """
        seen = self.requests
        paths = [request.path.partition("?")[0] for request in seen if request.method == method]
        matching = sum(fnmatchcase(one, path) for one in paths)
        if matching == 0 if count is None else matching != count:
            wanted = "at least once" if count is None else f"{count} times"
            raise AssertionError(
                f"{method} {path} was requested {matching} times, not {wanted}."
                + _near_misses(f"{method} {path}", seen)
                + _no_longer_known(self.request_count - len(seen))
            )

    def scenario(
        self, scenario: str | Mapping[str, Json], times: int | None = 1, **params: Json
    ) -> None:
        """Let a scenario befall the next `times` batches, None for all from now on.

        By its name, or a document in the form of the catalogue's own. ControlError for an
        unknown name or a bad parameter.
        """
        what = "name" if isinstance(scenario, str) else "document"
        chosen = {what: scenario, "times": times, "params": params}
        self.call("POST", "/_mock/scenarios/active", chosen)

    def reply(
        self,
        match: Mapping[str, Json] | str,
        reply: Mapping[str, Json] | str | Callable[[dict[str, Json]], Json],
    ) -> None:
        """Let lines and live calls that match be answered so from now on; a text is content.

        A match that is a text is a custom_id, which no live call has. The reply may be a
        function of the request line, where the server is in this process. ControlError for
        what is refused.
        """
        asked = {"custom_id": match} if isinstance(match, str) else dict(match)
        said = {"content": reply} if isinstance(reply, str) else reply
        if not callable(said):
            self.call("POST", "/_mock/replies", {"match": asked, "reply": said})
        elif self.enter_function is None:
            raise TypeError("a function needs a server in this process")
        else:
            self.enter_function({"match": asked, "reply": said})

    def models(self, *names: str) -> None:
        """Serve these models and no other, in live calls and to batches; without names, any."""
        if names:
            self.call("PUT", "/_mock/models", {"models": names})
        else:
            self.call("DELETE", "/_mock/models")

    def fault(
        self,
        match: Mapping[str, str] | str,
        fault: Mapping[str, Json] | None = None,
        times: int | None = _BY_DEFAULT,
        skip: int = _BY_DEFAULT,
    ) -> None:
        """Let requests meet a fault: those that match, or those of a preset by its name.

        `times` of them, 1 by default and for ever if None, after `skip`; what is given beside
        a preset's name changes it. ControlError for what is refused.
        """
        what = "preset" if isinstance(match, str) else "match"
        asked = {what: match, "fault": fault or _BY_DEFAULT, "times": times, "skip": skip}
        given = {name: value for name, value in asked.items() if value is not _BY_DEFAULT}
        self.call("POST", "/_mock/faults", given)

    @property
    def faults(self) -> list[Fault]:
        """The faults of the world, with how many requests matched and met each."""
        return [Fault(**fault) for fault in self.call("GET", "/_mock/faults")["faults"]]

    def webhook(
        self, receiver: str | Callable[[Received], object], events: Iterable[str] | None = None
    ) -> Webhook:
        """Send the ends of batches to a URL or a function, signed with `webhook_secret`.

        A function gets what a receiver gets; a number that it returns is the status of its
        answer. `events` are types, by default the four of batches. ControlError for a URL
        that must not be called.
        """
        return self._webhooks.add(receiver, events)

    @property
    def webhook_secret(self) -> str:
        """The secret with which `webhook` signs, and `client` checks."""
        return self._webhooks.secret

    @property
    def deliveries(self) -> list[Delivery]:
        """The webhooks that were sent, or are to be, in order of making."""
        return self._webhooks.deliveries()

    def call(self, method: str, path: str, body: Json = None) -> Json:
        """Call the control API; ControlError when it refuses."""
        headers = {
            "Authorization": f"Bearer {self.api_key}",
            "Content-Type": "application/json",
            "Host": urlsplit(self.base_url).netloc,
        }
        headers |= headers_within()
        data = b"" if body is None else json.dumps(body).encode()
        status, answer = self._transport(method, path, headers, data)
        found = json.loads(answer)
        if status >= 400:
            raise ControlError(status, found["error"])
        return found

    def _command(self, batch: str | HasId, name: str, body: Json = None) -> None:
        self.call("POST", f"/_mock/batches/{id_of(batch)}/{name}", body)


def _near_misses(wanted: str, seen: list[Request]) -> str:
    """Return the requests that are most like the one that was wanted, nearest first."""
    if not seen:
        return " Nothing was requested."
    told = [f"{one.method} {one.path} -> {one.status}" for one in seen]
    near = sorted(set(told), key=lambda one: -SequenceMatcher(None, wanted, one).ratio())[:10]
    return f" Of {len(seen)} requests, these come near:" + "".join(f"\n  {one}" for one in near)


def _no_longer_known(count: int) -> str:
    """Say of how many requests the journal tells nothing any more."""
    return f"\nThe {count} requests before these are no longer known." if count else ""
