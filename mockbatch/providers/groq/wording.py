"""The body of Groq's errors: OpenAI's, without the members that are null. From memory.

Only one text of its own is known, that of a wrong key; otherwise OpenAI's stays.
"""

from mockbatch.errors import ApiError
from mockbatch.typing import Json

_WRONG_KEY = "Invalid API Key"


def http_error(error: ApiError) -> tuple[int, dict[str, Json]]:
    """Return the status and the body of an error response."""
    message = _WRONG_KEY if error.name in ("wrong_key", "no_authorization") else error.message
    code = "invalid_api_key" if message == _WRONG_KEY else error.code
    members = {"message": message, "type": error.type, "param": error.param, "code": code}
    return error.status, {"error": {name: it for name, it in members.items() if it is not None}}
