"""The failures of the API: typed, raised deep, turned into an answer in one place.

Everything below the web raises `ApiError`; `mockbatch.web.errors` turns it into OpenAI's
envelope. Their texts are looked up by name in `error_messages.json`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, NamedTuple

INVALID_REQUEST = "invalid_request_error"

# Where a text comes from.
OBSERVED = "observed"  # in recorded traffic, or quoted from it by those who met it
REMEMBERED = "remembered"  # known to exist, its exact wording unverified
MOCKBATCH_ONLY = "mockbatch"  # only a mock can say it


class ErrorTemplate(NamedTuple):
    """One failure: `status` as in HTTP (0 for one that no answer has), texts with {fields}."""

    status: int
    code: str | None
    param: str | None
    message: str
    source: str
    type: str = INVALID_REQUEST


def _read() -> Mapping[str, ErrorTemplate]:
    path = resources.files("mockbatch").joinpath("error_messages.json")
    groups = json.loads(path.read_bytes())
    return {name: ErrorTemplate(**row) for group in groups.values() for name, row in group.items()}


ERROR_TEMPLATES: Mapping[str, ErrorTemplate] = _read()


@dataclass
class ApiError(Exception):
    """A failure that a client is told of, in the words of OpenAI's envelope."""

    status: int
    message: str
    type: str = INVALID_REQUEST
    param: str | None = None
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    # What stands beside `error` in the answer.
    siblings: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message

    def body(self) -> dict[str, Any]:
        """Return the JSON-ready envelope, schema error.json."""
        error = {
            "message": self.message,
            "type": self.type,
            "param": self.param,
            "code": self.code,
        }
        return {"error": error, **self.siblings}


class NoReplyPossibleError(ApiError):
    """A refusal of the mock's own: OpenAI would answer, and the mock finds nothing to say.

    A scripted reply that says something stands in.
    """


def api_error(name: str, /, **fields: object) -> ApiError:
    """Make the failure of that name; `fields` fill the gaps of its texts."""
    wording = ERROR_TEMPLATES[name]
    return ApiError(
        wording.status,
        wording.message.format_map(fields),
        wording.type,
        None if wording.param is None else wording.param.format_map(fields),
        wording.code,
    )


def line_error(name: str, line: int | None, /, **fields: object) -> dict[str, Any]:
    """Make an entry of a batch's `errors.data`; `line` counts from 1."""
    error = api_error(name, **fields)
    return {
        "code": error.code,
        "message": error.message,
        "param": error.param,
        "line": line,
    }
