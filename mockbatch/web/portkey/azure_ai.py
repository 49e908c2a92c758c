"""What Portkey's gateway does for the provider azure-ai: Azure OpenAI behind a Foundry URL.

Source: measured against @portkey-ai/gateway 1.15.2; the requests are in tests/gateway.
"""

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from werkzeug.datastructures import Headers

from mockbatch.typing import Json
from mockbatch.web.portkey.checks import EXCEPTION_HEADERS, internal_error

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_PROVIDER = "azure-ai"


def readdress(environ: "WSGIEnvironment", headers: Headers) -> None:
    """Put the path that the gateway calls into the environ of a forwarded request.

    The gateway has no path for an upload, which therefore arrives nowhere.
    """
    path = environ["PATH_INFO"].replace("/v1", "", 1)
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    if version := headers.get("x-portkey-azure-api-version"):
        query["api-version"] = version
    if environ["REQUEST_METHOD"] == "POST" and path == "/files":
        path, query = "", {}
    environ["PATH_INFO"] = _base(headers) + path
    environ["QUERY_STRING"] = urlencode(query)


def _base(headers: Headers) -> str:
    """Return the path below which Azure is; GatewayError without any URL of it."""
    host = headers.get("x-portkey-custom-host")
    if host:
        return urlsplit(host).path.rstrip("/")
    check_foundry_url(headers)
    return "/openai"


def check_foundry_url(headers: Headers) -> None:
    """Raise GatewayError if the gateway cannot find out where Azure is."""
    if not urlsplit(headers.get("x-portkey-azure-foundry-url", "")).netloc:
        raise internal_error(EXCEPTION_HEADERS)


def with_provider(body: Json) -> Json:
    """Return an object with the name of the provider, which the gateway adds to each."""
    return {**body, "provider": _PROVIDER} if isinstance(body, dict) else body
