"""A client of one world on a running server: the control API's verbs as Python methods."""

import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mockbatch.client import openai_clients
from mockbatch.client.arranging import Arranging
from mockbatch.client.assertions import Expected, check_requested
from mockbatch.client.clock import Clock, SleepClock
from mockbatch.client.provider_clients import ProviderClients
from mockbatch.client.replies import OneReply, enter_reply, remove_replies
from mockbatch.client.requests import Request
from mockbatch.client.results import (
    Delivery,
    Fault,
    MockBatchWarning,
    Webhook,
)
from mockbatch.client.transport import FORKED, Transport, WsgiTransport
from mockbatch.client.webhook_receiver import Received
from mockbatch.client.webhooks import Webhooks
from mockbatch.typing import Json

if TYPE_CHECKING:
    from flask import Flask
    from openai import AsyncOpenAI, OpenAI
    from typing_extensions import Self

    from mockbatch.client.client_gate import ClientGate

__tracebackhide__ = True

# Stands for an argument that was left out, where None has a meaning of its own.
_UNSET: Any = object()


class WorldClient(ProviderClients, Arranging):
    """One world: its address for clients, its clock, and what can be done to it.

    `app` serves the world without a socket. `add_callable_reply` enters a reply that is a
    Python function; None if the world is in another process.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        transport: Transport,
        *,
        owner: str = "",
        app: "Flask | None" = None,
        add_callable_reply: Callable[[dict[str, Json]], None] | None = None,
    ) -> None:
        super().__init__(url, api_key, transport, owner)
        self.clock = Clock(self)
        self._app = app
        self._add_callable_reply = add_callable_reply
        self._process = os.getpid()
        self._clients: dict[int, tuple[OpenAI, ClientGate]] = {}  # by process
        self._async_client: AsyncOpenAI | None = None
        self._webhooks = Webhooks(self)
        self._reached = False
        self._warned = False

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
        """Remove the world, and stop receiving its webhooks.

        In a forked child it removes nothing: the world is its parent's.
        """
        if self.closed:
            return
        _, gate = self._clients.pop(os.getpid(), (None, None))
        self._async_client = None
        self._close_provider_clients()
        if gate is not None:
            gate.close()
        if self._process == os.getpid():
            self.call("DELETE", "/_mock/state")
        self.closed = True
        self._webhooks.close()

    @property
    def client(self) -> "OpenAI":
        """A ready `openai.OpenAI`; needs the package `openai`."""
        process = os.getpid()  # a forked child must not share its parent's connections
        if process not in self._clients:
            self.check_open()
            if self._app is not None and self._find_app() is None:
                raise RuntimeError(FORKED)
            self._clients[process] = openai_clients.client(self, self.webhook_secret, self._app)
        return self._clients[process][0]

    @property
    def async_client(self) -> "AsyncOpenAI":
        """A ready `openai.AsyncOpenAI`; needs the package `openai` and a server on a socket."""
        if self._app is not None:
            raise RuntimeError(
                "async_client needs a server on a socket: use the `mockbatch` fixture"
            )
        if self._async_client is None:
            self.check_open()
            self.warn_if_asyncio_clock_frozen()
            self._async_client = openai_clients.async_client(self, self.webhook_secret)
        return self._async_client

    def warn_if_asyncio_clock_frozen(self) -> None:
        """Warn, once, if freezegun has frozen the clock that asyncio's timers use."""
        from mockbatch.client.skip_sleep import is_asyncio_clock_frozen

        if not self._warned and is_asyncio_clock_frozen():
            self._warned = True
            warnings.warn(
                "freezegun has frozen the clock of asyncio: AsyncOpenAI would wait for ever at its "
                "first retry. Use freeze_time(..., real_asyncio=True), or skip_sleep().",
                MockBatchWarning,
                stacklevel=3,
            )

    def reset(self) -> None:
        """Empty the world and put its clock back to the start."""
        self._reached = self._reached or self.request_count > 0
        self.call("POST", "/_mock/reset", {})

    def skip_sleep(self, *, threads: bool = False) -> AbstractContextManager[None]:
        """Return a context manager in which sleeps move the clock instead of waiting.

        `time.sleep` and `asyncio.sleep` in this thread move the simulated clock to the end of
        the sleep. With `threads`, sleeps in every thread do.
        """
        from mockbatch.client.skip_sleep import skip_sleep

        return skip_sleep(SleepClock(self, self._find_app), threads=threads)

    def _find_app(self) -> "Flask | None":
        """Return the app that serves the world, if it is in this process."""
        return self._transport.app if isinstance(self._transport, WsgiTransport) else None

    @property
    def requests(self) -> list[Request]:
        """The requests to `/v1` that the world has received, oldest first."""
        return self._requests("bodies=true")

    def _requests(self, query: str) -> list[Request]:
        journal = self.call("GET", f"/_mock/requests?{query}")
        return [Request.from_json(entry) for entry in journal["requests"]]

    @property
    def request_count(self) -> int:
        """How many requests the world has responded to."""
        count: int = self.call("GET", "/_mock/requests?limit=0")["count"]
        return count

    def review(self) -> tuple[list[Request], bool]:
        """Return the requests that failed because of a bug in mockbatch, and `was_reached`.

        `was_reached` is whether the world has ever responded to a request, even before a reset.
        """
        journal = self.call("GET", "/_mock/requests?broken=true")
        failures = [Request.from_json(entry) for entry in journal["requests"]]
        return failures, self._reached or journal["count"] > 0

    def assert_requested(
        self,
        method: str,
        path: str,
        count: int | None = None,
        *,
        json: Json = None,
        headers: Mapping[str, str] | None = None,
        contains: str | None = None,
    ) -> None:
        """Fail unless the world received such a request: at least once, or `count` times.

        `path` is a glob that is matched against the path without its query. The body must match
        `json`: its objects may have more members, but its lists must have the same length. The
        request must have `headers` with these values, and `contains` somewhere in its body. The
        failure message shows the most similar requests, and how they differ.
        """
        expected = Expected(method, path, json, headers, contains)
        requests = self._requests(f"bodies={str(expected.needs_contents).lower()}")
        check_requested(requests, self.request_count - len(requests), expected, count)

    def scenario(
        self, scenario: str | Mapping[str, Json], times: int | None = 1, **params: Json
    ) -> None:
        """Apply a scenario to the next `times` batches, or to all new batches if it is None.

        `scenario` is a name of the catalogue, or a document of the same form. Raises
        ControlError for an unknown name or a bad parameter.
        """
        member = "name" if isinstance(scenario, str) else "document"
        body = {member: scenario, "times": times, "params": params}
        self.call("POST", "/_mock/scenarios/active", body)

    def reply(
        self,
        match: Mapping[str, Json] | str,
        reply: OneReply | Sequence[OneReply],
        *,
        times: int | None = None,
    ) -> None:
        """Reply to matching batch lines and live calls with `reply` from now on.

        If `match` is a string, it is a custom_id, which live calls do not have. If `reply` is a
        string, it is the content; a function gets the request line, and needs a server in this
        process. With a list, the first request that matches gets the first reply, the second
        request the second, and so on in order of execution; the last reply repeats. With
        `times`, only so many requests get a reply. Raises ControlError for an invalid reply.
        """
        is_local = self._add_callable_reply is not None and self._find_app() is not None
        add_callable = self._add_callable_reply if is_local else None
        enter_reply(self, add_callable, match, reply, times)

    def remove_replies(self, match: Mapping[str, Json] | str | None = None) -> None:
        """Remove the replies for this match, or all; lines that have run keep their reply.

        Raises ControlError if there is no reply for the match.
        """
        remove_replies(self, match)

    def models(self, *names: str) -> None:
        """Serve only these models, in live calls and batches; without names, every model."""
        if names:
            self.call("PUT", "/_mock/models", {"models": names})
        else:
            self.call("DELETE", "/_mock/models")

    def fault(
        self,
        match: Mapping[str, str] | str,
        fault: Mapping[str, Json] | None = None,
        times: int | None = _UNSET,
        skip: int = _UNSET,
    ) -> None:
        """Apply a fault to requests that match, or apply a preset by its name.

        The first `skip` matching requests pass; the fault applies to the next `times` requests (1
        by default, all if None). With a preset, these arguments override those of the preset.
        Raises ControlError for an invalid fault.
        """
        member = "preset" if isinstance(match, str) else "match"
        body = {member: match, "fault": fault or _UNSET, "times": times, "skip": skip}
        self.call(
            "POST",
            "/_mock/faults",
            {name: value for name, value in body.items() if value is not _UNSET},
        )

    @property
    def faults(self) -> list[Fault]:
        """The faults of the world, each with how many requests matched it and how many it hit."""
        return [Fault(**fault) for fault in self.call("GET", "/_mock/faults")["faults"]]

    def webhook(
        self, receiver: str | Callable[[Received], object], events: Iterable[str] | None = None
    ) -> Webhook:
        """Send webhooks to a URL or a function, signed with `webhook_secret`.

        A function is called with a Received; a number that it returns becomes the status of
        the response. `events` are event types, by default the four of batches. Raises
        ControlError for a URL that must not be called.
        """
        return self._webhooks.add(receiver, events)

    @property
    def webhook_secret(self) -> str:
        """The secret with which webhooks are signed, and which `client` verifies."""
        return self._webhooks.secret

    @property
    def webhook_errors(self) -> list[BaseException]:
        """The exceptions of functions that receive webhooks; the first fails the test.

        A test that expects these exceptions removes them from the list.
        """
        return self._webhooks.errors

    @property
    def deliveries(self) -> list[Delivery]:
        """The webhook deliveries, including pending ones, in order of creation."""
        return self._webhooks.deliveries()
