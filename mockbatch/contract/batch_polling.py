"""Waits until a batch has a status, by moving mockbatch's clock or by polling."""

import json
import time
from collections.abc import Callable, Iterator, Mapping

from mockbatch import clock
from mockbatch.contract.cleanup import TERMINAL_STATUSES
from mockbatch.contract.client import Client
from mockbatch.contract.errors import BreachError, SkipError
from mockbatch.contract.placeholders import path_segment
from mockbatch.http_client import HttpResponse

_NOT_TERMINAL = ("validating", "in_progress", "finalizing", "cancelling")
_FIRST_PAUSE_SECONDS = 0.1
_MAX_PAUSE_SECONDS = 10.0


def wait_for_status(
    client: Client,
    target: Mapping[str, str],
    seconds: float,
    *,
    control: bool,
    report: Callable[[str], object] = lambda _: None,
) -> tuple[str, HttpResponse]:
    """Wait until the batch `target["batch"]` has the status `target["status"]`.

    Returns the request that showed it, as in `GET /batches/batch_1`, and its response. With
    `control` the clock is moved first. Raises BreachError when the batch can no longer get that
    status, and SkipError when that takes more than `seconds` or the status passed unseen.
    Calls `report` with a sentence after each poll that showed another status.
    """
    began = clock.monotonic()
    if control:
        _advance(client, target)
    path = f"/batches/{path_segment(target['batch'])}"
    for _ in _pause_between_polls(seconds):
        response = client.get(path)
        if response.status == 429 or response.status >= 500:
            status = f"hidden behind a {response.status}"  # temporary: every poller goes on
            continue
        status = _read_status(path, response)
        if status == target["status"]:
            return f"GET {path}", response
        _check_reachable(status, target["status"])
        elapsed = clock.monotonic() - began
        report(f"a batch is {status} after {elapsed:.0f} of at most {seconds:g} seconds")
    raise SkipError(f"the batch was still {status} after {seconds:g} seconds")


def check_not_ended(client: Client, cancel: str) -> None:
    """Raise SkipError if a batch ended before it was cancelled, which a fast server may do.

    `cancel` is the request, as in `POST /batches/batch_1/cancel`.
    """
    path = cancel.removeprefix("POST ").removesuffix("/cancel")
    status = _read_status(path, client.get(path))
    if status in TERMINAL_STATUSES:
        raise SkipError(f"the batch was {status} before it could be cancelled")


def _check_reachable(status: str, target: str) -> None:
    """Raise BreachError or SkipError if a batch with `status` can no longer get the target."""
    if status in TERMINAL_STATUSES and target in TERMINAL_STATUSES:
        raise BreachError(f"the batch ended as {status}, not as {target}")
    if status in TERMINAL_STATUSES:
        raise SkipError(f"the batch was already {status} when it was expected to be {target}")
    if status not in _NOT_TERMINAL:
        raise BreachError(f"the batch has an unknown status: {status!r:.40}")


def _pause_between_polls(seconds: float) -> Iterator[None]:
    """Yield at once, then after pauses that grow, and for the last time when `seconds` are over."""
    end, pause = clock.monotonic() + seconds, _FIRST_PAUSE_SECONDS
    yield
    while (remaining := end - clock.monotonic()) > 0:
        time.sleep(min(pause, remaining))
        pause = min(pause * 1.5, _MAX_PAUSE_SECONDS)
        yield


def _advance(client: Client, target: Mapping[str, str]) -> None:
    body = json.dumps(target).encode()
    headers = {"Content-Type": "application/json"}
    response = client.send("POST", "/_mock/clock/advance", headers, body)
    # 409 means that the batch can no longer get that status; polling it shows why.
    if response.status not in (200, 409):
        status = response.status
        raise SkipError(f"POST /_mock/clock/advance returned {status}: is the server mockbatch?")


def _read_status(path: str, response: HttpResponse) -> str:
    try:
        return str(response.json()["status"])
    except (ValueError, KeyError, TypeError):
        raise BreachError(f"GET {path} returned no status of the batch") from None
