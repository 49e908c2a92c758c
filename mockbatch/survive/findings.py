"""What a program does to the server besides: too many polls, hasty retries, batches left behind.

A finding stands beside a verdict and never decides one: a program may survive everything and
still be a bad guest.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from mockbatch.batch.batch import Batch
from mockbatch.batch.timeline import CANCELLING
from mockbatch.endpoints.provider_registry import openai_path
from mockbatch.survive.evidence import Evidence, Habits
from mockbatch.world.journal import JournalEntry

_HOUR_SECONDS = 3600
#: More polls of one batch in an hour are too many: OpenAI's own examples poll once a minute.
MAX_HOURLY_POLLS = 120
#: So many polls show that a batch has ended before the program takes notice.
MAX_FINAL_POLLS = 2
#: So many failures within a second or less between each and the next are a retry without pause.
MIN_HASTY_RETRIES = 3
_PAUSE_SECONDS = 1.0
# What stays as it is when it is sent again. A 404 or a 400 may be about what is not visible yet.
_REFUSALS = {401, 403, 405, 413, 415, 422}
_POLL = re.compile(r"/v1/batches/([^/?]+)(?:\?.*)?")


class Finding(NamedTuple):
    """A kind of bad manners, and how it showed in one run."""

    kind: str
    sentence: str


def read_habits(journal: Sequence[JournalEntry], batches: Iterable[Batch], now: float) -> Habits:
    """Return how a program used the server."""
    polls: defaultdict[str, list[float]] = defaultdict(list)
    requests: defaultdict[tuple[str, str], list[JournalEntry]] = defaultdict(list)
    for entry in journal:
        polled = _POLL.fullmatch(openai_path(entry.path)) if entry.method == "GET" else None
        if polled:
            polls[polled[1]].append(entry.now)
        requests[entry.method, entry.path].append(entry)
    ends = {batch.id: batch.timeline.end.at for batch in batches if batch.is_final(now)}
    pairs = [pair for same in requests.values() for pair in pairwise(same)]
    return Habits(
        hourly_polls=max(map(_count_in_busiest_hour, polls.values()), default=0),
        final_polls=max(
            (sum(at >= end for at in polls.get(id, ())) for id, end in ends.items()), default=0
        ),
        hasty_retries=max(map(_count_hasty_retries, requests.values()), default=0),
        early_retries=sum(_is_too_early(first, second) for first, second in pairs),
        refused_again=sum(
            first.status in _REFUSALS and second.status == first.status for first, second in pairs
        ),
        left_batches=sum(
            not batch.is_final(now) and batch.status(now) != CANCELLING for batch in batches
        ),
    )


def find(evidence: Evidence) -> tuple[Finding, ...]:
    """Return what there is to say beside the verdict on a run."""
    return tuple(_find(evidence, evidence.server.habits))


def _find(evidence: Evidence, habits: Habits) -> Iterator[Finding]:
    process = evidence.process
    # Otherwise time does not move as the program sleeps.
    if (process.sleeps or process.speed > 1) and habits.hourly_polls > MAX_HOURLY_POLLS:
        yield Finding("polls too often", f"{habits.hourly_polls} polls of one batch in an hour")
    if not process.sleeps and habits.hourly_polls >= MAX_HOURLY_POLLS and process.shim_called:
        yield Finding("polls too often", f"{habits.hourly_polls} polls without a sleep")
    if process.exit_code is not None and habits.final_polls > MAX_FINAL_POLLS:
        yield Finding("polls after the end", f"{habits.final_polls} polls of an ended batch")
    if habits.hasty_retries >= MIN_HASTY_RETRIES:
        yield Finding("retries without a pause", f"{habits.hasty_retries} retries in a row")
    if habits.early_retries:
        count = habits.early_retries
        yield Finding("ignores Retry-After", f"{count} requests came before its end")
    if habits.refused_again:
        count = habits.refused_again
        yield Finding("repeats what is refused", f"{count} requests got the same refusal again")
    if process.exit_code is not None and habits.left_batches:
        count = habits.left_batches
        yield Finding("leaves batches behind", f"{count} neither ended nor cancelled at its exit")


def group(found: Iterable[tuple[str, Iterable[Finding]]]) -> Mapping[str, list[tuple[str, str]]]:
    """Return the findings of all rows by kind: the name of a misfortune, and what showed there."""
    groups: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, findings in found:
        for finding in findings:
            groups[finding.kind].append((name, finding.sentence))
    return groups


def _count_in_busiest_hour(instants: Sequence[float]) -> int:
    """Return the largest number of instants within an hour; they are in order."""
    most = first = 0
    for index, at in enumerate(instants):
        while instants[first] <= at - _HOUR_SECONDS:
            first += 1
        most = max(most, index - first + 1)
    return most


def _count_hasty_retries(same: Sequence[JournalEntry]) -> int:
    """Return the longest run of retries that each followed a failure within a second."""
    longest = run = 0
    for first, second in pairwise(same):
        has_failed = first.status == 429 or first.status >= 500
        run = run + 1 if has_failed and _elapsed_seconds(first, second) < _PAUSE_SECONDS else 0
        longest = max(longest, run)
    return longest


def _is_too_early(first: JournalEntry, second: JournalEntry) -> bool:
    wait = _retry_after_seconds(first)
    return wait is not None and _elapsed_seconds(first, second) < 0.9 * wait


def _elapsed_seconds(first: JournalEntry, second: JournalEntry) -> float:
    """Return the time between two requests; a program may also have slept for real."""
    return max(second.now - first.now, second.wall - first.wall)


def _retry_after_seconds(entry: JournalEntry) -> float | None:
    """Return for how many seconds a response asks a client to wait; None for less than one."""
    response = entry.exchanged.response if entry.exchanged and entry.status >= 400 else None
    if response is None:
        return None
    headers = {name.lower(): value for name, value in response.readable_headers().items()}
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if seconds >= 1 else None
