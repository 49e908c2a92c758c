"""The clients of the `openai` package that a handle gives."""

from importlib import import_module
from typing import TYPE_CHECKING

from mockbatch.typing import Json

if TYPE_CHECKING:
    from flask import Flask
    from openai import AsyncOpenAI, OpenAI


def client(base_url: str, api_key: str, webhook_secret: str, app: "Flask | None") -> "OpenAI":
    """Return an `openai.OpenAI`, which calls the `app` if there is no socket."""
    import openai

    # Without certificates to load, which a plain http address does not need, a client
    # is made in 1 ms instead of 20.
    options: dict[str, Json] = {"verify": False, "trust_env": False}
    if app is not None:
        options = {"transport": _httpx(openai.DefaultHttpxClient).WSGITransport(app=app)}
    http_client = openai.DefaultHttpxClient(**options)
    made = openai.OpenAI(base_url=base_url, api_key=api_key, http_client=http_client)
    made.webhook_secret = webhook_secret  # no argument: older packages know none
    return made


def async_client(base_url: str, api_key: str, webhook_secret: str) -> "AsyncOpenAI":
    """Return an `openai.AsyncOpenAI`."""
    import openai

    # No connection outlives its request, so none is left when its event loop is closed.
    limits = _httpx(openai.DefaultAsyncHttpxClient).Limits(max_keepalive_connections=0)
    http_client = openai.DefaultAsyncHttpxClient(verify=False, trust_env=False, limits=limits)
    made = openai.AsyncOpenAI(base_url=base_url, api_key=api_key, http_client=http_client)
    made.webhook_secret = webhook_secret
    return made


def _httpx(client_class: type) -> Json:
    # openai 3 rides on httpx2, older ones on httpx: return the one that this client is of.
    base = next(kind for kind in client_class.__mro__ if kind.__name__ in ("Client", "AsyncClient"))
    return import_module(base.__module__.partition(".")[0])
