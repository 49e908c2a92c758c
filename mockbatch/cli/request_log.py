"""The log of `mockbatch serve`: one line a request, with simulated time."""

import json
import logging
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote


class _RequestFormatter(logging.Formatter):
    """One line a request, with simulated time; other messages as they are."""

    def __init__(self, form: str) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._json = form == "json"

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line."""
        fields: dict[str, Any] | None = getattr(record, "request", None)
        if fields is None:
            text = super().format(record)
            return json.dumps({"level": record.levelname, "message": text}) if self._json else text
        if self._json:
            return json.dumps(fields)
        now = fields["now"]
        moment = "-" if now is None else f"{datetime.fromtimestamp(now, timezone.utc):%F %TZ}"
        # Quoted again, so that no line end in a path makes two lines of one request.
        fault = f" [{fields['fault']}]" if fields.get("fault") else ""
        return f"{moment} {fields['method']} {quote(fields['path'])} {fields['status']}{fault}"


def start(form: str) -> None:
    """Log requests to stderr, in the form `text` or `json`."""
    handler = logging.StreamHandler()
    handler.setFormatter(_RequestFormatter(form))
    log = logging.getLogger("mockbatch")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
