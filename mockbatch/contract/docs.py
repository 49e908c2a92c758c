"""Renders the cases as a page: docs/contract.md."""

from collections import Counter
from collections.abc import Mapping

from mockbatch.contract.cases import SOURCES, Case, load_cases, load_groups
from mockbatch.typing import Json

_HEAD = """# The contract

What a server of the Batch API must do, as cases that you can check any server against:

```
mockbatch contract https://api.openai.com/v1 --key $OPENAI_API_KEY
mockbatch contract http://127.0.0.1:8787/v1 --control
```

The command is a client like any other: it needs a base URL and a key. The exit status is 1 if the
server breaks the contract, 2 if nothing could be checked, and 130 if the run was stopped.

- `--only GROUP`: run this group of cases; repeatable.
- `--wait SECONDS`: wait that long for a batch to get the status that a case needs. Without it,
  such cases are skipped: the real service takes minutes for each, and ten for a cancelled batch.
  Cases run one after the other, so with it a run against the real service takes hours.
- `--control`: the server is mockbatch; its clock is moved instead of waiting.
- `--provider openai`: send requests as a client of Portkey's gateway does. This adds the group
  `portkey`, and skips what a gateway answers itself.
- `--model MODEL`: the model of the requests, for a server without `gpt-4o-mini`.
- `--strict`: count a failed case that rests on memory alone as a breach. Without it, the case is
  `unverified` and no breach, because the memory may be wrong.
- `--junit FILE`: also write the results as JUnit XML.
- `--timeout SECONDS`: how long the server may take for one response; 30 by default. After five
  requests without a response the remaining cases are skipped.

A response may have more members than a case expects. Marks in the last column say when a case is
skipped:

- `optional`: the server does not implement what the case is about.
- `waits`: neither `--wait` nor `--control` is given.
- `control`: `--control` is not given; without it, the case would take a day.
- `gateway`: `--provider` is not given.
- `direct`: `--provider` is given.
- `local`: the server is not on this machine, where the command receives webhooks.

## On an account that is in use

- A run costs next to nothing: batches have one to five short requests. Without `--wait`, all of
  them are cancelled at once or have no input; with it, some fifteen requests are executed.
- Files are deleted again, results too. What could not be deleted is listed at the end as
  `not deleted`: a batch there is still being cancelled, and may yet write results. Batches cannot
  be deleted: some 35 cancelled or failed ones stay in the list, with `--wait` some 65.
- The run cancels and deletes only what it created itself, by the ids in the server's responses.
  Other batches and files may exist, and may be created meanwhile.
- Webhook endpoints of the account receive events about these batches as about any other.

## Where the cases come from

This page is made from the files in `mockbatch/contract/cases/` by `mockbatch contract --markdown`.
Each case has the source of its expectation; where that is memory, it has not been confirmed yet.
"""


def markdown() -> str:
    """Return all cases as a page in Markdown."""
    return "\n".join([_HEAD, *_sources(), *map(_section, load_groups().values())])


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
