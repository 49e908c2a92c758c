"""Looks whether there is an API at a URL at all, before it is judged."""

from mockbatch.contract.client import Answer, Client, NoAnswerError


def check(client: Client, url: str) -> None:
    """Raise ValueError, with one line for whoever gave the URL, when nothing can be judged."""
    try:
        answer = client.get("/batches?limit=1")
    except NoAnswerError as error:
        raise ValueError(f"cannot ask {url}: {error}") from None
    wrong = _wrong(client, answer, url)
    if wrong:
        raise ValueError(wrong)


def _wrong(client: Client, answer: Answer, url: str) -> str:
    asked = f"{url.rstrip('/')}/batches"
    if 300 <= answer.status < 400:
        target = answer.headers.get("Location", "nowhere")
        return f"{asked} redirects to {target}, where the key is not sent: give that base URL"
    if answer.status == 404 and not url.rstrip("/").endswith("/v1") and _has_v1(client):
        return f"{asked} is not there, {url.rstrip('/')}/v1/batches is: give the URL with /v1"
    if answer.is_html:
        return f"{asked} answers {answer.status} with a page for people, not JSON: no base URL?"
    if answer.status == 404:
        return f"{asked} answers 404: the server has no batches, or the base URL is another"
    if answer.status in (401, 403):
        return f"{asked} answers {answer.status}: the server refuses this key; give --key KEY"
    if answer.status != 200:
        return f"{asked} answers {answer.status}: nothing can be checked now"
    try:
        answer.json()
    except ValueError:
        return f"{asked} answers {answer.status} with something that is not JSON: no base URL?"
    return ""


def _has_v1(client: Client) -> bool:
    try:
        return client.get("/v1/batches?limit=1").status != 404
    except NoAnswerError:
        return False
