"""What is sent: one function for each kind of attack, which returns the bytes of a request."""

import json
from collections.abc import Callable, Mapping
from random import Random
from urllib.parse import quote

from mockbatch.faults import presets
from mockbatch.scenarios import catalogue
from mockbatch.typing import Json
from tests.fuzz import mutations
from tests.fuzz.target import call
from tests.support.bodies import BODIES, CHAT

# Called with the value of the Host header.
Attack = Callable[[Random, str], bytes]

#: The key of a world in which replies and faults are scripted: its 5xx may be scripted.
SCRIPTS = "sk-scripts"
_LINE = {"custom_id": "a", "method": "POST", "url": CHAT, "body": BODIES[CHAT][0]}
_ID = "batch_6627f59088d281904a328c9646bb031a"
_ROUTES: tuple[tuple[str, str, Json], ...] = (
    (
        "POST",
        "/v1/batches",
        {
            "input_file_id": "file-1",
            "endpoint": CHAT,
            "completion_window": "24h",
            "metadata": {"a": "b"},
        },
    ),
    (
        "POST",
        "/v1/uploads",
        {"filename": "a", "purpose": "batch", "bytes": 3, "mime_type": "text/plain"},
    ),
    (
        "POST",
        "/v1/webhook_endpoints",
        {"name": "n", "url": "http://127.0.0.1:9/", "event_types": ["batch.completed"]},
    ),
    (
        "POST",
        "/_mock/batches",
        {"input": json.dumps(_LINE), "endpoint": CHAT, "metadata": {"a": "b"}},
    ),
    ("POST", "/_mock/clock", {"mode": "manual"}),
    ("POST", "/_mock/clock/advance", {"seconds": 100, "include": ["expiry", "progress"]}),
    ("PUT", "/_mock/models", {"models": ["gpt-4o-mini"]}),
    ("PUT", "/_mock/quotas", {"enqueued_tokens": {"*": 100_000}, "batches_per_hour": 1000}),
    ("POST", "/_mock/reset", {"pace": 2, "seed": 3, "poll_limit": 9, "scenario": "happy"}),
    ("POST", f"/_mock/batches/{_ID}/fail", {"code": "c", "message": "m"}),
)
_MESSAGE: Json = {
    "model": "claude-haiku-4-5",
    "max_tokens": 50,
    "messages": [{"role": "user", "content": "Hello"}],
}
_MESSAGE_BATCH = "/v1/messages/batches/msgbatch_013Zva2CMHLNnXjNJJKqJ2EF"
_AZURE, _GROQ = "/openai/v1", "/groq/openai/v1"
#: Calls of other providers: the method, the path and a valid body.
_PROVIDER_CALLS: tuple[tuple[str, str, Json], ...] = (
    ("POST", "/v1/messages", _MESSAGE),
    ("POST", "/v1/messages", {**_MESSAGE, "stream": True}),
    (
        "POST",
        "/v1/messages/batches",
        {"requests": [{"custom_id": name, "params": _MESSAGE} for name in "abc"]},
    ),
    *(
        ("POST", f"{root}/batches", {**_ROUTES[0][2], "endpoint": "/chat/completions"})
        for root in (_AZURE, _GROQ, "/openai")
    ),
    *(("POST", f"{root}/chat/completions", BODIES[CHAT][0]) for root in (_AZURE, _GROQ)),
)
_PROVIDER_PATHS = (
    "/v1/messages/batches",
    _MESSAGE_BATCH,
    f"{_MESSAGE_BATCH}/results",
    f"{_MESSAGE_BATCH}/cancel",
    *(f"{root}{path}" for root in (_AZURE, _GROQ) for path in ("/batches", "/files", "/models")),
    *(f"{root}/files/file-1/content" for root in (_AZURE, _GROQ, "/openai")),
)
_PATHS = (
    "/v1/batches",
    f"/v1/batches/{_ID}",
    f"/v1/batches/{_ID}/output",
    "/v1/files",
    "/v1/files/file-1/content",
    "/v1/models/gpt-4o",
    "/v1/webhook_endpoints",
    "/_mock/requests",
    "/_mock/requests/unmatched",
    "/_mock/batches",
    f"/_mock/batches/{_ID}/timeline",
    "/_mock/files",
    "/_mock/clock",
    "/_mock/page",
    "/_mock/scenarios/happy",
    "/_mock/webhooks/deliveries",
    "/_mock/worlds",
    "/_mock/health",
    "/",
)
_QUERIES = (
    "limit",
    "after",
    "order",
    "purpose",
    "path",
    "method",
    "status",
    "since",
    "seen",
    "from",
    "bytes",
    "bodies",
    "api-version",
    "before_id",
    "after_id",
)


def raw_http(random: Random, host: str) -> bytes:
    """Return an ordinary request with changed bytes, mostly in its head."""
    body = json.dumps(BODIES[CHAT][0]).encode()
    data = call(host, "POST", CHAT, body)
    head, _, rest = data.partition(b"\r\n\r\n")
    if random.random() < 0.3:
        lines = (
            b"Transfer-Encoding: chunked",
            b"Content-Length: 5",
            b"Host: evil",
            b"Expect: 100-continue",
            b"X : y",
            b"Content-Encoding: gzip",
            b"Origin: null",
            b"Authorization: Basic " + random.randbytes(8).hex().encode(),
        )
        head += b"\r\n" + random.choice(lines)
    return mutations.change_bytes(random, head) + b"\r\n\r\n" + rest


def paths_and_queries(random: Random, host: str) -> bytes:
    """Return a read with any query, or a path that is not quite one."""
    return _read(random, host, random.choice(_PATHS))


def _read(random: Random, host: str, path: str) -> bytes:
    if random.random() < 0.3:
        path += quote(mutations.text(random), safe="/%?&=", errors="replace")
    names = random.sample(_QUERIES, random.randrange(4))
    query = "&".join(
        f"{name}={quote(str(mutations.any_value(random, 0)), errors='replace')}" for name in names
    )
    method = random.choice(("GET", "GET", "GET", "DELETE", "HEAD", "OPTIONS", "PATCH"))
    return call(host, method, f"{path}?{query}" if query else path)


def live_calls(random: Random, host: str) -> bytes:
    """Return a live call of any endpoint with a changed body."""
    path, bodies = random.choice(list(BODIES.items()))
    body = mutations.mutate(random, random.choice(bodies))
    return call(host, "POST", path, mutations.encode(random, body))


def commands(random: Random, host: str) -> bytes:
    """Return a call that changes a world, with a changed body."""
    method, path, body = random.choice(_ROUTES)
    return call(host, method, path, mutations.encode(random, mutations.mutate(random, body)))


def schemas(random: Random, host: str) -> bytes:
    """Return a live call whose reply has to fit any schema."""
    schema = mutations.any_schema(random)
    format_ = {
        "type": "json_schema",
        "json_schema": {"name": "a", "schema": schema, "strict": random.random() < 0.5},
    }
    tool = {"type": "function", "function": {"name": "a", "parameters": schema}}
    extra: Json = random.choice(
        ({"response_format": format_}, {"tools": [tool], "tool_choice": "required"})
    )
    return call(host, "POST", CHAT, mutations.encode(random, {**BODIES[CHAT][0], **extra}))


def input_files(random: Random, host: str) -> bytes:
    """Return the creation of a batch of an input file with changed lines."""
    path, bodies = random.choice(list(BODIES.items()))
    lines = [
        {**_LINE, "custom_id": str(number), "url": path, "body": random.choice(bodies)}
        for number in range(random.choice((1, 3, 200)))
    ]
    lines[0] = mutations.mutate(random, lines[0])
    text = "\n".join(mutations.encode(random, line).decode(errors="replace") for line in lines)
    body = {
        "input": text,
        "endpoint": path,
        "metadata": {"mockbatch_scenario": random.choice(list(catalogue()))},
    }
    return call(host, "POST", "/_mock/batches", json.dumps(body).encode())


def forms(random: Random, host: str) -> bytes:
    """Return an upload whose form has changed bytes."""
    data = json.dumps(_LINE).encode()
    form = (
        b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n'
        b"Content-Type: application/jsonl\r\n\r\n" + data + b"\r\n--b--\r\n"
    )
    path = random.choice(("/v1/files", "/v1/images/edits", "/v1/uploads/upload_1/parts"))
    kind = random.choice(
        (
            "multipart/form-data; boundary=b",
            "multipart/form-data; boundary=b",
            "multipart/form-data",
            "multipart/form-data; boundary=" + "b" * 300,
        )
    )
    return call(host, "POST", path, mutations.change_bytes(random, form), content_type=kind)


def states(random: Random, host: str) -> bytes:
    """Return the replacement of a world by a document with changes."""
    state = _STATE if random.random() < 0.8 else {"format": "mockbatch state 2"}
    return call(
        host, "PUT", "/_mock/state", mutations.encode(random, mutations.mutate(random, state))
    )


def scripts(random: Random, host: str) -> bytes:
    """Return a scripted reply, fault or scenario, or a request that may meet one."""
    pattern = "".join(random.choice("*?[a-z]!x/v1") for _ in range(random.choice((3, 30, 600))))
    document: Json
    match random.randrange(6):
        case 0:
            document = {
                "match": {"custom_id": pattern, "model": pattern},
                "reply": mutations.any_value(random),
            }
            return call(host, "POST", "/_mock/replies", mutations.encode(random, document), SCRIPTS)
        case 1:
            document = mutations.mutate(random, random.choice(list(presets().values())))
            return call(host, "POST", "/_mock/faults", mutations.encode(random, document), SCRIPTS)
        case 2:
            document = {
                "document": mutations.mutate(random, random.choice(list(catalogue().values()))),
                "times": 1,
            }
            return call(
                host, "POST", "/_mock/scenarios/active", mutations.encode(random, document), SCRIPTS
            )
        case 3:
            return call(
                host,
                random.choice(("GET", "DELETE")),
                random.choice(("/_mock/replies", "/_mock/faults", "/_mock/scenarios/active")),
                key=SCRIPTS,
            )
        case 4:
            return call(host, "GET", f"/_mock/requests?path={quote(pattern)}", key=SCRIPTS)
    body = {**BODIES[CHAT][0], "model": "a" * random.choice((1, 300, 100_000))}
    return call(host, "POST", CHAT, json.dumps(body).encode(), SCRIPTS)


def large_bodies(random: Random, host: str) -> bytes:
    """Return a body of up to a few megabytes: many members, deep nesting, or one long text."""
    count = random.choice((1_000, 100_000, 1_000_000))
    chat: Json = BODIES[CHAT][0]
    few = min(count, 50_000)
    documents: list[Json] = [
        {"model": "a" * count, "messages": []},
        {**chat, "messages": chat["messages"] * few},
        {**chat, "metadata": {str(number): "x" for number in range(few)}},
        {"model": "text-embedding-3-small", "input": ["a"] * few},
    ]
    nested = [b"[" * count, b'{"a":' * few]
    body = random.choice([*nested, *(json.dumps(each).encode() for each in documents)])
    path = random.choice((CHAT, "/v1/embeddings", "/v1/responses", "/_mock/batches", "/v1/batches"))
    return call(host, "POST", path, body)


def provider_calls(random: Random, host: str) -> bytes:
    """Return a call of another provider than OpenAI: a changed body, or a read with any query."""
    if random.random() < 0.4:
        return _read(random, host, random.choice(_PROVIDER_PATHS))
    method, path, body = random.choice(_PROVIDER_CALLS)
    if random.random() < 0.2:
        path += f"?api-version={quote(mutations.text(random), errors='replace')}"
    return call(host, method, path, mutations.encode(random, mutations.mutate(random, body)))


def sweep(random: Random, host: str) -> bytes:
    """Return a reset of one of the worlds, so that neither fills up to its limits.

    What a world may hold, such as 64 MiB of scripted replies, would be mistaken for a leak.
    """
    settings = b'{"clock": "manual", "start_time": 1713894800}'
    return call(host, "POST", "/_mock/reset", settings, random.choice(("sk-fuzz", SCRIPTS)))


#: Each attack, and how often it comes up.
ATTACKS: Mapping[Attack, int] = {
    raw_http: 20,
    paths_and_queries: 15,
    live_calls: 20,
    commands: 12,
    schemas: 10,
    input_files: 8,
    forms: 8,
    states: 8,
    scripts: 12,
    provider_calls: 15,
    large_bodies: 1,
    sweep: 1,
}
_FILE = {
    "id": "file-1",
    "purpose": "batch",
    "filename": "a.jsonl",
    "created_at": 1713894800,
    "expires_at": 1716486800,
    "content": "content 1",
}
_FAULT = {
    "name": "f",
    "match": {"method": "GET", "path": "/v1/files/*"},
    "fault": {"delay_ms": 1},
    "times": 1,
    "skip": 1_000_000,
    "matched": 0,
    "fired": 0,
}
_SCENARIO = {"name": "happy", "summary": "-", "sees": "-"}
_STATE: Json = {
    "format": "mockbatch state 2",
    "clock": {"mode": "manual", "now": 1713894800.0, "polls": {}},
    "files": [_FILE],
    "contents": {"content 1": {"text": json.dumps(_LINE) + "\n"}},
    "numbers": {"file": 1, "request": 2},
    "deleted": ["file-2"],
    "models": None,
    "replies": [{"match": {"custom_id": "a"}, "reply": {"content": "x"}}],
    "scenarios": [{"scenario": _SCENARIO, "times": 2}],
    "faults": [_FAULT],
    "journal": {"requests": [], "count": 0},
}
