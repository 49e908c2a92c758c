"""Errors in OpenAI's format: raised anywhere, turned into a response in one place.

Code below the web raises `ApiError`; `mockbatch.web.errors` turns it into a response. The texts
are in `error_messages.json`, by name: a new error is a row there and an `api_error(name)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mockbatch.package_data import read_json
from mockbatch.strings.echo import shorten_all

INVALID_REQUEST = "invalid_request_error"

# Where a text comes from.
OBSERVED = "observed"  # in recorded traffic, or quoted in a public report
REMEMBERED = "remembered"  # known to exist, its exact wording unverified
MOCKBATCH_ONLY = "mockbatch"  # OpenAI has no such error


class ErrorTemplate(NamedTuple):
    """One row of `error_messages.json`; `message` and `param` have {fields} to fill in.

    `status` is the HTTP status, 0 for an error that occurs only in a batch's error file.
    """

    status: int
    code: str | None
    param: str | None
    message: str
    source: str
    type: str = INVALID_REQUEST


def _load_templates() -> Mapping[str, ErrorTemplate]:
    groups = read_json("error_messages.json")
    return {name: ErrorTemplate(**row) for group in groups.values() for name, row in group.items()}


ERROR_TEMPLATES: Mapping[str, ErrorTemplate] = _load_templates()


@dataclass
class ApiError(Exception):
    """An error returned to the client in OpenAI's error format.

    `siblings` are members of the response body beside `error`. `name` is that of its row in
    `error_messages.json`, and `fields` are what was filled in, so that another provider can word
    the error in its own way.
    """

    status: int
    message: str
    type: str = INVALID_REQUEST
    param: str | None = None
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    siblings: Mapping[str, Any] = field(default_factory=dict)
    name: str = field(default="", compare=False)
    fields: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        return self.message

    def body(self) -> dict[str, Any]:
        """Return the body of the response, JSON-ready, schema error.json."""
        error = {
            "message": self.message,
            "type": self.type,
            "param": self.param,
            "code": self.code,
        }
        return {"error": error, **self.siblings}


class NoReplyPossibleError(ApiError):
    """mockbatch cannot generate a reply to a request that OpenAI would accept.

    A scripted reply takes its place.
    """


def api_error(name: str, /, **fields: object) -> ApiError:
    """Return the error of that name, with `fields` filled into its texts, long ones cut."""
    template, texts = ERROR_TEMPLATES[name], shorten_all(fields)
    return ApiError(
        template.status,
        template.message.format_map(texts),
        template.type,
        None if template.param is None else template.param.format_map(texts),
        template.code,
        name=name,
        fields=texts,
    )


def line_error(name: str, line: int | None, /, **fields: object) -> dict[str, Any]:
    """Return the error of that name as an entry of a batch's `errors.data`.

    `line` is the number of the input line, counted from 1.
    """
    error = api_error(name, **fields)
    return {
        "code": error.code,
        "message": error.message,
        "param": error.param,
        "line": line,
    }


def too_many_worlds(limit: int) -> ApiError:
    """Return the ApiError 429 for a key for which there is no room for a world."""
    error = api_error("too_many_worlds", limit=limit)
    error.headers = {"x-should-retry": "false"}
    return error
