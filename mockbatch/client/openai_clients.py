"""Ready clients of the `openai` package."""

from importlib import import_module
from typing import TYPE_CHECKING

from mockbatch.typing import Json

if TYPE_CHECKING:
    from flask import Flask
    from openai import AsyncOpenAI, OpenAI


def client(base_url: str, api_key: str, webhook_secret: str, app: "Flask | None") -> "OpenAI":
    """Return an `openai.OpenAI`; it calls the `app`, if given, without a socket."""
    import openai

    # A plain http URL needs no certificates: not loading them takes 1 ms instead of 20.
    options: dict[str, Json] = {"verify": False, "trust_env": False}
    if app is not None:
        options = {"transport": _httpx(openai.DefaultHttpxClient).WSGITransport(app=app)}
    http_client = openai.DefaultHttpxClient(**options)
    client = openai.OpenAI(base_url=base_url, api_key=api_key, http_client=http_client)
    client.webhook_secret = webhook_secret  # older versions take no such argument
    return client


def async_client(base_url: str, api_key: str, webhook_secret: str) -> "AsyncOpenAI":
    """Return an `openai.AsyncOpenAI`."""
    import openai

    # No connection outlives its request, so none is left open when the event loop is closed.
    limits = _httpx(openai.DefaultAsyncHttpxClient).Limits(max_keepalive_connections=0)
    http_client = openai.DefaultAsyncHttpxClient(verify=False, trust_env=False, limits=limits)
    client = openai.AsyncOpenAI(base_url=base_url, api_key=api_key, http_client=http_client)
    client.webhook_secret = webhook_secret
    return client


def _httpx(client_class: type) -> Json:
    # openai 3 uses httpx2, older versions httpx: return the one that this client comes from.
    base = next(cls for cls in client_class.__mro__ if cls.__name__ in ("Client", "AsyncClient"))
    return import_module(base.__module__.partition(".")[0])
