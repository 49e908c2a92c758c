"""The key of a request, in whichever header its client sends it.

OpenAI and Groq take it in `Authorization`, Azure OpenAI in `api-key`, and Anthropic in
`x-api-key`. Every path takes all three, so that one key opens one world with any client.
"""

import base64
from collections.abc import Mapping
from typing import Any

from mockbatch.endpoints.provider_registry import key_headers
from mockbatch.errors import api_error

# Under their names in a WSGI environ. Without `Authorization`, the first that is there counts,
# and after them those that further providers name.
_KEY_HEADERS = ("HTTP_API_KEY", "HTTP_X_API_KEY")


def request_key(environ: Mapping[str, Any]) -> str | None:
    """Return the key in the headers of a request, None without any.

    An Authorization header without a key is an ApiError 401; so is `Bearer Bearer x`, a doubled
    scheme.
    """
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    if authorization and not authorization.isspace():
        return _parse_authorization(authorization)
    for name in (*_KEY_HEADERS, *key_headers()):
        key: str | None = environ.get(name)
        if key is not None:
            return key.strip()
    return None


def _parse_authorization(authorization: str) -> str:
    scheme, _, credentials = authorization.partition(" ")
    credentials = credentials.strip()
    if scheme.lower() == "basic":
        return _basic_user(credentials)
    if scheme.lower() != "bearer" or " " in credentials:
        raise api_error("no_authorization")
    return credentials


def _basic_user(credentials: str) -> str:
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except ValueError:
        # No base64, no UTF-8, or characters beyond ASCII.
        raise api_error("no_authorization") from None
    return user or password
