"""A WSGI middleware that plays Portkey's gateway for requests with `x-portkey-*` headers."""

import re
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from mockbatch.web.portkey.gateway import Gateway

_PORTKEY_HEADER = re.compile("HTTP_X_PORTKEY_")


class PortkeyGateway:
    """The gateway in front of an app; `always` applies it to requests without its headers, too."""

    def __init__(self, app: "WSGIApplication", *, always: bool) -> None:
        self._app = app
        self._always = always

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Handle a request, as the gateway if its headers say so."""
        if not self._applies(environ):
            return self._app(environ, start_response)
        return self._gateway.respond(environ)(environ, start_response)

    def _applies(self, environ: "WSGIEnvironment") -> bool:
        if environ["PATH_INFO"].startswith("/_mock"):
            return False
        return self._always or any(map(_PORTKEY_HEADER.match, environ))

    @cached_property
    def _gateway(self) -> "Gateway":
        # Imported here: without it, a server starts 4 ms earlier.
        from mockbatch.web.portkey.gateway import Gateway

        return Gateway(self._app)
