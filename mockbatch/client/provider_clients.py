"""Ready clients of the providers besides OpenAI, each created on first access."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mockbatch.client import anthropic_clients, openai_clients
from mockbatch.client.connection import WorldConnection
from mockbatch.client.transport import FORKED, Transport, WsgiTransport

if TYPE_CHECKING:
    from anthropic import Anthropic
    from flask import Flask
    from openai import AzureOpenAI

    from mockbatch.client.client_gate import ClientGate

__tracebackhide__ = True


class ProviderClients(WorldConnection):
    """A world's clients of other providers; `_app` serves the world without a socket, if set."""

    _app: "Flask | None"

    def __init__(self, url: str, api_key: str, transport: Transport, owner: str = "") -> None:
        super().__init__(url, api_key, transport, owner)
        # By process, because a forked child must not share its parent's connections.
        self._provider_clients: dict[tuple[int, str], tuple[Any, ClientGate]] = {}

    @property
    def azure(self) -> "AzureOpenAI":
        """A ready `openai.AzureOpenAI`; needs the package `openai`."""
        client: AzureOpenAI = self._ready("azure", openai_clients.azure_client)
        return client

    @property
    def anthropic(self) -> "Anthropic":
        """A ready `anthropic.Anthropic`; needs the package `anthropic`."""
        client: Anthropic = self._ready("anthropic", anthropic_clients.anthropic_client)
        return client

    def _ready(self, name: str, create: Callable[..., "tuple[Any, ClientGate]"]) -> Any:
        """Return the client of a provider; `create` makes it, with the gate of its connections."""
        place = os.getpid(), name
        if place not in self._provider_clients:
            self.check_open()
            is_local = isinstance(self._transport, WsgiTransport) and self._transport.app
            if self._app is not None and not is_local:
                raise RuntimeError(FORKED)
            self._provider_clients[place] = create(self, self._app)
        return self._provider_clients[place][0]

    def _close_provider_clients(self) -> None:
        for place in [place for place in self._provider_clients if place[0] == os.getpid()]:
            self._provider_clients.pop(place)[1].close()
