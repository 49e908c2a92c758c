"""Ready clients of the `openai` package."""

from typing import TYPE_CHECKING

from mockbatch.client.client_gate import ClientGate, gated_http_client, httpx_of
from mockbatch.client.connection import WorldConnection
from mockbatch.typing import Json

if TYPE_CHECKING:
    from flask import Flask
    from openai import AsyncOpenAI, AzureOpenAI, OpenAI

__tracebackhide__ = True

#: The version of Azure OpenAI's API that ready clients name; the mock takes any.
AZURE_API_VERSION = "2024-10-21"


def client(
    world: WorldConnection, webhook_secret: str, app: "Flask | None"
) -> tuple["OpenAI", ClientGate]:
    """Return an `openai.OpenAI`, and the gate that holds its connections.

    It calls the `app`, if given, without a socket.
    """
    import openai

    http_client, gate = gated_http_client(openai.DefaultHttpxClient, world.refusal, app)
    client = openai.OpenAI(base_url=world.base_url, api_key=world.api_key, http_client=http_client)
    client.webhook_secret = webhook_secret  # older versions take no such argument
    return client, gate


def azure_client(world: WorldConnection, app: "Flask | None") -> tuple["AzureOpenAI", ClientGate]:
    """Return an `openai.AzureOpenAI`, and the gate that holds its connections."""
    import openai

    http_client, gate = gated_http_client(openai.DefaultHttpxClient, world.refusal, app)
    client = openai.AzureOpenAI(
        azure_endpoint=world.url,
        api_key=world.api_key,
        api_version=AZURE_API_VERSION,
        http_client=http_client,
    )
    return client, gate


def async_client(world: WorldConnection, webhook_secret: str) -> "AsyncOpenAI":
    """Return an `openai.AsyncOpenAI`."""
    import openai

    httpx = httpx_of(openai.DefaultAsyncHttpxClient)
    # No connection outlives its request, so none is left open when the event loop is closed.
    limits = httpx.Limits(max_keepalive_connections=0)
    inner = httpx.AsyncHTTPTransport(verify=False, trust_env=False, limits=limits)
    transport: Json = ClientGate(httpx, inner, world.refusal)
    http_client = openai.DefaultAsyncHttpxClient(transport=transport, trust_env=False)
    client = openai.AsyncOpenAI(
        base_url=world.base_url, api_key=world.api_key, http_client=http_client
    )
    client.webhook_secret = webhook_secret
    return client
