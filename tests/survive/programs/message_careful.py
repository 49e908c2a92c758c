"""A Message Batch with a guard against each misfortune."""

import json
import sys
import time
import urllib.error
from collections.abc import Callable
from typing import Any, TypeVar

import message_api as api

OFF = set(sys.argv[1:])
DEADLINE_SECONDS = 26 * 3600
Result = TypeVar("Result")


def on(guard: str) -> bool:
    """Return whether a guard is in place."""
    return guard not in OFF


def patiently(call: Callable[[], Result], not_yet: tuple[int, ...] = ()) -> Result:
    """Return the result of a call, repeated while the server cannot answer it."""
    for attempt in range(8):
        try:
            return call()
        except urllib.error.HTTPError as error:
            if error.code not in (429, 500, 502, 503, 529, *not_yet):
                raise
        except (OSError, json.JSONDecodeError):
            pass
        time.sleep(2**attempt)
    return call()


def create_once() -> dict[str, Any]:
    """Create a batch, or find the one that was created although the response was lost.

    A Message Batch has no metadata, so that the only one of this key must be the one.
    """
    for attempt in range(8):
        try:
            return api.create(api.QUESTIONS)
        except urllib.error.HTTPError as error:
            if error.code not in (429, 500, 502, 503, 529):
                raise
        except OSError:
            pass
        time.sleep(10 * 2**attempt)
        found = patiently(lambda: api.call_json("GET", "?limit=1"))["data"] if on("find") else []
        if found:
            return dict(found[0])
    raise SystemExit("the batch cannot be created")


def retrieve(id: str) -> dict[str, Any]:
    """Retrieve a batch, which may not be visible yet."""
    return patiently(lambda: api.retrieve(id), (404,)) if on("retry poll") else api.retrieve(id)


def wait(batch: dict[str, Any]) -> dict[str, Any]:
    """Wait for the end of a batch; cancel it at the deadline."""
    start, canceled = time.time(), False
    while batch["processing_status"] != "ended":
        time.sleep(60)
        batch = retrieve(batch["id"])
        if on("deadline") and time.time() > start + DEADLINE_SECONDS and not canceled:
            batch = patiently(lambda id=batch["id"]: api.call_json("POST", f"/{id}/cancel", {}))
            canceled = True
    return batch


def read(batch: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of the results, which are downloaded again if they are cut."""
    lines: list[dict[str, Any]] = []
    for _ in range(3):
        download = lambda: api.download(batch)  # noqa: E731
        text = patiently(download) if on("retry download") else download()
        lines = []
        for line in text.split("\n") if on("separators") else text.splitlines():
            if line.strip():
                try:
                    lines.append(json.loads(line))
                except json.JSONDecodeError:
                    if not on("broken line"):
                        raise
        if len(lines) >= len(api.QUESTIONS) or not on("cut"):
            break
    return lines


def main() -> None:
    """Print each answer, and name each question without one."""
    answers, reasons = {}, {}
    for line in read(wait(create_once())):
        if line["result"]["type"] == "succeeded":
            answers[line["custom_id"]] = api.text_of(line)
        else:
            reasons[line["custom_id"]] = line["result"]
    for id in api.QUESTIONS:
        if id in answers:
            print(id, answers[id])
        elif on("errors"):
            print(id, "HAS NO ANSWER:", reasons.get(id, "it is not in the results"))


main()
