"""Renders the presets: as text for a terminal, as docs/faults.md, and as JSON."""

import json
from collections.abc import Iterator

from mockbatch.faults import RULE_MEMBERS, preset, presets
from mockbatch.package_data import in_groups
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

_HEAD = """# Faults

A fault decides what goes wrong with a request, and a *preset* is a fault with a name. This page
says for each preset what a client sees, and what a robust client does. To add one, call
`mockbatch.fault("NAME")` in a test, or send `{"preset": "NAME"}` to `POST /_mock/faults` from any
language. `times` changes how many requests the fault applies to, and `skip` how many matching
requests pass first.

To make a fault of your own, combine a match and a kind:

```json
{"match": {"method": "GET", "path": "/v1/files/*"}, "fault": {"status": 503}, "times": 2}
```

If the match has `"every_provider": true`, the fault also applies to the requests of
[other providers](providers.md) that correspond to OpenAI's. With `"providers": ["azure", "groq"]`
it applies to those of OpenAI and of these providers. The presets on this page apply to every
provider, except that those for files apply only to OpenAI and the providers that they name.
Anthropic is never among them, because its batches have no files.

The kinds are:

- `status`: a response with this status, and the API never sees the request. Add `headers`,
  `retry_after_ms` (by default 10 for a status that clients retry, to keep tests fast), and a
  `body`, or an `error` for the provider's envelope (`{"message": "…", "code": "…"}`);
- `delay_ms`: the request takes effect at once, but its response is late by so much real time;
- `disconnect`: the connection ends `before_headers`, `mid_body`, or with a `reset`;
- `truncate_bytes`: the body ends after so many bytes; with `silent`, the client cannot tell that it
  is cut;
- `lose_response`: the request takes effect, but the client gets no response;
- `html`: a response with this status and an HTML page, as a proxy sends;
- `patch`: changes these members of a JSON response, if the response has the members of `where`;
- `without_headers`: the request loses these headers before the API sees it.

A fault that breaks the connection needs mockbatch's own HTTP server. Under
[another HTTP server](wsgi.md) it is refused with a 400; in `app.test_client()` it raises an error.

`mockbatch faults --markdown` generates this page from the files in `mockbatch/faults/presets/`. The
behaviour of the SDK was measured with openai 3.54.
"""


def text(name: str | None) -> str:
    """Return the presets, a line for each, or one in full; ApiError if it is unknown."""
    if name is not None:
        return "\n".join(_describe(preset(name)))
    width = max(map(len, presets()))
    lines = []
    for group, documents in _presets_by_group():
        lines += ["", group]
        lines += [f"  {one['name']:{width}}  {one['summary']}" for one in documents]
    return "\n".join([*lines[1:], "", "mockbatch faults NAME describes one of them."])


def as_json(name: str | None) -> list[dict[str, Json]]:
    """Return the presets, or one of them, for programs; ApiError if it is unknown."""
    if name is not None:
        return [_summarize(preset(name))]
    return [_summarize(document) for _, documents in _presets_by_group() for document in documents]


def markdown() -> str:
    """Return all presets as a Markdown page."""
    parts = [_HEAD]
    for group, documents in _presets_by_group():
        parts += [f"## {group}", "", *(_section(document) for document in documents)]
    return "\n".join(parts)


def _presets_by_group() -> list[tuple[str, list[dict[str, Json]]]]:
    return in_groups(presets(), schema("fault_preset").document)


def _rule(document: dict[str, Json]) -> dict[str, Json]:
    return {name: document[name] for name in RULE_MEMBERS if name in document}


def _summarize(document: dict[str, Json]) -> dict[str, Json]:
    shown = {key: document[key] for key in ("name", "group", "summary", "sees", "advice")}
    return {**shown, **_rule(document), "sources": document["sources"]}


def _describe(document: dict[str, Json]) -> Iterator[str]:
    yield f"{document['name']}: {document['summary']}"
    yield f"What a client sees: {document['sees']}"
    yield f"What a robust client does: {document['advice']}"
    yield f"  {json.dumps(_rule(document))}"
    for url in document["sources"]:
        yield f"  seen in {url}"


def _section(document: dict[str, Json]) -> str:
    lines = [f"### {document['name']}", "", document["summary"], ""]
    lines += [f"What a client sees: {document['sees']}", ""]
    lines += [f"What a robust client does: {document['advice']}", ""]
    lines += ["```json", json.dumps(_rule(document)), "```", ""]
    if document.get("sources"):
        lines += ["Seen in: " + ", ".join(f"<{url}>" for url in document["sources"]), ""]
    return "\n".join(lines)
