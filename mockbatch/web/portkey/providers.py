"""What Portkey's gateway does for providers besides OpenAI.

For most of them it has no code for batches and files: it refuses to create and to cancel, and all
else goes to the bare base URL of the provider. For Azure OpenAI it passes them on.
Source: measured against @portkey-ai/gateway 1.15.2; the requests are in tests/gateway.
"""

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request, Response

from mockbatch.typing import Json
from mockbatch.web.portkey import azure_ai
from mockbatch.web.portkey.checks import (
    EXCEPTION_HEADERS,
    GatewayError,
    Target,
    failure_body,
    internal_error,
)
from mockbatch.web.portkey.config import PROVIDERS

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

AZURE, AZURE_AI = AZURES = ("azure-openai", "azure-ai")
#: The providers whose batches the gateway turns into OpenAI's form.
TRANSLATED = frozenset({"bedrock", "vertex-ai", "cohere"})
#: The providers for whose batches the gateway has no code, nor for their files but those of
#: Fireworks and the uploads to kluster.ai.
_WITHOUT_BATCHES = frozenset(PROVIDERS) - TRANSLATED - {*AZURES, "openai", "portkey"}
# The routes of batches and files, `/output` included.
_BATCH_OR_FILE = re.compile(r"\w+ /v1/(batches|files)(/.*)?")
_NATIVE = re.compile(r"\w+ /v1/messages/batches(/.*)?")
# What the gateway takes for the provider's name in errors of these routes, by a slip.
_NAMELESS = re.compile(r"(GET|DELETE) /v1/files/[^/]+(/content)?")
_UNSUPPORTED = (
    (re.compile("POST /v1/batches"), "createBatch"),
    (re.compile("POST .*/cancel"), "cancelBatch"),
)
# Differs from the gateway: what mockbatch refuses of a provider, and why.
_REFUSED = {
    "fireworks-ai": (
        re.compile(r"(POST|GET) /v1/files|(GET|DELETE) /v1/files/[^/]+"),
        "mockbatch does not have the datasets of Fireworks, which the gateway uses for files",
    ),
    "kluster-ai": (
        re.compile(r"POST /v1/files"),
        "it is not known how kluster.ai answers an upload of the gateway, which calls it JSON",
    ),
}


def check_played(target: Target, called: str) -> None:
    """Raise GatewayError for a request that the gateway refuses, or that mockbatch cannot play."""
    provider = target.provider
    if provider == "openai":
        return
    is_of_batches = _BATCH_OR_FILE.fullmatch(called) is not None
    if provider in _WITHOUT_BATCHES and is_of_batches:
        _check_without_batches(provider, called)
        return
    if provider in {*AZURES, *TRANSLATED} and is_of_batches:
        return
    if provider == "anthropic" and _NATIVE.fullmatch(called):
        return
    # Differs from the gateway, which would call that provider.
    message = f"in the gateway's role mockbatch has only batches and files of {provider}"
    raise GatewayError(501, failure_body(message))


def _check_without_batches(provider: str, called: str) -> None:
    """Raise GatewayError for a request that the gateway has no code for, or that is not played."""
    pattern, reason = _REFUSED.get(provider, (None, ""))
    if pattern is not None and pattern.fullmatch(called):
        raise GatewayError(501, failure_body(reason))
    for unsupported, name in _UNSUPPORTED:
        if unsupported.fullmatch(called):
            message = f"{name} is not supported by {provider}"
            raise GatewayError(500, failure_body(message), EXCEPTION_HEADERS)
    if called.startswith("POST"):  # an upload
        raise internal_error(EXCEPTION_HEADERS)


def is_sent_to_base(target: Target, called: str) -> bool:
    """Return whether the gateway calls the base URL of the provider, whatever the path is."""
    return target.provider in _WITHOUT_BATCHES and _BATCH_OR_FILE.fullmatch(called) is not None


def readdress(environ: "WSGIEnvironment", target: Target, headers: Headers) -> None:
    """Put the path that the gateway calls into the environ of a forwarded request.

    A custom host counts with its path only: the answer is always mockbatch's own.
    """
    if target.provider == "openai":
        return
    if target.provider == AZURE_AI:
        azure_ai.readdress(environ, headers)
        return
    host = headers.get("x-portkey-custom-host")
    version = headers.get("x-portkey-azure-api-version")
    base = urlsplit(host).path.rstrip("/") if host else _default_base(target.provider, headers)
    environ["PATH_INFO"] = base + environ["PATH_INFO"].removeprefix("/v1")
    if target.provider == AZURE and version and version != "v1":
        query = environ.get("QUERY_STRING", "")
        environ["QUERY_STRING"] = (
            f"{query}&api-version={version}" if query else f"api-version={version}"
        )
    if target.provider == "anthropic":
        environ["HTTP_X_API_KEY"] = target.key
        environ.setdefault("HTTP_ANTHROPIC_VERSION", "2023-06-01")


def _default_base(provider: str, headers: Headers) -> str:
    if provider == "fireworks-ai":
        return f"/v1/accounts/{headers.get('x-portkey-fireworks-account-id', 'undefined')}"
    if provider != AZURE:
        return "/v1"
    version = headers.get("x-portkey-azure-api-version")
    return "/openai" if version and version != "v1" else "/openai/v1"


def no_azure_output(batch: Json) -> Response:
    """Return the response for the output of a batch that names no file.

    Differs from the gateway for a batch of blobs, whose output it would fetch from the storage.
    """
    body = {"error": "invalid response output format", "provider_response": batch}
    text = json.dumps({**body, "provider": AZURE}, separators=(",", ":"))
    return Response(text, 400, content_type="text/plain;charset=UTF-8")


def error_names(target: Target, request: Request) -> tuple[str, object]:
    """Return the name that stands before the message of an error, and the one beside it."""
    if target.provider == AZURE and _NAMELESS.fullmatch(f"{request.method} {request.path}"):
        return "[object Headers]", {}
    return target.provider, target.provider
