"""Plants a fault into the app of a server; each function returns one kind of fault."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from typing import Any, NamedTuple

from flask import Flask
from werkzeug.wrappers import Request, Response

from mockbatch.typing import Json

# Returns the response that the server would give without the fault.
GetResponse = Callable[[], Response]
# Returns the faulty response, or None for a request that the fault does not concern. A route is
# a method and a pattern of paths below the base URL, as in `GET /batches/*`; `*` there is part of
# one segment. The route `*` is every request.
Respond = Callable[[Request, GetResponse], Response | None]


class PlantedFault(NamedTuple):
    """A fault, and the id of the case that has to catch it.

    `also` are the ids of further cases that it breaks, because it is a fault of theirs, too.
    """

    caught_by: str
    respond: Respond
    also: frozenset[str] = frozenset()

    @property
    def breaches(self) -> set[str]:
        """The ids of all cases that it breaks."""
        return {self.caught_by, *self.also}


def also(*names: str) -> frozenset[str]:
    """Return ids of cases."""
    return frozenset(names)


def only_if(concerns: Callable[[Request], bool], respond: Respond) -> Respond:
    """Plant a fault for some requests only; `concerns` may read the body of its request."""

    def respond_to_some(request: Request, get_response: GetResponse) -> Response | None:
        data = request.get_data(cache=False)
        request.environ["wsgi.input"].seek(0)
        with Request({**request.environ, "wsgi.input": BytesIO(data)}) as copy:
            is_concerned = concerns(copy)
        return respond(request, get_response) if is_concerned else None

    return respond_to_some


def plant_fault(app: Flask, fault: PlantedFault) -> Flask:
    """Let an app respond with a fault, and return it."""
    faultless = app.wsgi_app

    def faulty(environ: Any, start_response: Any) -> Any:
        if not environ["PATH_INFO"].startswith("/v1"):
            return faultless(environ, start_response)
        environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read())
        request = Request(environ)
        response = fault.respond(request, lambda: Response.from_app(faultless, environ))
        return (response or faultless)(environ, start_response)

    app.wsgi_app = faulty  # type: ignore[method-assign]
    return app


def matches(request: Request, route: str) -> bool:
    """Return whether a request is one of a route."""
    if route == "*":
        return True
    pattern = re.escape(route).replace(r"\*", "[^/]*")
    return bool(re.fullmatch(pattern, f"{request.method} {request.path.removeprefix('/v1')}"))


def change_responses(route: str, change: Callable[[Response], None]) -> Respond:
    """Change each response."""

    def respond(request: Request, get_response: GetResponse) -> Response | None:
        if not matches(request, route):
            return None
        response = get_response()
        change(response)
        return response

    return respond


def change_body(route: str, change: Callable[[Json], Json]) -> Respond:
    """Change the JSON of responses with status 200."""
    return change_text(route, lambda text: json.dumps(change(json.loads(text))))


def set_members(route: str, **members: Json) -> Respond:
    """Set members of the JSON of responses with status 200."""
    return change_body(route, lambda body: {**body, **members})


def remove_member(route: str, removed: str) -> Respond:
    """Remove a member from the JSON of responses with status 200."""
    return change_body(route, lambda body: {name: body[name] for name in body if name != removed})


def change_text(route: str, change: Callable[[str], str]) -> Respond:
    """Change the body of responses with status 200."""

    def change_response(response: Response) -> None:
        if response.status_code == 200:
            response.set_data(change(response.get_data(as_text=True)))

    return change_responses(route, change_response)


def change_results(change: Callable[[str], str]) -> Respond:
    """Change the text of output and error files; lines of input files have no `response`.

    The text is changed without its optional spaces. They are added again in one place, so that
    the content has as many bytes as before.
    """

    def change_content(text: str) -> str:
        if '"response":' not in text:
            return text
        lines = [json.loads(line) for line in text.splitlines()]
        changed = change(to_jsonl(lines))
        return changed.replace("{", "{" + " " * (len(text) - len(changed)), 1)

    return change_text("GET /files/*/content", change_content)


def change_input_files(change: Callable[[str], str]) -> Respond:
    """Change the text of downloads other than output and error files."""
    return change_text(
        "GET /files/*/content", lambda text: text if '"response":' in text else change(text)
    )


def change_result_lines(change: Callable[[Json], Json]) -> Respond:
    """Change each line of output and error files."""
    return change_results(lambda text: to_jsonl(map(change, map(json.loads, text.splitlines()))))


def change_result_files(change: Callable[[Json], Json]) -> Respond:
    """Change the objects of output and error files."""
    return change_body(
        "GET /files/*", lambda file: change(file) if file["purpose"] == "batch_output" else file
    )


def change_batches(status: str, change: Callable[[Json], Json]) -> Respond:
    """Change batches that have a status."""
    return change_body(BATCH, lambda batch: change(batch) if batch["status"] == status else batch)


def to_jsonl(lines: Iterable[Json]) -> str:
    """Return lines as JSONL, without optional spaces."""
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def change_errors(route: str, change: Callable[[Json], Json]) -> Respond:
    """Change the JSON of error responses."""

    def change_response(response: Response) -> None:
        if response.status_code >= 400:
            response.set_data(json.dumps(change(json.loads(response.get_data()))))

    return change_responses(route, change_response)


def set_header(route: str, name: str, value: str | None) -> Respond:
    """Set a header of responses, or remove it if `value` is None."""

    def change_response(response: Response) -> None:
        response.headers.pop(name, None)
        if value is not None:
            response.headers[name] = value

    return change_responses(route, change_response)


def change_status(route: str, old: int, new: int) -> Respond:
    """Replace one status by another."""

    def change_response(response: Response) -> None:
        if response.status_code == old:
            response.status_code = new

    return change_responses(route, change_response)


def always_respond(
    route: str, status: int, content: str, content_type: str = "application/json"
) -> Respond:
    """Give the same response to every request."""

    def respond(request: Request, _: GetResponse) -> Response | None:
        if not matches(request, route):
            return None
        return Response(content, status, content_type=content_type)

    return respond


def ignore_parameters(route: str, *names: str) -> Respond:
    """Ignore parameters of the query."""

    def respond(request: Request, get_response: GetResponse) -> Response | None:
        if not matches(request, route):
            return None
        pairs = [pair for pair in request.query_string.decode().split("&") if pair]
        kept = [pair for pair in pairs if pair.partition("=")[0] not in names]
        request.environ["QUERY_STRING"] = "&".join(kept)
        return get_response()

    return respond


def has_limit_above(maximum: int) -> Callable[[Request], bool]:
    """Return whether a request has a limit above a maximum."""
    return lambda request: request.args.get("limit", default=0, type=int) > maximum


def has_limit_within(maximum: int) -> Callable[[Request], bool]:
    """Return whether a request has a limit from 1 to a maximum."""
    return lambda request: 1 <= request.args.get("limit", default=0, type=int) <= maximum


def replace_request_header(name: str, value: str) -> Respond:
    """Treat each request as if a header, if it has it, had another value."""
    key = f"HTTP_{name.upper().replace('-', '_')}"

    def respond(request: Request, get_response: GetResponse) -> Response | None:
        if key not in request.environ:
            return None
        request.environ[key] = value
        return get_response()

    return respond


def change_request_body(route: str, change: Callable[[Json], Json]) -> Respond:
    """Treat each request as if its body, if it is an object, had been changed."""

    def respond(request: Request, get_response: GetResponse) -> Response | None:
        if not matches(request, route):
            return None
        try:
            body = json.loads(request.get_data(cache=False))
        except ValueError:
            body = None
        if isinstance(body, dict):
            set_request_body(request, json.dumps(change(body)).encode())
        else:
            request.environ["wsgi.input"].seek(0)
        return get_response()

    return respond


def change_uploaded_file(change: Callable[[bytes], bytes]) -> Respond:
    """Treat each upload as if its file had been changed."""

    def respond(request: Request, get_response: GetResponse) -> Response | None:
        if not matches(request, "POST /files"):
            return None
        end = b"\r\n--" + request.mimetype_params["boundary"].encode()
        before, mark, rest = request.get_data(cache=False).partition(b"; filename=")
        head, gap, rest = rest.partition(b"\r\n\r\n")
        content, end, after = rest.partition(end)
        set_request_body(request, b"".join([before, mark, head, gap, change(content), end, after]))
        return get_response()

    return respond


def set_request_body(request: Request, data: bytes) -> None:
    """Replace the body of a request that the app has yet to read."""
    request.environ["CONTENT_LENGTH"] = str(len(data))
    request.environ["wsgi.input"] = BytesIO(data)


def reject_chunked(route: str, status: int) -> Respond:
    """Reject requests without a Content-Length."""

    def respond(request: Request, _: GetResponse) -> Response | None:
        if matches(request, route) and "Content-Length" not in request.headers:
            return Response('{"error": {}}', status)
        return None

    return respond


def add_to(*names: str, by: float) -> Callable[[Json], Json]:
    """Return a change that adds to members that are integers."""
    return lambda body: {
        **body,
        **{name: body[name] + by for name in names if isinstance(body.get(name), int)},
    }


def change_counts(change: Callable[[Mapping[str, int]], Json]) -> Callable[[Json], Json]:
    """Return a change of a batch's request counts."""
    return lambda batch: {**batch, "request_counts": change(batch["request_counts"])}


def change_batch_errors(change: Callable[[list[Json]], list[Json]]) -> Callable[[Json], Json]:
    """Return a change of the errors of a failed batch."""

    def change_batch(batch: Json) -> Json:
        if not batch["errors"]:
            return batch
        return {**batch, "errors": {**batch["errors"], "data": change(batch["errors"]["data"])}}

    return change_batch


def reverse_page(page: Json) -> Json:
    """Reverse the order of a page."""
    return {**page, "data": page["data"][::-1]}


def with_milliseconds(batch: Json) -> Json:
    """Give the creation of a batch in milliseconds, and an expiry that many seconds later."""
    created_at = batch["created_at"] * 1000
    return {**batch, "created_at": created_at, "expires_at": created_at + 86400}


def as_chat_completion(line: Json) -> Json:
    """Name the response in a result line a chat completion."""
    body = (line["response"] or {}).get("body", {})
    if body.get("object") == "response":
        body["object"] = "chat.completion"
    return line


BATCH = "GET /batches/batch_*"
