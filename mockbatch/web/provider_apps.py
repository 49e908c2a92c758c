"""A WSGI app for each provider, created with the first request to it."""

from collections.abc import Callable, Iterable
from threading import Lock
from typing import TYPE_CHECKING

from mockbatch.endpoints.provider_registry import OPENAI, find_provider

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class ProviderApps:
    """Passes each request to the app of its provider: `openai`, or one that `create` makes."""

    def __init__(
        self, openai: "WSGIApplication", create: Callable[[str], "WSGIApplication"]
    ) -> None:
        self._openai = openai
        self._create = create
        self._creating = Lock()
        self._apps: dict[str, WSGIApplication] = {}

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Handle a request."""
        name = find_provider(environ)
        if name == OPENAI:
            return self._openai(environ, start_response)
        return self._app(name)(environ, start_response)

    def _app(self, name: str) -> "WSGIApplication":
        app = self._apps.get(name)
        if app is not None:
            return app
        with self._creating:
            if name not in self._apps:
                self._apps[name] = self._create(name)
            return self._apps[name]
