"""The log of `mockbatch serve`: one line for each request, with simulated time."""

import json
import logging
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote


class _RequestFormatter(logging.Formatter):
    """Formats a request as one line with simulated time, and other messages with their level."""

    def __init__(self, log_format: str) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._is_json = log_format == "json"

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line."""
        request: dict[str, Any] | None = getattr(record, "request", None)
        if request is None:
            text = super().format(record)
            if self._is_json:
                return json.dumps({"level": record.levelname, "message": text})
            return text
        return json.dumps(request) if self._is_json else _format_request(request)


def _format_request(request: dict[str, Any]) -> str:
    now = request["now"]
    time = "-" if now is None else f"{datetime.fromtimestamp(now, timezone.utc):%F %TZ}"
    fault = f" [{request['fault']}]" if request.get("fault") else ""
    # Quoted again, so that a line end in a path does not make two lines of one request.
    return f"{time} {request['method']} {quote(request['path'])} {request['status']}{fault}"


def log_requests(log_format: str) -> None:
    """Log to stderr from now on; `log_format` is `text` or `json`."""
    handler = logging.StreamHandler()
    handler.setFormatter(_RequestFormatter(log_format))
    logger = logging.getLogger("mockbatch")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
