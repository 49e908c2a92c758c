"""The presets for people: in a terminal, and as docs/faults.md."""

import json

from mockbatch.faults import presets
from mockbatch.typing import Json

_HEAD = """# Faults

What can go wrong with a request on its way. A test says `mockbatch.fault("NAME")`, any other client
`POST /_mock/faults` with `{"preset": "NAME"}`; `times` and `skip` beside it change how many
requests are hit, and how many pass before.

A fault of your own is a match and a kind:

```json
{"match": {"method": "GET", "path": "/v1/files/*"}, "fault": {"status": 503}, "times": 2}
```

The kinds are `status` (with `retry_after_ms`, which is 10 so that suites stay fast, `body` and
`headers`), `delay_ms`, `disconnect` (`before_headers`, `mid_body`, `reset`), `truncate_bytes`
(with `silent`: the client cannot tell), `lose_response`, `html`, `patch` and
`without_headers`. A fault that needs the socket says so where there is none.

This page is generated from the files in `mockbatch/faults/presets/` by
`mockbatch faults --markdown`. What the SDK does was measured with openai 3.54.
"""


def text() -> str:
    """Return the presets, a line for each."""
    width = max(map(len, presets()))
    return "\n".join(f"{name:{width}}  {one['summary']}" for name, one in presets().items())


def markdown() -> str:
    """Return all presets as a Markdown page."""
    return "\n".join([_HEAD, *(_section(one) for one in presets().values())])


def _section(one: dict[str, Json]) -> str:
    rule = {name: one[name] for name in ("match", "fault", "times", "skip") if name in one}
    lines = [f"## {one['name']}", "", f"{one['summary']} {one['sees']}", ""]
    lines += ["```json", json.dumps(rule), "```", ""]
    if one.get("sources"):
        lines += ["Seen in: " + ", ".join(f"<{url}>" for url in one["sources"]), ""]
    return "\n".join(lines)
