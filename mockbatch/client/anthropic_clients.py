"""Ready clients of the `anthropic` package."""

from importlib import import_module
from typing import TYPE_CHECKING

from mockbatch.client.client_gate import ClientGate
from mockbatch.client.connection import WorldConnection
from mockbatch.typing import Json

if TYPE_CHECKING:
    from anthropic import Anthropic
    from flask import Flask

__tracebackhide__ = True


def anthropic_client(world: WorldConnection, app: "Flask | None") -> tuple["Anthropic", ClientGate]:
    """Return an `anthropic.Anthropic`, and the gate that holds its connections.

    It calls the `app`, if given, without a socket.
    """
    import anthropic

    httpx = _httpx(anthropic.DefaultHttpxClient)
    if app is None:
        inner = httpx.HTTPTransport(verify=False, trust_env=False)
    else:
        inner = httpx.WSGITransport(app=app)
    gate = ClientGate(httpx, inner, world.refusal)
    transport: Json = gate
    http_client = anthropic.DefaultHttpxClient(transport=transport, trust_env=False)
    client = anthropic.Anthropic(base_url=world.url, api_key=world.api_key, http_client=http_client)
    return client, gate


def _httpx(client_class: type) -> Json:
    # The package from which this version's client comes: httpx, or its successor.
    base = next(cls for cls in client_class.__mro__ if cls.__name__ == "Client")
    return import_module(base.__module__.partition(".")[0])
