"""Waits until a batch has a status: by the control API at once, or by asking again and again."""

import json
import time
from collections.abc import Iterator, Mapping

from mockbatch import clock
from mockbatch.contract.cleanup import TERMINAL_STATUSES
from mockbatch.contract.client import Client, HttpResponse
from mockbatch.contract.placeholders import path_segment

_ON_THE_WAY = ("validating", "in_progress", "finalizing", "cancelling")
_MOST_SECONDS_BETWEEN = 10.0


class BreachError(Exception):
    """The server did something that it must not."""


class SkipError(Exception):
    """The case cannot be decided here; its text says why."""


def wait_for_status(
    client: Client, wanted: Mapping[str, str], seconds: float, *, control: bool
) -> tuple[str, HttpResponse]:
    """Return the request and the answer in which a batch, `wanted["batch"]`, has a status.

    That is `wanted["status"]`. Raises BreachError when it can no longer be, and SkipError when
    it takes too long, or was too short for anybody to see it.
    """
    if control:
        _advance(client, wanted)
    path = f"/batches/{path_segment(wanted['batch'])}"
    for _ in _pauses(seconds):
        answer = client.get(path)
        if answer.status == 429 or answer.status >= 500:
            status = f"behind a {answer.status}"  # which passes, as every poller knows
            continue
        status = _status(path, answer)
        if status == wanted["status"]:
            return f"GET {path}", answer
        _check(status, wanted["status"])
    raise SkipError(f"the batch was still {status} after {seconds:g} seconds")


def check_not_ended(client: Client, cancel: str) -> None:
    """Raise SkipError if a batch had ended before it was cancelled, as quick servers' have."""
    path = cancel.removeprefix("POST ").removesuffix("/cancel")
    status = _status(path, client.get(path))
    if status in TERMINAL_STATUSES:
        raise SkipError(f"the batch was {status} before it could be cancelled")


def _check(status: str, wanted: str) -> None:
    """Raise BreachError or SkipError when a batch with one status will not have another."""
    if status in TERMINAL_STATUSES and wanted in TERMINAL_STATUSES:
        raise BreachError(f"the batch ended as {status}, not as {wanted}")
    if status in TERMINAL_STATUSES:
        raise SkipError(f"the batch was {status} before anybody saw it {wanted}")
    if status not in _ON_THE_WAY:
        raise BreachError(f"the batch has the status {status!r:.40}, which there is not")


def _pauses(seconds: float) -> Iterator[None]:
    """Yield at once, and then after longer and longer pauses, the last when the time is over."""
    end, pause = clock.monotonic() + seconds, 0.1
    yield
    while (rest := end - clock.monotonic()) > 0:
        time.sleep(min(pause, rest))
        pause = min(pause * 1.5, _MOST_SECONDS_BETWEEN)
        yield


def _advance(client: Client, wanted: Mapping[str, str]) -> None:
    body = json.dumps(wanted).encode()
    headers = {"Content-Type": "application/json"}
    answer = client.send("POST", "/_mock/clock/advance", headers, body)
    # A 409: the batch can no longer get there, which its status will tell.
    if answer.status not in (200, 409):
        raise SkipError(f"POST /_mock/clock/advance answers {answer.status}: not mockbatch?")


def _status(path: str, answer: HttpResponse) -> str:
    try:
        return str(answer.json()["status"])
    except (ValueError, KeyError, TypeError):
        raise BreachError(f"GET {path} tells no status") from None
