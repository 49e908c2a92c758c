"""The lines of the results of a Message Batch.

Source: recorded lines of 2025 and 2026; those of errors from field notes of 2026.
"""

from mockbatch.errors import api_error
from mockbatch.providers.anthropic.errors import as_envelope
from mockbatch.typing import Json

_EXPIRED = api_error("batch_expired").code
_CANCELLED = api_error("batch_cancelled").code


def result_line(line: dict[str, Json]) -> dict[str, Json]:
    """Return the line that stands for a line of OpenAI's files, schema anthropic/result_line.json.

    A response with an error, a scripted one of any form too, is an errored result.
    """
    return {"custom_id": line["custom_id"], "result": _result(line)}


def _result(line: dict[str, Json]) -> dict[str, Json]:
    response, error = line["response"], line["error"]
    if response is None:
        code = error.get("code") if isinstance(error, dict) else None
        if code == _EXPIRED:
            return {"type": "expired"}
        if code == _CANCELLED:
            return {"type": "canceled"}
        return _errored_result(500, {"error": error})
    if 200 <= response["status_code"] < 300:
        return {"type": "succeeded", "message": response["body"]}
    return _errored_result(response["status_code"], response["body"])


def _errored_result(status: int, body: Json) -> dict[str, Json]:
    """Return an errored result; its request_id is null, as nothing was sent to a model."""
    whole = as_envelope(status, body, None)
    if isinstance(whole, dict) and isinstance(whole.get("error"), dict):
        visible = {"details": {"error_visibility": "user_facing"}, **whole["error"]}
        whole = {"type": "error", "error": visible, "request_id": whole.get("request_id")}
    return {"type": "errored", "error": whole}
