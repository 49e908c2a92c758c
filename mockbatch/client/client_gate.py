"""Lets the requests of a ready client through until its world is gone."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from mockbatch.typing import Json

if TYPE_CHECKING:
    from flask import Flask
    from typing_extensions import Self

__tracebackhide__ = True

# Returns the error object for a request, None as long as the world is there.
Refusal = Callable[[], Json]


class ClientGate:
    """A transport for httpx that wraps another one, sync or async.

    Once `refusal` returns an error, every request gets it: another test may have a world under
    the same key by then.
    """

    def __init__(self, httpx: Json, inner: Json, refusal: Refusal) -> None:
        self._httpx = httpx
        self._inner = inner
        self._refusal = refusal

    def handle_request(self, request: Json) -> Json:
        """Return the response to a request."""
        return self._refuse(request) or self._inner.handle_request(request)

    async def handle_async_request(self, request: Json) -> Json:
        """Return the response to a request of an async client."""
        return self._refuse(request) or await self._inner.handle_async_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

    async def aclose(self) -> None:
        """Close the connections of an async client."""
        await self._inner.aclose()

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> "Self":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _refuse(self, request: Json) -> Json:
        error = self._refusal()
        if error is None:
            return None
        headers = {"x-should-retry": "false"}
        return self._httpx.Response(401, headers=headers, json={"error": error}, request=request)


def gated_http_client(
    client_class: Json, refusal: Refusal, app: "Flask | None"
) -> tuple[Json, ClientGate]:
    """Return an HTTP client for a ready client, and the gate that holds its connections.

    `client_class` is the SDK's own subclass of `httpx.Client`. The client calls the `app`, if
    given, without a socket.
    """
    httpx = httpx_of(client_class)
    if app is None:
        # A plain http URL needs no certificates: not loading them takes 1 ms instead of 20.
        inner = httpx.HTTPTransport(verify=False, trust_env=False)
    else:
        inner = httpx.WSGITransport(app=app)
    gate = ClientGate(httpx, inner, refusal)
    return client_class(transport=gate, trust_env=False), gate


def httpx_of(client_class: type) -> Json:
    """Return the package that an SDK's subclass of a client comes from: httpx or httpx2."""
    base = next(cls for cls in client_class.__mro__ if cls.__name__ in ("Client", "AsyncClient"))
    return import_module(base.__module__.partition(".")[0])
