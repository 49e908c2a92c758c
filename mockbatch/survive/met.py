"""Whether a misfortune happened to a program at all; if not, there is nothing to judge."""

import re
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from mockbatch.batch.batch import Batch
from mockbatch.batch.output_file import write_output
from mockbatch.batch.plan import plan_timeline
from mockbatch.endpoints.provider_registry import openai_path
from mockbatch.survive.misfortunes import HAPPY, Misfortune
from mockbatch.world.journal import JournalEntry
from mockbatch.world.settings import happy
from mockbatch.world.world import World

_CONTENT = re.compile(r"/v1/files/[^/]+/content")
_POLL = re.compile(r"/v1/batches(/[^/]+)?")
_CANCEL = re.compile(r"/v1/batches/[^/]+/cancel")


def is_met(misfortune: Misfortune, world: World, batches: Sequence[Batch]) -> bool:
    """Return whether a misfortune has happened in a world, to these batches."""
    if misfortune.name == HAPPY:
        return True
    if misfortune.is_fault:
        return any(rule["fired"] > 0 for rule in world.faults.as_json())
    journal = world.journal.entries()
    group, document = misfortune.document["group"], misfortune.document
    if group == "Cancellation":
        return any(_asks(entry, "POST", _CANCEL) for entry in journal)
    if group == "Webhooks":
        return bool(world.webhooks.endpoints)
    if "visible_after" in document:
        return any(_asks(entry, "GET", _POLL) and entry.status == 404 for entry in journal)
    if "output_seconds" in document:
        return any(_asks(entry, "GET", _CONTENT) and entry.status == 404 for entry in journal)
    if "quotas" in document:
        return _meets_quota(journal, batches, world.now())
    if "object" in document:
        return any(entry.fault == misfortune.name for entry in journal)
    if "output" in document or "replies" in document or "cached" in document:
        is_read = any(_saw_end(journal, batch) for batch in batches)
        return is_read and any(map(_changes_files, batches))
    return any(_differs_from_happy(journal, batch) for batch in batches)


def _asks(entry: JournalEntry, method: str, path: re.Pattern[str]) -> bool:
    return entry.method == method and bool(path.fullmatch(_plain_path(entry)))


def _plain_path(entry: JournalEntry) -> str:
    """Return the path of a request as OpenAI has it, without the query."""
    return openai_path(entry.path).partition("?")[0]


def _polls_of(journal: Iterable[JournalEntry], batch: Batch) -> list[JournalEntry]:
    """Return the requests that have shown a batch to the program."""
    paths = {"/v1/batches", f"/v1/batches/{batch.id}"}
    return [
        entry
        for entry in journal
        if entry.method == "GET" and entry.status == 200 and _plain_path(entry) in paths
    ]


def _saw_end(journal: Iterable[JournalEntry], batch: Batch) -> bool:
    return any(batch.is_final(entry.now) for entry in _polls_of(journal, batch))


def _changes_files(batch: Batch) -> bool:
    """Return whether the scenario changes the files of a batch."""
    scenario = batch.schedule.scenario
    plain = replace(scenario, output=None, cached_fraction=0)
    usual = replace(batch, replies={}, schedule=replace(batch.schedule, scenario=plain))
    return _texts(batch) != _texts(usual)


def _texts(batch: Batch) -> tuple[bytes, bytes]:
    files = write_output(batch, validate=False, marks=True)
    return tuple(b"".join(file.chunks()) for file in (files.output, files.error))  # type: ignore[return-value]


def _meets_quota(journal: Iterable[JournalEntry], batches: Sequence[Batch], now: float) -> bool:
    refused = any(
        entry.method == "POST" and _plain_path(entry) == "/v1/batches" and entry.status == 429
        for entry in journal
    )
    return refused or any(batch.input.errors and batch.is_final(now) for batch in batches)


def _differs_from_happy(journal: Iterable[JournalEntry], batch: Batch) -> bool:
    """Return whether a poll has shown another status than when nothing goes wrong."""
    plain = replace(batch.schedule, scenario=batch.rules.adapt(happy()))
    batch_input = replace(batch.input, errors=())
    usual = plan_timeline(batch.created_at, batch_input, plain)
    names = batch.rules.status_names
    return any(
        batch.shown_status(entry.now) != names.get(status, status)
        for entry in _polls_of(journal, batch)
        for status in [usual.status(entry.now)]
    )
