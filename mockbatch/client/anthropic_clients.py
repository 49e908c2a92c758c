"""Ready clients of the `anthropic` package."""

from typing import TYPE_CHECKING

from mockbatch.client.client_gate import ClientGate, gated_http_client
from mockbatch.client.connection import WorldConnection

if TYPE_CHECKING:
    from anthropic import Anthropic
    from flask import Flask

__tracebackhide__ = True


def anthropic_client(world: WorldConnection, app: "Flask | None") -> tuple["Anthropic", ClientGate]:
    """Return an `anthropic.Anthropic`, and the gate that holds its connections.

    It calls the `app`, if given, without a socket.
    """
    import anthropic

    http_client, gate = gated_http_client(anthropic.DefaultHttpxClient, world.refusal, app)
    client = anthropic.Anthropic(base_url=world.url, api_key=world.api_key, http_client=http_client)
    return client, gate
