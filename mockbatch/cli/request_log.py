"""The log of `mockbatch serve`: requests, status changes and webhook attempts, a line for each.

Times are simulated. Lines of one world are in order of time; each world has its own clock.
"""

import json
import logging
import os
import sys
from typing import Any
from urllib.parse import quote

import click

from mockbatch.clock import format_instant

_MAX_ERROR_CHARACTERS = 300


class _LogFormatter(logging.Formatter):
    """Formats a record with `fields` as text or JSON, and others with their level."""

    def __init__(self, log_format: str, *, in_colour: bool) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._is_json = log_format == "json"
        self._in_colour = in_colour

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line."""
        fields: dict[str, Any] | None = getattr(record, "fields", None)
        if fields is None:
            text = super().format(record)
            if self._is_json:
                return json.dumps({"level": record.levelname, "message": text})
            return text
        if self._is_json:
            return json.dumps(fields)
        line, colour = _format_request(fields) if "method" in fields else _format_event(fields)
        return click.style(line, fg=colour) if self._in_colour else line


def _format_request(request: dict[str, Any]) -> tuple[str, str | None]:
    """Return the line and its colour for a request."""
    # Quoted again, so that a line end in a path does not make two lines of one request.
    line = f"{_format_time(request['now'])} {request['method']} {quote(request['path'])}"
    line += f" {request['status']}"
    if request["fault"]:
        line += f" [{request['fault']}]"
    line += f" {request['duration_ms']:g} ms"
    if request["world"]:
        line += f" ({request['world']})"
    return line + _format_error(request["error"]), _colour_of(request["status"])


def _format_event(event: dict[str, Any]) -> tuple[str, str | None]:
    """Return the line and its colour for a status change or an attempt to send a webhook."""
    line = f"{_format_time(event['at'])} {event['type']} {event['id']}"
    if "url" not in event:
        return f"{line} ({event['world']})", "cyan"
    line += f" {event['event']} to {event['url']}"
    line += "" if event["status"] is None else f" {event['status']}"
    line += f" ({event['world']})"
    is_delivered = event["type"] == "webhook.delivered"
    return line + _format_error(event["error"]), "cyan" if is_delivered else "red"


def _format_time(instant: float | None) -> str:
    return "-" if instant is None else format_instant(instant)


def _format_error(error: str | None) -> str:
    return "" if error is None else f": {' '.join(error.split())[:_MAX_ERROR_CHARACTERS]}"


def _colour_of(status: int) -> str | None:
    if status == 0 or status >= 500:
        return "red"
    return "yellow" if status >= 400 else None


def log_requests(log_format: str) -> None:
    """Log to stderr from now on; `log_format` is `text` or `json`."""
    in_colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    handler = logging.StreamHandler()
    handler.setFormatter(_LogFormatter(log_format, in_colour=in_colour))
    logger = logging.getLogger("mockbatch")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
