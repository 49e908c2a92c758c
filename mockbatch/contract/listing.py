"""The contract as a person reads it: docs/contract.md."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from mockbatch.contract.cases import SOURCES, Case, cases, groups

Json = Any

_HEAD = """# The contract

What a server of the Batch API must do, as cases that any server can be checked against:

```
mockbatch contract https://api.openai.com/v1 --key $OPENAI_API_KEY
mockbatch contract http://127.0.0.1:8787/v1 --control
```

The command is a client like any other: it needs a base URL and a key, and exits with 1 when the
server breaks the contract, with 2 when nothing could be checked. Its batches are of one to five
short requests; it cancels what runs and deletes what it has made, and tells what it could not.

- `--only GROUP`: this group of cases; repeatable.
- `--wait SECONDS`: wait that long for each batch that a case needs to get somewhere. Without it
  such cases are skipped: the real service takes minutes, and ten for a cancelled batch.
- `--control`: the server is mockbatch; its clock is moved, and nothing waits.
- `--provider openai`: ask as a client of Portkey's gateway does, which adds the group `portkey`
  and takes away what a gateway answers itself.
- `--strict`: a failed case that rests on memory alone is a breach. Without it, it is
  `unverified`, and no breach: it may be the memory that is wrong.
- `--junit FILE`: write the results as JUnit's XML, too.
- `--timeout SECONDS`: how long one answer may take; 30.

A server may know more members than are asked for here. A case marked `optional` is skipped where
the server has nothing of the kind. `waits` marks what needs `--wait` or `--control`, `control`
what would take a day without `--control`, `gateway` what needs `--provider`, and `direct` what is
skipped with it. Webhooks are received on this machine, by a server on this machine.

## Where it comes from

This page is made from the files in `mockbatch/contract/cases/` by `mockbatch contract --markdown`.
Each case says where its expectation comes from; where that is memory, nobody has shown it yet.
"""


def markdown() -> str:
    """Return all cases as a page."""
    return "\n".join([_HEAD, *_sources(), *(_section(one) for one in groups().values())])


def _sources() -> list[str]:
    counts = Counter(case.source for case in cases())
    rows = [f"| {name} | {meaning} | {counts[name]} |" for name, meaning in SOURCES.items()]
    return ["| source | meaning | cases |", "| --- | --- | --- |", *rows, ""]


def _section(group: Mapping[str, Json]) -> str:
    rows = [_row(case) for case in cases([group["name"]])]
    head = ["| case | what must be so | source | |", "| --- | --- | --- | --- |"]
    return "\n".join([f"## {group['name']}", "", group["description"], "", *head, *rows, ""])


def _row(case: Case) -> str:
    source = f"**{case.source}**: unverified" if not case.is_verified else case.source
    where = f": {case.where}" if case.where else ""
    return f"| `{case.name}` | {case.description} | {source}{where} | {_marks(case)} |"


def _marks(case: Case) -> str:
    marks = sorted(case.needs) + ["optional"] * case.is_optional
    return ", ".join(marks + ["waits"] * (case.takes_time and "control" not in case.needs))
