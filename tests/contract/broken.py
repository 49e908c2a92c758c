"""Faults that are planted into a server, one at a time, each with the case that has to catch it."""

import json
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from io import BytesIO
from typing import Any, NamedTuple

from flask import Flask
from werkzeug.wrappers import Request, Response

from mockbatch.typing import Json

Ask = Callable[[], Response]
# Answers a request, or returns None for one that it leaves alone; `ask` is the honest answer.
Plant = Callable[[Request, Ask], Response | None]


class Fault(NamedTuple):
    """What is wrong with a server, and the case that says so."""

    caught_by: str
    plant: Plant


def plant(app: Flask, fault: Fault) -> Flask:
    """Break an app."""
    honest = app.wsgi_app

    def broken(environ: Any, start_response: Any) -> Any:
        if not environ["PATH_INFO"].startswith("/v1"):
            return honest(environ, start_response)
        environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read())
        request = Request(environ)
        response = fault.plant(request, lambda: Response.from_app(honest, environ))
        return (response or honest)(environ, start_response)

    app.wsgi_app = broken  # type: ignore[method-assign]
    return app


def is_for(request: Request, route: str) -> bool:
    """Tell whether a request is one of `GET /batches/*`, say."""
    return fnmatchcase(f"{request.method} {request.path.removeprefix('/v1')}", route)


def answered(route: str, change: Callable[[Response], None]) -> Plant:
    """Change answers."""

    def wrong(request: Request, ask: Ask) -> Response | None:
        if not is_for(request, route):
            return None
        answer = ask()
        change(answer)
        return answer

    return wrong


def body(route: str, change: Callable[[Json], Json]) -> Plant:
    """Change the JSON of good answers."""
    return text(route, lambda content: json.dumps(change(json.loads(content))))


def members(route: str, **wrong: Json) -> Plant:
    """Change members of good answers."""
    return body(route, lambda value: {**value, **wrong})


def without(route: str, name: str) -> Plant:
    """Take a member out of good answers."""
    return body(route, lambda value: {one: value[one] for one in value if one != name})


def text(route: str, change: Callable[[str], str]) -> Plant:
    """Change the text of good answers."""

    def wrong(answer: Response) -> None:
        if answer.status_code == 200:
            answer.set_data(change(answer.get_data(as_text=True)))

    return answered(route, wrong)


def lines(change: Callable[[Json], Json]) -> Plant:
    """Change each line of results; `/content` of an input file has no `response`."""

    def changed(content: str) -> str:
        found = [json.loads(line) for line in content.splitlines()]
        kept = [change(line) if "response" in line else line for line in found]
        return "".join(json.dumps(line) + "\n" for line in kept)

    return text("GET /files/*/content", changed)


def refused(route: str, change: Callable[[Json], Json]) -> Plant:
    """Change the error of answers that have one."""

    def wrong(answer: Response) -> None:
        if answer.status_code >= 400:
            answer.set_data(json.dumps(change(json.loads(answer.get_data()))))

    return answered(route, wrong)


def header(route: str, name: str, value: str | None) -> Plant:
    """Send another header, or leave it out."""

    def wrong(answer: Response) -> None:
        answer.headers.pop(name, None)
        if value is not None:
            answer.headers[name] = value

    return answered(route, wrong)


def status(route: str, wanted: int, instead: int) -> Plant:
    """Answer with another status."""

    def wrong(answer: Response) -> None:
        if answer.status_code == wanted:
            answer.status_code = instead

    return answered(route, wrong)


def always(route: str, status: int, content: str, kind: str = "application/json") -> Plant:
    """Give one answer to all."""

    def wrong(request: Request, _: Ask) -> Response | None:
        return Response(content, status, content_type=kind) if is_for(request, route) else None

    return wrong


def deaf(route: str, *names: str) -> Plant:
    """Take no notice of parameters of the query."""

    def wrong(request: Request, ask: Ask) -> Response | None:
        if is_for(request, route):
            kept = [pair for pair in request.query_string.decode().split("&") if pair]
            kept = [pair for pair in kept if pair.partition("=")[0] not in names]
            request.environ["QUERY_STRING"] = "&".join(kept)
            return ask()
        return None

    return wrong


def misheard(name: str, text: str) -> Plant:
    """Take another value for that of a header."""
    key = f"HTTP_{name.upper().replace('-', '_')}"

    def wrong(request: Request, ask: Ask) -> Response | None:
        if key not in request.environ:
            return None
        request.environ[key] = text
        return ask()

    return wrong


def heard(route: str, change: Callable[[Json], Json]) -> Plant:
    """Take another body for the one that was sent."""

    def wrong(request: Request, ask: Ask) -> Response | None:
        if not is_for(request, route):
            return None
        try:
            sent = json.loads(request.get_data(cache=False))
        except ValueError:
            sent = None
        if isinstance(sent, dict):
            data = json.dumps(change(sent)).encode()
            request.environ["CONTENT_LENGTH"] = str(len(data))
            request.environ["wsgi.input"] = BytesIO(data)
        else:
            request.environ["wsgi.input"].seek(0)
        return ask()

    return wrong


def uploaded(change: Callable[[bytes], bytes]) -> Plant:
    """Take another file for the one that was uploaded as the last part of a form."""

    def wrong(request: Request, ask: Ask) -> Response | None:
        if not is_for(request, "POST /files"):
            return None
        head, _, rest = request.get_data(cache=False).rpartition(b"\r\n\r\n")
        content, _, end = rest.rpartition(b"\r\n--")
        data = b"".join([head, b"\r\n\r\n", change(content), b"\r\n--", end])
        request.environ["CONTENT_LENGTH"] = str(len(data))
        request.environ["wsgi.input"] = BytesIO(data)
        return ask()

    return wrong


def without_length(route: str, status: int) -> Plant:
    """Refuse what comes in chunks."""

    def wrong(request: Request, _: Ask) -> Response | None:
        if is_for(request, route) and "Content-Length" not in request.headers:
            return Response('{"error": {}}', status)
        return None

    return wrong


def shifted(*names: str, by: int) -> Callable[[Json], Json]:
    """Change numbers that are there."""
    return lambda value: {
        **value,
        **{name: value[name] + by for name in names if isinstance(value.get(name), int)},
    }


def counted(change: Callable[[Mapping[str, int]], Json]) -> Callable[[Json], Json]:
    """Change the counts of a batch."""
    return lambda batch: {**batch, "request_counts": change(batch["request_counts"])}


def errors_changed(change: Callable[[list[Json]], list[Json]]) -> Callable[[Json], Json]:
    """Change the errors of a batch that failed."""

    def changed(batch: Json) -> Json:
        if not batch["errors"]:
            return batch
        return {**batch, "errors": {**batch["errors"], "data": change(batch["errors"]["data"])}}

    return changed


def reversed_page(page: Json) -> Json:
    """Turn a page round."""
    return {**page, "data": page["data"][::-1]}


def swapped_page(page: Json) -> Json:
    """Put the first of a page last."""
    return {**page, "data": [*page["data"][1:], *page["data"][:1]]}


def chatty(line: Json) -> Json:
    """Make a chat completion of a response."""
    body = line["response"]["body"]
    if body.get("object") == "response":
        body["object"] = "chat.completion"
    return line


BATCH = "GET /batches/batch_*"
ANY_KEY = "Bearer undefined"
