"""The codes and texts of Azure OpenAI's errors, with where they come from.

Errors of code that all providers share come with OpenAI's code and text. `messages.json` has
Azure's, by name and by code; where it has none, OpenAI's text stays.
"""

import re
from collections.abc import Mapping
from functools import cache

from mockbatch.errors import ApiError
from mockbatch.package_data import read_json
from mockbatch.strings.echo import shorten_all
from mockbatch.typing import Json

HTTP = "HTTP"
BATCH = "`errors` of a batch, by OpenAI's code"
# What OpenAI's message about a quota names.
_QUOTA = re.compile(r"limit reached for (?P<model>.+) in organization .*Limit: (?P<limit>[\d,]+)")


@cache
def messages() -> Mapping[str, Mapping[str, Mapping[str, Json]]]:
    """Return the rows of messages.json by group and name."""
    groups: Mapping[str, Mapping[str, Mapping[str, Json]]] = read_json(
        "providers", "azure", "messages.json"
    )
    return groups


def azure_error(name: str, **fields: object) -> ApiError:
    """Return the error that Azure alone has, with `fields` filled into its text."""
    row = messages()[HTTP][name]
    message = row["message"].format_map(shorten_all(fields))
    return ApiError(row["status"], message, code=row["code"])


def http_error(error: ApiError) -> tuple[int, dict[str, Json]]:
    """Return the status and the body of an error response."""
    row = messages()[HTTP].get(error.name)
    if row is None:
        code, message = error.code or str(error.status), error.message
    else:
        code, message = row["code"], row["message"]
    return error.status, {"error": {"code": code, "message": message}}


def batch_error(code: str, line: int | None = None, **fields: object) -> dict[str, Json]:
    """Return an entry of a batch's `errors.data`, by OpenAI's code or a name of its own."""
    row = messages()[BATCH][code]
    message = row["message"].format_map(shorten_all(fields))
    return {"code": row["code"], "message": message, "param": None, "line": line}


def translate_batch_error(error: Mapping[str, Json]) -> dict[str, Json]:
    """Return an entry of `errors.data` with Azure's code and text instead of OpenAI's."""
    if error["code"] not in messages()[BATCH]:
        return dict(error)
    quota = _QUOTA.search(error["message"])
    if error["code"] == "token_limit_exceeded" and quota is None:
        return dict(error)
    fields = {} if quota is None else quota.groupdict()
    return {**batch_error(error["code"], error["line"], **fields), "param": error["param"]}
