"""The contract as a person reads it: docs/contract.md."""

from collections import Counter
from collections.abc import Mapping

from mockbatch.contract.cases import SOURCES, Case, load_cases, load_groups
from mockbatch.typing import Json

_HEAD = """# The contract

What a server of the Batch API must do, as cases that any server can be checked against:

```
mockbatch contract https://api.openai.com/v1 --key $OPENAI_API_KEY
mockbatch contract http://127.0.0.1:8787/v1 --control
```

The command is a client like any other: it needs a base URL and a key. It exits with 1 when the
server breaks the contract, with 2 when nothing could be checked, with 130 when it is stopped.

- `--only GROUP`: this group of cases; repeatable.
- `--wait SECONDS`: wait that long for each batch that a case needs to get somewhere. Without it
  such cases are skipped: the real service takes minutes for each, and ten for a cancelled batch.
  They are played one after the other, which takes hours there.
- `--control`: the server is mockbatch; its clock is moved, and nothing waits.
- `--provider openai`: ask as a client of Portkey's gateway does, which adds the group `portkey`
  and takes away what a gateway answers itself.
- `--model MODEL`: the model of the requests, for a server that has not `gpt-4o-mini`.
- `--strict`: a failed case that rests on memory alone is a breach. Without it, it is
  `unverified`, and no breach: it may be the memory that is wrong.
- `--junit FILE`: write the results as JUnit's XML, too.
- `--timeout SECONDS`: how long one answer may take; 30. After five that do not come the rest is
  skipped.

A server may know more members than are asked for here. A case marked `optional` is skipped where
the server has nothing of the kind. `waits` marks what needs `--wait` or `--control`, `control`
what would take a day without `--control`, `gateway` what needs `--provider`, and `direct` what is
skipped with it. Webhooks are received on this machine: `local` marks what only a server on this
machine is asked for.

## On an account that is in use

- It costs next to nothing: batches are of one to five short requests. Without `--wait` all of
  them are cancelled at once or have no input; with it some fifteen requests are answered.
- Files are deleted again, results too. What could not be is told at the end as left behind: a
  batch there is still being cancelled, and may yet write results. Batches cannot be deleted: some
  35 cancelled or failed ones stay in the list, with `--wait` some 65.
- Nothing is cancelled or deleted but what the server says was made by this run. Other batches and
  files may be there, and come meanwhile.
- Endpoints of webhooks that the account has are told of these batches as of any other.

## Where it comes from

This page is made from the files in `mockbatch/contract/cases/` by `mockbatch contract --markdown`.
Each case says where its expectation comes from; where that is memory, nobody has shown it yet.
"""


def markdown() -> str:
    """Return all cases as a page."""
    return "\n".join([_HEAD, *_sources(), *(_section(one) for one in load_groups().values())])


def _sources() -> list[str]:
    counts = Counter(case.source for case in load_cases())
    rows = [f"| {name} | {meaning} | {counts[name]} |" for name, meaning in SOURCES.items()]
    return ["| source | meaning | cases |", "| --- | --- | --- |", *rows, ""]


def _section(group: Mapping[str, Json]) -> str:
    rows = [_row(case) for case in load_cases([group["name"]])]
    head = ["| case | what must be so | source | |", "| --- | --- | --- | --- |"]
    return "\n".join([f"## {group['name']}", "", group["description"], "", *head, *rows, ""])


def _row(case: Case) -> str:
    source = f"**{case.source}**: unverified" if not case.is_verified else case.source
    where = f": {case.where}" if case.where else ""
    return f"| `{case.name}` | {case.description} | {source}{where} | {_marks(case)} |"


def _marks(case: Case) -> str:
    marks = sorted(case.needs) + ["optional"] * case.is_optional
    return ", ".join(marks + ["waits"] * (case.waits_for_batch and "control" not in case.needs))
