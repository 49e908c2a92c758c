"""Checks that there is a Batch API at a URL, before any case runs."""

from mockbatch.contract.client import Client
from mockbatch.contract.errors import CannotCheckError, NoResponseError
from mockbatch.contract.placeholders import to_printable
from mockbatch.http_client import HttpResponse


def check_server(client: Client, url: str) -> None:
    """Raise CannotCheckError, with a message for the user, if no case can be decided at a URL."""
    try:
        response = client.get("/batches?limit=1")
    except NoResponseError as error:
        raise CannotCheckError(f"cannot reach {url}: {error}") from None
    problem = _describe_problem(client, response, url)
    if problem:
        raise CannotCheckError(problem)


def _describe_problem(client: Client, response: HttpResponse, url: str) -> str:
    base, status = url.rstrip("/"), response.status
    result = f"{base}/batches returned {status}"
    if 300 <= status < 400:
        target = to_printable(str(response.headers.get("Location", "nowhere")))
        return f"{result}, a redirect to {target}; the key is not sent there: use that base URL"
    if _is_json(response):
        if status == 200:
            return ""
        if status in (401, 403):
            return f"{result}: the server rejects this key; use --key KEY"
        if status == 429 or status >= 500:
            return f"{result}: nothing can be checked now"
    if not base.endswith("/v1") and _has_v1(client):
        return f"{result}, but {base}/v1/batches exists: use the URL with /v1"
    if _is_json(response):
        return f"{result}: the server has no Batch API, or the base URL is wrong"
    content = "a web page" if response.is_html else "something"
    return f"{result} with {content} instead of JSON: the base URL is wrong, or the server is down"


def _has_v1(client: Client) -> bool:
    try:
        response = client.get("/v1/batches?limit=1")
    except NoResponseError:
        return False
    return response.status != 404 and _is_json(response)


def _is_json(response: HttpResponse) -> bool:
    try:
        response.json()
    except ValueError:
        return False
    return True
