"""Renders the cases as a page: docs/contract.md."""

from collections import Counter
from collections.abc import Mapping

from mockbatch.contract.cases import SOURCES, Case, load_cases, load_groups
from mockbatch.typing import Json

_HEAD = """# The contract

The contract is what a server of the Batch API must do, as a list of cases. Run them against any
server:

```
mockbatch contract https://api.openai.com/v1 --key $OPENAI_API_KEY
mockbatch contract http://127.0.0.1:8787/v1 --control
```

The command is a client like any other: it needs a base URL and a key. The exit status is 1 if the
server breaks the contract, 2 if nothing could be checked, and 130 if the run was stopped. If the
server answers 429 to every request with the key, nothing could be checked.

Some cases need an object, such as a completed batch. If the server fails to create it, that counts
as one breach, such as `preparations/completed_batch`, and the cases that need it are skipped.

- `--only GROUP`: run this group of cases; repeatable.
- `--wait SECONDS`: wait that long for a batch to get the status that a case needs. Without it, such
  cases are skipped. The real service takes minutes for each, and ten minutes for a cancelled batch.
  Cases run one after the other, so a run with `--wait` takes hours there.
- `--control`: the server is mockbatch; move its clock instead of waiting.
- `--provider openai`: send requests as a client of Portkey's gateway does. This adds the group
  `portkey`, and skips the cases of requests that a gateway answers itself.
- `--provider azure`, `--provider groq`, `--provider anthropic`: run the cases of that provider,
  from `mockbatch/contract/providers/`, against its base URL, such as `https://api.anthropic.com/v1`.
- `--model MODEL`: the model of the requests, for a server without `gpt-4o-mini`.
- `--strict`: count a failed case whose only source is memory as a breach. Without it, such a case
  is `unverified` and not a breach, because the memory may be wrong.
- `--junit FILE`: also write the results as JUnit XML.
- `--timeout SECONDS`: how long the server may take for one response; 30 by default. After five
  requests without a response the remaining cases are skipped.

A response may have more members than a case expects. Marks in the last column say when a case is
skipped:

- `optional`: the server does not implement the feature that the case checks.
- `waits`: neither `--wait` nor `--control` is given.
- `control`: `--control` is not given; without it, the case would take a day.
- `gateway`: `--provider` is not given.
- `direct`: `--provider` is given.
- `local`: the server is not on this machine, where the command receives webhooks.

## What a run does to a real account

- Without `--wait`, a run costs next to nothing: every batch is cancelled at once or has no input.
  With `--wait`, the service executes some twenty short requests. The group `bodies` also creates
  two images and a video of four seconds, which cost more than all the others; to leave it out, name
  the other groups with `--only`.
- The run deletes the files that it created, including results. At the end it lists as `not deleted`
  what it could not delete, and batches that are still being cancelled: these may yet write
  results.
- Batches cannot be deleted. Some 35 cancelled or failed batches stay in the account's list; with
  `--wait`, some 65 batches stay.
- The run cancels and deletes only objects that it created itself, by the ids in the server's
  responses. Other batches and files in the account do not affect the run.
- Webhook endpoints of the account receive events about these batches, as about any other batch.

## Where the cases come from

`mockbatch contract --markdown` generates this page from the files in `mockbatch/contract/cases/`.
Each case names the source of its expectation. An expectation from memory has not been confirmed
yet.
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
