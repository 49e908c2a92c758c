"""Looks whether there is an API at a URL at all, before it is judged."""

from mockbatch.contract.client import Client, HttpResponse, NoResponseError
from mockbatch.contract.placeholders import to_printable


def check_server(client: Client, url: str) -> None:
    """Raise ValueError, with one line for whoever gave the URL, when nothing can be judged."""
    try:
        answer = client.get("/batches?limit=1")
    except NoResponseError as error:
        raise ValueError(f"cannot ask {url}: {error}") from None
    wrong = _wrong(client, answer, url)
    if wrong:
        raise ValueError(wrong)


def _wrong(client: Client, answer: HttpResponse, url: str) -> str:
    base, status = url.rstrip("/"), answer.status
    asked = f"{base}/batches answers {status}"
    if 300 <= status < 400:
        target = to_printable(str(answer.headers.get("Location", "nowhere")))
        return f"{asked} and redirects to {target}, where the key is not sent: give that base URL"
    if _is_json(answer):
        if status == 200:
            return ""
        if status in (401, 403):
            return f"{asked}: the server refuses this key; give --key KEY"
        if status == 429 or status >= 500:
            return f"{asked}: nothing can be checked now"
    if not base.endswith("/v1") and _has_v1(client):
        return f"{asked}, and {base}/v1/batches is there: give the URL with /v1"
    if _is_json(answer):
        return f"{asked}: the server has no batches, or the base URL is another"
    kind = "a page for people" if answer.is_html else "something"
    return f"{asked} with {kind} that is not JSON: the base URL is another, or the server is down"


def _has_v1(client: Client) -> bool:
    try:
        answer = client.get("/v1/batches?limit=1")
    except NoResponseError:
        return False
    return answer.status != 404 and _is_json(answer)


def _is_json(answer: HttpResponse) -> bool:
    try:
        answer.json()
    except ValueError:
        return False
    return True
