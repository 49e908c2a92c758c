"""Refuses to serve from several processes that do not share their worlds.

Each process would number its batches from the beginning, so that different batches had the same
id, and a client would find only what the process that happens to answer has made itself.
"""

import logging
from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request

from mockbatch.errors import api_error
from mockbatch.faults.request_record import RequestRecord
from mockbatch.web.errors import error_response
from mockbatch.web.request_recorder import record_request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)


class ProcessGuard:
    """Passes requests to an app, unless the server says that it has several processes."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app
        self._lock = Lock()
        self._is_logged = False

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Handle a request; every request to one of several processes is a 500."""
        if not environ.get("wsgi.multiprocess"):
            return self._app(environ, start_response)
        error = api_error("several_processes")
        # The next process cannot answer it either.
        error.headers = {"x-should-retry": "false"}
        self._log_once(error.message)
        RequestRecord.of(environ).error = error.message
        response = error_response(error)
        request = Request(environ, populate_request=False)
        record_request(request, None, response.status_code)
        return response(environ, start_response)

    def _log_once(self, message: str) -> None:
        with self._lock:
            is_logged, self._is_logged = self._is_logged, True
        if not is_logged:
            log.error("%s", message)
